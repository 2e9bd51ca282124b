package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

// TestRetireCommand: a machine whose terminal was set aside is not lost.
func TestRetireCommand(t *testing.T) {
	s := prepared(t)
	s.serving()
	retire := func(by, why string) (string, error) {
		return s.run(t.Context(), "retire", "--terminal", "10000001", "--by", by, "--why", why)
	}
	_, err := retire("王芳", "被克隆")
	require.ErrorIs(t, err, merchant.ErrAtWork)
	settings, err := ReadSettings(s.settings)
	require.NoError(t, err)
	require.NoError(t, withBooks(t.Context(), settings, func(books *sqlite.Store) error {
		return books.Commit(t.Context(), store.Change{Decisions: []store.Decision{
			{Terminal: record.Terminal([]byte("10000001")), Kind: store.SetAside, At: time.Now()}}})
	}))
	enrol := func(more ...string) error {
		_, err := s.run(t.Context(), append([]string{"enrol", "--merchant", shopID, "--serial", "SN-10000001", "--out", s.dir}, more...)...)
		return err
	}
	require.ErrorIs(t, enrol("--terminal", "10000002"), merchant.ErrSerialNumber)
	_, err = retire("", "被克隆")
	require.ErrorIs(t, err, merchant.ErrReason)
	said, err := retire("王芳", "被克隆")
	require.NoError(t, err)
	require.Contains(t, said, "王芳  被克隆")
	require.Contains(t, said, "yuantill-cloud enrol --terminal <新终端号> --serial SN-10000001")
	require.Contains(t, string(s.get("/v1/terminals")), `"retired"`)
	again, err := retire("李雷", "别的原因")
	require.NoError(t, err)
	require.Equal(t, said, again, "the first one counts")
	require.ErrorIs(t, enrol("--terminal", "10000001", "--again"), merchant.ErrEnrolled)
	require.NoError(t, enrol("--terminal", "10000002"))
	require.FileExists(t, filepath.Join(s.dir, "10000002.json"))
	_, err = s.run(t.Context(), "block", "--terminal", "10000001", "--lift")
	require.ErrorIs(t, err, merchant.ErrRetired)
	_, err = s.run(t.Context(), "retire", "--terminal", "99999999", "--by", "x", "--why", "y")
	require.ErrorIs(t, err, merchant.ErrUnknownTerminal)
}
