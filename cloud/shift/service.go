// Package shift keeps what terminals say of their shifts and holds it against the cloud's own books: shift-opened and
// shift-closed records come in, rows and alarms leave.
package shift

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

// Bounds of comparing.
const (
	// retryEvery is the time between two looks at shifts whose records or payments are not all there yet.
	retryEvery = 10 * time.Second
	waitingMax = 100 // shifts of one read
	recordsMax = 500 // records of one read
)

// Store is what the service needs of a store.
type Store interface {
	store.Writer
	store.RecordReader
	store.ShiftReader
	Payment(ctx context.Context, order store.OrderID) (store.Payment, error)
	FollowUp(ctx context.Context, id store.FollowUpID) (store.FollowUp, error)
}

// Config is what a service works with.
type Config struct {
	Store  Store
	Clock  func() time.Time
	Logger *slog.Logger
}

// Service takes shifts and compares them.
type Service struct {
	config Config
	wake   chan struct{}
}

var errConfig = errors.New("shift: incomplete configuration")

// New checks the configuration; it starts nothing.
func New(config Config) (*Service, error) {
	if config.Store == nil || config.Clock == nil || config.Logger == nil {
		return nil, errConfig
	}
	return &Service{config: config, wake: make(chan struct{}, 1)}, nil
}

// Run compares shifts as they are completed, and again until all they speak of is stored and definite. It returns nil
// when the context ends.
func (s *Service) Run(ctx context.Context) error {
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		if err := s.Compare(ctx); err != nil && ctx.Err() == nil {
			s.config.Logger.LogAttrs(ctx, slog.LevelError, "compare shifts", slog.Any("cause", err))
		}
		select {
		case <-s.wake:
		case <-retry.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Compare looks once at every shift that waits to be compared. One that cannot be yet, or not read, does not hold up the
// others.
func (s *Service) Compare(ctx context.Context) error {
	var errs []error
	for skipped := 0; ; {
		waiting, err := s.config.Store.WaitingShifts(ctx, skipped, waitingMax)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, row := range waiting {
			done, err := s.compareOne(ctx, row)
			if err != nil {
				errs = append(errs, err)
			}
			if !done {
				skipped++
			}
		}
		if len(waiting) < waitingMax || ctx.Err() != nil {
			return errors.Join(errs...)
		}
	}
}
