package journal_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/seal"
)

func TestMissingRights(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("the superuser has every right")
	}
	ctx := context.Background()
	for name, c := range map[string]struct {
		suffix string
		mode   fs.FileMode
	}{
		"the journal":     {"", 0},
		"its log":         {"-wal", 0},
		"its log's index": {"-shm", 0},
	} {
		t.Run("OpenReadOnly names "+name+" and the right", func(t *testing.T) {
			path := newPath(t)
			add(t, started(t, config(path)), payment(1))
			copied := image(t, path)
			require.NoError(t, os.WriteFile(copied+"-shm", nil, 0o600))
			require.NoError(t, os.Chmod(copied+c.suffix, c.mode))
			_, err := journal.OpenReadOnly(ctx, copied, seal.Portable(), nil)
			require.ErrorIs(t, err, fs.ErrPermission)
			require.ErrorContains(t, err, "read "+copied+c.suffix+": permission denied")
		})
	}
	t.Run("OpenReadOnly names a folder in which nothing can be made", func(t *testing.T) {
		c := closedWith(t, 1)
		require.NoError(t, os.RemoveAll(c.Path+"-shm"))
		folder := filepath.Dir(c.Path)
		require.NoError(t, os.Chmod(folder, 0o500))
		t.Cleanup(func() { require.NoError(t, os.Chmod(folder, 0o700)) })
		_, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), nil)
		require.ErrorContains(t, err, "write "+folder+": permission denied")
	})
	for _, suffix := range []string{"", ".lock"} {
		t.Run("Open names journal.db"+suffix+" and the right", func(t *testing.T) {
			c := config(newPath(t))
			add(t, started(t, c), payment(1))
			c.Path = image(t, c.Path)
			require.NoError(t, os.Chmod(c.Path+suffix, 0o400))
			_, err := journal.Open(ctx, c)
			require.ErrorIs(t, err, fs.ErrPermission)
			require.ErrorContains(t, err, c.Path+suffix+": permission denied")
		})
	}
}
