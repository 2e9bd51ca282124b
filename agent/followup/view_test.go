package followup_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// TestWhatIsBeyondTheOrderIsNotTheWallets: a limit that is the order's own is said to be that, with what is left of it.
func TestWhatIsBeyondTheOrderIsNotTheWallets(t *testing.T) {
	hold := &message.Standing{Held: 10000, Paid: 2000, Hold: true}
	part := &message.Standing{Paid: 10000, Refunded: 4000}
	noMoreBack := catalogue.NoMoreBack().English
	require.Contains(t, noMoreBack, "dispute")
	for name, test := range map[string]struct {
		kind     followup.Kind
		amount   int64
		standing *message.Standing
		want     string
	}{
		"completion":          {complete, 8001, hold, "More than the hold lets be completed: \u00a580.00 is still held"},
		"refund":              {refund, 6001, part, "That is more than is left of this order: \u00a560.00 is left to refund"},
		"void":                {void, 10000, part, "That is more than is left of this order: \u00a560.00 is left to refund"},
		"refund within":       {refund, 6000, part, noMoreBack},
		"refund, unknown":     {refund, 1, nil, noMoreBack},
		"void of the whole":   {void, 10000, &message.Standing{Paid: 10000}, noMoreBack},
		"undo":                {undo, 0, hold, noMoreBack},
		"undo beyond":         {undo, 0, &message.Standing{Held: 10000, Paid: 2000, Refunded: 500, Hold: true}, "That is more than is left of this order: \u00a515.00 is left to refund"},
		"top-up":              {topUp, 9999, hold, "Over the wallet's limit"},
		"completion, unknown": {complete, 8001, nil, "Over the wallet's limit"},
	} {
		t.Run(name, func(t *testing.T) {
			f := followup.FollowUp{State: followup.Declined, Kind: test.kind, Original: original(),
				Amount: money.Money{Minor: test.amount, Currency: money.CNY},
				Result: &message.FollowUpResult{Reason: message.Reason_REASON_LIMIT_EXCEEDED, Standing: test.standing}}
			require.Equal(t, test.want, followup.Rules{}.View(f, catalogue.None).Reason.English)
		})
	}
}
