package uplink_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// behind is a till that has signed in, has three records that the cloud has not, and is not running.
func behind(t *testing.T) (*crashdisk.Disk, *broker, *cloud, *till) {
	t.Helper()
	disk, b, c, tl := onDisk(t)
	c.set(func() { c.patient = true })
	tl.run()
	tl.until("signed in", func(s uplink.Status) bool { return s.Epoch == 1 && s.Unsent == 0 })
	tl.stop()
	tl.faults(3)
	return disk, b, c, tl
}

// TestWaitingRecordsLeave: a sign-in that cannot be kept for want of room holds nothing back once the cloud's books and
// the journal were found to agree. It is kept when there is room, and not made anew.
func TestWaitingRecordsLeave(t *testing.T) {
	allSent := func(s uplink.Status) bool { return s.Unsent == 0 }
	recorded := func(s uplink.Status) bool { return s.Epoch == 2 && s.Unsent == 0 }
	t.Run("without room for the epochs file", func(t *testing.T) {
		_, _, c, tl := behind(t)
		require.NoError(t, os.Mkdir(tl.epochs+".new", 0o700))
		tl.run()
		tl.until("all sent", allSent)
		require.Equal(t, uint32(1), tl.uplink.Status().Epoch)
		tl.faults(1)
		tl.until("what comes later too", allSent)
		require.NoError(t, os.Remove(tl.epochs+".new"))
		tl.until("epoch recorded", recorded)
		c.set(func() { require.Equal(t, 2, c.signIns) })
	})
	t.Run("without room for the epoch's record", func(t *testing.T) {
		disk, _, c, tl := behind(t)
		path := disk.Path("journal.db")
		require.NoError(t, tl.journal.Close())
		require.NoError(t, os.Remove(path+".ballast"))
		files, err := disk.Snapshot()
		require.NoError(t, err)
		room := int64(0)
		for _, content := range files {
			room += int64(len(content))
		}
		require.NoError(t, disk.Load(files))
		disk.SetFaults(crashdisk.Faults{Capacity: room})
		tl.journal = tl.openJournalOn(path, disk)
		tl.run()
		tl.until("all sent", allSent)
		require.Equal(t, uint32(1), tl.uplink.Status().Epoch)
		disk.SetFaults(crashdisk.Faults{})
		tl.until("epoch recorded", recorded)
		c.set(func() { require.Equal(t, 2, c.signIns) })
	})
	t.Run("but not those of an old copy", func(t *testing.T) {
		_, b, c, tl := behind(t)
		c.set(func() { c.base, c.baseEnd = 100, seal.Hash{1} })
		require.NoError(t, os.Mkdir(tl.epochs+".new", 0o700))
		tl.run()
		tl.until("connected several times", func(s uplink.Status) bool {
			all, err := b.server.Varz(nil)
			return err == nil && all.TotalConnections > 5 && strings.Contains(s.LastError, "store epoch")
		})
		c.set(func() { require.Zero(t, c.seen[2]); require.Equal(t, 2, c.signIns) })
		// What the cloud has under these numbers is something else. One commit: the journal is held against the books once.
		tl.add(slices.Repeat([]journal.Entry{{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "printer"}}}, 100)...)
		c.until("signed in anew", func() bool { return c.signIns == 3 })
		c.set(func() { require.Zero(t, c.seen[2]) })
		require.NoError(t, os.Remove(tl.epochs+".new"))
		tl.until("stopped", func(s uplink.Status) bool { return s.Stopped != "" })
		c.set(func() { require.Zero(t, c.seen[100]) })
	})
	t.Run("and the reserve makes room for the epochs file", func(t *testing.T) {
		disk, _, c, tl := behind(t)
		require.NoError(t, tl.journal.Room())
		require.NoError(t, os.Symlink("/dev/full", tl.epochs+".new"))
		tl.run()
		tl.until("epoch recorded", recorded)
		c.set(func() { require.Equal(t, 2, c.signIns) })
		require.ErrorIs(t, tl.journal.Room(), journal.ErrNoRoom)
		require.NoFileExists(t, disk.Path("journal.db.ballast"))
	})
}
