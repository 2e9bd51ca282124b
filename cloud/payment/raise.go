package payment

import (
	"context"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// raise makes an alarm durable that belongs to no step. Where that fails it is in the log.
func (s *Service) raise(alarm store.Alarm) {
	if !s.begin() {
		return
	}
	done := func(err error) {
		defer s.work.Done()
		if err != nil && s.ctx.Err() == nil {
			s.config.Logger.LogAttrs(s.ctx, slog.LevelError, "raise alarm", slog.String("kind", alarm.Kind), slog.Any("cause", err))
		}
	}
	if err := s.config.Store.Submit(s.ctx, store.Change{Alarms: []store.Alarm{alarm}}, done); err != nil {
		done(err)
	}
}

// unreadable tells, once, of a row that is stored and cannot be used.
func (s *Service) unreadable(ctx context.Context, what string, terminal record.Terminal, cause error) {
	if ctx.Err() != nil {
		return
	}
	s.config.Logger.LogAttrs(ctx, slog.LevelError, "read what waits", slog.String("what", what), slog.Any("cause", cause))
	s.raise(store.Alarm{Key: "unreadable/" + what, Kind: "unreadable", Terminal: terminal.String(), At: s.config.Clock.Now(), Once: true,
		Detail: what + " cannot be read: " + cause.Error()})
}

// stepFailed is the alarm of an event that a payment could not take: whatever it said is not in the books.
func stepFailed(p Payment, e Event, now time.Time, cause error) store.Alarm {
	detail := "order " + p.OrderID.String() + ", state " + p.State.String() + ", event " + e.Kind.String()
	if e.Kind == EventAnswer {
		detail += " to " + e.Call.String() + " of " + e.Operator
		if e.FollowUpAnswer == nil {
			detail += ": " + e.Answer.Status.String()
		} else {
			detail += ": " + e.FollowUpAnswer.Status.String()
		}
	}
	return store.Alarm{Key: "payment-step-failed/" + p.OrderID.String(), Kind: "payment-step-failed", Terminal: p.Terminal, At: now,
		Detail: detail + ": " + cause.Error()}
}
