package payment

import (
	"context"
	"errors"
	"log/slog"

	"github.com/yuantill/yuantill/cloud/store"
)

// sweep looks for payments whose time comes near and that are not in memory, and for follow-ups that no order has looked at,
// until the context ends.
func (s *Service) sweep(ctx context.Context) {
	for {
		select {
		case <-s.config.Clock.After(SweepEvery):
		case <-ctx.Done():
			return
		}
		s.Sweep(ctx)
	}
}

// Sweep looks once: what Run does by itself every SweepEvery. What fails is in the log and looked for again.
func (s *Service) Sweep(ctx context.Context) {
	if err := errors.Join(s.wake(ctx), s.recoverFollowUps(ctx)); err != nil && ctx.Err() == nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "look for what waits", slog.Any("cause", err))
	}
}

// wake sets the time of payments whose next look comes before the sweep after the next one; then they are read again.
func (s *Service) wake(ctx context.Context) error {
	var after store.OrderID
	for {
		rows, err := s.config.Store.DuePayments(ctx, s.config.Clock.Now().Add(restAfter), after, recoverAtOnce)
		if err != nil {
			return err
		}
		for _, row := range rows {
			after = row.Order
			s.timers.ensure(row.Order, row.NextAt)
		}
		if len(rows) < recoverAtOnce {
			return nil
		}
	}
}
