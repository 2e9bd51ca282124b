package uplink_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// onDisk is a till that has signed in, whose journal lies on a disk that can be made to fail.
func onDisk(t *testing.T) (*crashdisk.Disk, *broker, *cloud, *till) {
	t.Helper()
	authority := enrolmenttest.NewAuthority(t)
	b := startBroker(t, authority, -1, &admission{})
	c := newCloud(t)
	c.attach(b)
	tl := newTill(t, authority, address(b))
	disk, err := crashdisk.New(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, disk.Close()) })
	tl.journal = tl.openJournalOn(disk.Path("journal.db"), disk)
	return disk, b, c, tl
}

// TestSignInThatCannotBeRecorded is seed 2225 of the simulated world: each attempt left an epoch behind on both sides, for
// ever, until the epochs file was full and the terminal could not sign in any more.
func TestSignInThatCannotBeRecorded(t *testing.T) {
	t.Run("is not begun on a disk that has failed, and what is there still leaves", func(t *testing.T) {
		disk, _, c, tl := onDisk(t)
		var ahead atomic.Int64
		tl.config.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		tl.run()
		tl.until("signed in", func(s uplink.Status) bool { return s.Epoch == 1 && s.Unsent == 0 })
		c.set(func() { c.silent = true })
		tl.faults(2)
		disk.SetFaults(crashdisk.Faults{FailSync: 1})
		_, err := tl.journal.Append(context.Background(), fault())
		require.ErrorIs(t, err, journal.ErrFailed)
		ahead.Store(int64(25 * time.Hour))
		c.until("repeated several times", func() bool { return c.seen[2] > 3 })
		c.set(func() { require.Equal(t, 1, c.signIns) })
		c.set(func() { c.silent = false })
		tl.until("all sent", func(s uplink.Status) bool { return s.Unsent == 0 })
		newest, _ := tl.ring.Current()
		require.Equal(t, uint32(1), newest.Number)
	})
	t.Run("is recorded as soon as there is room, not made anew", func(t *testing.T) {
		disk, b, c, tl := onDisk(t)
		disk.SetFaults(crashdisk.Faults{Capacity: 1})
		tl.run()
		tl.until("connected several times", func(s uplink.Status) bool {
			all, err := b.server.Varz(nil)
			return err == nil && all.TotalConnections > 5 && strings.Contains(s.LastError, "open epoch 1")
		})
		c.set(func() { require.Equal(t, 1, c.signIns) })
		disk.SetFaults(crashdisk.Faults{})
		tl.until("signed in", func(s uplink.Status) bool { return s.Epoch == 1 && s.Unsent == 0 })
		c.set(func() { require.Equal(t, 1, c.signIns) })
	})
}

func fault() journal.Entry {
	return journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "printer", Fault: "paper out"}}
}
