package journal_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// TestRecent holds what is answered from memory against what stands in the file: a fresh journal has nothing in memory,
// and Records always reads the file.
func TestRecent(t *testing.T) {
	ctx := context.Background()
	path := newPath(t)
	j := started(t, config(path))
	for range 3 * journal.RecentRecords / 2 {
		add(t, j, fault("paper out"))
	}
	stored, err := j.Records(ctx, 0, 1000, 1<<20)
	require.NoError(t, err)

	t.Run("a record is the same from memory and from the file", func(t *testing.T) {
		for i, want := range stored {
			got, err := j.Get(ctx, uint64(i+1))
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err := j.Get(ctx, 0)
		require.ErrorIs(t, err, journal.ErrNotFound)
		_, err = j.Get(ctx, uint64(len(stored)+1))
		require.ErrorIs(t, err, journal.ErrNotFound)
	})
	t.Run("unsent records are the same from memory and from the file", rapid.MakeCheck(func(t *rapid.T) {
		after := rapid.IntRange(0, len(stored)).Draw(t, "after")
		most := rapid.IntRange(1, 80).Draw(t, "most")
		bytes := rapid.IntRange(0, 20_000).Draw(t, "bytes")
		want, err := j.Records(ctx, uint64(after), most, bytes)
		require.NoError(t, err)
		got, err := j.Unsent(ctx, uint64(after), most, bytes)
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for i := range want {
			require.Equal(t, want[i], got[i])
		}
	}))
	t.Run("what the cloud has is left out", func(t *testing.T) {
		last := uint64(len(stored))
		link := stored[last-11].Link(seal.Portable())
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{
			HighWater: last - 10, HighWaterLink: link[:], Highest: last - 1,
			Gaps: []*message.Gap{{First: last - 7, Last: last - 6}},
		}))
		require.Equal(t, []uint64{last - 7, last - 6, last}, unsentSequences(t, j))
	})
}

// TestRecentIsBounded appends bodies of which few fit into memory.
func TestRecentIsBounded(t *testing.T) {
	j := started(t, config(newPath(t)))
	large := string(make([]byte, journal.RecentBytes/3))
	for range 10 {
		add(t, j, fault(large))
		require.LessOrEqual(t, journal.Recent(j), journal.RecentBytes)
	}
	add(t, j, fault(string(make([]byte, record.BodyMax-100))))
	require.LessOrEqual(t, journal.Recent(j), journal.RecentBytes)
	records, err := j.Unsent(context.Background(), 0, 100, 1<<20)
	require.NoError(t, err)
	require.Len(t, records, 12)
}
