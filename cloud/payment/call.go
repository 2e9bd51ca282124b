package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/yuantill/yuantill/cloud/operator"
)

// lane is the way to one operator. Calls beyond callsMax wait their turn, so that an operator that hangs holds up
// nobody but its own.
type lane struct {
	connector operator.Connector
	turns     chan struct{}
	waiting   atomic.Int64
}

func newLane(connector operator.Connector) *lane {
	return &lane{connector: connector, turns: make(chan struct{}, callsMax)}
}

var (
	errNoConnector = errors.New("payment: operator has no connector")
	errCrowded     = errors.New("payment: too many calls to the operator")
)

// take waits for a turn.
func (l *lane) take(ctx context.Context) error {
	select {
	case l.turns <- struct{}{}:
		return nil
	default:
	}
	if l.waiting.Add(1) > callsWaiting {
		l.waiting.Add(-1)
		return errCrowded
	}
	defer l.waiting.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	select {
	case l.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errCrowded
	}
}

func (l *lane) leave() { <-l.turns }

// call returns what asks the operator and hands what came of it to the machine.
func (s *Service) call(l *live, p Payment, effect Effect) func() {
	if effect.Kind == CallFollowUp {
		return s.callFollowUp(l, p, effect)
	}
	var request operator.Request
	var ready chan ready
	if effect.Kind == CallAuthorise || effect.Kind == CallOrder {
		l.mu.Lock()
		if l.readyFor == effect.Operator {
			ready, l.ready = l.ready, nil
		}
		if ready == nil { // what is ready has the code: text cannot be erased, so no other copy of it is made
			request = requestOf(p, string(l.secret), l.card)
		}
		l.mu.Unlock()
	}
	return func() {
		begun := s.config.Clock.Now()
		answer, err := s.askWhole(l, p, effect, request, ready)
		s.metrics.called(effect, err, s.config.Clock.Now().Sub(begun))
		s.handle(l, Event{Kind: s.cameTo(p, effect, err), Call: effect.Kind, Operator: effect.Operator, Answer: answer})
	}
}

// cameTo is what a call came to.
func (s *Service) cameTo(p Payment, effect Effect, err error) EventKind {
	if err == nil {
		return EventAnswer
	}
	if s.ctx.Err() == nil {
		s.config.Logger.LogAttrs(s.ctx, slog.LevelWarn, "operator call", slog.String("operator", effect.Operator),
			slog.String("call", effect.Kind.String()), slog.String("order", p.OrderID.String()), slog.Any("cause", err))
	}
	var notSent *operator.NotSentError
	if errors.As(err, &notSent) {
		return EventNotSent
	}
	return EventUnknown
}

// callFollowUp is call for a follow-up; nil for one that the payment does not have.
func (s *Service) callFollowUp(l *live, p Payment, effect Effect) func() {
	f, known := p.FollowUp(effect.FollowUp)
	if !known {
		return nil
	}
	request := operator.FollowUp{ID: f.ID, OrderID: p.OrderID, Merchant: p.Merchant, Kind: f.Kind, Amount: f.Amount,
		Currency: p.Currency, Undoes: f.Undoes, Last: f.Last}
	return func() {
		begun := s.config.Clock.Now()
		answer, err := s.askFollowUp(effect, request)
		s.metrics.called(effect, err, s.config.Clock.Now().Sub(begun))
		s.handle(l, Event{Kind: s.cameTo(p, effect, err), Call: effect.Kind, Operator: effect.Operator, FollowUp: f.ID,
			FollowUpAnswer: &answer})
	}
}

// askFollowUp makes one call. Errors are those of operator.Connector.
func (s *Service) askFollowUp(effect Effect, request operator.FollowUp) (operator.FollowUpAnswer, error) {
	operation := effect.Kind.String()
	lane := s.lanes[effect.Operator]
	if lane == nil {
		return operator.FollowUpAnswer{}, &operator.NotSentError{Operation: operation, Cause: errNoConnector}
	}
	follower, can := lane.connector.(operator.Follower)
	if !can {
		return operator.FollowUpAnswer{}, &operator.NotSentError{Operation: operation, Cause: errNoConnector}
	}
	if err := lane.take(s.ctx); err != nil {
		return operator.FollowUpAnswer{}, &operator.NotSentError{Operation: operation, Cause: err}
	}
	defer lane.leave()
	ctx, cancel := context.WithTimeout(s.ctx, callTimeout)
	defer cancel()
	return follower.FollowUp(ctx, request)
}

// askWhole makes one call. A payment that is presented again has its hard wallet's transaction in the terminal's record.
func (s *Service) askWhole(l *live, p Payment, effect Effect, request operator.Request, ready <-chan ready) (operator.Answer, error) {
	if (p.Offline || p.Signed) && effect.Kind == CallAuthorise && ready == nil && len(request.Card) == 0 {
		card, err := s.cardAgain(s.ctx, l.terminal, p.Sequence)
		if err != nil {
			return operator.Answer{}, &operator.NotSentError{Operation: effect.Kind.String(), Cause: err}
		}
		request.Card = card
	}
	return s.ask(p, effect, request, ready)
}

// forget erases the customer's code and the card's transaction. What a request was made of them goes with the request.
func (l *live) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.secret)
	l.secret, l.card, l.ready = nil, nil, nil
}

func requestOf(p Payment, code string, card []byte) operator.Request {
	return operator.Request{OrderID: p.OrderID, Merchant: p.Merchant, Terminal: p.Terminal, Method: p.Method,
		Amount: p.Amount, Currency: p.Currency, Code: code, Card: card, Hold: p.Hold,
		Verify: p.Verify, Offline: p.Offline}
}

// ready is what came of readying a call; exactly one is sent.
type ready struct {
	prepared operator.Prepared
	err      error
}

// prepare readies the call that a step asks for while the step is being stored. The call still leaves after that.
func (s *Service) prepare(l *live, next stepped) {
	for _, effect := range next.effects {
		lane := s.lanes[effect.Operator]
		if effect.Kind != CallAuthorise || next.payment.Hold || lane == nil {
			continue
		}
		preparer, can := lane.connector.(operator.Preparer)
		if !can {
			continue
		}
		made := make(chan ready, 1)
		request := requestOf(next.payment, string(l.secret), l.card)
		l.ready, l.readyFor = made, effect.Operator
		if !s.begin() {
			l.ready = nil
			return
		}
		s.crew.do(func() {
			defer s.work.Done()
			prepared, err := preparer.Prepare(request)
			made <- ready{prepared: prepared, err: err}
		})
	}
}

// ask makes one call. Errors are those of operator.Connector.
func (s *Service) ask(p Payment, effect Effect, request operator.Request, ready <-chan ready) (operator.Answer, error) {
	operation := effect.Kind.String()
	lane := s.lanes[effect.Operator]
	if lane == nil {
		return operator.Answer{}, &operator.NotSentError{Operation: operation, Cause: errNoConnector}
	}
	if err := lane.take(s.ctx); err != nil {
		return operator.Answer{}, &operator.NotSentError{Operation: operation, Cause: err}
	}
	defer lane.leave()
	ctx, cancel := context.WithTimeout(s.ctx, callTimeout)
	defer cancel()
	inquiry := operator.Inquiry{OrderID: p.OrderID, Merchant: p.Merchant, Amount: p.Amount, Currency: p.Currency}
	if request.Hold {
		if holder, ok := lane.connector.(operator.Holder); ok {
			return holder.Hold(ctx, request)
		}
		return operator.Answer{}, &operator.NotSentError{Operation: operation, Cause: errNoConnector}
	}
	switch effect.Kind {
	case CallAuthorise:
		if ready == nil {
			return lane.connector.Authorise(ctx, request)
		}
		made := <-ready
		if made.err != nil {
			return operator.Answer{}, made.err
		}
		return made.prepared.Send(ctx)
	case CallOrder:
		if issuer, ok := lane.connector.(operator.CodeIssuer); ok {
			return issuer.Order(ctx, request)
		}
		return operator.Answer{}, &operator.NotSentError{Operation: operation, Cause: errNoConnector}
	case CallQuery:
		return lane.connector.Query(ctx, inquiry)
	case CallReverse:
		return lane.connector.Reverse(ctx, inquiry)
	case CallRefund:
		if refunder, ok := lane.connector.(operator.Refunder); ok {
			return refunder.Refund(ctx, inquiry)
		}
		return operator.Answer{}, &operator.NotSentError{Operation: operation, Cause: errNoConnector}
	default:
		return operator.Answer{}, &operator.NotSentError{Operation: operation, Cause: fmt.Errorf("payment: no such call")}
	}
}
