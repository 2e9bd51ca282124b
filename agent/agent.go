package agent

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/yuantill/yuantill/agent/station"
)

// Agent is a till with everything it needs to run.
type Agent struct {
	till       *till
	background map[string]func(ctx context.Context) error
}

// New checks the configuration and the parts and puts them together; nothing runs yet. It returns ErrConfig or
// checkout.ErrTiming. The feed is what the station listens to.
func New(config Config, parts Parts, feed *station.Feed) (*Agent, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if parts.Journal == nil || parts.Uplink == nil || parts.Clock == nil || parts.Random == nil || parts.Logger == nil || feed == nil {
		return nil, fmt.Errorf("%w: a part is missing", ErrConfig)
	}
	if o := parts.Offline; o != nil && (o.Journal == nil || o.Answers == nil || o.Steady == nil) {
		return nil, fmt.Errorf("%w: a part is missing", ErrConfig)
	}
	return &Agent{till: newTill(config, parts, feed), background: parts.Background}, nil
}

// Till is what the station drives.
func (a *Agent) Till() station.Desk { return a.till }

// Run takes up what the journal has open and runs the till until ctx ends or a part of it fails. It returns nil after
// ctx has ended. The journal must stay open until then.
func (a *Agent) Run(ctx context.Context) error {
	t := a.till
	if err := t.recover(ctx); err != nil {
		return fmt.Errorf("recover sales: %w", err)
	}
	group, running := errgroup.WithContext(ctx)
	start := func(name string, run func(context.Context) error) {
		group.Go(func() error {
			err := run(running)
			if running.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
				return nil
			}
			if err == nil {
				err = errors.New("ended by itself")
			}
			return fmt.Errorf("run %s: %w", name, err)
		})
	}
	for name, run := range a.background {
		start(name, run)
	}
	start("timer", t.runTimer)
	start("shifts", t.runShifts)
	start("answers", t.runAnswers)
	start("start record", t.recordStart)
	start(deviceScanner, func(ctx context.Context) error {
		return runDevice(ctx, t, deviceScanner, t.parts.Scanner, t.useScanner)
	})
	start(deviceReader, func(ctx context.Context) error {
		return runDevice(ctx, t, deviceReader, t.parts.Reader, t.useReader)
	})
	start(devicePrinter, func(ctx context.Context) error {
		return runDevice(ctx, t, devicePrinter, t.parts.Printer, t.usePrinter)
	})
	<-running.Done()
	t.stop()
	return group.Wait()
}

// stop refuses new sales; those that are open go on at the next start.
func (t *till) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
}
