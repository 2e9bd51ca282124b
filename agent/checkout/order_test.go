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
)

const (
	unsaid      = message.OrderStanding_ORDER_STANDING_UNSPECIFIED
	accepted    = message.OrderStanding_ORDER_STANDING_ACCEPTED
	notAccepted = message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED
	goneBack    = message.OrderStanding_ORDER_STANDING_GONE_BACK
	person      = message.OrderStanding_ORDER_STANDING_PERSON
	settled     = message.OrderStanding_ORDER_STANDING_SETTLED
)

// checkOrder: what the records say of the order is what the sale says, and they never say both that it was accepted and that
// its money goes back, but where a person is needed.
func checkOrder(t *rapid.T, w *till) {
	last := unsaid
	for _, entry := range w.records {
		if entry.standing == unsaid {
			continue
		}
		switch entry.standing {
		case accepted, notAccepted:
			require.Contains(t, []checkout.OrderStanding{unsaid, person}, last)
		case goneBack:
			require.Contains(t, []checkout.OrderStanding{notAccepted, person}, last)
		case person:
			require.Contains(t, []checkout.OrderStanding{unsaid, notAccepted}, last)
		case settled:
			require.Equal(t, person, last)
		}
		last = entry.standing
	}
	require.Equal(t, last, w.sale.Order.Standing, "what is said is recorded, and what is recorded is said")
	if last != unsaid {
		require.NotZero(t, w.sale.Order.Within)
	}
	if w.sale.AwaitsOrder() || w.sale.GoesBack() {
		require.True(t, w.sale.Open(), "a restart finds it")
		require.False(t, w.sale.Order.Until.IsZero())
		require.False(t, w.timer.After(w.now.Add(rules.Timing.AskSlowly+checkout.AcceptMin)), "it is looked after")
	}
}

// paidWithOrder is a till whose sale is paid, and its order to be accepted within half a minute.
func paidWithOrder() *till {
	w := newTill()
	begin := started(money.Money{Minor: 1250, Currency: money.CNY})
	begin.Order.Within = 30 * time.Second
	w.give(begin)
	w.give(checkout.CodeScanned{Kind: checkout.CodeECNY})
	w.give(checkout.ResultArrived{Result: answer(w.sale, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_APPROVED, 1)})
	return w
}

// TestOrderOfAPaidSaleEnds: whatever went before, a paid order of which nobody says anything is not accepted in time, and is
// looked after until somebody says that the money is back.
func TestOrderOfAPaidSaleEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := paidWithOrder()
		require.True(t, w.sale.AwaitsOrder())
		for range rapid.IntRange(0, 8).Draw(t, "mess") {
			w.journalFails = rapid.Bool().Draw(t, "journal")
			if rapid.Bool().Draw(t, "power") {
				w.journalFails = false
				w.restart(t)
			}
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "pass")) * time.Second)
			w.give(checkout.Tick{})
		}
		w.journalFails, w.signedIn = false, true
		const ticksMax = 20
		for range ticksMax {
			if w.sale.GoesBack() {
				break
			}
			require.False(t, w.timer.IsZero())
			if w.timer.After(w.now) {
				w.now = w.timer
			}
			w.give(checkout.Tick{})
		}
		require.True(t, w.sale.GoesBack())
		require.Equal(t, catalogue.RefuseOrderGoesBack, w.sale.RefusesOrder(accepted))
		w.give(checkout.OrderDecided{Standing: goneBack})
		w.give(checkout.Printed{Copy: message.ReceiptPrinted_COPY_CUSTOMER, Result: message.ReceiptPrinted_RESULT_DONE})
		require.False(t, w.sale.GoesBack())
	})
}

// TestOrderRejectedOnceMoreIsLetGo: however often an order goes to a person and is rejected again, once all its slips are reported and
// somebody has settled it nothing of the sale is waited for.
func TestOrderRejectedOnceMoreIsLetGo(t *testing.T) {
	for name, printedBetween := range map[string]bool{"ReportsInBetween": true, "ReportsAtLast": false} {
		t.Run(name, func(t *testing.T) {
			w := paidWithOrder()
			var owed []checkout.Printed
			report := func(copies ...checkout.Printed) {
				if owed = append(owed, copies...); printedBetween {
					for _, one := range owed {
						w.give(one)
					}
					owed = nil
				}
			}
			const done = message.ReceiptPrinted_RESULT_DONE
			report(checkout.Printed{Copy: message.ReceiptPrinted_COPY_CUSTOMER, Result: done}, checkout.Printed{Copy: message.ReceiptPrinted_COPY_MERCHANT, Result: done})
			for again := range 3 {
				w.give(checkout.OrderDecided{Standing: notAccepted})
				report(checkout.Printed{Copy: message.ReceiptPrinted_COPY_CUSTOMER, Result: done, Reprint: again > 0})
				w.give(checkout.OrderDecided{Standing: person})
			}
			w.give(checkout.OrderDecided{Standing: settled, SettledBy: "01"})
			printedBetween = true
			report()
			require.Zero(t, w.sale.Unprinted)
			require.False(t, w.sale.Open())
		})
	}
}

// TestOrderAnswers: what the shop is told in each standing of a paid order; saying the same again is always taken.
func TestOrderAnswers(t *testing.T) {
	sale := checkout.Sale{State: checkout.Approved, Order: checkout.ShopOrder{Within: time.Minute}}
	for _, c := range []struct {
		stands, says checkout.OrderStanding
		want         catalogue.Phrase
	}{
		{unsaid, accepted, catalogue.None}, {unsaid, notAccepted, catalogue.None}, {unsaid, settled, catalogue.RefuseState},
		{accepted, accepted, catalogue.None}, {accepted, notAccepted, catalogue.RefuseOrderAccepted},
		{accepted, settled, catalogue.RefuseOrderNoPerson},
		{notAccepted, accepted, catalogue.RefuseOrderGoesBack}, {notAccepted, notAccepted, catalogue.None},
		{notAccepted, settled, catalogue.RefuseState},
		{goneBack, accepted, catalogue.RefuseOrderGoesBack}, {goneBack, notAccepted, catalogue.None},
		{person, accepted, catalogue.None}, {person, notAccepted, catalogue.None}, {person, settled, catalogue.None},
		{settled, accepted, catalogue.RefuseOrderGoesBack}, {settled, settled, catalogue.None},
	} {
		sale.Order.Standing = c.stands
		require.Equal(t, c.want, sale.RefusesOrder(c.says), "%s, says %s", c.stands, c.says)
	}
	sale.State, sale.Order.Standing = checkout.Querying, unsaid
	require.Equal(t, catalogue.RefuseOrderUnpaid, sale.RefusesOrder(accepted))
	require.Equal(t, catalogue.RefuseNoOrder, checkout.Sale{State: checkout.Approved}.RefusesOrder(accepted))
}

// TestOrderIsTakenOverByTheSaleThatIsPaidInstead: the order is the same whichever way the customer pays it.
func TestOrderIsTakenOverByTheSaleThatIsPaidInstead(t *testing.T) {
	w := newTill()
	begin := started(money.Money{Minor: 1250, Currency: money.CNY})
	begin.Order = checkout.ShopOrder{Reference: "A-42", Within: time.Minute}
	w.give(begin)
	w.give(checkout.CodeWanted{})
	scan := checkout.CodeScanned{Kind: checkout.CodeECNY}
	require.True(t, rules.Supersedes(w.sale, scan))
	_, after := rules.Supersede(w.sale, checkout.Successor{OrderID: checkout.OrderID{9}}, scan, w.now)
	require.Equal(t, begin.Order, after.Sale.Order)
}
