package journal_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/seal"
)

// leapt is a journal of ten records that lost 11 to 20 and goes on behind them.
func leapt(t *testing.T, c journal.Config) *journal.Journal {
	j, _ := ten(t, c)
	leap(t, j, c, 2, 20)
	return j
}

// leap opens an epoch of which the cloud says that it has records up to highest.
func leap(t *testing.T, j *journal.Journal, c journal.Config, epoch uint32, highest uint64) journal.Position {
	t.Helper()
	derived, err := c.Keyring.Keys(epoch)
	require.NoError(t, err)
	_, err = j.OpenEpoch(context.Background(), journal.EpochOpening{Keys: derived, Highest: highest, HighestLink: seal.Hash{42}})
	require.NoError(t, err)
	return j.Tail()
}

func losses(t *testing.T, j *journal.Journal) []journal.Loss {
	t.Helper()
	counts, err := j.Counts(context.Background())
	require.NoError(t, err)
	return counts.Lost
}

func TestLosses(t *testing.T) {
	ctx := context.Background()
	t.Run("none in a journal that was never put back", func(t *testing.T) {
		j, _ := ten(t, config(newPath(t)))
		require.Empty(t, losses(t, j))
	})
	t.Run("say what is gone, since when, and what of it the cloud lacks", func(t *testing.T) {
		c := config(newPath(t))
		j := leapt(t, c)
		opened, err := j.Get(ctx, 21)
		require.NoError(t, err)
		want := journal.Loss{Range: journal.Range{First: 11, Last: 20}, FoundAt: header(t, opened).Time}
		require.Equal(t, []journal.Loss{want}, losses(t, j), "the cloud has not said what it has")

		link := seal.Hash{7}
		gaps := []*message.Gap{{First: 13, Last: 15}, {First: 18, Last: 19}}
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: 12, HighWaterLink: link[:], Highest: 21, Gaps: gaps}))
		want.Told, want.Missing = true, []journal.Range{{First: 13, Last: 15}, {First: 18, Last: 19}}
		require.Equal(t, []journal.Loss{want}, losses(t, j))

		tail := j.Tail()
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: tail.Sequence, HighWaterLink: tail.Link[:]}))
		want.Missing = nil
		require.Equal(t, []journal.Loss{want}, losses(t, j), "the cloud has all of it")
	})
	t.Run("are known after a start, but for what the cloud lacks", func(t *testing.T) {
		c := config(newPath(t))
		j := leapt(t, c)
		require.NoError(t, j.Close())
		again := open(t, c)
		found := losses(t, again)
		require.Len(t, found, 1)
		require.Equal(t, journal.Range{First: 11, Last: 20}, found[0].Range)
		require.False(t, found[0].Told)
	})
	t.Run("are told up to a bound, the newest", func(t *testing.T) {
		c := config(newPath(t))
		j := leapt(t, c)
		for epoch := uint32(3); epoch < 30; epoch++ {
			leap(t, j, c, epoch, j.Tail().Sequence+2)
		}
		found := losses(t, j)
		require.Len(t, found, 16)
		require.Equal(t, j.Tail().Sequence-1, found[15].Last)
	})
}

// TestLossesOfADamagedJournal: how the journal is can be asked for whatever became of it.
func TestLossesOfADamagedJournal(t *testing.T) {
	c := config(newPath(t))
	j := leapt(t, c)
	for range 300 { // more than a start looks at
		add(t, j, fault("x"))
	}
	require.NoError(t, j.Close())
	alter(t, c.Path, "UPDATE record SET bytes = x'00' WHERE sequence = 21")
	found := losses(t, open(t, c))
	require.Len(t, found, 1)
	require.True(t, found[0].FoundAt.IsZero())
}
