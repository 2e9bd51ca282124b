package crashdisk_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

	sqlite "github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

func code(err error) sqlite.ErrNo {
	var problem sqlite.Error
	if !errors.As(err, &problem) {
		return 0
	}
	return problem.Code
}

func TestFaults(t *testing.T) {
	t.Run("a full disk takes what makes no file longer", func(t *testing.T) {
		d := newDisk(t)
		db := connect(t, d)
		execute(t, db, createTable, insert(1))
		files, err := d.Snapshot()
		require.NoError(t, err)
		used := 0
		for _, content := range files {
			used += len(content)
		}
		d.SetFaults(crashdisk.Faults{Capacity: int64(used) + 100})
		free, err := d.Free(d.Path("a.db"))
		require.NoError(t, err)
		require.Equal(t, int64(100), free)
		_, err = db.Exec("INSERT INTO t VALUES (2, zeroblob(100000))")
		require.Equal(t, sqlite.ErrFull, code(err))
		require.Equal(t, 1, count(t, db))
		d.SetFaults(crashdisk.Faults{})
		execute(t, db, insert(2))
		require.Equal(t, 2, count(t, db))
		free, err = d.Free(d.Path("a.db"))
		require.NoError(t, err)
		require.Greater(t, free, int64(100))
	})
	t.Run("room given back is room again", func(t *testing.T) {
		d := newDisk(t)
		f, err := d.OpenFile(d.Path("f"), os.O_CREATE|os.O_RDWR, 0o600)
		require.NoError(t, err)
		defer func() { require.NoError(t, f.Close()) }()
		d.SetFaults(crashdisk.Faults{Capacity: 1000})
		_, err = f.WriteAt(make([]byte, 1001), 0)
		require.ErrorIs(t, err, syscall.ENOSPC)
		_, err = f.WriteAt(make([]byte, 1000), 0)
		require.NoError(t, err)
		_, err = f.WriteAt(make([]byte, 500), 500)
		require.NoError(t, err)
		free, err := d.Free(d.Path("f"))
		require.NoError(t, err)
		require.Zero(t, free)
		require.NoError(t, d.Remove(d.Path("f")))
		free, err = d.Free(d.Path("f"))
		require.NoError(t, err)
		require.Equal(t, int64(1000), free)
	})
	t.Run("the nth sync fails once", func(t *testing.T) {
		d := newDisk(t)
		db := connect(t, d)
		execute(t, db, createTable)
		d.SetFaults(crashdisk.Faults{FailSync: 2})
		execute(t, db, insert(1))
		_, err := db.Exec(insert(2))
		require.Equal(t, sqlite.ErrIoErr, code(err))
		execute(t, db, insert(3))
	})
	t.Run("the nth write fails once", func(t *testing.T) {
		d := newDisk(t)
		f, err := d.OpenFile(d.Path("f"), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
		require.NoError(t, err)
		d.SetFaults(crashdisk.Faults{FailWrite: 2})
		_, err = f.WriteAt([]byte("a"), 0)
		require.NoError(t, err)
		require.ErrorIs(t, f.Truncate(0), crashdisk.ErrFault)
		require.NoError(t, f.Truncate(0))
		require.NoError(t, f.Close())
		content, err := os.ReadFile(d.Path("f"))
		require.NoError(t, err)
		require.Empty(t, content)
	})
}
