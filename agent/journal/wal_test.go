package journal_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
)

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Size()
}

func TestWriteAheadLog(t *testing.T) {
	t.Run("is filled before the first sale and never grows", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		before := size(t, c.Path+"-wal")
		require.GreaterOrEqual(t, before, c.WALSize)
		require.Less(t, before, c.WALSize+1<<20)
		for n := range uint64(500) {
			add(t, j, payment(n))
			add(t, j, shown(n))
		}
		require.Equal(t, before, size(t, c.Path+"-wal"))
		require.NoError(t, j.Close())
		require.Zero(t, size(t, c.Path+"-wal"), "a clean close leaves everything in the database")
		require.Equal(t, uint64(1001), verified(t, open(t, c)).Records)
	})
	t.Run("does not grow either while checkpoints run beside the sales", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		before := size(t, c.Path+"-wal")
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- j.Run(ctx) }()
		for n := range uint64(1500) {
			add(t, j, payment(n))
		}
		cancel()
		require.NoError(t, <-done)
		require.Equal(t, before, size(t, c.Path+"-wal"))
	})
	t.Run("is emptied when idle", func(t *testing.T) {
		c := config(newPath(t))
		c.WALSize = 4 << 20
		j := started(t, c)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- j.Run(ctx) }()
		before := size(t, c.Path)
		for n := range uint64(40) {
			add(t, j, payment(n))
		}
		require.Eventually(t, func() bool { return size(t, c.Path) > before }, 10*time.Second, 5*time.Millisecond,
			"a checkpoint brings it into the database")
		cancel()
		require.NoError(t, <-done)
	})
	t.Run("a reader in the way delays it, nothing else", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		for n := range uint64(300) {
			add(t, j, payment(n))
			if n%50 == 0 {
				_, err := j.Last(context.Background(), 100)
				require.NoError(t, err)
			}
		}
		require.Equal(t, uint64(301), verified(t, j).Records)
	})
	t.Run("Run ends when the journal is closed", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		done := make(chan error, 1)
		go func() { done <- j.Run(context.Background()) }()
		require.NoError(t, j.Close())
		require.NoError(t, <-done)
	})
}

// TestReopenAfterEveryStep: whatever the step, the next start finds it.
func TestReopenAfterEveryStep(t *testing.T) {
	c := config(newPath(t))
	steps := []func(*journal.Journal){
		func(j *journal.Journal) { openEpoch(t, j, 1) },
		func(j *journal.Journal) { add(t, j, payment(1)) },
		func(j *journal.Journal) { add(t, j, shown(1), payment(2)) },
		func(j *journal.Journal) { openEpoch(t, j, 2) },
		func(j *journal.Journal) { add(t, j, shown(2)) },
		func(*journal.Journal) {},
	}
	var tail journal.Position
	for number, step := range steps {
		j, err := journal.Open(context.Background(), c)
		require.NoError(t, err)
		if number > 0 {
			require.Equal(t, tail, j.Tail(), "step %d", number)
			verified(t, j)
		}
		step(j)
		tail = j.Tail()
		crashed := c
		crashed.Path = image(t, c.Path)
		again := open(t, crashed)
		require.Equal(t, tail, again.Tail(), "after a crash behind step %d", number)
		require.NoError(t, j.Close())
	}
	require.Equal(t, uint64(6), tail.Sequence)
}
