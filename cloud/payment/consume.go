package payment

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

// A payment request that cannot become a payment is declined without one: the record stands, no payment row does, and
// that is how its repetition is known to have been declined. Of one that was taken offline nothing is booked, since it is
// not covered (cover.go); somebody is told.

// Requests consumes PaymentRequested records.
func (s *Service) Requests() collector.Consumer { return requests{s} }

// Reversals consumes ReversalRequested records.
func (s *Service) Reversals() collector.Consumer { return reversals{s} }

type requests struct{ *Service }

// Consume makes a payment of a request, in the same commit as its record, and begins it after the commit.
func (s requests) Consume(ctx context.Context, r collector.Verified, secret []byte) (store.Change, func(error)) {
	body, order, reason := parseRequest(r)
	newer := s.newer(r, "order", order, understood(body))
	if reason != operator.ReasonNone {
		return newer, s.declining(r, body, order, reason)
	}
	if s.reused(ctx, order) {
		return store.Change{Alarms: []store.Alarm{{Key: "order-reused/" + r.Terminal.ID.String(), Kind: "order-reused",
			Terminal: r.Terminal.ID.String(), Detail: "order " + order.String() + " was requested by two records",
			At: s.config.Clock.Now()}}}, nil
	}
	e, change := s.firstEvent(ctx, r, body, order)
	change.Append(newer)
	if e.Kind == EventRequested && s.stopped(body) {
		return change, s.declining(r, body, order, operator.ReasonOperatorUnavailable)
	}
	if e.Kind == EventRequested && !codeFits(body, secret) {
		return change, s.declining(r, body, order, operator.ReasonCodeExpired)
	}
	facts, reason := s.facts(ctx, r, body, order)
	if reason == operator.ReasonOperatorUnavailable && body.GetOffline() != nil {
		return change, nil // trouble of our own: the terminal asks again, and then it begins
	}
	paid := s.transaction(body)
	if reason != operator.ReasonNone {
		change.Alarms = append(change.Alarms, s.offlineLost(r, body, order, paid, reason)...)
		return change, s.declining(r, body, order, reason)
	}
	facts.Signed = signed(paid, body, order)
	spent := s.spend(ctx, r, body, order, paid)
	change.Append(spent.change)
	if facts.Offline {
		var alarms []store.Alarm
		facts.Covered, alarms = s.covered(ctx, r, body, order, paid)
		change.Alarms = append(change.Alarms, alarms...)
		e = Event{Kind: EventRequested} // never taken back, whatever was said before it came
	}
	if spent.double {
		e = Event{Kind: EventDeclined, Reason: operator.ReasonDoubleSpent}
	}
	l := &live{payment: facts, terminal: r.Terminal.ID, busy: true, secret: secret, card: body.GetCardTransaction()}
	next, _, err := s.step(l, e)
	if err != nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "step payment", slog.Any("cause", err))
		s.arrived(spent, err)
		change.Alarms = append(change.Alarms, stepFailed(facts, e, s.config.Clock.Now(), err))
		return change, s.declining(r, body, order, operator.ReasonInvalidRequest)
	}
	next.change.Append(change)
	s.prepare(l, next)
	s.mu.Lock()
	s.enter(l, next.payment)
	s.mu.Unlock()
	return next.change, func(err error) {
		s.arrived(spent, err)
		if err != nil { // the record was not stored either: the terminal sends it again
			var conflict *store.ConflictError
			if errors.As(err, &conflict) && conflict.Order == order && conflict.Kind != store.CardSpent {
				s.refused.note(order, struct{}{}) // taken, or cancelled: the next time the store is asked first
			}
			l.forget()
			s.release(l, order, false)
			return
		}
		s.start(func() { s.stored(l, e, next, nil) })
	}
}

// Again answers how the payment stands.
func (s requests) Again(ctx context.Context, r collector.Verified, _ []byte) {
	body, order, reason := parseRequest(r)
	if reason == operator.ReasonNone {
		l, err := s.find(ctx, order)
		switch {
		case err == nil:
			s.handle(l, Event{Kind: EventQueryRequested})
			return
		case !errors.Is(err, store.ErrNotFound):
			s.config.Logger.LogAttrs(ctx, slog.LevelError, "find payment", slog.Any("cause", err))
			return
		}
		if body.GetOffline() != nil {
			s.beginLater(ctx, r)
			return
		}
		if _, reason = s.facts(ctx, r, body, order); reason == operator.ReasonNone {
			reason = operator.ReasonCodeExpired
			if s.stopped(body) {
				reason = operator.ReasonOperatorUnavailable
			}
		}
	}
	s.decline(ctx, r, body, order, reason)
}

// stopped reports whether the store has no room for another payment, but for a decline. The decline is as durable as any
// other, with the record: so the payment never begins, however often and whenever its record comes again. What a card has
// signed cannot be declined; it waits at the terminal for room, as everything does once there is none for declines either.
func (s *Service) stopped(body *message.PaymentRequested) bool {
	return !moved(body) && s.config.Store.Room() == store.RoomToDecline
}

// beginLater begins an offline payment whose record was stored without it. A fault of ours, or a decline, that ends in
// nothing stored is looked at again when the terminal asks.
func (s requests) beginLater(ctx context.Context, r collector.Verified) {
	change, told := s.Consume(ctx, r, nil)
	if told == nil {
		told = func(error) {}
	}
	if err := s.config.Store.Submit(ctx, change, told); err != nil {
		told(err)
	}
}

// firstEvent is what happens to a payment first, with what becomes durable besides it. A payment that was cancelled
// before it came is never begun, and neither is one of a hard wallet that never answered: nobody knows whether the card
// was debited, and there is nothing to present to its operator.
func (s *Service) firstEvent(ctx context.Context, r collector.Verified, body *message.PaymentRequested, order store.OrderID) (Event, store.Change) {
	e, now := Event{Kind: EventRequested}, s.config.Clock.Now()
	var change store.Change
	if body.GetMethod() == message.Method_METHOD_TAP && len(body.GetCardTransaction()) == 0 {
		e = Event{Kind: EventReversalRequested, Reason: operator.ReasonTimedOut}
		change.Alarms = append(change.Alarms, store.Alarm{Key: "card-in-doubt/" + order.String(), Kind: "card-in-doubt",
			Terminal: r.Terminal.ID.String(), At: now, Detail: "order " + order.String() +
				": a hard wallet was asked to pay and did not answer; it may have been debited. Its operator must be asked"})
	}
	if !understood(body) && body.GetOffline() == nil && e.Kind == EventRequested { // what its card has signed goes back
		e = Event{Kind: EventReversalRequested, Reason: operator.ReasonInvalidRequest}
	}
	cancelled, was := s.cancelledBefore(ctx, order)
	if !was {
		return e, change
	}
	change.Cancelled = []store.Cancelled{cancelled}
	if cancelled.Terminal != r.Terminal.ID {
		change.Alarms = append(change.Alarms, foreignReversal(cancelled.Terminal, order, now))
		return e, change
	}
	return Event{Kind: EventReversalRequested, Reason: operator.Reason(cancelled.Reason)}, change
}

// codeFits reports whether the customer's code came along. The terminal forgets it; then nobody can use it any more.
func codeFits(body *message.PaymentRequested, secret []byte) bool {
	return body.GetMethod() != message.Method_METHOD_CODE ||
		len(secret) > 0 && strings.HasSuffix(string(secret), body.GetCodeTail())
}

// parseRequest reads the body. A reason other than ReasonNone says that it is no request at all.
func parseRequest(r collector.Verified) (*message.PaymentRequested, store.OrderID, operator.Reason) {
	var body message.PaymentRequested
	if err := proto.Unmarshal(r.Record.Body(), &body); err != nil || len(body.GetOrderId()) != len(store.OrderID{}) {
		return &body, store.OrderID{}, operator.ReasonInvalidRequest
	}
	reason := operator.ReasonNone
	if !moved(&body) && !understood(&body) {
		reason = operator.ReasonInvalidRequest
	}
	return &body, store.OrderID(body.GetOrderId()), reason
}

// reused reports whether a payment that has ended has the order id already, or one that is going on. The store is asked
// only about orders that it refused once: an order that is not new is refused together with its record, and is known
// as such when the terminal sends the record again. So the many that are new need no look into the store.
func (s *Service) reused(ctx context.Context, order store.OrderID) bool {
	if _, refused := s.refused.get(order); !refused {
		return s.peek(order) != nil
	}
	taken, err := s.taken(ctx, order)
	if err != nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "look for order", slog.Any("cause", err))
	}
	return taken
}

// taken reports whether a payment has the order id.
func (s *Service) taken(ctx context.Context, order store.OrderID) (bool, error) {
	if s.peek(order) != nil {
		return true, nil
	}
	switch _, err := s.config.Store.Payment(ctx, order); {
	case err == nil:
		return true, nil
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	default:
		return false, err
	}
}

// facts checks a request and makes the payment of it, without what a hard wallet has signed.
func (s *Service) facts(ctx context.Context, r collector.Verified, body *message.PaymentRequested, order store.OrderID) (Payment, operator.Reason) {
	shop, err := s.config.Merchants.Merchant(ctx, r.Terminal.Merchant)
	if err != nil && !errors.Is(err, store.ErrNotFound) && body.GetOffline() != nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "find merchant", slog.Any("cause", err))
		return Payment{}, operator.ReasonOperatorUnavailable
	}
	if err != nil || body.GetMerchantId() != shop.ID {
		return Payment{}, operator.ReasonTerminalNotAllowed
	}
	currency, err := money.Lookup(body.GetCurrency())
	if err != nil || !money.TenderAllowed(currency, shop.Jurisdiction) {
		return Payment{}, operator.ReasonInvalidRequest
	}
	if body.GetMethod() < message.Method_METHOD_CODE || body.GetMethod() > message.Method_METHOD_SHOWN {
		return Payment{}, operator.ReasonInvalidRequest
	}
	method := operator.Method(body.GetMethod())
	reference, err := s.references.next(ctx)
	if err != nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "number payment", slog.Any("cause", err))
		return Payment{}, operator.ReasonOperatorUnavailable
	}
	terms := s.config.Plans.For(shop.ID, r.Terminal.ID.String())
	facts := Payment{OrderID: operator.OrderID(order), Terminal: r.Terminal.ID.String(), Sequence: r.Header.Sequence,
		Merchant: shop.ID, Method: method, Amount: body.GetAmount(), Currency: currency.Code,
		FeeRate: feeRate(terms, shop), Reference: reference, Batch: body.GetBatch(), Voucher: body.GetVoucher(),
		Offline: body.GetOffline() != nil}
	if body.GetGiveUp() != 0 && !facts.Offline {
		facts.GiveUpAt = time.UnixMicro(body.GetGiveUp())
	}
	if body.GetHold() {
		s.holdTerms(&facts, shop, terms, body.GetHoldExpires())
	}
	s.route(&facts, shop)
	facts.FeeCap = min(facts.FeeCap, uint16(terms.FeeCap))
	facts.Verify = facts.Amount > terms.NoPasswordMax || s.config.MustVerify != nil && s.config.MustVerify(facts)
	p, err := New(facts, s.config.Clock.Now())
	if err != nil {
		return Payment{}, operator.ReasonInvalidRequest
	}
	return p, operator.ReasonNone
}

// holdTerms sets the terms of a hold: what the merchant's own data or else its plan and the terminal say, whichever ends
// sooner.
func (s *Service) holdTerms(p *Payment, shop store.Merchant, terms plan.Plan, wish int64) {
	p.Hold, p.HoldCap = true, uint16(terms.HoldCapPercent)
	if shop.CompletionPercent > 0 {
		p.HoldCap = uint16(min(shop.CompletionPercent, HoldCapMax))
	}
	if wish != 0 {
		p.HoldUntil = time.UnixMicro(wish)
	}
	days := terms.HoldDays
	if shop.HoldDays > 0 {
		days = int(shop.HoldDays)
	}
	if latest := s.config.Clock.Now().AddDate(0, 0, days); p.HoldUntil.IsZero() || latest.Before(p.HoldUntil) {
		p.HoldUntil = latest
	}
}

// takes reports whether there is a way to the operator for such a payment.
func (s *Service) takes(code string, hold bool) bool {
	lane := s.lanes[code]
	if lane == nil || !hold {
		return lane != nil
	}
	_, can := lane.connector.(operator.Holder)
	return can
}

// feeRate is the plan's, or the merchant's own where the plan leaves it to that.
func feeRate(terms plan.Plan, shop store.Merchant) uint16 {
	if terms.Fee >= 0 {
		return uint16(terms.Fee)
	}
	return uint16(max(shop.FeeBasisPoints, 0))
}

// route names whom to ask. A payment without an operator is declined by the machine.
func (s *Service) route(p *Payment, shop store.Merchant) {
	if len(shop.Operators) == 0 {
		return
	}
	codes, err := s.config.Registry.Route(registry.Merchant{ID: shop.ID, First: shop.Operators[0], BackUps: shop.Operators[1:]},
		p.Method, p.Amount, func(code string) bool { return s.takes(code, p.Hold) })
	if err != nil || len(codes) == 0 {
		s.config.Logger.LogAttrs(s.ctx, slog.LevelWarn, "no operator takes the payment", slog.Any("cause", err))
		if p.Offline { // it is taken already: the first operator is asked until it can be
			p.Operator, p.FeeCap = shop.Operators[0], uint16(basisPointsPerUnit)
		}
		return
	}
	if !p.Offline { // that is taken already
		codes = slices.DeleteFunc(codes, func(code string) bool { return !s.room(code) })
	}
	if len(codes) == 0 {
		s.config.Logger.LogAttrs(s.ctx, slog.LevelWarn, "too many payments in memory")
		return
	}
	p.Operator, p.BackUps = codes[0], codes[1:]
	lowest := int64(basisPointsPerUnit)
	for _, code := range codes {
		if known, err := s.config.Registry.Get(code); err == nil {
			lowest = min(lowest, known.FeeCapBasisPoints)
		}
	}
	p.FeeCap = uint16(lowest)
}

// declining answers after the commit of the record.
func (s *Service) declining(r collector.Verified, body *message.PaymentRequested, order store.OrderID, reason operator.Reason) func(error) {
	return func(err error) {
		if err != nil {
			return
		}
		s.start(func() { s.decline(s.ctx, r, body, order, reason) })
	}
}

// decline answers a request that became no payment; one that was cancelled has been told of as such before.
func (s *Service) decline(ctx context.Context, r collector.Verified, body *message.PaymentRequested, order store.OrderID, reason operator.Reason) {
	if cancelled, err := s.findCancelled(ctx, order); err == nil && cancelled.Terminal == r.Terminal.ID {
		s.answerCancelled(cancelled)
		return
	}
	s.metrics.outcomes.WithLabelValues(OutcomeDeclined.String()).Inc()
	err := s.config.Answers.Send(s.ctx, r.Terminal.ID, record.PaymentResult, &message.PaymentResult{
		OrderId: order[:], Outcome: message.Outcome_OUTCOME_DECLINED, Stage: message.Stage_STAGE_FINAL,
		Reason: message.Reason(reason), Amount: body.GetAmount(), Currency: body.GetCurrency(),
		DecidedAt: r.Header.Time.UnixMicro(), Revision: 1})
	if err != nil && s.ctx.Err() == nil {
		s.config.Logger.LogAttrs(s.ctx, slog.LevelWarn, "send payment result", slog.Any("cause", err))
	}
}
