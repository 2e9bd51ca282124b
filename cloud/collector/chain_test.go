package collector_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/protocol/seal"
)

// link is the link of a record in the honest chain of these tests; link(0) is the genesis.
func link(sequence uint64) seal.Hash { return seal.Hash{1, byte(sequence >> 8), byte(sequence)} }

// journal is a chain with a shorthand for honest records.
type journal struct{ *collector.Chain }

func empty() journal { return journal{collector.NewChain(link(0))} }

func (j journal) honest(sequence uint64) collector.Verdict {
	return j.Place(sequence, link(sequence-1), link(sequence))
}

func TestChain(t *testing.T) {
	t.Run("InOrder", func(t *testing.T) {
		c := empty()
		for sequence := uint64(1); sequence <= 5; sequence++ {
			require.Equal(t, collector.Placed, c.honest(sequence))
		}
		require.EqualValues(t, 5, c.Head().HighWater)
		require.Equal(t, link(5), c.Head().Link)
		require.Empty(t, c.Acknowledgement().GetGaps())
	})
	t.Run("GapIsListedAndClosed", func(t *testing.T) {
		c := empty()
		for _, sequence := range []uint64{1, 5, 3} {
			require.Equal(t, collector.Placed, c.honest(sequence))
		}
		ack := c.Acknowledgement()
		require.EqualValues(t, 1, ack.GetHighWater())
		require.EqualValues(t, 5, ack.GetHighest())
		require.Len(t, ack.GetGaps(), 2)
		require.EqualValues(t, 2, ack.GetGaps()[0].GetLast())
		require.EqualValues(t, 4, ack.GetGaps()[1].GetFirst())
		require.Equal(t, collector.Placed, c.honest(2))
		require.EqualValues(t, 3, c.Head().HighWater)
		require.Equal(t, collector.Placed, c.honest(4))
		require.EqualValues(t, 5, c.Head().HighWater)
		require.Empty(t, c.Spans())
	})
	t.Run("BrokenBefore", func(t *testing.T) {
		c := empty()
		require.Equal(t, collector.Broken, c.Place(1, link(9), link(1)))
		require.Equal(t, collector.Placed, c.honest(3))
		require.Equal(t, collector.Broken, c.Place(4, link(9), link(4)))
		require.EqualValues(t, 1, c.Head().Records)
	})
	t.Run("BrokenWhereTheGapCloses", func(t *testing.T) {
		c := empty()
		require.Equal(t, collector.Placed, c.honest(2))
		require.Equal(t, collector.Broken, c.Place(1, link(0), link(7)))
		require.EqualValues(t, 0, c.Head().HighWater)
	})
	t.Run("Duplicates", func(t *testing.T) {
		c := empty()
		for _, sequence := range []uint64{1, 2, 4, 5, 6} {
			require.Equal(t, collector.Placed, c.honest(sequence))
		}
		for _, sequence := range []uint64{1, 2, 4, 5, 6} {
			require.Equal(t, collector.Duplicate, c.honest(sequence))
		}
	})
	t.Run("CrowdedByGaps", func(t *testing.T) {
		c := empty()
		for i := range uint64(collector.SpansMax) {
			require.Equal(t, collector.Placed, c.honest(2*i+2))
		}
		require.Equal(t, collector.Crowded, c.honest(2*collector.SpansMax+2))
		require.Equal(t, collector.Placed, c.honest(1), "what closes a gap is always welcome")
	})
}

// TestChainProperty places records in any order, with repeats, and compares with a set.
func TestChainProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, set := empty(), map[uint64]bool{}
		for _, sequence := range rapid.SliceOfN(rapid.Uint64Range(1, 40), 1, 80).Draw(t, "sequences") {
			want := collector.Placed
			if set[sequence] {
				want = collector.Duplicate
			}
			require.Equal(t, want, c.honest(sequence))
			set[sequence] = true
			if !set[sequence+1] && rapid.Bool().Draw(t, "forge") {
				before := c.Copy()
				forged := c.Place(sequence+1, link(999), link(sequence+1))
				require.Equal(t, collector.Broken, forged)
				require.Equal(t, before, c.Copy(), "a refused record leaves no trace")
			}
		}
		var high, highest uint64
		for set[high+1] {
			high++
		}
		for sequence := range set {
			highest = max(highest, sequence)
		}
		ack := c.Acknowledgement()
		require.Equal(t, high, ack.GetHighWater())
		require.Equal(t, highest, ack.GetHighest())
		require.EqualValues(t, len(set), c.Head().Records)
		missing := map[uint64]bool{}
		for _, gap := range ack.GetGaps() {
			for sequence := gap.GetFirst(); sequence <= gap.GetLast(); sequence++ {
				missing[sequence] = true
			}
		}
		for sequence := high + 1; sequence <= highest; sequence++ {
			require.Equal(t, !set[sequence], missing[sequence], sequence)
		}
	})
}
