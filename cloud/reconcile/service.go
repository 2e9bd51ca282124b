package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
)

// Bounds of asking for a statement.
const (
	// attemptsMax is how often a day's statement is asked for in a row; then a person is told, and it is asked for again at the
	// usual time of each day.
	attemptsMax = 8
	pauseFirst  = time.Minute // doubles with each attempt up to pauseMax
	pauseMax    = time.Hour
	callTimeout = 20 * time.Second // of one page
	lookAgain   = time.Minute      // after a failure of our own
	waitMax     = time.Hour        // between two looks, since clocks may be set
)

// DefaultAt is when in the day, in China, the day before is compared: after the last of what crossed midnight is known.
const DefaultAt = 2 * time.Hour

// Store is what a service needs of a store.
type Store interface {
	store.Writer
	store.ReconciliationReader
	Payment(ctx context.Context, order store.OrderID) (store.Payment, error)
	Entries(ctx context.Context, order store.OrderID) ([]store.Entry, error)
}

// Disputes books disputes; payment.Service does.
type Disputes interface {
	// Dispute hands a dispute to its payment and reports whether that has decided about it durably, and whether it is booked. One
	// that is handed over again is the same.
	Dispute(ctx context.Context, order operator.OrderID, d payment.Dispute) (decided, booked bool, err error)
}

// Config is what a service works with.
type Config struct {
	Store Store
	// Operators are the connectors by operator code; those that read no statements are left out.
	Operators map[string]operator.Connector
	Disputes  Disputes
	// At is when in the day the day before is compared; 0 is DefaultAt.
	At     time.Duration
	Clock  func() time.Time
	Logger *slog.Logger
}

// Service compares each operator's days, one after another.
type Service struct {
	config  Config
	readers map[string]operator.StatementReader
}

var errConfig = errors.New("reconcile: incomplete configuration")

// New checks the configuration; it starts nothing.
func New(config Config) (*Service, error) {
	if config.Store == nil || config.Disputes == nil || config.Clock == nil || config.Logger == nil || config.At < 0 || config.At >= 24*time.Hour {
		return nil, errConfig
	}
	if config.At == 0 {
		config.At = DefaultAt
	}
	s := &Service{config: config, readers: map[string]operator.StatementReader{}}
	for code, connector := range config.Operators {
		if reader, can := connector.(operator.StatementReader); can {
			s.readers[code] = reader
		}
	}
	return s, nil
}

// Run compares what is due until the context ends.
func (s *Service) Run(ctx context.Context) error {
	for {
		wait := min(s.Step(ctx).Sub(s.config.Clock()), waitMax)
		timer := time.NewTimer(max(wait, 0))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// Step does for each operator what is due, at most one day, and returns when something is due next. What fails is in the log and
// comes again.
func (s *Service) Step(ctx context.Context) time.Time {
	next := s.config.Clock().Add(waitMax)
	for _, code := range slices.Sorted(maps.Keys(s.readers)) {
		at, err := s.stepOperator(ctx, code)
		if err != nil {
			at = s.config.Clock().Add(lookAgain)
			if ctx.Err() == nil {
				s.config.Logger.LogAttrs(ctx, slog.LevelError, "compare statement", slog.String("operator", code), slog.Any("cause", err))
			}
		}
		if at.Before(next) {
			next = at
		}
	}
	return next
}

// turn is the day that an operator's books are compared of next.
type turn struct {
	code    string
	day     operator.Day
	row     store.Reconciliation // as it waits, or new
	entry   uint64               // the last ledger entry that was compared before
	carried []Item
}

func (s *Service) stepOperator(ctx context.Context, code string) (time.Time, error) {
	t, err := next(ctx, s.config.Store, code, s.config.Clock())
	if err != nil {
		return time.Time{}, err
	}
	due, now := t.day.End().Add(s.config.At), s.config.Clock()
	if t.row.NextAt.After(due) {
		due = t.row.NextAt
	}
	if now.Before(due) {
		return due, nil
	}
	row, alarms, err := s.compare(ctx, t)
	var later *laterError
	switch {
	case errors.As(err, &later):
		row, alarms = s.postpone(t, later)
	case err != nil:
		return time.Time{}, err
	}
	if err := s.config.Store.Commit(ctx, store.Change{Reconciliations: []store.Reconciliation{row}, Alarms: alarms}); err != nil {
		return time.Time{}, fmt.Errorf("store comparison: %w", err)
	}
	if row.State == store.ReconciliationWaiting {
		return row.NextAt, nil
	}
	s.config.Logger.LogAttrs(ctx, slog.LevelInfo, "statement compared", slog.String("operator", code), slog.String("day", t.day.String()),
		slog.Uint64("lines", uint64(row.Lines)), slog.String("state", row.State.String()))
	return now, nil // perhaps another day is due
}

// next finds the day after the last that was compared or given up; without any it is yesterday.
func next(ctx context.Context, ledger store.ReconciliationReader, code string, now time.Time) (turn, error) {
	const latest = 2
	rows, err := ledger.Reconciliations(ctx, code, latest)
	if err != nil {
		return turn{}, err
	}
	t := turn{code: code, day: operator.DayOf(now) - 1, row: store.Reconciliation{State: store.ReconciliationWaiting}}
	if len(rows) > 0 && rows[0].State == store.ReconciliationWaiting {
		t.row, t.day, rows = rows[0], operator.Day(rows[0].Day), rows[1:]
	} else if len(rows) > 0 {
		t.day = operator.Day(rows[0].Day) + 1
	}
	t.row.Operator, t.row.Day = code, int32(t.day)
	if len(rows) == 0 {
		t.entry, err = ledger.EntriesBefore(ctx, t.day.Start())
		return t, err
	}
	before, err := ReadBody(rows[0].Body)
	t.entry, t.carried = rows[0].Entry, before.Carried
	return t, err
}

// laterError says why a day cannot be compared yet.
type laterError struct {
	kind  string // of the alarm when it stays so
	cause error
}

// Error returns the cause's text.
func (e *laterError) Error() string { return e.cause.Error() }

// Unwrap returns the cause.
func (e *laterError) Unwrap() error { return e.cause }

// postpone sets the time of the next attempt, and tells a person after attemptsMax in a row.
func (s *Service) postpone(t turn, why *laterError) (store.Reconciliation, []store.Alarm) {
	row, now := t.row, s.config.Clock()
	row.Attempts++
	row.Detail, row.At = why.Error(), now
	if row.Attempts%attemptsMax != 0 {
		row.NextAt = now.Add(pause(row.Attempts % attemptsMax))
		return row, nil
	}
	if row.NextAt = operator.DayOf(now).Start().Add(s.config.At); !row.NextAt.After(now) {
		row.NextAt = operator.DayOf(now).End().Add(s.config.At)
	}
	return row, []store.Alarm{{Key: why.kind + "/" + t.code + "/" + t.day.String(), Kind: why.kind, At: now,
		Detail: fmt.Sprintf("operator %s, day %s, after %d attempts: %v", t.code, t.day, row.Attempts, why)}}
}

// pause is the wait after the n-th attempt in a row, counted from 1.
func pause(n uint32) time.Duration {
	wait := pauseFirst
	for range n - 1 {
		wait = min(2*wait, pauseMax)
	}
	return wait
}
