package checkout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

func TestTimingValidate(t *testing.T) {
	require.NoError(t, checkout.DefaultTiming().Validate())
	for name, change := range map[string]func(*checkout.Timing){
		"AskingTooOften":       func(c *checkout.Timing) { c.AskEvery = time.Millisecond },
		"SlowlyIsNotSlow":      func(c *checkout.Timing) { c.AskSlowly = time.Second },
		"NoTimeForAnAnswer":    func(c *checkout.Timing) { c.AnswerWithin = 0 },
		"GivesUpBeforeAnswer":  func(c *checkout.Timing) { c.GiveUp = c.AnswerWithin },
		"ShownGivesUpTooSoon":  func(c *checkout.Timing) { c.GiveUpShown = c.AnswerWithin },
		"NoTimeForATap":        func(c *checkout.Timing) { c.TapWithin = 0 },
		"SecondTapTooSoon":     func(c *checkout.Timing) { c.RetapWithin = time.Second },
		"NoTimeForTheCustomer": func(c *checkout.Timing) { c.WaitAtMost = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			timing := checkout.DefaultTiming()
			change(&timing)
			require.ErrorIs(t, timing.Validate(), checkout.ErrTiming)
		})
	}
}

// TestEveryStateHasWords: no state can be shown without a title and a next step in both languages, and the outcome is one
// of the closed set.
func TestEveryStateHasWords(t *testing.T) {
	titles := map[string]bool{}
	for state := checkout.Waiting; state <= checkout.Abandoned; state++ {
		view := rules.View(checkout.Sale{State: state}, catalogue.None)
		for _, text := range []catalogue.Text{view.Title, view.Next} {
			require.NotEmpty(t, text.Chinese, state)
			require.NotEmpty(t, text.English, state)
		}
		require.False(t, titles[view.Title.Chinese], "%s has another state's title", state)
		titles[view.Title.Chinese] = true
		require.Equal(t, catalogue.Text{}, view.Notice)
	}
}

func TestOutcomeIsUnknownUntilDefinite(t *testing.T) {
	want := map[checkout.State]message.Outcome{
		checkout.Waiting:     message.Outcome_OUTCOME_UNSPECIFIED,
		checkout.Abandoned:   message.Outcome_OUTCOME_UNSPECIFIED,
		checkout.Approved:    message.Outcome_OUTCOME_APPROVED,
		checkout.Declined:    message.Outcome_OUTCOME_DECLINED,
		checkout.Reversed:    message.Outcome_OUTCOME_REVERSED,
		checkout.Tapping:     message.Outcome_OUTCOME_UNKNOWN,
		checkout.CardUnknown: message.Outcome_OUTCOME_UNKNOWN,
		checkout.Reversing:   message.Outcome_OUTCOME_UNKNOWN,
	}
	for state, outcome := range want {
		require.Equal(t, outcome, checkout.Sale{State: state}.Outcome(), state)
	}
}

func TestCardRequestIsTheSameEachTime(t *testing.T) {
	w := newTill()
	w.give(started(money.Money{Minor: 1250, Currency: money.CNY}))
	w.now = w.now.Add(time.Second)
	w.give(checkout.CardPresented{Nonce: [8]byte{1}, Wallet: walletNamed("1"), Counter: 3})
	first, err := rules.CardRequest(w.sale).MarshalBinary()
	require.NoError(t, err)
	w.restart(t)
	w.now = w.now.Add(time.Minute)
	w.give(checkout.CardPresented{Nonce: [8]byte{2}, Wallet: walletNamed("1"), Counter: 9})
	again, err := rules.CardRequest(w.sale).MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.EqualValues(t, 3, w.sale.Card.Counter)
}

func TestAskingSlowsDownForASaleThatIsLongGone(t *testing.T) {
	w := newTill()
	w.give(started(money.Money{Minor: 1250, Currency: money.CNY}))
	w.give(checkout.CodeScanned{Kind: checkout.CodeECNY})
	w.give(checkout.CancelPressed{})
	asked := 0
	for w.now.Before(epoch.Add(time.Hour)) {
		w.now = w.timer
		w.give(checkout.Tick{})
		for _, effect := range w.effects {
			if _, ok := effect.(checkout.Ask); ok {
				asked++
			}
		}
	}
	require.Equal(t, checkout.Reversing, w.sale.State)
	require.Greater(t, asked, 100)
	require.Less(t, asked, 200)
}

func TestShownCodeIsInTheViewOnlyWhileItMayBeScanned(t *testing.T) {
	w := newTill()
	w.give(started(money.Money{Minor: 1250, Currency: money.CNY}))
	w.give(checkout.CodeWanted{})
	waiting := answer(w.sale, message.Stage_STAGE_AWAITING_CUSTOMER, message.Outcome_OUTCOME_UNKNOWN, 1)
	w.give(checkout.ResultArrived{Result: waiting})
	view := rules.View(w.sale, catalogue.None)
	require.Equal(t, waiting.GetShownCode(), view.ShownCode)
	require.Equal(t, epoch.Add(time.Minute), view.ShownCodeUntil)
	w.give(checkout.ResultArrived{Result: answer(w.sale, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_APPROVED, 2)})
	require.Empty(t, rules.View(w.sale, catalogue.None).ShownCode)
}

// TestReversalNamesItsPayment: a payment that is taken back as soon as it is recorded is named by its place, also when the
// journal fails in between.
func TestReversalNamesItsPayment(t *testing.T) {
	w := newTill()
	for _, event := range []checkout.Event{
		started(yuan(t, "12.50")), tapped(), checkout.CancelPressed{Cashier: "li"}, checkout.CardPaid{Transaction: []byte("signed")},
	} {
		w.sale, _ = rules.Step(w.sale, event, w.now)
	}
	require.Equal(t, checkout.Reversing, w.sale.State)
	unplaced, effects := rules.Step(w.sale, checkout.Recorded{Type: record.OutcomeShown, Sequence: 6}, w.now)
	require.Empty(t, effects, "the place of the payment is still to come")
	recorded := checkout.Recorded{Type: record.PaymentRequested, Sequence: 7}
	_, effects = rules.Step(unplaced, recorded, w.now)
	require.EqualValues(t, 7, bodies[*message.ReversalRequested](effects)[0].GetPaymentSequence())
	failed, _ := rules.Step(unplaced, checkout.JournalFailed{Cause: recorded}, w.now)
	_, effects = rules.Step(failed, checkout.Tick{}, w.now.Add(time.Minute))
	require.EqualValues(t, 7, bodies[*message.ReversalRequested](effects)[0].GetPaymentSequence())
}
