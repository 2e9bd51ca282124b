package broker_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/broker"
)

// TestReserve: room is kept while there is some, and is free for the next start.
func TestReserve(t *testing.T) {
	s := newSite(t)
	config := s.config(t)
	config.Address = freeAddress(t)
	kept := filepath.Join(config.Dir, "reserve")
	for range 2 {
		b, err := broker.New(config)
		require.NoError(t, err)
		require.NoError(t, b.Start())
		require.NoFileExists(t, kept, "the start may use it")
		for range 2 {
			require.NoError(t, b.KeepReserve())
			info, err := os.Stat(kept)
			require.NoError(t, err)
			require.EqualValues(t, 4<<20, info.Size())
		}
		b.Close()
		require.FileExists(t, kept)
	}
	t.Run("ErrFolderWhenItCannotBeFreed", func(t *testing.T) {
		require.NoError(t, os.Remove(kept))
		require.NoError(t, os.MkdirAll(filepath.Join(kept, "something"), 0o700))
		b, err := broker.New(config)
		require.NoError(t, err)
		require.ErrorIs(t, b.Start(), broker.ErrFolder)
		require.Error(t, b.KeepReserve())
		b.Close()
	})
}
