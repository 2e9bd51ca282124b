package followup_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// own is what the till asked for by itself, as it stands; of others the key is another.
func own(kind followup.Kind, minor int64, state followup.State) followup.FollowUp {
	f := pending(kind, minor)
	f.State, f.Origin = state, checkout.Origin{Key: followup.OwnKey}
	f.Result = &message.FollowUpResult{Amount: minor, Currency: "CNY"}
	return f
}

func byHand(kind followup.Kind, minor int64, state followup.State) followup.FollowUp {
	f := own(kind, minor, state)
	f.Origin.Key = "k1"
	return f
}

func TestGiveBack(t *testing.T) {
	part := &message.Standing{Paid: 10000, Refunded: 4000}
	for name, c := range map[string]struct {
		standing *message.Standing
		done     []followup.FollowUp
		later    bool // another shift
		way      followup.Way
		kind     followup.Kind
		amount   int64
	}{
		"nothing was done":                 {nil, nil, false, followup.WayAsk, void, 0},
		"the shift has ended":              {nil, nil, true, followup.WayAsk, refund, 10000},
		"a part went back by hand":         {part, nil, false, followup.WayAsk, refund, 6000},
		"a part is going back by hand":     {nil, []followup.FollowUp{byHand(refund, 4000, followup.Unknown)}, false, followup.WayWait, 0, 0},
		"it is asked for":                  {nil, []followup.FollowUp{own(void, 10000, followup.Asking)}, false, followup.WayWait, 0, 0},
		"the till gave it back itself":     {nil, []followup.FollowUp{own(void, 10000, followup.TakenOffline)}, false, followup.WayWait, 0, 0},
		"it went back":                     {&message.Standing{Paid: 10000, Closed: true}, []followup.FollowUp{own(void, 10000, followup.Approved)}, false, followup.WayBack, 0, 0},
		"it went back, says one answer":    {nil, []followup.FollowUp{own(void, 10000, followup.Approved)}, false, followup.WayBack, 0, 0},
		"a refund, says one answer":        {nil, []followup.FollowUp{byHand(refund, 10000, followup.Approved)}, false, followup.WayBack, 0, 0},
		"it went back elsewhere":           {&message.Standing{Paid: 10000, Refunded: 10000}, nil, false, followup.WayBack, 0, 0},
		"the void was refused":             {nil, []followup.FollowUp{own(void, 10000, followup.Declined)}, false, followup.WayAsk, refund, 10000},
		"a void by hand was refused":       {nil, []followup.FollowUp{byHand(void, 10000, followup.Declined)}, false, followup.WayAsk, void, 0},
		"both were refused":                {nil, []followup.FollowUp{own(void, 10000, followup.Declined), own(refund, 10000, followup.Declined)}, false, followup.WayPerson, 0, 0},
		"a refund of more was refused":     {part, []followup.FollowUp{own(refund, 10000, followup.Declined)}, false, followup.WayAsk, refund, 6000},
		"and then the rest":                {part, []followup.FollowUp{own(refund, 10000, followup.Declined), own(refund, 6000, followup.Declined)}, false, followup.WayPerson, 0, 0},
		"a return by the till was refused": {nil, []followup.FollowUp{own(void, 10000, followup.NotCarriedOut)}, false, followup.WayPerson, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			now := shiftOfOrder()
			if c.later {
				now.Batch++
			}
			way, kind, amount := followup.GiveBack(orderOf(c.standing), c.done, now)
			require.Equal(t, c.way, way)
			require.Equal(t, c.kind, kind)
			require.Equal(t, c.amount, amount)
		})
	}
	t.Run("an operator does not honour it", func(t *testing.T) {
		order := orderOf(nil)
		order.Payment.Outcome = message.Outcome_OUTCOME_DECLINED
		way, _, _ := followup.GiveBack(order, nil, shiftOfOrder())
		require.Equal(t, followup.WayPerson, way)
	})
}

// TestGiveBackEnds: whatever a cloud answers, the till asks twice, and once more for each time that another till was first with
// a part; never for more than is left; and it ends with all of it back or with a person.
func TestGiveBackEnds(t *testing.T) {
	const asksMax = 2
	rapid.Check(t, func(t *rapid.T) {
		standing := &message.Standing{Paid: 10000}
		var done []followup.FollowUp
		others := 0
		for asks := 0; ; asks++ {
			way, kind, amount := followup.GiveBack(orderOf(standing), done, shiftOfOrder())
			if way != followup.WayAsk {
				require.Contains(t, []followup.Way{followup.WayBack, followup.WayPerson}, way)
				if way == followup.WayBack {
					require.Equal(t, standing.Paid, standing.Refunded)
				}
				return
			}
			require.Less(t, asks, asksMax+others)
			f := own(kind, amount, followup.Declined)
			if kind == void {
				f = own(kind, standing.Paid, followup.Declined)
			}
			require.LessOrEqual(t, f.Amount.Minor, standing.Paid-standing.Refunded)
			f.Amount = money.Money{Minor: f.Amount.Minor, Currency: money.CNY}
			switch rapid.IntRange(0, 2).Draw(t, "cloud") {
			case 0:
				f.State, standing.Refunded = followup.Approved, standing.Refunded+f.Amount.Minor
			case 1: // another till was first with a part
				standing.Refunded += (standing.Paid - standing.Refunded) / 2
				others++
			}
			done = append(done, f)
		}
	})
}
