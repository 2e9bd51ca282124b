package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Bounds of picking up after a process was ended.
const (
	pickUpTimeout = time.Minute      // until the till can sell again
	definiteWait  = 90 * time.Second // until a sale that was broken into is definite
	pickUpPoll    = 100 * time.Millisecond
)

// errNotWhole says that the scenes cannot go on: something is gone that is not started again.
var errNotWhole = errors.New("the shop is not whole any more")

// perform does a part of the demonstration. One that fails because somebody ended a process is no failure: the till is
// waited for, what became of the sale is told, and the next part goes on.
func (w *world) perform(ctx context.Context, part func() error) error {
	before := w.keeper.count()
	err := part()
	if err == nil || ctx.Err() != nil || w.keeper.broken() == nil && !w.keeper.since(before) {
		return err
	}
	w.off = true
	w.out.say(system, "这一幕被打断，剧本不再算数，看终端自己怎么收场 · "+
		"this scene was broken into and its plan is off; see how the till ends it by itself")
	w.out.say(system, "  原因 · cause: %v", err)
	if w.keeper.broken() != nil {
		return errNotWhole
	}
	return w.pickUp(ctx)
}

// pickUp waits until the till sells again and everything begun on it is definite.
func (w *world) pickUp(ctx context.Context) error {
	err := w.until(ctx, pickUpTimeout, func() error { return w.shop.Till.Selling(ctx) })
	if err != nil {
		return err
	}
	if len(w.sales) == 0 {
		return nil
	}
	last := w.sales[len(w.sales)-1]
	return w.until(ctx, definiteWait, func() error {
		sale, err := w.shop.Station.Sale(ctx, last)
		switch {
		case err != nil:
			return fmt.Errorf("ask for sale: %w", err)
		case !sale.Final:
			return fmt.Errorf("%w: %s is %s", errOutcome, sale.Text, sale.State)
		}
		w.out.say(till, "%s %s · %s", sale.Text, sale.Title.Chinese, sale.Title.English)
		return nil
	})
}

// until tries again until it works, for so long; something that is gone for good ends it.
func (w *world) until(ctx context.Context, limit time.Duration, try func() error) error {
	deadline := time.Now().Add(limit)
	for {
		err := try()
		switch {
		case err == nil:
			return nil
		case w.keeper.broken() != nil:
			return errNotWhole
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return err
		}
		select {
		case <-time.After(pickUpPoll):
		case <-ctx.Done():
		}
	}
}

// recount takes what was sold from the till's own answers.
func (w *world) recount(ctx context.Context) error {
	w.tally, w.taken, w.held = map[string]int{}, 0, 0
	for _, id := range w.sales {
		sale, err := w.shop.Station.Sale(ctx, id)
		if err != nil {
			return fmt.Errorf("ask for sale: %w", err)
		}
		if sale.Outcome != "none" {
			w.tally[sale.Outcome]++
		}
		if s := sale.Standing; s != nil {
			w.taken += s.Paid - s.Refunded
			w.held += s.StillHeld
		}
	}
	return nil
}
