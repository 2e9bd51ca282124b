package station

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
)

// Desk is the whole of what the station drives: sales, what is done with them, and finding them.
type Desk interface {
	Till
	FollowUps
	Finder
}

// FollowUps does something with approved orders. Its errors are as Till's.
type FollowUps interface {
	// FollowUp asks for it, or returns what the same origin asked for before. It refuses with RefuseNoSale an order that
	// is neither this till's nor was looked up.
	FollowUp(ctx context.Context, order checkout.OrderID, wish FollowUpWish) (followup.View, error)
	// FollowUps returns what was done with an order on this till, oldest first.
	FollowUps(ctx context.Context, order checkout.OrderID) ([]followup.View, error)
	// Follow returns one, also one that ended long ago, or refuses with RefuseNoFollowUp.
	Follow(ctx context.Context, id followup.ID) (followup.View, error)
	// ReprintFollowUp puts its slip on paper once more.
	ReprintFollowUp(ctx context.Context, id followup.ID, copies checkout.Copies) (followup.View, error)
}

// Finder finds orders. Its errors are as Till's.
type Finder interface {
	// Lookup finds an order of the merchant in the till's journal, else in the cloud, within 8 seconds. It refuses with
	// RefuseLookupNothing, RefuseLookupText, RefuseLookupBusy, RefuseNoBatch for a voucher alone while no shift is open, or
	// RefuseLookupSilent where nobody answered in time.
	Lookup(ctx context.Context, wanted Wanted) (FoundOrder, error)
	// Sales returns the till's latest sales, newest first; of holds only those that still hold something.
	Sales(ctx context.Context, n int, holds bool) ([]checkout.View, error)
}

// FollowUpWish is the wish to do something with an order.
type FollowUpWish struct {
	Kind followup.Kind
	// Amount is in minor units of the till's currency; 0 for what goes as a whole.
	Amount        int64
	Undoes        followup.ID
	Last          bool
	Cashier, Note string
	Origin        checkout.Origin
}

// Wanted says which order is looked for: exactly one of its ways is used.
type Wanted struct {
	Reference      string // 12 digits
	Order          checkout.OrderID
	Batch, Voucher uint32 // this till's only; batch 0 is the open shift's
	Text           string // a receipt's QR code, or any of the others as text
	Cashier        string
}

// FoundOrder is an order that was found.
type FoundOrder struct {
	Order *message.OrderFound
	// Here says that it is in this till's journal.
	Here bool
	// Left is what may still be done with it as far as this till knows, FollowUps what was done with it here.
	Left      followup.Left
	FollowUps []followup.View
}

// Standing is how an approved order stands. Amounts are in minor units; what is under way somewhere counts as done.
type Standing struct {
	Paid      int64      `json:"paid" doc:"of a payment its amount, of a hold what was completed"`
	Refunded  int64      `json:"refunded" doc:"gone back of it"`
	Left      int64      `json:"left" doc:"may still be refunded"`
	Hold      bool       `json:"hold,omitempty"`
	Held      int64      `json:"held,omitempty" doc:"of a hold: the first amount and what was added"`
	StillHeld int64      `json:"still_held,omitempty" doc:"of a hold: held and not completed"`
	Expires   *time.Time `json:"expires,omitempty" doc:"when what is still held goes back by itself"`
	Closed    bool       `json:"closed,omitempty" doc:"voided, or a hold of which nothing is held any more"`
}

// newStanding writes a standing; nil while the cloud has told none.
func newStanding(s *message.Standing) *Standing {
	if s == nil {
		return nil
	}
	left := followup.LeftOf(&message.OrderFound{Payment: &message.PaymentResult{Standing: s}}, nil)
	standing := &Standing{
		Paid: s.GetPaid(), Refunded: s.GetRefunded(), Left: left.Refund, Hold: s.GetHold(), Held: s.GetHeld(),
		StillHeld: left.Held, Closed: s.GetClosed(),
	}
	if expires := s.GetHoldExpires(); expires != 0 {
		standing.Expires = optionalTime(time.UnixMicro(expires))
	}
	return standing
}
