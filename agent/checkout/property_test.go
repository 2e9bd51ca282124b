package checkout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

// drawEvent is anything that can happen to a sale that was started, likely or not.
func drawEvent(t *rapid.T, w *till) checkout.Event {
	sale := w.sale
	switch rapid.IntRange(0, 13).Draw(t, "event") {
	case 0:
		kind := checkout.CodeKind(rapid.IntRange(0, int(checkout.CodeUnreadable)).Draw(t, "kind"))
		return checkout.CodeScanned{Kind: kind, Tail: "345678"}
	case 1:
		barred := rapid.SampledFrom([]catalogue.Phrase{catalogue.None, catalogue.None, catalogue.NoticeOfflineTotal}).Draw(t, "barred")
		return checkout.CardPresented{Nonce: [8]byte{1}, Barred: barred,
			Wallet: walletNamed(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "card"))}
	case 2:
		paid := checkout.CardPaid{Transaction: []byte("signed")}
		if rapid.Bool().Draw(t, "offline") {
			paid.Offline = &message.Offline{LimitsId: make([]byte, 16), Total: 1250, Count: 1}
		}
		return paid
	case 3:
		cause := rapid.IntRange(0, int(checkout.CardNotPaid)).Draw(t, "cause")
		return checkout.CardRefused{Cause: checkout.CardCause(cause)}
	case 4:
		return checkout.CardSilent{}
	case 5:
		return checkout.CodeWanted{}
	case 6, 7:
		return checkout.ResultArrived{Result: drawResult(t, sale)}
	case 8:
		if rapid.Bool().Draw(t, "timed out") {
			return checkout.CancelPressed{TimedOut: true}
		}
		return checkout.CancelPressed{Cashier: "li"}
	case 9:
		return checkout.ReprintPressed{Copies: checkout.CustomerCopy}
	case 10:
		return checkout.Printed{
			Copy:   message.ReceiptPrinted_Copy(rapid.IntRange(1, 2).Draw(t, "copy")),
			Result: message.ReceiptPrinted_Result(rapid.IntRange(1, 3).Draw(t, "printed")),
		}
	case 11:
		refused := []uint64{sale.PaymentSequence, sale.ReversalSequence, rapid.Uint64Range(0, w.last).Draw(t, "record")}
		return checkout.RecordRefused{Sequence: rapid.SampledFrom(refused).Draw(t, "refused"), Payment: w.payment}
	case 12:
		return checkout.OrderDecided{Standing: checkout.OrderStanding(rapid.IntRange(0, 5).Draw(t, "standing"))}
	default:
		return checkout.Tick{}
	}
}

func drawResult(t *rapid.T, sale checkout.Sale) *message.PaymentResult {
	r := answer(sale,
		message.Stage(rapid.IntRange(1, 6).Draw(t, "stage")),
		message.Outcome(rapid.IntRange(0, 4).Draw(t, "outcome")),
		rapid.Uint32Range(0, 5).Draw(t, "revision"))
	r.Refunded = rapid.Bool().Draw(t, "refunded")
	if rapid.IntRange(0, 9).Draw(t, "foreign") == 0 {
		r.Amount++
	}
	return r
}

// TestSafety plays anything at all, with a journal that fails now and then and restarts in between, and holds after each
// step what must never be broken.
func TestSafety(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTill()
		w.saveless = rapid.Bool().Draw(t, "saveless")
		begin := started(money.Money{Minor: 1250, Currency: money.CNY})
		if rapid.Bool().Draw(t, "order") {
			begin.Order.Within = checkout.AcceptMin
		}
		w.give(begin)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "pass")) * time.Millisecond)
			before := w.sale
			w.journalFails = rapid.IntRange(0, 7).Draw(t, "journal") == 0
			if rapid.IntRange(0, 15).Draw(t, "power") == 0 {
				w.journalFails = false
				w.restart(t)
				checkRestarted(t, before, w)
			} else {
				event := drawEvent(t, w)
				w.give(event)
				checkStep(t, before, event, w)
			}
			checkShown(t, w)
			checkWaits(t, w)
			checkOrder(t, w)
		}
	})
}

// checkStep: final states absorb; unknown becomes declined or reversed only by an answer that says so; approved too.
func checkStep(t *rapid.T, before checkout.Sale, event checkout.Event, w *till) {
	if before.State.Final() {
		require.Equal(t, before.State, w.sale.State, "final states are never left")
	}
	after := w.sale.State
	if presented, ok := event.(checkout.CardPresented); ok && presented.Barred != catalogue.None && !before.Card.Silent {
		require.NotContains(t, w.effects, checkout.PayCard{}, "a wallet is not debited for what may not be accepted")
	}
	if before.Offline {
		require.True(t, w.sale.Offline)
		require.False(t, reversalRecorded(w), "an offline payment is never taken back")
		require.Contains(t, []checkout.State{checkout.ApprovedOffline, checkout.Approved, checkout.NotHonoured}, after)
	}
	if after == before.State || !after.Final() {
		return
	}
	if after == checkout.Abandoned {
		require.Contains(t, []checkout.State{checkout.Waiting, checkout.Tapping}, before.State)
		require.False(t, before.Card.Silent && before.State != checkout.Tapping)
		require.False(t, paymentRecorded(w), "a recorded payment is never abandoned")
		return
	}
	arrived, isResult := event.(checkout.ResultArrived)
	require.True(t, isResult, "only the cloud decides")
	require.Equal(t, message.Stage_STAGE_FINAL, arrived.Result.GetStage())
	if after == checkout.NotHonoured {
		require.NotEqual(t, message.Outcome_OUTCOME_APPROVED, arrived.Result.GetOutcome())
	} else {
		require.Equal(t, w.sale.Outcome(), arrived.Result.GetOutcome())
	}
	require.True(t, paymentRecorded(w))
	require.False(t, after == checkout.Approved && reversalStands(w), "the reversal wins")
}

// checkRestarted: what was durable survives, so a payment that was recorded is never waiting for a customer again.
func checkRestarted(t *rapid.T, before checkout.Sale, w *till) {
	if paymentRecorded(w) {
		require.NotContains(t, []checkout.State{checkout.Waiting, checkout.Tapping, checkout.CardUnknown, checkout.Abandoned},
			w.sale.State)
	}
	if before.Outcome() == message.Outcome_OUTCOME_APPROVED {
		require.Equal(t, before.State, w.sale.State)
		require.Equal(t, before.Offline, w.sale.Offline)
	}
	for _, effect := range w.effects {
		_, printed := effect.(checkout.Print)
		require.False(t, printed && w.sale.State.Final(), "no receipt is printed by itself after a restart")
		_, sent := effect.(checkout.SendNow)
		require.False(t, sent && w.sale.State != checkout.Reversing, "a payment is never sent anew")
	}
}

func paymentRecorded(w *till) bool {
	for _, entry := range w.records {
		if entry.kind == record.PaymentRequested {
			return true
		}
	}
	return false
}

func reversalRecorded(w *till) bool {
	return slices.ContainsFunc(w.records, func(entry stored) bool { return entry.kind == record.ReversalRequested })
}

// reversalStands reports whether a reversal was recorded that the cloud has not refused.
func reversalStands(w *till) bool {
	return slices.ContainsFunc(w.records, func(entry stored) bool {
		return entry.kind == record.ReversalRequested && !w.refused[entry.sequence]
	})
}

func outcomeRecorded(w *till, outcome message.Outcome) bool {
	for _, entry := range w.records {
		if entry.kind == record.OutcomeShown && entry.outcome == outcome {
			return true
		}
	}
	return false
}

// again names a refused record.
type again struct {
	kind     record.Type
	sequence uint64
}

// checkShown: nothing about a payment is shown or printed that is not recorded, and one order is one payment.
func checkShown(t *rapid.T, w *till) {
	payments, reversals, named := 0, 0, map[again]bool{}
	for _, entry := range w.records {
		if entry.again != 0 {
			require.False(t, named[again{entry.kind, entry.again}], "a refused record is made anew once")
			named[again{entry.kind, entry.again}] = true
			require.False(t, entry.kind == record.PaymentRequested && entry.method != message.Method_METHOD_TAP,
				"nothing is authorised anew that a card has not debited")
			continue
		}
		switch entry.kind {
		case record.PaymentRequested:
			payments++
		case record.ReversalRequested:
			reversals++
		}
	}
	require.LessOrEqual(t, payments, 1)
	require.LessOrEqual(t, reversals, 1)
	for _, effect := range w.effects {
		switch e := effect.(type) {
		case checkout.Show:
			requireOutcomeRecorded(t, w)
		case checkout.Print:
			require.True(t, w.sale.Printable())
			requireOutcomeRecorded(t, w)
			if !e.Reprint {
				require.NotZero(t, e.Copies&w.sale.Unprinted, "a copy handed to the printer is waited for")
			}
		case checkout.SendNow, checkout.Ask:
			require.True(t, paymentRecorded(w))
		}
	}
}

func requireOutcomeRecorded(t *rapid.T, w *till) {
	switch w.sale.State {
	case checkout.Approved, checkout.Declined, checkout.Reversed, checkout.ApprovedOffline, checkout.NotHonoured:
		require.True(t, outcomeRecorded(w, w.sale.Outcome()), "%s is shown and not recorded", w.sale.State)
	case checkout.Querying, checkout.Reversing:
		require.True(t, outcomeRecorded(w, message.Outcome_OUTCOME_UNKNOWN), "unknown is shown and not recorded")
	}
}

// checkWaits: a sale that is not final always has a Tick to come, so that nothing is ever just left.
func checkWaits(t *rapid.T, w *till) {
	if !w.sale.State.Final() {
		require.False(t, w.timer.IsZero())
		require.True(t, w.timer.Before(w.now.Add(rules.Timing.WaitAtMost+time.Second)))
	}
}

// TestLiveness lets anything happen, then only what an honest world does: the sale ends within a bound.
func TestLiveness(t *testing.T) {
	const ticksMax = 400
	rapid.Check(t, func(t *rapid.T) {
		w := newTill()
		w.give(started(money.Money{Minor: 1250, Currency: money.CNY}))
		for range rapid.IntRange(0, 15).Draw(t, "mess") {
			w.journalFails = rapid.IntRange(0, 5).Draw(t, "journal") == 0
			w.give(drawEvent(t, w))
		}
		w.journalFails = false
		final := message.Outcome(rapid.SampledFrom([]int32{1, 2, 4}).Draw(t, "cloud says"))
		for range ticksMax {
			if w.sale.State.Final() {
				break
			}
			if w.timer.After(w.now) {
				w.now = w.timer
			}
			w.give(checkout.Tick{})
			// An honest cloud answers when it is asked. What is to be taken back it does not call approved.
			for _, effect := range w.effects {
				if _, asked := effect.(checkout.Ask); asked {
					if final == message.Outcome_OUTCOME_APPROVED && reversalRecorded(w) {
						final = message.Outcome_OUTCOME_REVERSED
					}
					w.give(checkout.ResultArrived{Result: answer(w.sale, message.Stage_STAGE_FINAL, final, 9)})
					break
				}
			}
		}
		require.True(t, w.sale.State.Final(), "still %s", w.sale.State)
	})
}

// TestStepChangesNothingItIsGiven: the caller keeps the sale as it was, to go back to it when a commit fails.
func TestStepChangesNothingItIsGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTill()
		w.give(started(money.Money{Minor: 1250, Currency: money.CNY}))
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			before, err := w.sale.MarshalBinary()
			require.NoError(t, err)
			kept := w.sale
			w.give(drawEvent(t, w))
			after, err := kept.MarshalBinary()
			require.NoError(t, err)
			require.Equal(t, before, after)
		}
	})
}
