package journal_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// laid copies a journal's files into a folder of another disk.
func laid(t *testing.T, from, directory string, suffixes ...string) journal.Config {
	t.Helper()
	c := config(filepath.Join(directory, "journal.db"))
	for _, suffix := range suffixes {
		content, err := os.ReadFile(from + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(c.Path+suffix, content, 0o600))
	}
	return c
}

// takesNoPayment holds that a journal lets nothing begin, and that all that is in it can be read and sent.
func takesNoPayment(t *testing.T, j *journal.Journal, records uint64) {
	t.Helper()
	require.ErrorIs(t, j.Room(), journal.ErrNoRoom)
	_, err := j.Append(context.Background(), payment(1000))
	require.ErrorIs(t, err, journal.ErrNoRoom)
	require.Equal(t, records, verified(t, j).Records)
	unsent, err := j.Unsent(context.Background(), 0, 100, 1<<20)
	require.NoError(t, err)
	require.Len(t, unsent, int(records))
}

// TestOpenOnFullDisk: a journal whose disk is full is not damaged. Where it can be opened it is, for what waits in it.
func TestOpenOnFullDisk(t *testing.T) {
	ctx := context.Background()
	crashed := func(t *testing.T) string {
		c := config(newPath(t))
		j := started(t, c)
		for n := range uint64(10) {
			add(t, j, payment(n))
		}
		return image(t, c.Path)
	}
	t.Run("takes payments again by itself when there is room", func(t *testing.T) {
		directory := tinyDisk(t, "8m")
		c := laid(t, crashed(t), directory, "", "-wal", ".lock")
		greedy := fill(t, directory, 40<<10)
		j := open(t, c)
		takesNoPayment(t, j, 11)
		require.NoError(t, os.Remove(greedy))
		journal.Tick(j)
		require.NoError(t, j.Room())
		add(t, j, payment(11))
	})
	t.Run("gives up the reserve for what opening needs", func(t *testing.T) {
		directory := tinyDisk(t, "8m")
		c := laid(t, closedWith(t, 10).Path, directory, "", "-wal", ".lock")
		require.NoError(t, os.WriteFile(c.Path+".ballast", make([]byte, c.BallastSize), 0o600))
		fill(t, directory, 0)
		j := open(t, c)
		takesNoPayment(t, j, 11)
		require.NoFileExists(t, c.Path+".ballast")
	})
	t.Run("writes the lock before the log takes the room", func(t *testing.T) {
		directory := tinyDisk(t, "8m")
		c := laid(t, closedWith(t, 10).Path, directory, "")
		fill(t, directory, 100<<10)
		j := open(t, c)
		takesNoPayment(t, j, 11)
		_, err := journal.Open(ctx, c)
		var held *journal.HeldError
		require.ErrorAs(t, err, &held)
		require.Equal(t, os.Getpid(), held.PID)
	})
	t.Run("a new one on little room", func(t *testing.T) {
		for left := int64(256 << 10); left < 1200<<10; left += 100 << 10 {
			directory := tinyDisk(t, "8m")
			c := config(filepath.Join(directory, "journal.db"))
			fill(t, directory, left)
			j, err := journal.Open(ctx, c)
			require.NoError(t, err, "%d bytes free", left)
			require.ErrorIs(t, j.Room(), journal.ErrNoRoom)
			require.NoError(t, j.Close(), "%d bytes free", left)
		}
	})
	for name, files := range map[string][]string{
		"ErrFull when there is no room for what SQLite needs": {"", "-wal", ".lock"},
		"ErrFull when there is no room for a new one":         {},
		"ErrFull when there is no room for the lock":          {""},
	} {
		t.Run(name, func(t *testing.T) {
			directory := tinyDisk(t, "8m")
			c := laid(t, crashed(t), directory, files...)
			if len(files) == 1 {
				c = laid(t, closedWith(t, 10).Path, directory, files...)
			}
			greedy := fill(t, directory, 0)
			_, err := journal.Open(ctx, c)
			require.ErrorIs(t, err, journal.ErrFull)
			require.False(t, journal.IsDamaged(err), "%v", err)
			require.ErrorContains(t, err, "disk is full")
			require.NoError(t, os.Remove(greedy))
			j := open(t, c)
			if len(files) > 0 {
				require.Equal(t, uint64(11), verified(t, j).Records, "and nothing is lost")
			}
		})
	}
}

// TestFullDiskByItself is the same on a disk that is told to be full, and so needs no right to mount one.
func TestFullDiskByItself(t *testing.T) {
	ctx := context.Background()
	t.Run("a log that cannot be filled", func(t *testing.T) {
		disk, c := onDisk(t)
		j, err := journal.Open(ctx, c)
		require.NoError(t, err)
		openEpoch(t, j, 1)
		require.NoError(t, j.Close())
		require.NoError(t, os.Remove(c.Path+".lock"))
		require.NoError(t, os.Remove(c.Path+".ballast"))
		for left := int64(1 << 10); left < 700<<10; left += 50 << 10 {
			image, err := disk.Snapshot()
			require.NoError(t, err)
			require.NoError(t, disk.Load(image))
			disk.SetFaults(crashdisk.Faults{Capacity: size(t, c.Path) + left})
			j, err := journal.Open(ctx, c)
			require.NoError(t, err, "%d bytes free", left)
			require.ErrorIs(t, j.Room(), journal.ErrNoRoom)
			require.Equal(t, uint64(1), verified(t, j).Records)
			require.NoError(t, j.Close())
		}
	})
	t.Run("ErrFull from a new journal", func(t *testing.T) {
		disk, c := onDisk(t)
		disk.SetFaults(crashdisk.Faults{Capacity: 8 << 10})
		_, err := journal.Open(ctx, c)
		require.ErrorIs(t, err, journal.ErrFull)
		require.NotContains(t, err.Error(), "cannot rollback")
		disk.SetFaults(crashdisk.Faults{})
		require.NoError(t, open(t, c).Room())
	})
	t.Run("ErrFull from Close, and the next start has everything", func(t *testing.T) {
		disk, c := onDisk(t)
		j, err := journal.Open(ctx, c)
		require.NoError(t, err)
		openEpoch(t, j, 1)
		for n := range uint64(30) {
			add(t, j, payment(n))
		}
		disk.SetFaults(crashdisk.Faults{Capacity: 1})
		require.ErrorIs(t, j.Close(), journal.ErrFull)
		disk.SetFaults(crashdisk.Faults{})
		require.Equal(t, uint64(31), verified(t, open(t, c)).Records)
	})
}
