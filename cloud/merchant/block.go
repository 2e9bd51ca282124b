package merchant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// ErrNotBlocked says that there is no block to lift.
var ErrNotBlocked = errors.New("merchant: terminal is not blocked")

// ErrRetired says that the terminal was retired, which is for good.
var ErrRetired = errors.New("merchant: terminal is retired")

// BlockStore is what decisions about terminals need of the store.
type BlockStore interface {
	store.Writer
	Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error)
}

// Block keeps a terminal out; one that is blocked already stays so. Errors: ErrRetired, store.ErrNotFound, those of the
// store.
func Block(ctx context.Context, s BlockStore, id record.Terminal, now time.Time) error {
	state, err := decide(ctx, s, store.Decision{Terminal: id, Kind: store.Block, At: now})
	if state == store.TerminalRetired {
		return fmt.Errorf("block terminal %s: %w", id, ErrRetired)
	}
	return err
}

// Lift ends a block. A terminal whose chain broke goes back into quarantine: that is another decision. Errors:
// ErrNotBlocked, ErrRetired, store.ErrNotFound, those of the store.
func Lift(ctx context.Context, s BlockStore, id record.Terminal, now time.Time) error {
	state, err := decide(ctx, s, store.Decision{Terminal: id, Kind: store.LiftBlock, At: now})
	switch state {
	case 0:
		return err
	case store.TerminalRetired:
		return fmt.Errorf("lift block of terminal %s: %w", id, ErrRetired)
	default:
		return fmt.Errorf("lift block of terminal %s: %w but %s", id, ErrNotBlocked, state)
	}
}

// decide makes a decision durable. When it does not fit the terminal it returns the terminal's state as well as the error.
func decide(ctx context.Context, s BlockStore, d store.Decision) (store.TerminalState, error) {
	if _, err := s.Terminal(ctx, d.Terminal); errors.Is(err, store.ErrNotFound) {
		return 0, fmt.Errorf("%w: %s: %w", ErrUnknownTerminal, d.Terminal, err)
	} else if err != nil {
		return 0, fmt.Errorf("find terminal %s: %w", d.Terminal, err)
	}
	err := s.Commit(ctx, store.Change{Decisions: []store.Decision{d}})
	if err == nil {
		return 0, nil
	}
	err = fmt.Errorf("%s of terminal %s: %w", d.Kind, d.Terminal, err)
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) || conflict.Kind != store.TerminalMoved {
		return 0, err
	}
	found, missing := s.Terminal(ctx, d.Terminal)
	if missing != nil {
		return 0, errors.Join(err, missing)
	}
	return found.State, err
}
