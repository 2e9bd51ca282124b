package payment

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// live is a payment in memory. Its events are worked through one after another, each stored before the next.
type live struct {
	terminal record.Terminal
	// Under which it is found among those in memory, and for which operator it counts there; guarded by Service.mu.
	number, operator string

	mu       sync.Mutex
	payment  Payment // guarded by mu; as stored
	blob     []byte  // guarded by mu; payment as this program writes it, nil where it has not
	revision uint64  // guarded by mu; of the stored row
	busy     bool    // guarded by mu; a step is being stored
	events   []Event // guarded by mu; waiting, at most eventsMax
	resumed  bool    // guarded by mu; taken up at the start of the process
	released bool    // guarded by mu; forgotten: what happens next happens to the payment as it is read again
	secret   []byte  // guarded by mu; the customer's one-time code until it has been used
	card     []byte  // guarded by mu; the hard wallet's transaction until it has been used
	// ready is the first authorise, being readied for the operator readyFor; nil once it was used. Guarded by mu.
	ready    chan ready
	readyFor string
}

// stepped is a step on its way to the store.
type stepped struct {
	payment Payment
	effects []Effect
	change  store.Change
	asked   *Asked // the follow-up that the event asked for
	counted bool   // among its payer's payments without verification
}

// stored reports whether the payment has been stored.
func (l *live) stored() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.revision > 0
}

// handle lets something happen to a payment: at once, or after what is happening to it. It may block while the store
// has too much to do.
func (s *Service) handle(l *live, e Event) {
	l.mu.Lock()
	if l.released {
		order := store.OrderID(l.payment.OrderID)
		l.mu.Unlock()
		s.handleAnew(order, e)
		return
	}
	if !l.busy {
		l.busy = true
		l.mu.Unlock()
		s.advance(l, e)
		return
	}
	defer l.mu.Unlock()
	if len(l.events) >= eventsMax { // whatever it was, the next query tells
		s.config.Logger.LogAttrs(s.ctx, slog.LevelWarn, "event dropped", slog.String("event", e.Kind.String()))
		return
	}
	l.events = append(l.events, e)
}

// handleAnew lets something happen to a payment that was forgotten meanwhile: late answers come so.
func (s *Service) handleAnew(order store.OrderID, e Event) {
	l, err := s.find(s.ctx, order)
	if err != nil {
		if s.ctx.Err() == nil {
			s.config.Logger.LogAttrs(s.ctx, slog.LevelError, "find payment again", slog.String("order", order.String()), slog.Any("cause", err))
		}
		return
	}
	s.handle(l, e)
}

// advance steps the payment, which is busy, until an event has to be stored or none is left.
func (s *Service) advance(l *live, e Event) {
	for more := true; more; e, more = s.nextEvent(l) {
		l.mu.Lock()
		next, changed, err := s.step(l, e)
		before := l.payment
		l.mu.Unlock()
		if err != nil {
			s.config.Logger.LogAttrs(s.ctx, slog.LevelError, "step payment", slog.Any("cause", err))
			s.raise(stepFailed(before, e, s.config.Clock.Now(), err))
			continue
		}
		if changed {
			s.submit(l, e, next)
			return
		}
		for _, call := range s.effects(l, next) {
			s.start(call)
		}
	}
}

// nextEvent takes the next waiting event. When there is none the payment is no longer busy, and forgotten when it is settled
// or rests. One that stays has its timer, whatever became of its last tick: events are dropped where too many wait, and
// a clock that was set back makes a tick come to nothing.
func (s *Service) nextEvent(l *live) (Event, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) > 0 {
		e := l.events[0]
		l.events = l.events[1:]
		return e, true
	}
	l.busy = false
	order, next, now := store.OrderID(l.payment.OrderID), l.payment.NextAt, s.config.Clock.Now()
	if settled(l.payment) || resting(l.payment, now) {
		l.released = true
		s.release(l, order, !settled(l.payment) && next.Sub(now) <= restAfter && s.timers.ensure(order, next))
		return Event{}, false
	}
	if !next.IsZero() {
		if !next.After(now) {
			next = now.Add(tickAgainAfter)
		}
		s.timers.ensure(order, next)
	}
	return Event{}, false
}

// submit stores a step; what follows from it comes after the commit.
func (s *Service) submit(l *live, e Event, next stepped) {
	if !s.begin() {
		return
	}
	err := s.config.Store.Submit(s.ctx, next.change, func(err error) {
		// Effects take their time and may submit again, which the store's own goroutine must not.
		s.crew.do(func() {
			defer s.work.Done()
			s.stored(l, e, next, err)
		})
	})
	if err != nil {
		defer s.work.Done()
		s.stored(l, e, next, err)
	}
}

// step makes a step without storing it. l.mu is held.
func (s *Service) step(l *live, e Event) (stepped, bool, error) {
	now := s.config.Clock.Now()
	if l.blob == nil {
		blob, err := l.payment.MarshalBinary()
		if err != nil {
			return stepped{}, false, err
		}
		l.blob = blob
	}
	p, effects := s.config.Machine.Step(l.payment, e, now)
	row, err := l.row(p, l.revision+1, now)
	if err != nil {
		return stepped{}, false, err
	}
	next := stepped{payment: p, effects: effects, asked: e.Asked}
	for _, effect := range effects {
		switch effect.Kind {
		case Post:
			entry, err := entryOf(p, effect, now)
			if err != nil {
				return stepped{}, false, err
			}
			next.change.Entries = append(next.change.Entries, entry)
		case Alarm:
			next.change.Alarms = append(next.change.Alarms, alarmOf(p, effect, now))
		case TakeFollowUp, DeclineFollowUp:
			next.change.FollowUps = append(next.change.FollowUps, followUpRow(p, e.Asked, effect))
		default:
		}
	}
	asked := l.payment.State == AwaitingPassword // whether we or the operator wanted it
	if p.State == Approved && l.payment.State.waiting() && !p.Offline && !asked {
		var alarms []store.Alarm
		alarms, next.counted = s.unverified(p, now)
		next.change.Alarms = append(next.change.Alarms, alarms...)
	}
	changed := !bytes.Equal(l.blob, row.Blob) || next.change.Rows() > 0
	next.change.Payments = []store.Payment{row}
	return next, changed, nil
}

// row returns a payment as the store keeps it. It stays open as long as the machine wants to look at it again.
func (l *live) row(p Payment, revision uint64, now time.Time) (store.Payment, error) {
	blob, err := p.MarshalBinary()
	if err != nil {
		return store.Payment{}, err
	}
	return store.Payment{Order: store.OrderID(p.OrderID), Terminal: l.terminal, Sequence: p.Sequence, Merchant: p.Merchant,
		Reference: p.Reference, Revision: revision, State: uint8(p.State), Final: settled(p), NextAt: p.NextAt, UpdatedAt: now, Blob: blob}, nil
}

// settled reports whether nothing more is expected: final, and not to be looked at again.
func settled(p Payment) bool { return p.State.Final() && p.NextAt.IsZero() }

// resting reports whether nobody waits for a payment that is not looked at for long: a hold until its end, a reversed one
// until it is looked at once more, and what an operator that is down has not taken back or honoured yet. Its card is in the
// terminal's record; a code is of no use any more.
func resting(p Payment, now time.Time) bool {
	return (p.Offline || p.State != Created && !p.State.waiting()) && !p.Pursued() && p.NextAt.Sub(now) > restFor
}

// entryOf returns the ledger entry of a posting.
func entryOf(p Payment, effect Effect, now time.Time) (store.Entry, error) {
	// The store's numbers are the machine's.
	return ledger.Booking{Order: store.OrderID(p.OrderID), Part: store.FollowUpID(effect.FollowUp), Operator: p.Operator,
		Merchant: p.Merchant, Amount: effect.Amount, Fee: effect.Fee, Held: effect.Held, Currency: p.Currency,
		At: now}.Entry(store.EntryKind(effect.Posting))
}

func alarmOf(p Payment, effect Effect, now time.Time) store.Alarm {
	kind := "payment-" + effect.Alarm.String()
	return store.Alarm{Key: kind + "/" + p.OrderID.String(), Kind: kind, Terminal: p.Terminal,
		Detail: "order " + p.OrderID.String() + ", state " + p.State.String(), At: now}
}

// stored goes on after a commit: effects, then the next event. It may take as long as a call.
func (s *Service) stored(l *live, e Event, next stepped, err error) {
	if err != nil {
		s.notStored(l, e, next, err)
		return
	}
	l.mu.Lock()
	before := l.payment
	l.payment, l.blob = next.payment, next.change.Payments[0].Blob
	l.revision++
	l.mu.Unlock()
	if next.payment.State != Authorising { // until then a back-up operator may need the code
		l.forget()
	}
	s.metrics.count(before, next)
	calls := s.effects(l, next)
	s.proceed(l)
	for i, call := range calls {
		if i < len(calls)-1 {
			s.start(call)
			continue
		}
		call() // here: waking another goroutine would make the customer wait
	}
}

// proceed works through what happened meanwhile.
func (s *Service) proceed(l *live) {
	if e, more := s.nextEvent(l); more {
		s.advance(l, e)
	}
}

// notStored keeps the event until the store takes it; what an operator said must not be lost while the process lives.
func (s *Service) notStored(l *live, e Event, next stepped, err error) {
	if s.ctx.Err() != nil || errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrFailed) {
		return // the next start asks again
	}
	s.config.Logger.LogAttrs(s.ctx, slog.LevelError, "payment step not stored",
		slog.String("order", next.payment.OrderID.String()), slog.String("event", e.Kind.String()), slog.Any("cause", err))
	var conflict *store.ConflictError
	if errors.As(err, &conflict) && s.resolve(l, next, conflict) {
		return
	}
	if next.counted {
		s.payers.uncount(next.payment)
	}
	select {
	case <-s.config.Clock.After(retryAfter):
	case <-s.ctx.Done():
		return
	}
	l.mu.Lock()
	l.events = append([]Event{e}, l.events...)
	l.mu.Unlock()
	s.proceed(l)
}

// resolve handles a step that can never be stored as it is. It reports whether it did.
func (s *Service) resolve(l *live, next stepped, conflict *store.ConflictError) bool {
	switch conflict.Kind {
	case store.EntryExists:
		// The ledger already has this entry, as when an operator contradicts itself twice. Money is never booked a
		// second time; a person looks at it.
		change := next.change
		change.Entries = nil
		change.Alarms = append(change.Alarms, store.Alarm{Key: "entry-exists/" + conflict.Order.String(), Kind: "entry-exists",
			Terminal: l.terminal.String(), Detail: "order " + conflict.Order.String() + " was to be booked twice",
			At: s.config.Clock.Now()})
		if err := s.config.Store.Commit(s.ctx, change); err != nil {
			return false
		}
		s.stored(l, Event{}, next, nil)
		return true
	case store.PaymentMoved:
		// Somebody else stored a step. What is stored counts.
		row, err := s.config.Store.Payment(s.ctx, store.OrderID(next.payment.OrderID))
		if err != nil {
			return false
		}
		var p Payment
		if err := p.UnmarshalBinary(row.Blob); err != nil {
			return false
		}
		l.mu.Lock()
		s.metrics.pursued(l.payment, p)
		l.payment, l.blob, l.revision = p, nil, row.Revision
		l.mu.Unlock()
		return false
	case store.FollowUpMoved:
		// It was asked for again while the first time was being stored, and that decided.
		s.proceed(l)
		return true
	default:
		return false
	}
}

// effects does what a step asked for, after it was stored, and returns the calls that it asked for.
func (s *Service) effects(l *live, next stepped) (calls []func()) {
	for _, effect := range next.effects {
		switch {
		case effect.Kind.IsCall():
			if call := s.call(l, next.payment, effect); call != nil {
				calls = append(calls, call)
			}
		case effect.Kind == Answer:
			s.answer(l.terminal, next.payment)
		case effect.Kind == AnswerFollowUp:
			s.answerFollowUp(next.payment, effect.FollowUp)
		case effect.Kind == DeclineFollowUp:
			s.answerDeclined(next.payment, next.asked, effect)
		case effect.Kind == SetTimer:
			s.timers.set(store.OrderID(next.payment.OrderID), effect.At)
		}
	}
	return calls
}

func (s *Service) answer(terminal record.Terminal, p Payment) {
	if err := s.config.Answers.Send(s.ctx, terminal, record.PaymentResult, result(p)); err != nil && s.ctx.Err() == nil {
		// The terminal asks again every few seconds until it knows.
		s.config.Logger.LogAttrs(context.Background(), slog.LevelWarn, "send payment result",
			slog.String("terminal", terminal.String()), slog.Any("cause", err))
	}
}
