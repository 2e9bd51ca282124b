package checkout_test

import (
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

func successor(n byte) checkout.Successor {
	return checkout.Successor{OrderID: checkout.OrderID{0x01, 0x90, 15: n}, Batch: 1, Voucher: 17 + uint32(n)}
}

// shown is a till whose code is before the customer.
func shown(t *testing.T) *till {
	t.Helper()
	w := newTill()
	w.give(started(yuan(t, "12.50")))
	w.give(checkout.CodeWanted{})
	w.give(checkout.ResultArrived{Result: answer(w.sale, message.Stage_STAGE_AWAITING_CUSTOMER, message.Outcome_OUTCOME_UNKNOWN, 1)})
	require.Equal(t, checkout.AwaitingScan, w.sale.State)
	return w
}

func bodies[B any](effects []checkout.Effect) (found []B) {
	for _, effect := range effects {
		if commit, is := effect.(checkout.Commit); is {
			if body, fits := commit.Body.(B); fits {
				found = append(found, body)
			}
		}
	}
	return found
}

func scanned() checkout.CodeScanned {
	return checkout.CodeScanned{Kind: checkout.CodeECNY, Tail: "345678"}
}

func tapped() checkout.CardPresented {
	return checkout.CardPresented{Nonce: [8]byte{7}, Wallet: walletNamed("1"), Counter: 4}
}

func TestScanSupersedesTheShownCode(t *testing.T) {
	w := shown(t)
	require.True(t, rules.Supersedes(w.sale, scanned()))
	before, after := rules.Supersede(w.sale, successor(1), scanned(), w.now)

	reversals := bodies[*message.ReversalRequested](before.Effects)
	require.Len(t, reversals, 1)
	require.Equal(t, message.Reason_REASON_SUPERSEDED, reversals[0].GetReason())
	require.Equal(t, order[:], reversals[0].GetOrderId())
	require.Equal(t, w.sale.PaymentSequence, reversals[0].GetPaymentSequence())
	require.Equal(t, checkout.Reversing, before.Sale.State)
	require.Equal(t, successor(1).OrderID, before.Sale.SupersededBy)
	require.False(t, before.Sale.HoldsTill())
	require.Equal(t, catalogue.StepSuperseded.Text(), rules.View(before.Sale, catalogue.None).Next)

	requests := bodies[*message.PaymentRequested](after.Effects)
	require.Len(t, requests, 1)
	id := successor(1).OrderID
	require.Equal(t, id[:], requests[0].GetOrderId())
	require.Equal(t, order[:], requests[0].GetSupersedes())
	require.Equal(t, "345678", requests[0].GetCodeTail())
	require.Equal(t, message.Method_METHOD_CODE, requests[0].GetMethod())
	require.Equal(t, uint32(18), requests[0].GetVoucher())
	require.Equal(t, checkout.Authorising, after.Sale.State)
	require.Equal(t, order, after.Sale.Supersedes)
	for _, same := range [][2]any{
		{w.sale.Amount, after.Sale.Amount}, {w.sale.Cashier, after.Sale.Cashier}, {w.sale.Note, after.Sale.Note},
		{w.sale.Origin, after.Sale.Origin},
	} {
		require.Equal(t, same[0], same[1])
	}
	require.True(t, after.Sale.HoldsTill())
	require.Equal(t, checkout.AwaitingScan, w.sale.State, "what it was given stays as it was")
}

// TestTapSupersedesTheShownCode: the order is taken back before the card is asked, since asking debits it.
func TestTapSupersedesTheShownCode(t *testing.T) {
	w := shown(t)
	before, after := rules.Supersede(w.sale, successor(1), tapped(), w.now)
	require.Len(t, bodies[*message.ReversalRequested](before.Effects), 1)
	require.Equal(t, checkout.Tapping, after.Sale.State)
	require.Len(t, bodies[*message.OutcomeShown](after.Effects), 1, "nobody knows, before the card is asked")
	require.Contains(t, after.Effects, checkout.Effect(checkout.PayCard{}))
	require.Equal(t, [16]byte(successor(1).OrderID), rules.CardRequest(after.Sale).Order)
	// The card refuses: the code can be shown again, under the new order.
	back, _ := rules.Step(after.Sale, checkout.CardRefused{Cause: checkout.CardFunds}, w.now)
	require.Equal(t, checkout.Waiting, back.State)
	again, effects := rules.Step(back, checkout.CodeWanted{}, w.now)
	require.Equal(t, checkout.Authorising, again.State)
	require.Equal(t, order[:], bodies[*message.PaymentRequested](effects)[0].GetSupersedes())
}

// TestWhatSupersedesNothing: other codes are told of; once nobody knows, or before the journal has said where the request
// is, nothing takes its place.
func TestWhatSupersedesNothing(t *testing.T) {
	w := shown(t)
	require.False(t, rules.Supersedes(w.sale, checkout.CodeScanned{Kind: checkout.CodeWeChat}))
	require.False(t, rules.Supersedes(w.sale, checkout.CancelPressed{}))
	_, effects := rules.Step(w.sale, checkout.CodeScanned{Kind: checkout.CodeWeChat}, w.now)
	require.Equal(t, []checkout.Effect{checkout.Show{Notice: catalogue.NoticeWeChat}}, effects)
	_, effects = rules.Step(w.sale, checkout.CardRefused{Cause: checkout.CardForeign}, w.now)
	require.Equal(t, []checkout.Effect{checkout.Show{Notice: catalogue.NoticeCardForeign}}, effects)
	unrecorded := w.sale
	unrecorded.PaymentSequence = 0
	require.False(t, rules.Supersedes(unrecorded, scanned()))
	barred := tapped()
	barred.Barred = catalogue.NoticeOfflineNoLimits
	require.False(t, rules.Supersedes(w.sale, barred), "it will not be asked")
	stays, effects := rules.Step(w.sale, barred, w.now)
	require.Equal(t, w.sale, stays)
	require.Equal(t, []checkout.Effect{checkout.LeaveCard{}, checkout.Show{Notice: catalogue.NoticeOfflineNoLimits}}, effects)
	hold := w.sale
	hold.Hold = true
	require.False(t, rules.Supersedes(hold, tapped()), "a hard wallet holds nothing")
	require.True(t, rules.Supersedes(hold, scanned()))
	_, after := rules.Supersede(hold, successor(1), scanned(), w.now)
	require.True(t, after.Sale.Hold)
	require.True(t, bodies[*message.PaymentRequested](after.Effects)[0].GetHold())
	for _, state := range []checkout.State{checkout.Waiting, checkout.Querying, checkout.Reversing, checkout.Approved} {
		other := w.sale
		other.State = state
		require.False(t, rules.Supersedes(other, scanned()), state)
	}
	byCode := w.sale
	byCode.Method = message.Method_METHOD_CODE
	require.False(t, rules.Supersedes(byCode, scanned()))
}

// TestSupersededEnds: whatever the crossing brings, the shown order ends without money, and is on paper only when money
// went back.
func TestSupersededEnds(t *testing.T) {
	for name, test := range map[string]struct {
		refunded bool
		copies   int
		next     catalogue.Phrase
	}{
		"nobody paid": {next: catalogue.StepSuperseded}, "paid in the same second": {true, 1, catalogue.StepRefunded},
	} {
		t.Run(name, func(t *testing.T) {
			w := shown(t)
			before, _ := rules.Supersede(w.sale, successor(1), scanned(), w.now)
			paid := answer(before.Sale, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_APPROVED, 2)
			sale, effects := rules.Step(before.Sale, checkout.ResultArrived{Result: paid}, w.now)
			require.Equal(t, checkout.Reversing, sale.State, "the reversal wins")
			require.Equal(t, []checkout.Effect{checkout.Show{Notice: catalogue.NoticePaidTakenBack}}, effects)
			end := answer(sale, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 3)
			end.Refunded = test.refunded
			sale, effects = rules.Step(sale, checkout.ResultArrived{Result: end}, w.now)
			require.Equal(t, checkout.Reversed, sale.State)
			copies := 0
			for _, effect := range effects {
				if print, is := effect.(checkout.Print); is {
					copies += len(print.Copies.Each())
				}
			}
			require.Equal(t, test.copies, copies)
			require.Equal(t, test.next.Text(), rules.View(sale, catalogue.None).Next)
		})
	}
}

// family is a sale and all that took its place, each with its own till around the machine; superseding is one commit.
type family struct {
	tills []*till
	n     byte
}

func (f *family) newest() *till { return f.tills[len(f.tills)-1] }

// give brings an event to the newest sale, which another may take the place of.
func (f *family) give(t *rapid.T, event checkout.Event, fails bool) {
	w := f.newest()
	if !rules.Supersedes(w.sale, event) {
		w.journalFails = fails
		w.give(event)
		w.journalFails = false
		return
	}
	f.n++
	before, after := rules.Supersede(w.sale, successor(f.n), event, w.now)
	if fails { // nothing of either is durable
		w.give(checkout.JournalFailed{Cause: event})
		return
	}
	for _, effects := range [][]checkout.Effect{before.Effects, after.Effects} {
		for _, effect := range effects {
			_, prints := effect.(checkout.Print)
			require.False(t, prints, "superseding prints nothing")
		}
	}
	next := newTill()
	next.now, next.saveless = w.now, w.saveless
	w.adopt(t, before)
	next.adopt(t, after)
	f.tills = append(f.tills, next)
}

// adopt makes a change durable and carries it out.
func (w *till) adopt(t *rapid.T, c checkout.Change) {
	w.sale = c.Sale
	recorded, failed := w.commit(c.Effects)
	require.False(t, failed)
	require.NotEmpty(t, recorded, "both sales have a record in the commit")
	for _, effect := range c.Effects {
		if at, is := effect.(checkout.SetTimer); is {
			w.timer = at.At
		}
	}
	for _, event := range recorded {
		w.give(event)
	}
}

// TestOneOfTheFamilyIsPaid plays scans, taps, results and restarts against a sale and its successors: at any time at most
// one order of all is not given up, so at most one is ever approved, and none is left without something to wait for.
func TestOneOfTheFamilyIsPaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &family{tills: []*till{newTill()}}
		f.newest().saveless = rapid.Bool().Draw(t, "saveless")
		f.newest().give(started(money.Money{Minor: 1250, Currency: money.CNY}))
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			pass := time.Duration(rapid.IntRange(0, 6_000).Draw(t, "pass")) * time.Millisecond
			for _, w := range f.tills {
				w.now = w.now.Add(pass)
			}
			one := rapid.SampledFrom(f.tills).Draw(t, "which")
			switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
			case what == 0:
				one.restart(t)
			case what <= 3:
				one.give(checkout.ResultArrived{Result: drawResult(t, one.sale)})
			case what == 4:
				one.give(checkout.Tick{})
			case what == 5:
				f.give(t, checkout.CodeWanted{}, false)
			default:
				barred := tapped()
				barred.Barred = catalogue.NoticeOfflineNoLimits
				f.give(t, rapid.SampledFrom([]checkout.Event{scanned(), tapped(), barred, checkout.CardPaid{Transaction: []byte("signed")},
					checkout.CardRefused{}, checkout.CardSilent{}}).Draw(t, "presented"), rapid.IntRange(0, 5).Draw(t, "fails") == 0)
			}
			checkFamily(t, f)
		}
	})
}

func checkFamily(t *rapid.T, f *family) {
	approved := 0
	for i, w := range f.tills {
		if w.sale.State == checkout.Approved {
			approved++
		}
		if i == len(f.tills)-1 {
			continue
		}
		require.NotEqual(t, checkout.OrderID{}, w.sale.SupersededBy)
		require.Equal(t, f.tills[i+1].sale.OrderID, w.sale.SupersededBy)
		require.Equal(t, w.sale.OrderID, f.tills[i+1].sale.Supersedes)
		require.True(t, reversalRecorded(w), "a superseded order is given up")
		require.NotEqual(t, checkout.Approved, w.sale.State, "the reversal wins")
		require.Contains(t, []checkout.State{checkout.Reversing, checkout.Reversed, checkout.Declined}, w.sale.State)
		require.False(t, w.sale.HoldsTill())
		checkWaits(t, w)
	}
	require.LessOrEqual(t, approved, 1)
	for _, w := range f.tills {
		payments := 0
		for _, entry := range w.records {
			if entry.kind == record.PaymentRequested {
				payments++
			}
		}
		require.LessOrEqual(t, payments, 1, "one order is one payment")
	}
}
