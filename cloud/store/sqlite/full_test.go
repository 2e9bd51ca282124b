package sqlite_test

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// fullDisk is a store whose log is filled, on a disk that has no room for more.
type fullDisk struct {
	t        *testing.T
	disk     *crashdisk.Disk
	store    *sqlite.Store
	terminal record.Terminal
	logged   *bytes.Buffer
	log      int64
	records  uint64 // that are stored
	payments int
}

const smallLog = 4 << 20

func newFullDisk(t *testing.T) *fullDisk { return newFullDiskOf(t, smallLog) }

func newFullDiskOf(t *testing.T, log int64) *fullDisk {
	disk, err := crashdisk.New(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, disk.Close()) })
	f := &fullDisk{t: t, disk: disk, logged: &bytes.Buffer{}, log: log}
	f.open()
	f.terminal = enrol(t, f.store, 0)
	fillUp(t, disk)
	return f
}

// fillUp leaves a disk no room for longer files.
func fillUp(t *testing.T, disk *crashdisk.Disk) {
	files, err := disk.Snapshot()
	require.NoError(t, err)
	used := int64(0)
	for _, content := range files {
		used += int64(len(content))
	}
	disk.SetFaults(crashdisk.Faults{Capacity: used})
}

func (f *fullDisk) open() {
	var err error
	f.store, err = sqlite.Open(f.t.Context(), f.disk.Path("cloud.db"), sqlite.Options{
		Logger: slog.New(slog.NewTextHandler(f.logged, nil)), LogSize: f.log, Disk: f.disk, Inline: true})
	require.NoError(f.t, err)
}

// record stores one more record.
func (f *fullDisk) record() error {
	err := f.store.Commit(f.t.Context(), store.Change{Records: []store.Record{
		{Terminal: f.terminal, Sequence: f.records + 1, Bytes: make([]byte, 3000), ReceivedAt: time.Unix(1, 0)}}})
	if err == nil {
		f.records++
	}
	return err
}

// pay begins a payment.
func (f *fullDisk) pay() error {
	order := store.OrderID{15: byte(f.payments), 14: byte(f.payments >> 8), 0: 1}
	err := f.store.Commit(f.t.Context(), store.Change{Payments: []store.Payment{{Order: order, Terminal: f.terminal, Sequence: 1,
		Merchant: "301310053110001", Revision: 1, State: 1, UpdatedAt: time.Unix(1, 0), Blob: []byte{1}}}})
	if err == nil {
		f.payments++
	}
	return err
}

// TestLogThatCannotBeCarriedOver: the log has room when the disk has none, but what is in it cannot go into the database. That
// is told at once, no payment begins from the middle of the log on, and what was begun can end behind that.
func TestLogThatCannotBeCarriedOver(t *testing.T) {
	f := newFullDisk(t)
	for f.store.Health() == nil {
		require.NoError(t, f.record(), "the log was used up before anybody was told")
		require.Less(t, f.records, uint64(2000))
	}
	require.ErrorIs(t, f.store.Health(), store.ErrFull)
	require.NoError(t, f.pay(), "the log has room for payments")
	require.ErrorIs(t, f.store.Health(), store.ErrFull, "a commit says nothing about the log")
	require.NoError(t, f.store.Commit(t.Context(), store.Change{Alarms: []store.Alarm{{Key: "store-full", At: time.Unix(1, 0)}}}))

	var refused error
	for refused == nil {
		require.NoError(t, f.record(), "payments were begun up to the end of the log")
		refused = f.pay()
	}
	require.ErrorIs(t, refused, store.ErrFull)
	require.ErrorIs(t, f.store.Commit(t.Context(), store.Change{FollowUps: []store.FollowUp{{ID: store.FollowUpID{1},
		Terminal: f.terminal, Sequence: 1, State: store.FollowUpWaiting, At: time.Unix(1, 0)}}}), store.ErrFull)
	order := store.OrderID{0: 1}
	require.NoError(t, f.store.Commit(t.Context(), store.Change{Payments: []store.Payment{{Order: order, Terminal: f.terminal, Sequence: 1,
		Merchant: "301310053110001", Revision: 2, State: 2, Final: true, UpdatedAt: time.Unix(2, 0), Blob: []byte{2}}}}), "what was begun ends")

	before := f.records
	for f.record() == nil {
		require.ErrorIs(t, f.pay(), store.ErrFull)
	}
	require.Greater(t, f.records-before, uint64(smallLog/4096/8), "room was left for what was begun")
	require.ErrorIs(t, f.record(), store.ErrFull)
	require.Equal(t, 1, strings.Count(f.logged.String(), "carry log over"), f.logged.String())

	f.disk.SetFaults(crashdisk.Faults{})
	for range 100 { // every some commits it is tried again
		require.NoError(t, f.record())
	}
	require.NoError(t, f.store.Health())
	require.NoError(t, f.pay())
	f.verify()
	require.NoError(t, f.store.Close())
	f.open()
	f.verify()
	require.NoError(t, f.store.Close())
}

// verify holds what is stored against what was said to be.
func (f *fullDisk) verify() {
	f.t.Helper()
	rows, err := f.store.Records(f.t.Context(), f.terminal, 0, 10_000)
	require.NoError(f.t, err)
	require.Len(f.t, rows, int(f.records))
	payment, err := f.store.Payment(f.t.Context(), store.OrderID{0: 1})
	require.NoError(f.t, err)
	require.EqualValues(f.t, 2, payment.Revision)
}

// TestPowerCutOnAFullDisk: what the log has is there after a crash, as soon as there is room to open it.
func TestPowerCutOnAFullDisk(t *testing.T) {
	f := newFullDisk(t)
	for f.record() == nil {
		require.Less(t, f.records, uint64(2000))
	}
	f.disk.Cut()
	_ = f.store.Close() // the power is off
	require.NoError(t, f.disk.PowerOn(crashdisk.LoseNothing, rand.New(rand.NewPCG(1, 1))))
	_, err := sqlite.Open(t.Context(), f.disk.Path("cloud.db"), sqlite.Options{Logger: slog.New(slog.DiscardHandler),
		LogSize: smallLog, Disk: f.disk, Inline: true})
	require.ErrorIs(t, err, store.ErrFull)
	f.disk.SetFaults(crashdisk.Faults{})
	f.open()
	rows, err := f.store.Records(t.Context(), f.terminal, 0, 10_000)
	require.NoError(t, err)
	require.Len(t, rows, int(f.records))
	require.NoError(t, f.store.Close())
}

// TestALogIsTriedAgainByItself although no terminal sends anything.
func TestALogIsTriedAgainByItself(t *testing.T) {
	disk, err := crashdisk.New(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, disk.Close()) }()
	s, err := sqlite.Open(t.Context(), disk.Path("cloud.db"), sqlite.Options{Logger: slog.New(slog.DiscardHandler),
		LogSize: smallLog, Disk: disk})
	require.NoError(t, err)
	terminal := enrol(t, s, 0)
	fillUp(t, disk)
	for sequence := uint64(1); s.Health() == nil; sequence++ {
		require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{
			{Terminal: terminal, Sequence: sequence, Bytes: make([]byte, 3000), ReceivedAt: time.Unix(1, 0)}}}))
	}
	disk.SetFaults(crashdisk.Faults{})
	require.Eventually(t, func() bool { return s.Health() == nil }, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, s.Close())
}

// TestWhatIsNoDatabaseIsToldApart from a disk without room.
func TestWhatIsNoDatabaseIsToldApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	s, err := sqlite.Open(t.Context(), path, options(0))
	require.NoError(t, err)
	enrol(t, s, 0)
	require.NoError(t, s.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, damaged := range map[string][]byte{
		"Header": append([]byte("not a database"), content[14:]...),
		"Pages":  append(content[:100:100], bytes.Repeat([]byte{0xff}, len(content)-100)...),
		"Short":  content[:5000],
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			_, err := sqlite.Open(t.Context(), path, options(0))
			require.ErrorIs(t, err, sqlite.ErrDamaged)
			require.NotErrorIs(t, err, store.ErrFull)
		})
	}
}
