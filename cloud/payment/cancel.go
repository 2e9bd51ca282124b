package payment

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// A reversal whose payment has not been seen cancels the order: that is durable with the reversal's record, so that the
// terminal can be told at once, and for ever, that the sale is over without money.

type reversals struct{ *Service }

// Consume cancels an order that has not been seen, in the same commit as the record; a payment that has been is taken
// back after it.
func (s reversals) Consume(ctx context.Context, r collector.Verified, _ []byte) (store.Change, func(error)) {
	order, reason, err := parseReversal(r)
	if err != nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelWarn, "take payment back",
			slog.String("terminal", r.Terminal.ID.String()), slog.Any("cause", err))
		return store.Change{}, nil
	}
	var change store.Change
	switch seen, err := s.seen(ctx, order); {
	case err != nil: // looked at once more after the commit
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "look for order", slog.Any("cause", err))
	case !seen:
		change.Cancelled = []store.Cancelled{s.cancellation(r.Terminal.ID, order, reason)}
		// Noted before it is durable, for the payment that comes next: the terminal has given it up either way.
		s.cancelled.note(order, change.Cancelled[0])
	}
	return change, func(err error) {
		switch {
		case err == nil:
			s.start(func() { s.reverse(s.ctx, r.Terminal.ID, order, reason) })
		case len(change.Cancelled) > 0: // the record was not stored either: the terminal sends it again
			s.cancelled.drop(order)
		}
	}
}

// Again does the same once more: a payment that is being taken back, or was, only answers.
func (s reversals) Again(ctx context.Context, r collector.Verified, _ []byte) {
	order, reason, err := parseReversal(r)
	if err != nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelWarn, "take payment back again",
			slog.String("terminal", r.Terminal.ID.String()), slog.Any("cause", err))
		return
	}
	s.start(func() { s.reverse(s.ctx, r.Terminal.ID, order, reason) })
}

var errReversal = errors.New("payment: unreadable reversal")

func parseReversal(r collector.Verified) (store.OrderID, operator.Reason, error) {
	var body message.ReversalRequested
	if err := proto.Unmarshal(r.Record.Body(), &body); err != nil || len(body.GetOrderId()) != len(store.OrderID{}) {
		return store.OrderID{}, operator.ReasonNone, errReversal
	}
	reason := operator.Reason(body.GetReason())
	if body.GetReason() <= 0 || body.GetReason() > message.Reason(operator.ReasonMax) {
		reason = operator.ReasonOther
	}
	return store.OrderID(body.GetOrderId()), reason, nil
}

func (s *Service) cancellation(terminal record.Terminal, order store.OrderID, reason operator.Reason) store.Cancelled {
	return store.Cancelled{Order: order, Terminal: terminal, Reason: uint8(reason), At: instant(s.config.Clock.Now())}
}

// seen reports whether an order has a payment or is cancelled.
func (s *Service) seen(ctx context.Context, order store.OrderID) (bool, error) {
	if taken, err := s.taken(ctx, order); taken || err != nil {
		return taken, err
	}
	switch _, err := s.findCancelled(ctx, order); {
	case err == nil:
		return true, nil
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	default:
		return false, err
	}
}

// findCancelled returns the cancellation of an order, or store.ErrNotFound.
func (s *Service) findCancelled(ctx context.Context, order store.OrderID) (store.Cancelled, error) {
	if c, known := s.cancelled.get(order); known {
		return c, nil
	}
	return s.config.Store.Cancelled(ctx, order)
}

// cancelledBefore reports whether an order was cancelled before its payment came. As in reused, the store is asked only
// about orders that it refused once.
func (s *Service) cancelledBefore(ctx context.Context, order store.OrderID) (store.Cancelled, bool) {
	if c, known := s.cancelled.get(order); known {
		return c, true
	}
	if _, refused := s.refused.get(order); !refused {
		return store.Cancelled{}, false
	}
	c, err := s.config.Store.Cancelled(ctx, order)
	if err == nil {
		s.cancelled.note(order, c)
	} else if !errors.Is(err, store.ErrNotFound) { // the store refuses the payment once more
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "look for cancelled order", slog.Any("cause", err))
	}
	return c, err == nil
}

// reverse takes back a payment of the terminal's own, or tells that it was cancelled before it came.
func (s *Service) reverse(ctx context.Context, terminal record.Terminal, order store.OrderID, reason operator.Reason) {
	err := s.reversePayment(ctx, terminal, order, reason)
	if errors.Is(err, store.ErrNotFound) {
		err = s.reverseUnseen(ctx, terminal, order, reason)
	}
	if err != nil && s.ctx.Err() == nil { // the terminal asks again
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "take payment back", slog.String("order", order.String()),
			slog.Any("cause", err))
	}
}

// reversePayment returns store.ErrNotFound when there is no payment.
func (s *Service) reversePayment(ctx context.Context, terminal record.Terminal, order store.OrderID, reason operator.Reason) error {
	l, err := s.find(ctx, order)
	if err != nil {
		return err
	}
	if l.terminal != terminal {
		s.handle(l, Event{Kind: EventTick}) // so that it leaves memory again
		return s.alarmForeign(ctx, terminal, order)
	}
	s.handle(l, Event{Kind: EventReversalRequested, Reason: reason})
	return nil
}

func (s *Service) reverseUnseen(ctx context.Context, terminal record.Terminal, order store.OrderID, reason operator.Reason) error {
	c, err := s.findCancelled(ctx, order)
	if errors.Is(err, store.ErrNotFound) {
		// The reversal was stored without a cancellation: the store could not be read then, or an earlier program
		// wrote it.
		c = s.cancellation(terminal, order, reason)
		if err = s.config.Store.Commit(ctx, store.Change{Cancelled: []store.Cancelled{c}}); err != nil {
			return err
		}
		s.cancelled.note(order, c)
		// A payment that began meanwhile was not kept from it.
		if err := s.reversePayment(ctx, terminal, order, reason); !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	switch {
	case err != nil:
		return err
	case c.Terminal != terminal:
		return s.alarmForeign(ctx, terminal, order)
	}
	s.answerCancelled(c)
	return nil
}

// alarmForeign tells a person; the terminal is told nothing of another's order.
func (s *Service) alarmForeign(ctx context.Context, terminal record.Terminal, order store.OrderID) error {
	return s.config.Store.Commit(ctx, store.Change{Alarms: []store.Alarm{foreignReversal(terminal, order, s.config.Clock.Now())}})
}

func foreignReversal(terminal record.Terminal, order store.OrderID, now time.Time) store.Alarm {
	return store.Alarm{Key: "reversal-foreign/" + terminal.String(), Kind: "reversal-foreign", Terminal: terminal.String(),
		Detail: "the terminal wanted to take back order " + order.String() + ", which is another's", At: now}
}

// answerCancelled tells the terminal that the sale is over. It names no amount: the payment has not been seen.
func (s *Service) answerCancelled(c store.Cancelled) {
	err := s.config.Answers.Send(s.ctx, c.Terminal, record.PaymentResult, &message.PaymentResult{
		OrderId: c.Order[:], Outcome: message.Outcome_OUTCOME_REVERSED, Stage: message.Stage_STAGE_FINAL,
		Reason: message.Reason(c.Reason), DecidedAt: protocolTime(c.At), Revision: 1})
	if err != nil && s.ctx.Err() == nil {
		s.config.Logger.LogAttrs(s.ctx, slog.LevelWarn, "send payment result",
			slog.String("terminal", c.Terminal.String()), slog.Any("cause", err))
	}
}
