package plainfile_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/plainfile"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(at("text"), []byte("12345"), 0o640))
	t.Run("OK", func(t *testing.T) {
		require.NoError(t, os.Symlink("text", at("link")))
		for _, name := range []string{"text", "link"} {
			text, info, err := plainfile.Read(at(name), 5)
			require.NoError(t, err)
			require.Equal(t, "12345", string(text))
			require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
		}
	})
	t.Run("ErrTooLarge", func(t *testing.T) {
		_, _, err := plainfile.Read(at("text"), 4)
		require.ErrorIs(t, err, plainfile.ErrTooLarge)
		require.ErrorContains(t, err, at("text"))
	})
	t.Run("ErrNotRegular at once", func(t *testing.T) {
		require.NoError(t, syscall.Mkfifo(at("pipe"), 0o600))
		socket, err := net.Listen("unix", at("socket"))
		require.NoError(t, err)
		defer socket.Close()
		for _, path := range []string{at("pipe"), at("socket"), "/dev/zero", "/dev/null"} {
			_, _, err := plainfile.Read(path, 100)
			require.ErrorIs(t, err, plainfile.ErrNotRegular)
			var place *os.PathError
			require.ErrorAs(t, err, &place)
			require.Equal(t, path, place.Path)
		}
	})
	t.Run("the file system's errors", func(t *testing.T) {
		_, _, err := plainfile.Read(at("none"), 100)
		require.ErrorIs(t, err, os.ErrNotExist)
		_, _, err = plainfile.Read(dir, 100)
		require.ErrorIs(t, err, syscall.EISDIR)
	})
}
