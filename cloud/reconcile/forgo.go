package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
)

// Errors of giving a statement up.
var (
	// ErrNotWaiting marks a day that is not the one whose statement is being asked for.
	ErrNotWaiting = errors.New("reconcile: no statement of this day is waited for")
	// ErrTooEarly marks a day of which nobody has been told yet that its statement cannot be had: it may still come by itself.
	ErrTooEarly = errors.New("reconcile: the statement is still being asked for")
	// ErrReason marks a decision that nobody stands for, or without a reason.
	ErrReason = errors.New("reconcile: who decides, and why, must be one line each")
)

const (
	byMax  = 64  // characters
	whyMax = 200 // characters
)

// ForgoStore is what giving a statement up needs of a store.
type ForgoStore interface {
	store.Writer
	store.ReconciliationReader
}

// Decision gives the statement of a day up: the operator will not provide it.
type Decision struct {
	Operator string // code
	Day      operator.Day
	By, Why  string // one line each
	At       time.Time
}

// Forgo ends the wait for a statement that a person was told of as missing, so that the days behind it are compared. What the ledger
// has of the day is not compared: it is said with the day how much that is. It still settles what the next statement has of it. A
// day that was given up stays so; its statement has to be compared by people, disputes with it. It may be called while a service
// runs on the same store. Errors: ErrNotWaiting, ErrTooEarly, ErrReason, the store's.
func Forgo(ctx context.Context, books ForgoStore, d Decision) (store.Reconciliation, error) {
	d.By, d.Why = strings.TrimSpace(d.By), strings.TrimSpace(d.Why)
	if d.By == "" || d.Why == "" || !store.OneLine(d.By, byMax) || !store.OneLine(d.Why, whyMax) {
		return store.Reconciliation{}, ErrReason
	}
	t, err := next(ctx, books, d.Operator, d.At)
	switch {
	case err != nil:
		return store.Reconciliation{}, err
	case t.day != d.Day || t.row.Attempts == 0:
		return store.Reconciliation{}, fmt.Errorf("give up %s's day %s: %w", d.Operator, d.Day, ErrNotWaiting)
	case t.row.Attempts < attemptsMax:
		return store.Reconciliation{}, fmt.Errorf("give up %s's day %s: %w: attempt %d of %d", d.Operator, d.Day, ErrTooEarly, t.row.Attempts, attemptsMax)
	}
	row, err := forgone(ctx, books, t, d)
	if err != nil {
		return store.Reconciliation{}, err
	}
	if err := books.Commit(ctx, store.Change{Reconciliations: []store.Reconciliation{row}}); err != nil {
		return store.Reconciliation{}, fmt.Errorf("store decision: %w", err)
	}
	return settled(ctx, books, d)
}

// forgone is the row of a day given up: all that has no counterpart is carried, that of the day marked.
func forgone(ctx context.Context, books ForgoStore, t turn, d Decision) (store.Reconciliation, error) {
	ours, last, err := movements(ctx, books, t)
	if err != nil {
		return store.Reconciliation{}, err
	}
	all := append(t.carried, ours...)
	count, paid, returned := 0, int64(0), int64(0)
	for i := range all {
		if !all[i].Ours || all[i].Day != t.day { // those of before are told of with the next statement, as if this one had none of them
			continue
		}
		all[i].Forgone = true
		if count++; all[i].Amount > 0 {
			paid += all[i].Amount
		} else {
			returned -= all[i].Amount
		}
	}
	carried := Match(all, t.day)
	row := t.row
	row.State, row.NextAt, row.Entry, row.At = store.ReconciliationForgone, time.Time{}, last, d.At
	row.Detail = fmt.Sprintf("%s: %s (not compared: %d of ours, +%d -%d minor units; before: %s)", d.By, d.Why, count, paid, returned, t.row.Detail)
	row.Body, err = Body{Carried: carried[:min(len(carried), carriedMax)]}.encode()
	return row, err
}

// settled reads how the day stands: the service may have compared it at the same moment, which then holds.
func settled(ctx context.Context, books ForgoStore, d Decision) (store.Reconciliation, error) {
	const enough = 31
	rows, err := books.Reconciliations(ctx, d.Operator, enough)
	if err != nil {
		return store.Reconciliation{}, err
	}
	for _, row := range rows {
		if row.Day == int32(d.Day) && row.State == store.ReconciliationForgone {
			return row, nil
		}
	}
	return store.Reconciliation{}, fmt.Errorf("give up %s's day %s: %w", d.Operator, d.Day, ErrNotWaiting)
}
