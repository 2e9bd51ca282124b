package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
)

// A shop that accepts an order makes it. A terminal that was not told that another one has given the money back, because it was
// away or the message was lost, says yes to it: then the goods go out without money, and a person has to know. Of what is given
// back after that, the shop knows by itself.

// alarmAcceptedUnpaid is the kind of that alarm.
const alarmAcceptedUnpaid = "order-accepted-unpaid"

// Outcomes consumes OutcomeShown records, of which it looks at those that say that the shop's order is accepted.
func (s *Service) Outcomes() collector.Consumer { return outcomes{s} }

type outcomes struct{ *Service }

// Consume has somebody told, in the same commit as the record, of an order that was accepted although nothing of its money is
// kept, and its terminal as well.
func (s outcomes) Consume(ctx context.Context, r collector.Verified, _ []byte) (store.Change, func(error)) {
	var body message.OutcomeShown
	err := proto.Unmarshal(r.Record.Body(), &body)
	if err != nil || body.GetOrder() != message.OrderStanding_ORDER_STANDING_ACCEPTED || len(body.GetOrderId()) != len(store.OrderID{}) {
		return store.Change{}, nil
	}
	order := store.OrderID(body.GetOrderId())
	p, err := s.look(ctx, order)
	switch {
	case errors.Is(err, store.ErrNotFound): // taken offline and still to come: then nothing of it can have gone back
		return store.Change{}, nil
	case err != nil: // told rather than passed over
		return s.acceptedUnpaid(r, order, "how its payment stands cannot be read: "+err.Error()), nil
	case p.Terminal != r.Terminal.ID.String() || !p.givenBack():
		return store.Change{}, nil
	}
	change := s.acceptedUnpaid(r, order, fmt.Sprintf("nothing of its payment was kept when that came; it goes back since %s by the cloud's clock",
		written(p.givenBackAt())))
	return change, s.afterCommit(func() { s.answer(r.Terminal.ID, p) })
}

// Again does nothing: the first time has told.
func (outcomes) Again(context.Context, collector.Verified, []byte) {}

func (s *Service) acceptedUnpaid(r collector.Verified, order store.OrderID, why string) store.Change {
	return store.Change{Alarms: []store.Alarm{{Key: alarmAcceptedUnpaid + "/" + order.String(), Kind: alarmAcceptedUnpaid,
		Terminal: r.Terminal.ID.String(), At: s.config.Clock.Now(),
		Detail: fmt.Sprintf("order %s: accepted at %s by the terminal's clock; %s", order, written(r.Header.Time), why)}}}
}

func written(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// givenBack reports whether nothing of a payment is kept by its shop, with what is under way: all of it went back or is going
// back. A loss of an offline payment is the cloud's, and told of as such.
func (p Payment) givenBack() bool {
	switch p.Outcome() {
	case OutcomeApproved:
		standing := p.Standing()
		return standing.Refunded >= standing.Paid && (standing.Closed || !p.Hold)
	case OutcomeUnknown:
		return p.State == Reversing
	default:
		return !p.Offline
	}
}

// givenBackAt is when the last of it began to go back.
func (p Payment) givenBackAt() time.Time {
	at := p.DecidedAt
	for _, f := range p.FollowUps {
		if f.counts() && f.CreatedAt.After(at) {
			at = f.CreatedAt
		}
	}
	return at
}
