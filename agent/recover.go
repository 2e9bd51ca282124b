package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// startedRetry is the time between two tries to record the start while the first sign-in is still to come.
const startedRetry = time.Second

// errLeftOpen marks a journal in which more is open than a start takes up.
var errLeftOpen = errors.New("agent: more is open than a start takes up")

// recover takes up where the journal ends: numbers, and what is not over.
func (t *till) recover(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.recoverOffline(ctx); err != nil {
		return err
	}
	if err := t.recoverShifts(ctx); err != nil {
		return err
	}
	open, err := t.parts.Journal.OpenSales(ctx)
	if err != nil {
		return fmt.Errorf("read open sales: %w", err)
	}
	for _, stored := range open {
		h := &held{}
		if err := h.sale.UnmarshalBinary(stored.State); err != nil {
			t.tellUnread(ctx, fmt.Errorf("read open sale %s: %w", checkout.OrderID(stored.OrderID), err))
			continue
		}
		t.logger.WarnContext(ctx, "sale taken up after restart", "sale", h.sale.OrderID, "state", h.sale.State)
		t.sales[h.sale.OrderID] = h
		t.noteUnanswered(ctx, h.sale)
		// A journal that fails is told by the machine's own effects, which keep trying.
		_ = t.give(ctx, h, checkout.Restarted{Last: stored.Last}, nil)
		if err := t.doubtLost(ctx, h); err != nil {
			return err
		}
	}
	t.tellLeftOpen(ctx, "sales", len(open))
	return t.recoverFollowUps(ctx)
}

// tellUnread is for what is open in the journal and cannot be taken up: the others must not suffer, but no payment begins
// before a program that can read it has taken it up. The lock is held.
func (t *till) tellUnread(ctx context.Context, err error) {
	t.logger.ErrorContext(ctx, "left open and not to be read: no further payments", "error", err)
	if t.unread == nil {
		t.unread = err
	}
}

// tellLeftOpen tells that as much was read as is ever read, so that the newest may be left out: they are asked about after
// another start, once others have ended. The lock is held.
func (t *till) tellLeftOpen(ctx context.Context, what string, read int) {
	if read < journal.OpenMax {
		return
	}
	t.tellUnread(ctx, fmt.Errorf("%w: %d %s were taken up", errLeftOpen, read, what))
	t.feed.PublishNotice("", catalogue.RefuseLeftOpen, t.parts.Clock())
}

// recordStart puts the agent's start into the journal as soon as there is an epoch to record under.
func (t *till) recordStart(ctx context.Context) error {
	retry := time.NewTicker(startedRetry)
	defer retry.Stop()
	for !t.tryRecordStart(ctx) {
		select {
		case <-retry.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

// tryRecordStart reports whether the start is recorded or never will be; else there is no epoch yet.
func (t *till) tryRecordStart(ctx context.Context) bool {
	entry := journal.Entry{Type: record.AgentStarted, Body: &message.AgentStarted{Version: t.config.Version}}
	_, err := t.parts.Journal.Append(ctx, entry)
	if errors.Is(err, journal.ErrNoEpoch) {
		return false
	}
	if err != nil {
		t.logger.WarnContext(ctx, "start not recorded", "error", err)
	}
	return true
}
