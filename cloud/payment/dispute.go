package payment

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
)

// A dispute is a fact that an operator states: its customer's bank has taken money back. It becomes part of the payment like a
// follow-up that nobody has to ask for, so that disputes and refunds share one limit in one state and revision. One that passes
// the limit is kept as refused, and nothing is booked for it.

// disputesMax is how many disputes of one payment are kept.
const disputesMax = 8

// Dispute is a chargeback of an order.
type Dispute struct {
	Operator  string // who states it
	Reference string // names it for ever there
	Amount    int64  // minor units
	Currency  string
}

const disputeLabel = "yuantill dispute"

// disputeID derives a dispute's id: the same however often it is stated, and as a UUID of version 8 none that a terminal mints.
func disputeID(order operator.OrderID, reference string) operator.FollowUpID {
	sum := sha256.Sum256(append(append([]byte(disputeLabel), order[:]...), reference...))
	id := operator.FollowUpID(sum[:16])
	id[6], id[8] = 0x80|id[6]&0x0f, 0x80|id[8]&0x3f
	return id
}

// Disputed returns what became of the dispute with a reference: Done is booked, Refused is not.
func (p Payment) Disputed(reference string) (FollowUp, bool) {
	return p.FollowUp(disputeID(p.OrderID, reference))
}

func (p Payment) disputes() int {
	count := 0
	for _, f := range p.FollowUps {
		if f.Kind == operator.KindDispute {
			count++
		}
	}
	return count
}

// disputed takes a dispute on. It says nothing while something is open that the limit depends on: it is stated again.
func (s *step) disputed(d *Dispute) {
	if d == nil || d.Operator != s.p.Operator || d.Currency != s.p.Currency || d.Amount <= 0 || d.Amount > AmountMax {
		return
	}
	if _, known := s.p.Disputed(d.Reference); known || s.p.disputes() >= disputesMax {
		return
	}
	takingBack := (s.p.State == Reversing || s.p.State == LateRefunding) && s.p.Debit == DebitSale
	switch {
	case takingBack: // the operator refuses to take back the whole, of which a part has gone
	case !s.p.State.Final() && s.p.State != RestReturning:
		return
	case s.p.beyond(d.Amount) && s.p.Stands():
		s.overtake()
		if s.p.beyond(d.Amount) && s.p.Pursued() {
			return
		}
	}
	f := FollowUp{ID: disputeID(s.p.OrderID, d.Reference), Kind: operator.KindDispute, Status: Done, Amount: d.Amount,
		OperatorReference: bounded(d.Reference), CreatedAt: s.now, DecidedAt: s.now, Revision: 1}
	if takingBack {
		s.p.State, s.p.DecidedAt = RestReturning, s.now
	}
	if !s.p.Stands() || s.p.beyond(d.Amount) {
		f.Status, f.Reason = Refused, operator.ReasonLimitExceeded
		s.p.FollowUps = append(s.p.FollowUps, f)
		return
	}
	f.Fee = s.p.feeBack(f.Amount, -1)
	s.p.FollowUps = append(s.p.FollowUps, f)
	s.effects = append(s.effects, Effect{Kind: Post, Posting: PostDispute, Amount: f.Amount, Fee: f.Fee, FollowUp: f.ID})
}

// beyond reports whether an amount is more than what was paid for certain and has not gone back, nor is going back.
func (p Payment) beyond(amount int64) bool { return amount > p.paidSurely()-p.refunded(false) }

// overtake ends the cloud's own refund of what was left: where a dispute has taken some of that, the operator refuses it, by the
// limit that both share there. What is left then is sent back under another id.
func (s *step) overtake() {
	for i := range s.p.FollowUps {
		f := &s.p.FollowUps[i]
		if f.own() && f.Kind == operator.KindRefund && f.Status == UnderWay {
			f.Status, f.Reason, f.DecidedAt, f.NextAt = Refused, operator.ReasonLimitExceeded, s.now, time.Time{}
		}
	}
}

// Dispute hands a dispute to its payment and reports whether that has decided about it durably, and whether it is booked. One
// that is handed over again is the same. Errors are the store's.
func (s *Service) Dispute(ctx context.Context, order operator.OrderID, d Dispute) (decided, booked bool, err error) {
	p, err := s.look(ctx, store.OrderID(order))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return true, false, nil
	case err != nil:
		return false, false, err
	case p.Operator != d.Operator || p.Currency != d.Currency || d.Amount <= 0 || d.Amount > AmountMax:
		return true, false, nil
	}
	if f, known := p.Disputed(d.Reference); known {
		return true, f.Status == Done && f.Amount == d.Amount, nil
	}
	if p.disputes() >= disputesMax {
		return true, false, nil
	}
	l, err := s.find(ctx, store.OrderID(order))
	if err != nil {
		return false, false, err
	}
	s.handle(l, Event{Kind: EventDisputed, Dispute: &d})
	return false, false, nil
}
