package sqlite_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// onDisk opens a store on a disk whose power can be cut.
func onDisk(t *testing.T, disk *crashdisk.Disk, logSize int64) *sqlite.Store {
	t.Helper()
	o := options(logSize)
	o.Disk, o.Inline = disk, true
	s, err := sqlite.Open(context.Background(), disk.Path("cloud.db"), o)
	require.NoError(t, err)
	return s
}

// TestPowerCutWhileFillingLog: a start after a crash carries the old log over and fills a new one in its place. Whatever
// part of that has reached the disk when the power goes, the old log's first commits must not pass for its last.
func TestPowerCutWhileFillingLog(t *testing.T) {
	const logSize, commits = 256 << 10, 12
	disk, err := crashdisk.New(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, disk.Close()) }()
	s := onDisk(t, disk, 0)
	terminal := enrol(t, s, 0)
	for sequence := range uint64(commits) {
		require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{
			{Terminal: terminal, Sequence: sequence + 1, Bytes: make([]byte, 300)}}}))
	}
	disk.Cut()
	_ = s.Close() // the power is off
	r := rand.New(rand.NewPCG(1, 1))
	require.NoError(t, disk.PowerOn(crashdisk.LoseNothing, r))
	disk.Record()
	require.NoError(t, onDisk(t, disk, logSize).Close())

	trace := disk.Trace()
	for missing := range 100 {
		require.NoError(t, disk.Load(lateFirst(trace, missing).Image(crashdisk.LoseNothing, r)))
		s := onDisk(t, disk, 0)
		records, err := s.Records(t.Context(), terminal, 0, 2*commits)
		require.NoError(t, err)
		require.Len(t, records, commits, "with the first %d operations missing", missing)
		require.NoError(t, s.Close())
	}
}

// lateFirst is a disk of which the power was cut during its longest run of operations without a sync, when all of these
// had been done but the first few.
func lateFirst(trace crashdisk.Trace, missing int) *crashdisk.Platter {
	from, to, start := 0, 0, 0
	for i, op := range trace.Operations {
		if op.Kind == crashdisk.Sync {
			start = i + 1
		} else if i-start > to-from {
			from, to = start, i
		}
	}
	platter := crashdisk.NewPlatter(trace.Base)
	for i, op := range trace.Operations[:to] {
		if i < from || i >= from+missing {
			platter.Step(op)
		}
	}
	return platter
}
