package shift_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
)

// happened is one thing in the oracle's list.
type happened struct {
	sequence uint64
	fact     shift.Fact
}

func drawFact(t *rapid.T, asked []shift.Item) shift.Fact {
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0, 1:
		return shift.Requested{
			Item: order(byte(len(asked) + 1)), Method: rapid.SampledFrom(closing.Methods()[:6]).Draw(t, "method"),
			Side: shift.Side(rapid.IntRange(0, 2).Draw(t, "side")), Amount: rapid.Int64Range(1, 100).Draw(t, "amount"),
		}
	case 2, 3:
		if len(asked) == 0 {
			return nil
		}
		return shift.Decided{
			Item:    rapid.SampledFrom(asked).Draw(t, "item"),
			Outcome: rapid.SampledFrom([]message.Outcome{approved, declined, reversed}).Draw(t, "outcome"),
			Amount:  rapid.SampledFrom([]int64{0, 0, 7}).Draw(t, "moved"),
		}
	default:
		return shift.CashMoved{Shift: id, Amount: rapid.Int64Range(-50, 50).Draw(t, "cash")}
	}
}

// taken is the oracle: the first outcome of each thing that was asked for up to last, added up without looking at the
// product's own sums.
func taken(all []happened, last uint64) (lines map[string]shift.Line, cash int64, open int) {
	lines = map[string]shift.Line{}
	for i, h := range all {
		if h.sequence > last {
			break
		}
		switch f := h.fact.(type) {
		case shift.CashMoved:
			cash += f.Amount
		case shift.Requested:
			outcome, amount := unknown, f.Amount
			for _, later := range all[i+1:] {
				if d, is := later.fact.(shift.Decided); is && d.Item == f.Item {
					outcome = d.Outcome
					if d.Amount != 0 {
						amount = d.Amount
					}
					break
				}
			}
			l := lines[f.Method]
			switch {
			case outcome == unknown:
				open++
			case outcome == approved && f.Side == shift.Sales:
				l.Sales, l.SalesAmount = l.Sales+1, l.SalesAmount+amount
			case outcome == approved && f.Side == shift.Refunds:
				l.Refunds, l.RefundsAmount = l.Refunds+1, l.RefundsAmount+amount
			}
			lines[f.Method] = l
		}
	}
	return lines, cash, open
}

// TestSumsAgreeWithTheOracle: whatever happens in whatever order, before and after the end, with records told twice.
func TestSumsAgreeWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := shift.Begin(header(), &message.ShiftOpened{ShiftId: id[:], Batch: 1, Float: 100, Currency: "CNY"})
		require.NoError(t, err)
		var all []happened
		var asked []shift.Item
		sequence, last := uint64(10), uint64(1<<40)
		for range rapid.IntRange(0, 60).Draw(t, "records") {
			if s.State() == shift.Open && rapid.IntRange(0, 20).Draw(t, "end") == 0 {
				last = sequence
				s = end(t, s, last)
			}
			sequence += rapid.Uint64Range(1, 3).Draw(t, "step")
			fact := drawFact(t, asked)
			if r, is := fact.(shift.Requested); is {
				asked = append(asked, r.Item)
			}
			all = append(all, happened{sequence, fact})
			before := s
			kept := len(before.Sum.Open)
			s = s.Step(sequence, fact)
			require.Len(t, before.Sum.Open, kept)
			require.Equal(t, s, s.Step(sequence, fact), "a record told twice changes nothing")
		}
		lines, cash, open := taken(all, last)
		for _, method := range closing.Methods() {
			require.Equal(t, lines[method], s.Sum.Line(method), method)
		}
		require.Equal(t, cash, s.Sum.CashMoved)
		require.Len(t, s.Sum.Open, open)
		if complete := s.Complete(); complete != nil {
			require.Zero(t, open)
			require.False(t, complete.GetProvisional())
		}
	})
}

// end ends the shift; both what it says and the shift as it was before stay as they are.
func end(t *rapid.T, s shift.Shift, last uint64) shift.Shift {
	closed, err := s.Close(shift.Count{Methods: map[string]int64{closing.Cash: 1}, ApprovedBy: "02"}, last, now)
	require.NoError(t, err)
	require.Equal(t, len(s.Sum.Open) > 0, closed.GetProvisional())
	kept := proto.CloneOf(closed)
	ended, err := s.End(closed)
	require.NoError(t, err)
	require.Equal(t, shift.Open, s.State())
	require.True(t, proto.Equal(kept, closed))
	return ended
}
