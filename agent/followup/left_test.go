package followup_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

const (
	void     = message.FollowUp_FOLLOW_UP_VOID
	refund   = message.FollowUp_FOLLOW_UP_REFUND
	topUp    = message.FollowUp_FOLLOW_UP_TOP_UP
	complete = message.FollowUp_FOLLOW_UP_COMPLETE
	cancel   = message.FollowUp_FOLLOW_UP_CANCEL
	undo     = message.FollowUp_FOLLOW_UP_UNDO
)

func orderOf(standing *message.Standing) *message.OrderFound {
	found := original()
	found.Payment.Standing = standing
	return found
}

func pending(kind followup.Kind, minor int64) followup.FollowUp {
	return followup.FollowUp{State: followup.Unknown, Kind: kind, Amount: money.Money{Minor: minor, Currency: money.CNY}}
}

// shiftOfOrder is the shift in which original was paid.
func shiftOfOrder() followup.Shift {
	return followup.Shift{Terminal: original().GetTerminal(), Batch: original().GetBatch()}
}

func TestRefuses(t *testing.T) {
	hold := &message.Standing{Held: 10000, Hold: true}
	closed := &message.Standing{Held: 10000, Paid: 7000, Hold: true, Closed: true}
	for name, test := range map[string]struct {
		standing *message.Standing
		open     []followup.FollowUp
		kind     followup.Kind
		amount   int64
		want     catalogue.Phrase
	}{
		"void":                      {nil, nil, void, 10000, catalogue.None},
		"void of a hold":            {hold, nil, void, 0, catalogue.RefuseKindUnfit},
		"void after a refund":       {&message.Standing{Paid: 10000, Refunded: 1}, nil, void, 0, catalogue.RefuseMoreThanLeft},
		"void twice":                {&message.Standing{Paid: 10000, Closed: true}, nil, void, 0, catalogue.RefuseNothingLeft},
		"void beside a refund":      {nil, []followup.FollowUp{pending(refund, 1)}, void, 0, catalogue.RefuseFollowUpOpen},
		"refund of all":             {nil, nil, refund, 10000, catalogue.None},
		"refund beyond":             {nil, nil, refund, 10001, catalogue.RefuseMoreThanLeft},
		"refund of the rest":        {&message.Standing{Paid: 10000, Refunded: 4000}, nil, refund, 6000, catalogue.None},
		"refund beyond the rest":    {&message.Standing{Paid: 10000, Refunded: 4000}, nil, refund, 6001, catalogue.RefuseMoreThanLeft},
		"refund beside another":     {nil, []followup.FollowUp{pending(refund, 6000)}, refund, 4000, catalogue.None},
		"refund that may not fit":   {nil, []followup.FollowUp{pending(refund, 6000)}, refund, 4001, catalogue.RefuseFollowUpOpen},
		"refund beside one counted": {&message.Standing{Paid: 10000, Refunded: 6000}, []followup.FollowUp{pending(refund, 6000)}, refund, 4000, catalogue.RefuseFollowUpOpen},
		"refund beside a void":      {nil, []followup.FollowUp{pending(void, 10000)}, refund, 1, catalogue.RefuseFollowUpOpen},
		"refund of a hold that another till may have completed": {hold, nil, refund, 1, catalogue.None},
		"refund after all is back":                              {&message.Standing{Paid: 10000, Refunded: 10000}, nil, refund, 1, catalogue.RefuseNothingLeft},
		"refund beyond a void":                                  {nil, []followup.FollowUp{pending(void, 10000)}, refund, 10001, catalogue.RefuseMoreThanLeft},
		"refund of a completion":                                {closed, nil, refund, 7000, catalogue.None},
		"refund past the completion":                            {closed, nil, refund, 7001, catalogue.RefuseMoreThanLeft},
		"complete":                                              {hold, nil, complete, 11500, catalogue.None},
		"complete a payment":                                    {nil, nil, complete, 1, catalogue.RefuseKindUnfit},
		"complete after the end":                                {closed, nil, complete, 1, catalogue.RefuseHoldEnded},
		"complete beside a top-up":                              {hold, []followup.FollowUp{pending(topUp, 1)}, complete, 1, catalogue.RefuseFollowUpOpen},
		"cancel":                                                {hold, nil, cancel, 0, catalogue.None},
		"cancel after the end":                                  {closed, nil, cancel, 0, catalogue.RefuseHoldEnded},
		"top up after the end":                                  {closed, nil, topUp, 1, catalogue.RefuseHoldEnded},
		"undo the last completion":                              {closed, nil, undo, 0, catalogue.None},
		"nothing that there is":                                 {nil, nil, 0, 1, catalogue.RefuseKindUnfit},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, followup.Refuses(orderOf(test.standing), test.open, test.kind, test.amount, shiftOfOrder()))
		})
	}
	t.Run("an order that was not approved", func(t *testing.T) {
		for outcome, why := range map[message.Outcome]catalogue.Phrase{
			message.Outcome_OUTCOME_DECLINED:    catalogue.RefuseNotApproved,
			message.Outcome_OUTCOME_REVERSED:    catalogue.RefuseNotApproved,
			message.Outcome_OUTCOME_UNKNOWN:     catalogue.RefuseUndecided,
			message.Outcome_OUTCOME_UNSPECIFIED: catalogue.RefuseUndecided,
		} {
			order := original()
			order.Payment.Outcome = outcome
			require.Equal(t, why, followup.Refuses(order, nil, refund, 1, shiftOfOrder()), outcome)
		}
	})
}

// TestVoidIsOfTheShiftThatTookIt: afterwards, at another till, or while no shift is open, only a refund is possible.
func TestVoidIsOfTheShiftThatTookIt(t *testing.T) {
	own := shiftOfOrder()
	for name, now := range map[string]followup.Shift{
		"the next shift":  {Terminal: own.Terminal, Batch: own.Batch + 1},
		"another till":    {Terminal: "T0000099", Batch: own.Batch},
		"no shift":        {Terminal: own.Terminal},
		"nothing is told": {},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, catalogue.RefuseShiftClosed, followup.Refuses(orderOf(nil), nil, void, 0, now))
			require.Equal(t, catalogue.RefuseShiftClosed,
				followup.Refuses(orderOf(nil), []followup.FollowUp{pending(refund, 1)}, void, 0, now), "waiting would not help")
			require.Equal(t, catalogue.None, followup.Refuses(orderOf(nil), nil, refund, 10000, now))
			gone := orderOf(&message.Standing{Paid: 10000, Refunded: 10000})
			require.Equal(t, catalogue.RefuseNothingLeft, followup.Refuses(gone, nil, void, 0, now), "a refund would not help")
		})
	}
	unnumbered := orderOf(nil)
	unnumbered.Batch = 0
	require.Equal(t, catalogue.RefuseShiftClosed, followup.Refuses(unnumbered, nil, void, 0, followup.Shift{Terminal: own.Terminal}))
}

// TestLeftIsNeverPassed: whatever is open, what is let through fits into what was paid together with it.
func TestLeftIsNeverPassed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		paid := rapid.Int64Range(1, 1000).Draw(t, "paid")
		order := orderOf(&message.Standing{Paid: paid, Refunded: rapid.Int64Range(0, paid).Draw(t, "refunded")})
		var open []followup.FollowUp
		asked := order.GetPayment().GetStanding().GetRefunded()
		for range 8 {
			amount := rapid.Int64Range(1, 400).Draw(t, "amount")
			if followup.Refuses(order, open, refund, amount, shiftOfOrder()) == catalogue.None {
				open, asked = append(open, pending(refund, amount)), asked+amount
			}
		}
		require.LessOrEqual(t, asked, paid)
		require.Equal(t, paid-asked, followup.LeftOf(order, open).Refund)
	})
}

func TestLeftOfAHold(t *testing.T) {
	order := orderOf(&message.Standing{Held: 10000, Paid: 3000, Hold: true})
	require.Equal(t, followup.Left{Refund: 3000, Held: 7000}, followup.LeftOf(order, nil))
	require.Equal(t, followup.Left{Refund: 3000, Held: 5000},
		followup.LeftOf(order, []followup.FollowUp{pending(complete, 2000)}))
}

// TestWhatWasGivenBackOfflineCounts: until the cloud has answered, nothing that the till gave back is given back again.
func TestWhatWasGivenBackOfflineCounts(t *testing.T) {
	paid := orderOf(nil)
	first := pending(refund, 6000)
	first.State, first.Offline = followup.TakenOffline, true
	done := []followup.FollowUp{first}
	require.Equal(t, followup.Left{Refund: 4000}, followup.LeftOf(paid, done))
	require.Equal(t, catalogue.RefuseMoreThanLeft, followup.Refuses(paid, done, refund, 4001, shiftOfOrder()), "waiting would not help")
	require.Equal(t, catalogue.RefuseMoreThanLeft, followup.Refuses(paid, done, void, 0, shiftOfOrder()), "a refund of the rest would")
	require.Equal(t, catalogue.None, followup.Refuses(paid, done, refund, 4000, shiftOfOrder()))
	taken := followup.Taken(paid, done)
	require.EqualValues(t, 6000, taken.GetPayment().GetStanding().GetRefunded())
	require.Nil(t, paid.GetPayment().GetStanding(), "the order itself is as it was")
	second := pending(refund, 4000)
	second.State, second.Original = followup.TakenOffline, taken
	require.EqualValues(t, 10000, second.Standing().GetRefunded())
	undone := first
	undone.State = followup.NotCarriedOut
	require.Equal(t, followup.Left{Refund: 10000}, followup.LeftOf(paid, []followup.FollowUp{undone}), "that money is still there")
}

// TestWhatWasGivenBackOfflineAndMayBeCounted: once the cloud says that something is back, it may be what the till gave back.
func TestWhatWasGivenBackOfflineAndMayBeCounted(t *testing.T) {
	back := pending(refund, 4000)
	back.State, back.Offline = followup.TakenOffline, true
	done := []followup.FollowUp{back}
	counted := orderOf(&message.Standing{Paid: 10000, Refunded: 4000})
	require.Equal(t, catalogue.RefuseFollowUpOpen, followup.Refuses(counted, done, refund, 6000, shiftOfOrder()))
	require.Equal(t, catalogue.RefuseMoreThanLeft, followup.Refuses(counted, done, refund, 6001, shiftOfOrder()))
	require.Equal(t, catalogue.RefuseFollowUpOpen, followup.Refuses(counted, done, void, 0, shiftOfOrder()))
	uncounted := orderOf(&message.Standing{Paid: 10000})
	require.Equal(t, catalogue.RefuseMoreThanLeft, followup.Refuses(uncounted, done, refund, 6001, shiftOfOrder()))

	t.Run("all of it", func(t *testing.T) {
		for _, kind := range []followup.Kind{refund, void} {
			all := pending(kind, 10000)
			all.State, all.Offline = followup.TakenOffline, true
			for _, wish := range []followup.Kind{refund, void} {
				require.Equal(t, catalogue.RefuseNothingLeft,
					followup.Refuses(orderOf(nil), []followup.FollowUp{all}, wish, 1, shiftOfOrder()), "%s after %s", wish, kind)
			}
		}
	})
	t.Run("beside one that was asked for", func(t *testing.T) {
		both := []followup.FollowUp{back, pending(refund, 1000)}
		require.Equal(t, catalogue.RefuseFollowUpOpen, followup.Refuses(orderOf(nil), both, refund, 5001, shiftOfOrder()))
	})
}
