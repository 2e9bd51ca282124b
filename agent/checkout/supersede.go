package checkout

import (
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
)

// While our code is shown, the customer may still have a code scanned or tap a hard wallet; the first one wins. The
// shown order is then taken back and another is charged instead. Both are one commit: before it nothing has happened,
// after it the shown order can only end without money, since the reversal wins (SPEC.md 7.4.5), whatever the customer
// does with the code in the same second.

// Successor is what the sale that takes another's place is called.
type Successor struct {
	OrderID        OrderID
	Batch, Voucher uint32
}

// Change is a sale after a step, and what is to be done about it in this order.
type Change struct {
	Sale    Sale
	Effects []Effect
}

// TakesOthers reports whether our code is asked for or shown, so that another means of payment may take its place. Once
// the outcome is unknown it may not: the customer may have paid.
func (s Sale) TakesOthers() bool {
	return s.Method == message.Method_METHOD_SHOWN && (s.State == Authorising || s.State == AwaitingScan)
}

// Supersedes reports whether an event is another means of payment for a sale whose code is shown: Supersede takes it.
func (r Rules) Supersedes(s Sale, event Event) bool {
	if !s.TakesOthers() || s.PaymentSequence == 0 {
		return false
	}
	switch e := event.(type) {
	case CodeScanned:
		return e.Kind == CodeECNY
	case CardPresented:
		// A hard wallet holds nothing, and what may not be asked pays nothing.
		return !s.Hold && e.Barred == catalogue.None
	default:
		return false
	}
}

// Supersede takes the shown order back and charges another of the same amount by what the customer presented. The
// commits of both belong into one; when it fails, the sale is as it was and is given JournalFailed. A hard wallet that
// then refuses leaves the new sale waiting for the customer: the code can be shown again, under the new order.
func (r Rules) Supersede(s Sale, next Successor, by Event, now time.Time) (before, after Change) {
	s.SupersededBy = next.OrderID
	before.Sale, before.Effects = r.reverse(s, message.Reason_REASON_SUPERSEDED, "", now)
	begun, _ := r.start(Started{
		OrderID: next.OrderID, Amount: s.Amount, Cashier: s.Cashier, Note: s.Note,
		Batch: next.Batch, Voucher: next.Voucher, Origin: s.Origin, Hold: s.Hold, HoldExpires: s.HoldExpires,
		Order: ShopOrder{Reference: s.Order.Reference, Within: s.Order.Within},
	}, now)
	begun.Supersedes = s.OrderID
	after.Sale, after.Effects = r.Step(begun, by, now)
	for i, effect := range after.Effects {
		if _, shows := effect.(Show); shows {
			after.Effects[i] = Show{Notice: catalogue.NoticeSuperseding}
		}
	}
	return before, after
}
