package merchant

import (
	"context"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// ErrNotBlocked says that there is no block to lift.
var ErrNotBlocked = errors.New("merchant: terminal is not blocked")

const (
	// causeChain is the collector's word for the records that put a terminal into quarantine.
	causeChain = "chain"
	// quarantinedMax bounds the records looked at; the collector sets no more aside for one terminal.
	quarantinedMax = 256
)

// BlockStore is what blocking needs of the store.
type BlockStore interface {
	store.Writer
	Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error)
	Quarantined(ctx context.Context, terminal record.Terminal, limit int) ([]store.Quarantined, error)
}

// Block keeps a terminal out; one that is blocked already stays so. Errors: store.ErrNotFound, those of the store.
func Block(ctx context.Context, s BlockStore, id record.Terminal) error {
	return setState(ctx, s, id, func(store.Terminal) (store.TerminalState, error) { return store.TerminalBlocked, nil })
}

// Lift ends a block. A terminal whose chain broke goes back into quarantine: that is another decision. Errors:
// ErrNotBlocked, store.ErrNotFound, those of the store.
func Lift(ctx context.Context, s BlockStore, id record.Terminal) error {
	return setState(ctx, s, id, func(t store.Terminal) (store.TerminalState, error) {
		if t.State != store.TerminalBlocked {
			return 0, fmt.Errorf("%w but %s", ErrNotBlocked, t.State)
		}
		aside, err := s.Quarantined(ctx, id, quarantinedMax)
		if err != nil {
			return 0, err
		}
		for i := range aside {
			if aside[i].Cause == causeChain {
				return store.TerminalQuarantined, nil
			}
		}
		return store.TerminalActive, nil
	})
}

func setState(ctx context.Context, s BlockStore, id record.Terminal, next func(store.Terminal) (store.TerminalState, error)) error {
	terminal, err := s.Terminal(ctx, id)
	if err != nil {
		return fmt.Errorf("find terminal %s: %w", id, err)
	}
	if terminal.State, err = next(terminal); err != nil {
		return fmt.Errorf("change state of terminal %s: %w", id, err)
	}
	if err := s.Commit(ctx, store.Change{Terminals: []store.Terminal{terminal}}); err != nil {
		return fmt.Errorf("store terminal %s: %w", id, err)
	}
	return nil
}
