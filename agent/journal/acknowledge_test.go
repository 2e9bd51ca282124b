package journal_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// ten is a journal with records 1 to 10 and their links.
func ten(t *testing.T, c journal.Config) (*journal.Journal, []seal.Hash) {
	t.Helper()
	j := open(t, c)
	links := []seal.Hash{record.Genesis(seal.Portable(), terminal)}
	links = append(links, openEpoch(t, j, 1).Link(seal.Portable()))
	for range 9 {
		links = append(links, add(t, j, fault("x"))[0].Link(seal.Portable()))
	}
	return j, links
}

func unsentSequences(t *testing.T, j *journal.Journal) []uint64 {
	t.Helper()
	records, err := j.Unsent(context.Background(), 0, 100, 1<<20)
	require.NoError(t, err)
	var sequences []uint64
	for _, r := range records {
		sequences = append(sequences, header(t, r).Sequence)
	}
	counts, err := j.Counts(context.Background())
	require.NoError(t, err)
	require.Equal(t, uint64(len(records)), counts.Unsent)
	require.Equal(t, len(records) == 0, counts.OldestUnsent.IsZero())
	return sequences
}

func TestAcknowledge(t *testing.T) {
	ctx := context.Background()
	t.Run("only what the cloud has is sent", func(t *testing.T) {
		j, links := ten(t, config(newPath(t)))
		require.Len(t, unsentSequences(t, j), 10)
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{
			HighWater: 3, HighWaterLink: links[3][:], Highest: 9,
			Gaps: []*message.Gap{{First: 4, Last: 5}, {First: 8, Last: 8}},
		}))
		require.Equal(t, []uint64{4, 5, 8, 10}, unsentSequences(t, j))
		require.Equal(t, uint64(3), j.Acknowledged())
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: 10, HighWaterLink: links[10][:]}))
		require.Empty(t, unsentSequences(t, j))
	})
	t.Run("an older one is ignored", func(t *testing.T) {
		j, links := ten(t, config(newPath(t)))
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: 8, HighWaterLink: links[8][:]}))
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: 2, HighWaterLink: links[2][:]}))
		require.Equal(t, []uint64{9, 10}, unsentSequences(t, j))
	})
	t.Run("what a cloud has whose books are an older copy counts above the mark", func(t *testing.T) {
		j, links := ten(t, config(newPath(t)))
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: 6, HighWaterLink: links[6][:]}))
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: 2, HighWaterLink: links[2][:], Highest: 9,
			Gaps: []*message.Gap{{First: 3, Last: 7}}}))
		require.Equal(t, uint64(6), j.Acknowledged(), "the mark never falls")
		require.Equal(t, []uint64{7, 10}, unsentSequences(t, j))
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: 2, HighWaterLink: links[2][:], Highest: 9,
			Gaps: []*message.Gap{{First: 3, Last: 5}}}))
		require.Equal(t, []uint64{7, 10}, unsentSequences(t, j), "said once")
	})
	t.Run("survives a clean close without a commit of its own", func(t *testing.T) {
		c := config(newPath(t))
		j, links := ten(t, c)
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: 7, HighWaterLink: links[7][:]}))
		require.NoError(t, j.Close())
		require.Equal(t, []uint64{8, 9, 10}, unsentSequences(t, open(t, c)))
	})
	t.Run("nothing had yet", func(t *testing.T) {
		j, links := ten(t, config(newPath(t)))
		require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWaterLink: links[0][:]}))
		require.Len(t, unsentSequences(t, j), 10)
	})
	t.Run("ErrLinkMismatch marks nothing", func(t *testing.T) {
		j, links := ten(t, config(newPath(t)))
		for sequence := range uint64(11) {
			err := j.Acknowledge(ctx, &message.Acknowledgement{HighWater: sequence, HighWaterLink: links[(sequence+1)%11][:]})
			require.ErrorIs(t, err, journal.ErrLinkMismatch)
		}
		require.Len(t, unsentSequences(t, j), 10)
	})
	t.Run("ErrBehind when the cloud has more", func(t *testing.T) {
		j, links := ten(t, config(newPath(t)))
		require.ErrorIs(t, j.Acknowledge(ctx, &message.Acknowledgement{HighWater: 11, HighWaterLink: links[10][:]}),
			journal.ErrBehind)
		require.ErrorIs(t, j.Acknowledge(ctx, &message.Acknowledgement{
			HighWater: 10, HighWaterLink: links[10][:], Highest: 12, Gaps: []*message.Gap{{First: 11, Last: 11}},
		}), journal.ErrBehind)
		require.Len(t, unsentSequences(t, j), 10)
	})
	t.Run("ErrAcknowledgement for nonsense", func(t *testing.T) {
		j, links := ten(t, config(newPath(t)))
		for _, ack := range []*message.Acknowledgement{
			{HighWater: 3, HighWaterLink: links[3][:5]},
			{HighWater: 3, HighWaterLink: links[3][:], Highest: 9, Gaps: []*message.Gap{{First: 3, Last: 4}}},
			{HighWater: 3, HighWaterLink: links[3][:], Highest: 9, Gaps: []*message.Gap{{First: 6, Last: 5}}},
			{HighWater: 3, HighWaterLink: links[3][:], Highest: 9, Gaps: []*message.Gap{{First: 4, Last: 10}}},
			{HighWater: 3, HighWaterLink: links[3][:], Highest: 9, Gaps: make([]*message.Gap, 5000)},
		} {
			require.ErrorIs(t, j.Acknowledge(ctx, ack), journal.ErrAcknowledgement)
		}
		require.Len(t, unsentSequences(t, j), 10)
	})
}

func TestUnsentBounds(t *testing.T) {
	j, _ := ten(t, config(newPath(t)))
	ctx := context.Background()
	records, err := j.Unsent(ctx, 4, 3, 1<<20)
	require.NoError(t, err)
	require.Len(t, records, 3)
	require.Equal(t, uint64(5), header(t, records[0]).Sequence)
	one := len(records[0])
	records, err = j.Unsent(ctx, 4, 100, 2*one)
	require.NoError(t, err)
	require.Len(t, records, 2, "as many as fit")
	records, err = j.Unsent(ctx, 4, 100, 1)
	require.NoError(t, err)
	require.Len(t, records, 1, "one always goes")
	records, err = j.Unsent(ctx, 10, 100, 1<<20)
	require.NoError(t, err)
	require.Empty(t, records)
	last, err := j.Last(ctx, 2)
	require.NoError(t, err)
	require.Equal(t, uint64(10), header(t, last[0]).Sequence)
	require.Equal(t, uint64(9), header(t, last[1]).Sequence)
}

func TestOpenEpoch(t *testing.T) {
	ctx := context.Background()
	t.Run("a journal that is an old copy leaps and says so", func(t *testing.T) {
		c := config(newPath(t))
		j, _ := ten(t, c)
		derived, err := c.Keyring.Keys(2)
		require.NoError(t, err)
		link := seal.Hash{42}
		opened, err := j.OpenEpoch(ctx, journal.EpochOpening{Keys: derived, Highest: 20, HighestLink: link})
		require.NoError(t, err)
		require.Equal(t, uint64(21), header(t, opened).Sequence)
		require.Equal(t, link, header(t, opened).Previous)
		add(t, j, payment(1))
		require.NoError(t, j.Close())

		again := open(t, c)
		require.Equal(t, uint64(22), again.Tail().Sequence)
		report := verified(t, again)
		require.Equal(t, []journal.Range{{First: 11, Last: 20}}, report.Lost)
		require.Equal(t, uint64(12), report.Records)
		require.Len(t, unsentSequences(t, again), 12)
		known, err := again.CheckLink(ctx, 15, link)
		require.NoError(t, err)
		require.False(t, known, "nobody here knows what record 15 was")
		require.NoError(t, again.Acknowledge(ctx, &message.Acknowledgement{HighWater: 15, HighWaterLink: link[:]}))
		require.Len(t, unsentSequences(t, again), 12, "an acknowledgement that cannot be checked marks nothing")
	})
	t.Run("a gap that stays among what was lost does not keep the rest from being marked", func(t *testing.T) {
		c := config(newPath(t))
		j, _ := ten(t, c)
		derived, err := c.Keyring.Keys(2)
		require.NoError(t, err)
		_, err = j.OpenEpoch(ctx, journal.EpochOpening{Keys: derived, Highest: 20, HighestLink: seal.Hash{42}})
		require.NoError(t, err)
		add(t, j, payment(1))
		foreign := seal.Hash{43} // of record 14, which is not here
		gap := &message.Gap{First: 15, Last: 19}
		ack := func(highest uint64, gaps ...*message.Gap) {
			require.NoError(t, j.Acknowledge(ctx, &message.Acknowledgement{
				HighWater: 14, HighWaterLink: foreign[:], Highest: highest, Gaps: gaps,
			}))
		}
		ack(20, gap)
		require.Len(t, unsentSequences(t, j), 12, "whether it is this journal that goes on there is not known yet")
		ack(22, gap, &message.Gap{First: 21, Last: 21})
		require.Len(t, unsentSequences(t, j), 12, "nor while the record behind the stretch is missing")
		ack(21, gap)
		require.Equal(t, []uint64{22}, unsentSequences(t, j))
		ack(22, gap)
		require.Empty(t, unsentSequences(t, j))
		require.NoError(t, j.Close())
		again := open(t, c)
		require.Equal(t, []uint64{21, 22}, unsentSequences(t, again), "and are offered once more after a start")
	})
	t.Run("an empty journal of a known terminal", func(t *testing.T) {
		c := config(newPath(t))
		j := open(t, c)
		derived, err := c.Keyring.Keys(9)
		require.NoError(t, err)
		_, err = j.OpenEpoch(ctx, journal.EpochOpening{Keys: derived, Highest: 500, HighestLink: seal.Hash{1}})
		require.NoError(t, err)
		add(t, j, fault("x"))
		require.NoError(t, j.Close())
		again := open(t, c)
		report := verified(t, again)
		require.Equal(t, []journal.Range{{First: 1, Last: 500}}, report.Lost)
		require.Equal(t, []uint64{501, 502}, unsentSequences(t, again))
	})
	t.Run("ErrAppended when records came after an old copy was compared", func(t *testing.T) {
		c := config(newPath(t))
		j, _ := ten(t, c)
		derived, err := c.Keyring.Keys(2)
		require.NoError(t, err)
		opening := journal.EpochOpening{Keys: derived, Compared: j.Tail().Sequence, Highest: 20, HighestLink: seal.Hash{42}}
		add(t, j, fault("meanwhile"))
		tail := j.Tail()
		_, err = j.OpenEpoch(ctx, opening)
		require.ErrorIs(t, err, journal.ErrAppended)
		require.Equal(t, tail, j.Tail(), "nothing was written")
		opening.Highest = opening.Compared - 1
		_, err = j.OpenEpoch(ctx, opening)
		require.NoError(t, err, "where the cloud has no more than was compared, what came since is nobody else's")
	})
	t.Run("ErrEpochOrder unless they rise", func(t *testing.T) {
		j := open(t, config(newPath(t)))
		openEpoch(t, j, 5)
		for _, epoch := range []uint32{5, 4} {
			derived, err := (&keys{}).Keys(epoch)
			require.NoError(t, err)
			_, err = j.OpenEpoch(ctx, journal.EpochOpening{Keys: derived})
			require.ErrorIs(t, err, journal.ErrEpochOrder)
		}
		_, err := j.OpenEpoch(ctx, journal.EpochOpening{})
		require.Error(t, err)
		require.Equal(t, uint64(1), j.Tail().Sequence)
	})
	t.Run("later records are tagged with the new keys", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		openEpoch(t, j, 2)
		r := add(t, j, fault("x"))[0]
		derived, err := (&keys{}).Keys(2)
		require.NoError(t, err)
		require.NoError(t, r.Verify(derived.Record))
		require.Equal(t, uint32(2), header(t, r).Epoch)
		verified(t, j)
	})
}
