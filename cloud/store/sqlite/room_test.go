package sqlite_test

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// TestAFullDiskIsToldAtOnce: long before the log is used up, and once. What begins meanwhile still begins.
func TestAFullDiskIsToldAtOnce(t *testing.T) {
	f := newFullDisk(t)
	require.NoError(t, f.store.Health())
	require.NoError(t, f.record())
	require.ErrorIs(t, f.store.Health(), store.ErrFull)
	require.NoError(t, f.pay())
	require.Equal(t, store.RoomToBegin, f.store.Room())
	for range 20 {
		require.NoError(t, f.record())
	}
	require.Equal(t, 1, strings.Count(f.logged.String(), "disk is nearly full"), f.logged.String())
	f.disk.SetFaults(crashdisk.Faults{})
	require.NoError(t, f.record())
	require.NoError(t, f.store.Health())
	require.Contains(t, f.logged.String(), "disk has room again")
	require.NoError(t, f.store.Close())
}

// TestAFullDiskIsToldThoughNothingIsStored: a quiet shop hears of it as soon as a busy one.
func TestAFullDiskIsToldThoughNothingIsStored(t *testing.T) {
	disk, err := crashdisk.New(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, disk.Close()) }()
	s, err := sqlite.Open(t.Context(), disk.Path("cloud.db"), sqlite.Options{Logger: slog.New(slog.DiscardHandler),
		LogSize: smallLog, Disk: disk})
	require.NoError(t, err)
	require.NoError(t, s.Health())
	fillUp(t, disk)
	require.Eventually(t, func() bool { return s.Health() != nil }, 20*time.Second, 10*time.Millisecond)
	require.ErrorIs(t, s.Health(), store.ErrFull)
	disk.SetFaults(crashdisk.Faults{})
	require.Eventually(t, func() bool { return s.Health() == nil }, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, s.Close())
}

// useUntil stores records until the store has just that room.
func (f *fullDisk) useUntil(room store.Room) {
	f.t.Helper()
	for f.store.Room() != room {
		require.NoError(f.t, f.record())
		require.Less(f.t, f.records, uint64(2000))
	}
}

// cutAndOpen lets the power fail and opens what is left on the disk, which is as full as before.
func (f *fullDisk) cutAndOpen() {
	f.t.Helper()
	f.disk.Cut()
	_ = f.store.Close() // the power is off
	require.NoError(f.t, f.disk.PowerOn(crashdisk.LoseNothing, rand.New(rand.NewPCG(1, 1))))
	f.open()
}

// TestIndexOfAKeptLog: a restart on a full disk takes the room for the whole log's index at once. SQLite would let it grow
// with the log, into room that there is none of.
func TestIndexOfAKeptLog(t *testing.T) {
	const twoBlocks = 20 << 20
	f := newFullDiskOf(t, twoBlocks)
	size := func() int64 {
		info, err := os.Stat(f.disk.Path("cloud.db-shm"))
		require.NoError(t, err)
		return info.Size()
	}
	full := size()
	require.EqualValues(t, 2*32<<10, full)
	f.cutAndOpen()
	require.Equal(t, full, size())
	require.NoError(t, f.record())
	require.Equal(t, full, size())
	require.NoError(t, f.store.Close())
}

// TestRestartOnAFullDisk: the log that is there is enough to start with, and nothing in it is given away.
func TestRestartOnAFullDisk(t *testing.T) {
	f := newFullDisk(t)
	for range 3 {
		for range 10 {
			require.NoError(t, f.record())
		}
		f.cutAndOpen()
		require.ErrorIs(t, f.store.Health(), store.ErrFull)
		require.Equal(t, store.RoomToBegin, f.store.Room())
		require.NoError(t, f.pay())
	}
	f.useUntil(store.RoomToDecline)
	require.ErrorIs(t, f.pay(), store.ErrFull)
	f.cutAndOpen()
	require.Equal(t, store.RoomToDecline, f.store.Room(), "it starts in the state that it stopped in")
	require.ErrorIs(t, f.pay(), store.ErrFull)
	f.end()
	f.useUntil(store.RoomToEnd)
	f.cutAndOpen()
	require.Equal(t, store.RoomToEnd, f.store.Room())
	require.ErrorIs(t, f.pay(), store.ErrFull)
	f.verify()
	f.disk.SetFaults(crashdisk.Faults{})
	for range 100 {
		require.NoError(t, f.record())
	}
	require.Equal(t, store.RoomToBegin, f.store.Room())
	require.NoError(t, f.pay())
	f.verify()
	require.NoError(t, f.store.Close())
}

// end ends the first payment, which goes on behind the middle of the log.
func (f *fullDisk) end() {
	f.t.Helper()
	require.NoError(f.t, f.store.Commit(f.t.Context(), store.Change{Payments: []store.Payment{{Order: store.OrderID{0: 1},
		Terminal: f.terminal, Sequence: 1, Merchant: "301310053110001", Revision: 2, State: 2, Final: true,
		UpdatedAt: time.Unix(2, 0), Blob: []byte{2}}}}))
}
