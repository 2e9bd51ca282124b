package journal_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// onDisk is a configuration on a disk whose power can be cut.
func onDisk(t *testing.T) (*crashdisk.Disk, journal.Config) {
	t.Helper()
	disk, err := crashdisk.New(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, disk.Close()) })
	c := config(disk.Path("journal.db"))
	c.Disk = disk
	return disk, c
}

// cutAfter does something to a journal, lets the power go and returns what the next start says.
func cutAfter(t *testing.T, disk *crashdisk.Disk, c journal.Config, loss crashdisk.Loss, do func(*journal.Journal)) error {
	t.Helper()
	j, err := journal.Open(context.Background(), c)
	require.NoError(t, err)
	do(j)
	disk.Cut()
	_ = j.Close() // the power is off
	require.NoError(t, disk.PowerOn(loss, rand.New(rand.NewPCG(1, 1))))
	j, err = journal.Open(context.Background(), c)
	if err == nil {
		verified(t, j)
		require.NoError(t, j.Close())
	}
	return err
}

// TestPowerCutAfterStart: the log's length, which the lock file remembers, is durable before the lock file says so.
func TestPowerCutAfterStart(t *testing.T) {
	t.Run("of a new journal", func(t *testing.T) {
		disk, c := onDisk(t)
		require.NoError(t, cutAfter(t, disk, c, crashdisk.LoseUnsynced, func(*journal.Journal) {}))
	})
	t.Run("of one that was closed", func(t *testing.T) {
		disk, c := onDisk(t)
		j, err := journal.Open(context.Background(), c)
		require.NoError(t, err)
		openEpoch(t, j, 1)
		require.NoError(t, j.Close())
		require.NoError(t, cutAfter(t, disk, c, crashdisk.LoseUnsynced, func(*journal.Journal) {}))
	})
	t.Run("with too little room for the whole log", func(t *testing.T) {
		disk, c := onDisk(t)
		disk.SetFaults(crashdisk.Faults{Capacity: 300 << 10})
		require.NoError(t, cutAfter(t, disk, c, crashdisk.LoseUnsynced, func(*journal.Journal) {}))
	})
}

// TestPowerCutWhileClosing cuts the power at every operation of a Close.
func TestPowerCutWhileClosing(t *testing.T) {
	for _, loss := range []crashdisk.Loss{crashdisk.LoseUnsynced, crashdisk.LoseNothing} {
		t.Run(loss.String(), func(t *testing.T) {
			for operation, done := 0, false; !done; operation++ {
				disk, c := onDisk(t)
				require.NoError(t, cutAfter(t, disk, c, loss, func(j *journal.Journal) {
					openEpoch(t, j, 1)
					disk.CutAt(operation)
					done = j.Close() == nil
				}), "operation %d", operation)
			}
		})
	}
}
