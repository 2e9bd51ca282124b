package checkout

import (
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// At a kiosk nobody sees that the money came and the order did not. So a sale may say that the shop's order system has to
// accept what was paid for. What it says is recorded; when it rejects the order, or says nothing in time, that is recorded,
// and from then on the money goes back and no acceptance is taken any more. Never both, never neither, whatever dies between.
//
// A till that took the sale up after a restart may be an old copy that lacks the acceptance. It gives nothing back by itself
// before a sign-in has told that it is none; where it is one, a person has to see to the order.

// Bounds of a shop's order.
const (
	AcceptMin         = 5 * time.Second
	AcceptDefault     = time.Minute
	AcceptMax         = 10 * time.Minute
	OrderReferenceMax = 64 // characters
)

// OrderStanding is what has become of a shop's order; the zero value while nobody has said anything.
type OrderStanding = message.OrderStanding

// ShopOrder is the shop's order that a sale pays for, where it has to be accepted.
type ShopOrder struct {
	Reference string        // the shop's own number; may be empty
	Within    time.Duration // whole seconds from the payment; zero where nobody has to accept anything
	Standing  OrderStanding
	// Until is the end of Within, zero before the payment; once the money goes back, when that is looked after next.
	Until     time.Time
	SettledBy string
}

// OrderDecided is how the order stands from now on: accepted, not accepted or settled by what the shop says; gone back or for
// a person by what the till has found out.
type OrderDecided struct {
	Standing  OrderStanding
	SettledBy string
}

func (OrderDecided) event() {}

// taken reports whether the till has taken the customer's money.
func (s Sale) taken() bool {
	return s.State == Approved || s.State == ApprovedOffline || s.State == NotHonoured
}

// AwaitsOrder reports whether the sale is paid and its order waits to be accepted.
func (s Sale) AwaitsOrder() bool {
	return s.taken() && s.Order.Within > 0 && s.Order.Standing == message.OrderStanding_ORDER_STANDING_UNSPECIFIED
}

// GoesBack reports whether the money is to go back because the order was not accepted, and that is not done.
func (s Sale) GoesBack() bool {
	return s.taken() && s.Order.Standing == message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED
}

// NeedsPerson reports whether the order is neither accepted nor paid back, and the till cannot do anything about it.
func (s Sale) NeedsPerson() bool {
	return s.taken() && s.Order.Standing == message.OrderStanding_ORDER_STANDING_PERSON
}

func (s Sale) orderOpen() bool { return s.AwaitsOrder() || s.GoesBack() || s.NeedsPerson() }

// RefusesOrder says why the shop may not say so of the order, or None. What it has said it may say again.
func (s Sale) RefusesOrder(standing OrderStanding) catalogue.Phrase {
	switch {
	case s.Order.Within == 0:
		return catalogue.RefuseNoOrder
	case !s.taken():
		return catalogue.RefuseOrderUnpaid
	case s.orderMay(standing), s.orderSaid(standing):
		return catalogue.None
	case s.Order.Standing == message.OrderStanding_ORDER_STANDING_ACCEPTED && standing == message.OrderStanding_ORDER_STANDING_SETTLED:
		return catalogue.RefuseOrderNoPerson
	case s.Order.Standing == message.OrderStanding_ORDER_STANDING_ACCEPTED:
		return catalogue.RefuseOrderAccepted
	case standing == message.OrderStanding_ORDER_STANDING_ACCEPTED:
		return catalogue.RefuseOrderGoesBack
	default:
		return catalogue.RefuseState
	}
}

// orderMay reports whether the order's standing may change to another.
func (s Sale) orderMay(to OrderStanding) bool {
	awaits, person := s.AwaitsOrder(), s.NeedsPerson()
	switch to {
	case message.OrderStanding_ORDER_STANDING_ACCEPTED, message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED:
		return awaits || person
	case message.OrderStanding_ORDER_STANDING_GONE_BACK:
		return s.GoesBack() || person
	case message.OrderStanding_ORDER_STANDING_PERSON:
		// Of a payment that is still asked about an old copy cannot know either whether its order was accepted.
		return s.GoesBack() || s.Order.Within > 0 && s.Order.Standing == message.OrderStanding_ORDER_STANDING_UNSPECIFIED
	default:
		return person
	}
}

// orderSaid reports whether nothing would change.
func (s Sale) orderSaid(to OrderStanding) bool {
	gone := s.Order.Standing == message.OrderStanding_ORDER_STANDING_GONE_BACK
	return s.Order.Standing == to || gone && to == message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED
}

// decideOrder records how the order stands. Only then may anybody rely on it.
func (r Rules) decideOrder(s Sale, e OrderDecided, now time.Time) (Sale, []Effect) {
	if s.orderSaid(e.Standing) || !s.orderMay(e.Standing) {
		return s, []Effect{Show{}}
	}
	again := s.NeedsPerson() // who may have had a slip of it already: another says that it is one
	s.Order.Standing, s.Order.SettledBy = e.Standing, e.SettledBy
	effects := []Effect{Commit{Type: record.OutcomeShown, Body: &message.OutcomeShown{
		OrderId: s.OrderID[:], Outcome: s.Outcome(), Order: e.Standing, SettledBy: e.SettledBy,
	}}}
	if s.GoesBack() {
		s.Order.Until = now
		if !again { // the report on one that is printed again says so, and is not waited for
			s.Unprinted = s.Unprinted.withCustomers()
		}
		effects = append(effects, Print{Copies: CustomerCopy, Reprint: again})
	}
	return s, append(effects, Show{})
}

// followOrder does what is due about the order of a paid sale after an event, and sees to it that a Tick comes when more is.
func (r Rules) followOrder(s Sale, event Event, effects []Effect, now time.Time) (Sale, []Effect) {
	if !s.AwaitsOrder() && !s.GoesBack() {
		return s, effects
	}
	if s.Order.Until.IsZero() { // this event has paid it
		s.Order.Until = now.Add(s.Order.Within)
	}
	again := false // what was due has been tried
	switch event.(type) {
	case Tick, JournalFailed:
		again = !now.Before(s.Order.Until)
	case Restarted:
		// A clock that was set back while the till was off must not make a deadline of hours.
		s.Order.Until = earliest(s.Order.Until, now.Add(s.Order.Within))
	default:
		if len(effects) == 0 {
			return s, nil // the latest timer stands
		}
	}
	if _, ticks := event.(Tick); ticks && again && s.AwaitsOrder() && (!s.Resumed || r.SignedIn) {
		var decided []Effect
		s, decided = r.decideOrder(s, OrderDecided{Standing: message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED}, now)
		effects, again = append(effects, decided...), false
	}
	return s, append(effects, SetTimer{At: r.orderWake(s, again, now)})
}

// orderWake is when the sale needs a Tick next; again says that what is due now was tried.
func (r Rules) orderWake(s Sale, again bool, now time.Time) time.Time {
	at := s.Order.Until
	switch {
	case again && s.GoesBack():
		at = now.Add(r.Timing.AskSlowly)
	case again:
		at = now.Add(r.Timing.AskEvery)
	}
	if s.State == ApprovedOffline {
		at = earliest(at, r.wake(s))
	}
	return at
}

// orderPhrases are title and next step where the order is what matters; None where it is not.
func orderPhrases(s Sale) (title, next catalogue.Phrase) {
	switch {
	case s.AwaitsOrder() && s.givenBack():
		return catalogue.TitleGoneBack, catalogue.StepOrderGoesBack
	case s.AwaitsOrder():
		return catalogue.TitleOrderWaits, catalogue.StepOrderWaits
	case s.GoesBack():
		return catalogue.TitleOrderGoesBack, catalogue.StepOrderGoesBack
	case s.NeedsPerson():
		return catalogue.TitleOrderPerson, catalogue.StepOrderPerson
	case s.Order.Standing == message.OrderStanding_ORDER_STANDING_GONE_BACK:
		return catalogue.TitleGoneBack, catalogue.StepGoneBack
	case s.Order.Standing == message.OrderStanding_ORDER_STANDING_SETTLED:
		return catalogue.TitleOrderSettled, catalogue.StepNewSale
	default:
		return catalogue.None, catalogue.None
	}
}
