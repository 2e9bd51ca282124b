package journal_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
)

func percentiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
}

func benchConfig(b *testing.B) journal.Config {
	c := config(newPath(b))
	c.WALSize = journal.DefaultConfig().WALSize
	return c
}

// BenchmarkAppend is a lone payment record with its snapshot: what a sale waits for.
func BenchmarkAppend(b *testing.B) {
	j := started(b, benchConfig(b))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = j.Run(ctx) }()
	var took []time.Duration
	for n := uint64(1); b.Loop(); n++ {
		start := time.Now()
		if n%2 == 1 {
			add(b, j, payment(n))
		} else {
			add(b, j, shown(n-1))
		}
		took = append(took, time.Since(start))
	}
	percentiles(b, took)
	cancel()
	<-done
}

// BenchmarkFloor is the disk's share of it: 16 KiB overwritten and synced in a file that does not grow.
func BenchmarkFloor(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "floor"))
	require.NoError(b, err)
	defer f.Close()
	_, err = f.Write(make([]byte, 4<<20))
	require.NoError(b, err)
	require.NoError(b, f.Sync())
	block := make([]byte, 16<<10)
	var took []time.Duration
	for n := int64(0); b.Loop(); n++ {
		start := time.Now()
		_, err := f.WriteAt(block, n%256*(16<<10))
		require.NoError(b, err)
		require.NoError(b, f.Sync())
		took = append(took, time.Since(start))
	}
	percentiles(b, took)
}

// BenchmarkAppendBatch is 100 records in one Append.
func BenchmarkAppendBatch(b *testing.B) {
	j := started(b, benchConfig(b))
	entries := make([]journal.Entry, 100)
	for i := range entries {
		entries[i] = fault("paper out")
	}
	for b.Loop() {
		add(b, j, entries...)
	}
	b.ReportMetric(float64(b.N*len(entries))/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkAppendParallel is many callers sharing commits.
func BenchmarkAppendParallel(b *testing.B) {
	j := started(b, benchConfig(b))
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := j.Append(context.Background(), fault("paper out")); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// filled is a journal with n records.
func filled(b *testing.B, c journal.Config, n int) *journal.Journal {
	j := started(b, c)
	entries := make([]journal.Entry, 500)
	for at := 0; at < n; at += len(entries) {
		for i := range entries {
			entries[i] = payment(uint64(at + i))
			entries[i].Sale = nil
		}
		add(b, j, entries...)
	}
	return j
}

// BenchmarkUnsent reads as the drainer does.
func BenchmarkUnsent(b *testing.B) {
	j := filled(b, benchConfig(b), 20_000)
	records := 0
	for b.Loop() {
		for after := uint64(0); after < 20_001; {
			got, err := j.Unsent(context.Background(), after, 250, 64<<10)
			require.NoError(b, err)
			require.NotEmpty(b, got)
			after = header(b, got[len(got)-1]).Sequence
			records += len(got)
		}
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkOpen is a start with 100,000 records.
func BenchmarkOpen(b *testing.B) {
	c := benchConfig(b)
	require.NoError(b, filled(b, c, 100_000).Close())
	for b.Loop() {
		j, err := journal.Open(context.Background(), c)
		require.NoError(b, err)
		require.NoError(b, j.Close())
	}
}

// BenchmarkVerify is the whole chain with tags.
func BenchmarkVerify(b *testing.B) {
	j := filled(b, benchConfig(b), 20_000)
	for b.Loop() {
		verified(b, j)
	}
	b.ReportMetric(float64(b.N*20_001)/b.Elapsed().Seconds(), "records/s")
}
