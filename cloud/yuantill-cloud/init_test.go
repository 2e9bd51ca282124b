package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

// keyFiles are what init makes after the database, in its order.
var keyFiles = []string{"root.key", "ca.key", "ca.pem", "server.pem", "signing.key", "signing.pub"}

// TestInitGoesOn: wherever init was stopped, it is run again; what is there stays, and the end serves.
func TestInitGoesOn(t *testing.T) {
	for made := range keyFiles {
		t.Run("StoppedBefore"+keyFiles[made], func(t *testing.T) {
			s := newSite(t, "")
			s.must("init")
			dir := filepath.Join(s.dir, "data")
			for _, name := range keyFiles[made:] {
				require.NoError(t, os.Remove(filepath.Join(dir, name)))
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, keyFiles[made]+".new"), []byte("half"), 0o600))
			before := map[string][]byte{}
			for _, name := range keyFiles[:made] {
				text, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				before[name] = text
			}
			s.must("init")
			for name, want := range before {
				text, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				require.Equal(t, want, text, name)
			}
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, entries, len(keyFiles)+2, "and the lock, and the database")
			for _, name := range keyFiles[:len(keyFiles)-1] {
				info, err := os.Stat(filepath.Join(dir, name))
				require.NoError(t, err)
				require.Equal(t, os.FileMode(0o600), info.Mode(), name)
			}
			_, err = merchant.OpenAuthority(dir)
			require.NoError(t, err)
			_, err = merchant.OpenRoot(filepath.Join(dir, "root.key"), fast.Engine())
			require.NoError(t, err)
			_, err = s.run(t.Context(), "init")
			require.ErrorIs(t, err, os.ErrExist, "now nothing is missing")
		})
	}
	t.Run("NoOtherKeyBesideAPublicOne", func(t *testing.T) {
		s := newSite(t, "")
		s.must("init")
		require.NoError(t, os.Remove(filepath.Join(s.dir, "data", "signing.key")))
		_, err := s.run(t.Context(), "init")
		require.ErrorIs(t, err, errSigningKeyLost)
		require.NoFileExists(t, filepath.Join(s.dir, "data", "signing.key"))
	})
	t.Run("NoOtherAuthorityKeyBesideACertificate", func(t *testing.T) {
		s := newSite(t, "")
		s.must("init")
		require.NoError(t, os.Remove(filepath.Join(s.dir, "data", "ca.key")))
		_, err := s.run(t.Context(), "init")
		require.ErrorIs(t, err, os.ErrNotExist)
		require.ErrorContains(t, err, "ca.key")
		require.NoFileExists(t, filepath.Join(s.dir, "data", "ca.key"))
	})
	t.Run("Serves", func(t *testing.T) {
		s := newSite(t, "")
		settings, err := ReadSettings(s.settings)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(settings.Data, 0o700))
		_, err = makeDatabase(t.Context(), settings)
		require.NoError(t, err)
		require.NoError(t, makeRoot(settings, time.Now()))
		s.must("init")
		s.serving()
	})
	t.Run("StoppedWhileItMadeTheDatabase", func(t *testing.T) {
		s := newSite(t, "")
		settings, err := ReadSettings(s.settings)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(settings.Data, 0o700))
		require.NoError(t, os.WriteFile(settings.database(), nil, 0o600))
		s.must("init")
		require.Contains(t, s.must("check"), "balanced: 0 entries")
	})
}
