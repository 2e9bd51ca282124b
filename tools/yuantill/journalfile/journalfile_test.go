package journalfile_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/journalfile"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
)

// alter changes one byte of a stored record.
func alter(t *testing.T, s *sitetest.Site, sequence uint64) {
	t.Helper()
	db, err := sql.Open("sqlite3", s.Journal)
	require.NoError(t, err)
	var stored []byte
	require.NoError(t, db.QueryRow("SELECT bytes FROM record WHERE sequence = ?", sequence).Scan(&stored))
	stored[len(stored)-1] ^= 1
	_, err = db.Exec("UPDATE record SET bytes = ? WHERE sequence = ?", stored, sequence)
	require.NoError(t, errors.Join(err, db.Close()))
}

func TestOpen(t *testing.T) {
	engine := seal.Portable()
	t.Run("OK with and without keys, also while the agent has it", func(t *testing.T) {
		s := sitetest.New(t, t.TempDir(), "10000001")
		agent := s.Open(t)
		defer func() { require.NoError(t, agent.Close()) }()
		for _, keys := range []bool{true, false} {
			ring := s.Keyring(t)
			if !keys {
				ring = nil
			}
			j, err := journalfile.Open(t.Context(), s.Journal, engine, ring)
			require.NoError(t, err)
			report, err := j.Verify(t.Context())
			require.NoError(t, err)
			require.Equal(t, uint64(7), report.Records)
			require.Equal(t, keys, report.TagsChecked)
			require.NoError(t, j.Close())
		}
	})
	t.Run("ForeignError", func(t *testing.T) {
		mine, other := sitetest.New(t, t.TempDir(), "10000001"), sitetest.New(t, t.TempDir(), "10000002")
		_, err := journalfile.Open(t.Context(), other.Journal, engine, mine.Keyring(t))
		var foreign *journal.ForeignError
		require.ErrorAs(t, err, &foreign)
		require.Equal(t, other.Terminal, foreign.Owner.String())
	})
	t.Run("DamagedError names the altered record with keys, the broken chain without", func(t *testing.T) {
		s := sitetest.New(t, t.TempDir(), "10000001")
		alter(t, s, 4)
		var damaged *journal.DamagedError
		_, err := journalfile.Open(t.Context(), s.Journal, engine, s.Keyring(t))
		require.ErrorAs(t, err, &damaged)
		require.Equal(t, uint64(4), damaged.Sequence)
		require.ErrorIs(t, err, record.ErrTag)
		_, err = journalfile.Open(t.Context(), s.Journal, engine, nil)
		require.ErrorAs(t, err, &damaged)
		require.Equal(t, uint64(5), damaged.Sequence)
		require.ErrorIs(t, err, record.ErrChainBroken)
	})
	t.Run("ErrNotExist", func(t *testing.T) {
		s := sitetest.New(t, t.TempDir(), "10000001")
		_, err := journalfile.Open(t.Context(), filepath.Join(t.TempDir(), "none"), engine, nil)
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.NoError(t, os.Remove(s.Epochs))
		_, err = journalfile.Open(t.Context(), filepath.Join(t.TempDir(), "none"), engine, s.Keyring(t))
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("ErrGone where the terminal has signed in", func(t *testing.T) {
		s := sitetest.New(t, t.TempDir(), "10000001")
		_, err := journalfile.Open(t.Context(), filepath.Join(t.TempDir(), "none"), engine, s.Keyring(t))
		require.ErrorIs(t, err, journal.ErrGone)
	})
}
