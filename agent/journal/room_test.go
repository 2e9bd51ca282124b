package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
)

func TestRoom(t *testing.T) {
	ctx := context.Background()
	t.Run("payments are refused before space runs out, the rest goes on", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, payment(1))
		require.NoError(t, j.Room())
		require.NoError(t, j.Close())
		c.RoomMin = 1 << 60
		j = open(t, c)
		require.ErrorIs(t, j.Room(), journal.ErrNoRoom)
		_, err := j.Append(ctx, payment(2))
		require.ErrorIs(t, err, journal.ErrNoRoom)
		add(t, j, shown(1))
		begun := payment(2)
		begun.Begun = true
		add(t, j, begun)
		require.Equal(t, uint64(4), verified(t, j).Records)
	})
	// SQLite itself reports SQLITE_FULL here: max_page_count is the bound.
	t.Run("a full database loses nothing that was acknowledged to a caller", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		require.NoError(t, journal.LimitPages(j, 8))
		var err error
		n := uint64(0)
		for err == nil && n < 10_000 {
			n++
			_, err = j.Append(ctx, payment(n))
		}
		require.ErrorIs(t, err, journal.ErrNoRoom)
		_, statErr := os.Stat(c.Path + ".ballast")
		require.ErrorIs(t, statErr, os.ErrNotExist, "the reserve was given up")
		require.ErrorIs(t, j.Room(), journal.ErrNoRoom)
		require.Equal(t, n, verified(t, j).Records, "one opening and n-1 payments")

		require.NoError(t, journal.UnlimitPages(j))
		add(t, j, shown(1))
		_, err = j.Append(ctx, payment(n))
		require.ErrorIs(t, err, journal.ErrNoRoom, "no payments without the reserve")
		journal.Tick(j)
		require.NoError(t, j.Room(), "the reserve is back")
		add(t, j, payment(n))
		require.NoError(t, j.Close())
		require.Equal(t, n+2, verified(t, open(t, c)).Records)
	})
	t.Run("ErrFailed for ever after a failed write", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, payment(1))
		require.NoError(t, journal.Break(j))
		_, err := j.Append(ctx, shown(1))
		require.ErrorIs(t, err, journal.ErrFailed)
		require.ErrorIs(t, j.Room(), journal.ErrFailed)
		_, err = j.Append(ctx, fault("x"))
		require.ErrorIs(t, err, journal.ErrFailed)
		require.Equal(t, uint64(2), j.Tail().Sequence)
		require.NoError(t, j.Close())
		again := open(t, c)
		require.Equal(t, uint64(2), verified(t, again).Records)
		sale, err := again.Find(ctx, orderID(1))
		require.NoError(t, err)
		require.True(t, sale.Open)
	})
}

// tinyDisk mounts a real, tiny file system. It needs the right to do so.
func tinyDisk(t *testing.T, size string) (directory string) {
	t.Helper()
	directory = t.TempDir()
	err := syscall.Mount("tmpfs", directory, "tmpfs", 0, "size="+size)
	if errors.Is(err, syscall.EPERM) {
		t.Skip("mounting a file system needs more rights")
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(directory, 0)) })
	return directory
}

// fill is somebody else who takes the rest of a disk but so many bytes; the file it is in is returned.
func fill(t *testing.T, directory string, left int64) (path string) {
	t.Helper()
	greedy, err := os.Create(filepath.Join(directory, "log"))
	require.NoError(t, err)
	taken, block := int64(0), make([]byte, 4096)
	for err == nil {
		var n int
		n, err = greedy.Write(block)
		taken += int64(n)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, greedy.Truncate(taken-left))
	require.NoError(t, greedy.Close())
	return greedy.Name()
}

// TestFullDisk fills a real, tiny file system.
func TestFullDisk(t *testing.T) {
	directory := tinyDisk(t, "3m")
	c := config(filepath.Join(directory, "journal.db"))
	c.RoomMin = 256 << 10
	j := started(t, c)
	ctx := context.Background()
	var committed uint64
	var err error
	for committed < 100_000 {
		if _, err = j.Append(ctx, payment(committed+1)); err != nil {
			break
		}
		committed++
	}
	require.ErrorIs(t, err, journal.ErrNoRoom, "payments stop first")
	add(t, j, shown(committed))

	greedy := fill(t, directory, 0)

	finished := uint64(1) // what is in progress is finished out of the log's and the reserve's room
	for ; finished < 100_000; finished++ {
		if _, err = j.Append(ctx, shown(finished%committed+1)); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, journal.ErrNoRoom)
	require.Greater(t, finished, uint64(100))
	require.Equal(t, committed+finished+1, verified(t, j).Records)

	require.NoError(t, os.Remove(greedy))
	journal.Tick(j)
	add(t, j, shown(1))
	require.NoError(t, j.Close())
	require.Equal(t, committed+finished+2, verified(t, open(t, c)).Records)
}
