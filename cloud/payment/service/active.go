package service

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// active is a payment in memory. Steps of one payment are taken one after another under its lock, and submitted to the
// store in that order.
type active struct {
	id operator.OrderID // never changes

	mu     sync.Mutex
	p      payment.Payment
	stored uint64 // revision of the newest change handed to the store
	// dropped says that this copy is no longer the payment: it was final, or its change was not stored.
	dropped bool
	// code and card are what the authorisation needs; they are gone after the call.
	code string
	card []byte
}

func load(row store.Payment) (*active, error) {
	a := &active{id: operator.OrderID(row.Order), stored: row.Revision}
	if err := a.p.UnmarshalBinary(row.Blob); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *active) forgetSecrets() {
	a.code = ""
	clear(a.card)
	a.card = nil
}

// step lets the machine decide and hands the result to the store; effects run after the commit.
func (s *Service) step(a *active, e payment.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.dropped {
		return
	}
	change, effects, err := s.advance(a, e)
	if err != nil {
		s.spawn(func() { s.reload(a, err) })
		return
	}
	stored := a.stored
	if change.Rows() == 0 {
		s.spawn(func() { s.perform(a, stored, effects) })
		return
	}
	err = s.config.Store.Submit(s.ctx, change, func(err error) { s.committed(a, stored, effects, err) })
	if err != nil {
		s.spawn(func() { s.reload(a, err) })
	}
}

// committed goes on after a change was stored, or was not. It is called from the store's goroutine and does not block.
func (s *Service) committed(a *active, stored uint64, effects []payment.Effect, err error) {
	s.spawn(func() {
		if err != nil {
			s.reload(a, err)
			return
		}
		s.perform(a, stored, effects)
	})
}

// advance takes one step in memory and returns what becomes durable because of it. The caller holds a.mu.
func (s *Service) advance(a *active, e payment.Event) (store.Change, []payment.Effect, error) {
	now := s.config.Clock()
	before, err := a.p.MarshalBinary()
	if err != nil {
		return store.Change{}, nil, fmt.Errorf("encode payment: %w", err)
	}
	next, effects := s.config.Machine.Step(a.p, e, now)
	blob, err := next.MarshalBinary()
	if err != nil {
		return store.Change{}, nil, fmt.Errorf("encode payment: %w", err)
	}
	var change store.Change
	for _, effect := range effects {
		switch effect.Kind {
		case payment.Post:
			entry, err := book(next, effect, now)
			if err != nil {
				return store.Change{}, nil, err
			}
			change.Entries = append(change.Entries, entry)
		case payment.Alarm:
			change.Alarms = append(change.Alarms, alarm(next, effect.Alarm.String(), now))
		}
	}
	a.p = next
	if a.stored == 0 || string(blob) != string(before) {
		a.stored++
		row, err := a.row(blob, now)
		if err != nil {
			return store.Change{}, nil, err
		}
		change.Payments = append(change.Payments, row)
	}
	return change, effects, nil
}

// book makes the ledger entry of a posting; the kinds are the same in the machine's words and in the store's.
func book(p payment.Payment, effect payment.Effect, now time.Time) (store.Entry, error) {
	return ledger.Booking{Order: store.OrderID(p.OrderID), Operator: p.Operator, Merchant: p.Merchant,
		Amount: effect.Amount, Fee: effect.Fee, Currency: p.Currency, At: now}.Entry(store.EntryKind(effect.Posting))
}

func (a *active) row(blob []byte, now time.Time) (store.Payment, error) {
	terminal, err := record.ParseTerminal(a.p.Terminal)
	if err != nil {
		return store.Payment{}, fmt.Errorf("store payment: %w", err)
	}
	return store.Payment{Order: store.OrderID(a.p.OrderID), Terminal: terminal, Sequence: a.p.Sequence,
		Merchant: a.p.Merchant, Revision: a.stored, State: uint8(a.p.State),
		// A reversed payment that is still to be rechecked must be found again after a restart.
		Final:  a.p.State.Final() && a.p.NextAt.IsZero(),
		NextAt: a.p.NextAt, UpdatedAt: now, Blob: blob}, nil
}

func alarm(p payment.Payment, kind string, now time.Time) store.Alarm {
	return store.Alarm{Key: kind + "/" + p.OrderID.String(), Kind: kind, Terminal: p.Terminal, At: now,
		Detail: fmt.Sprintf("payment %s of %d %s at %s: %s", p.Reference, p.Amount, p.Currency, p.Operator, p.State)}
}

// perform runs the effects of a step that is durable: timers and answers at once, then the calls, the last of them on
// this goroutine.
func (s *Service) perform(a *active, stored uint64, effects []payment.Effect) {
	var calls []payment.Effect
	for _, effect := range effects {
		switch {
		case effect.Kind.IsCall():
			calls = append(calls, effect)
		case effect.Kind == payment.SetTimer:
			s.timers.set(a.id, effect.At)
		case effect.Kind == payment.Answer:
			s.answer(a)
		}
	}
	s.settle(a, stored)
	for i, effect := range calls {
		if i == len(calls)-1 {
			s.call(a, effect)
			return
		}
		s.spawn(func() { s.call(a, effect) })
	}
}

// settle erases what is not needed any more and drops a payment that is final and waits for nothing.
func (s *Service) settle(a *active, stored uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.p.State != payment.Authorising {
		a.forgetSecrets()
	}
	if a.dropped || a.stored != stored || !a.p.State.Final() || !a.p.NextAt.IsZero() {
		return
	}
	a.dropped = true
	s.timers.clear(a.id)
	s.metrics.outcomes.WithLabelValues(a.p.Outcome().String()).Inc()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, a.id)
}

// call asks the operator and feeds what comes of it back to the machine.
func (s *Service) call(a *active, effect payment.Effect) {
	select {
	case s.calls <- struct{}{}:
		defer func() { <-s.calls }()
	case <-s.ctx.Done():
		return // the next start inquires
	}
	ctx, cancel := context.WithTimeout(s.ctx, callTimeout)
	defer cancel()
	started := s.config.Clock()
	answer, err := s.ask(ctx, a, effect)
	if s.ctx.Err() != nil {
		return // the process stops: what came of the call is asked for after the restart
	}
	event := payment.Event{Kind: payment.EventAnswer, Call: effect.Kind, Operator: effect.Operator, Answer: answer}
	var notSent *operator.NotSentError
	switch {
	case errors.As(err, &notSent):
		event = payment.Event{Kind: payment.EventNotSent, Call: effect.Kind, Operator: effect.Operator}
	case err != nil:
		event = payment.Event{Kind: payment.EventUnknown, Call: effect.Kind, Operator: effect.Operator}
	}
	s.metrics.called(effect, event, s.config.Clock().Sub(started))
	if err != nil {
		s.config.Logger.Warn("operator call", "order", a.id.String(), "operator", effect.Operator,
			"call", effect.Kind.String(), "result", event.Kind.String(), "cause", err)
	}
	s.step(a, event)
}

// The causes of requests that certainly never left.
var (
	errNoConnector = errors.New("no connector for it")
	errOvertaken   = errors.New("the payment was decided otherwise before the request left")
)

func notSent(effect payment.Effect, cause error) (operator.Answer, error) {
	return operator.Answer{}, &operator.NotSentError{Operation: effect.Kind.String(), Cause: cause}
}

func (s *Service) ask(ctx context.Context, a *active, effect payment.Effect) (operator.Answer, error) {
	request, current := a.request()
	inquiry := operator.Inquiry{OrderID: request.OrderID, Merchant: request.Merchant, Amount: request.Amount, Currency: request.Currency}
	connector := s.config.Connectors[effect.Operator]
	switch effect.Kind {
	case payment.CallAuthorise, payment.CallOrder:
		// Between the commit and here the payment may have waited for a free place: what is being asked about or taken
		// back by now must not be asked for.
		if !current {
			return notSent(effect, errOvertaken)
		}
		if connector != nil && effect.Kind == payment.CallAuthorise {
			return connector.Authorise(ctx, request)
		}
		if issuer, can := connector.(operator.CodeIssuer); can {
			return issuer.Order(ctx, request)
		}
	case payment.CallQuery:
		if connector != nil {
			return connector.Query(ctx, inquiry)
		}
	case payment.CallReverse:
		if connector != nil {
			return connector.Reverse(ctx, inquiry)
		}
	case payment.CallRefund:
		if refunder, can := connector.(operator.Refunder); can {
			return refunder.Refund(ctx, inquiry)
		}
	}
	return notSent(effect, errNoConnector)
}

// request builds what an operator is asked and says whether the payment still waits for it to be sent.
func (a *active) request() (operator.Request, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return operator.Request{OrderID: a.id, Merchant: a.p.Merchant, Terminal: a.p.Terminal, Method: a.p.Method,
		Amount: a.p.Amount, Currency: a.p.Currency, Code: a.code,
		Card: append([]byte(nil), a.card...)}, a.p.State == payment.Authorising && !a.dropped
}
