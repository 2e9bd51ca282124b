package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// Requests consumes payment-requested records.
type Requests struct{ *Service }

// Reversals consumes reversal-requested records.
type Reversals struct{ *Service }

var (
	_ collector.Consumer = Requests{}
	_ collector.Consumer = Reversals{}
)

// Consume begins a payment in the same commit as its record.
func (s Requests) Consume(ctx context.Context, r collector.Verified, secret []byte) (store.Change, func(error)) {
	defer clear(secret)
	var body message.PaymentRequested
	if err := proto.Unmarshal(r.Record.Body(), &body); err != nil || len(body.GetOrderId()) != len(operator.OrderID{}) {
		return s.malformed(r), nil
	}
	id := operator.OrderID(body.GetOrderId())
	known, err := s.known(ctx, id)
	if err != nil {
		s.config.Logger.Error("look for payment", "order", id.String(), "cause", err)
		return store.Change{}, nil // the terminal asks again, and Again looks again
	}
	if known {
		return store.Change{}, func(error) { s.spawn(func() { s.answerStored(id, r.Terminal.ID) }) }
	}
	facts, reason := s.facts(ctx, r, &body)
	if reason != operator.ReasonNone {
		return s.refuse(r, &body, reason)
	}
	a, err := s.begin(facts, &body, secret)
	if err != nil {
		s.config.Logger.Warn("payment refused", "order", id.String(), "cause", err)
		return s.refuse(r, &body, operator.ReasonInvalidRequest)
	}
	return s.first(a)
}

// first takes the first step of a payment that is new in memory. One that was cancelled before it came is never sent.
func (s *Service) first(a *active) (store.Change, func(error)) {
	event := payment.Event{Kind: payment.EventRequested}
	if reason, cancelled := s.takeEarly(a.id); cancelled {
		event = payment.Event{Kind: payment.EventReversalRequested, Reason: reason}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	change, effects, err := s.advance(a, event)
	if err != nil {
		s.spawn(func() { s.reload(a, err) })
		return store.Change{}, nil
	}
	stored := a.stored
	return change, func(err error) { s.committed(a, stored, effects, err) }
}

// Again answers a terminal that asks.
func (s Requests) Again(ctx context.Context, r collector.Verified, secret []byte) {
	defer clear(secret)
	var body message.PaymentRequested
	if err := proto.Unmarshal(r.Record.Body(), &body); err != nil || len(body.GetOrderId()) != len(operator.OrderID{}) {
		return // the alarm was raised when it came first
	}
	id := operator.OrderID(body.GetOrderId())
	known, err := s.known(ctx, id)
	switch {
	case err != nil:
		s.config.Logger.Error("look for payment", "order", id.String(), "cause", err)
	case known:
		s.spawn(func() { s.answerStored(id, r.Terminal.ID) })
	default:
		// The record is stored but there is no payment: it was refused as it came, or the look-up failed then. Nothing
		// was ever sent for it, and nothing may be now that the terminal may have given up.
		_, reason := s.facts(ctx, r, &body)
		if reason == operator.ReasonNone {
			reason = operator.ReasonInvalidRequest
		}
		s.tellRefused(r.Terminal.ID, &body, reason)
	}
}

// Consume takes a payment back.
func (s Reversals) Consume(ctx context.Context, r collector.Verified, _ []byte) (store.Change, func(error)) {
	return store.Change{}, func(err error) {
		if err == nil {
			s.spawn(func() { s.takeBack(r) })
		}
	}
}

// Again takes it back if that has not been done, and answers in any case.
func (s Reversals) Again(_ context.Context, r collector.Verified, _ []byte) {
	s.spawn(func() { s.takeBack(r) })
}

func (s *Service) takeBack(r collector.Verified) {
	var body message.ReversalRequested
	if err := proto.Unmarshal(r.Record.Body(), &body); err != nil || len(body.GetOrderId()) != len(operator.OrderID{}) {
		s.config.Logger.Warn("reversal is malformed", "terminal", r.Terminal.ID.String(), "sequence", r.Header.Sequence)
		return
	}
	id := operator.OrderID(body.GetOrderId())
	reason := operator.Reason(body.GetReason())
	if reason == operator.ReasonNone || reason > operator.ReasonOther {
		reason = operator.ReasonOther
	}
	a, err := s.wake(s.ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.rememberEarly(id, reason)
	case err != nil:
		s.config.Logger.Error("find payment to take back", "order", id.String(), "cause", err)
	case a.terminal() != r.Terminal.ID.String():
		s.config.Logger.Warn("reversal of another terminal's payment", "terminal", r.Terminal.ID.String(), "order", id.String())
	default:
		s.step(a, payment.Event{Kind: payment.EventReversalRequested, Reason: reason})
	}
}

// facts turns a request into the facts of a payment, or says why it is refused.
func (s *Service) facts(ctx context.Context, r collector.Verified, body *message.PaymentRequested) (payment.Payment, operator.Reason) {
	merchant, err := s.config.Merchants.Merchant(ctx, r.Terminal.Merchant)
	if err != nil || body.GetMerchantId() != merchant.ID {
		return payment.Payment{}, operator.ReasonTerminalNotAllowed
	}
	currency, err := money.Lookup(body.GetCurrency())
	if err != nil || !money.TenderAllowed(currency, merchant.Jurisdiction) {
		return payment.Payment{}, operator.ReasonInvalidRequest
	}
	method := operator.Method(body.GetMethod())
	route, err := s.config.Registry.Route(registry.Merchant{ID: merchant.ID, First: merchant.Operators[0],
		BackUps: merchant.Operators[1:]}, method, body.GetAmount(), nil)
	if errors.Is(err, registry.ErrNoRoute) {
		return payment.Payment{}, operator.ReasonLimitExceeded
	}
	if err != nil {
		return payment.Payment{}, operator.ReasonOperatorUnavailable
	}
	first, err := s.config.Registry.Get(route[0])
	if err != nil {
		return payment.Payment{}, operator.ReasonOperatorUnavailable
	}
	return payment.Payment{OrderID: operator.OrderID(body.GetOrderId()), Terminal: r.Terminal.ID.String(),
		Sequence: r.Header.Sequence, Merchant: merchant.ID, Method: method, Amount: body.GetAmount(),
		Currency: currency.Code, FeeRate: uint16(merchant.FeeBasisPoints), FeeCap: uint16(first.FeeCapBasisPoints),
		Operator: route[0], BackUps: route[1:], Reference: reference(r, s.config.Clock()),
		GiveUpAt: time.UnixMicro(body.GetGiveUp()).UTC()}, operator.ReasonNone
}

// chinaTime is the business day's zone; it has had no daylight saving time since 1991.
var chinaTime = time.FixedZone("CST", 8*60*60)

// reference is the payment's number on the receipt: the business date and six digits that differ between the payments
// of a terminal's day. It helps people find a payment; the order id names it.
func reference(r collector.Verified, now time.Time) string {
	var sum uint64
	for _, b := range r.Terminal.ID {
		sum = sum*37 + uint64(b)
	}
	return fmt.Sprintf("%s%06d", now.In(chinaTime).Format("060102"), (sum+r.Header.Sequence)%1_000_000)
}

// begin checks the facts and puts the payment into memory.
func (s *Service) begin(facts payment.Payment, body *message.PaymentRequested, secret []byte) (*active, error) {
	if facts.Method == operator.MethodCode && len(secret) == 0 {
		return nil, errors.New("the customer's code did not come with the record")
	}
	if facts.Method == operator.MethodTap && len(body.GetCardTransaction()) == 0 {
		return nil, errors.New("no card transaction")
	}
	p, err := payment.New(facts, s.config.Clock())
	if err != nil {
		return nil, err
	}
	a := &active{id: p.OrderID, p: p, code: string(secret), card: body.GetCardTransaction()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= openMax {
		return nil, errors.New("too many undecided payments")
	}
	s.open[a.id] = a
	return a, nil
}

// known reports whether the order id is a payment already.
func (s *Service) known(ctx context.Context, id operator.OrderID) (bool, error) {
	if s.find(id) != nil {
		return true, nil
	}
	_, err := s.config.Store.Payment(ctx, store.OrderID(id))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// wake returns a payment in memory, loading it when it is not there.
func (s *Service) wake(ctx context.Context, id operator.OrderID) (*active, error) {
	if a := s.find(id); a != nil {
		return a, nil
	}
	row, err := s.config.Store.Payment(ctx, store.OrderID(id))
	if err != nil {
		return nil, err
	}
	loaded, err := load(row)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.open[id]; a != nil {
		return a, nil
	}
	s.open[id] = loaded
	return loaded, nil
}

func (a *active) terminal() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.p.Terminal
}

func (s *Service) rememberEarly(id operator.OrderID, reason operator.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.early) < earlyMax {
		s.early[id] = reason
	}
}

func (s *Service) takeEarly(id operator.OrderID) (operator.Reason, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reason, found := s.early[id]
	delete(s.early, id)
	return reason, found
}

func (s *Service) malformed(r collector.Verified) store.Change {
	return store.Change{Alarms: []store.Alarm{{Key: "malformed-request/" + r.Terminal.ID.String(), Kind: "malformed-request",
		Terminal: r.Terminal.ID.String(), At: s.config.Clock(),
		Detail: fmt.Sprintf("record %d is no payment request", r.Header.Sequence)}}}
}

func (s *Service) refuse(r collector.Verified, body *message.PaymentRequested, reason operator.Reason) (store.Change, func(error)) {
	s.metrics.outcomes.WithLabelValues(payment.OutcomeDeclined.String()).Inc()
	return store.Change{}, func(err error) {
		if err == nil {
			s.spawn(func() { s.tellRefused(r.Terminal.ID, body, reason) })
		}
	}
}
