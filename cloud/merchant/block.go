package merchant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// The errors of decisions about terminals.
var (
	// ErrNotBlocked says that there is no block to lift.
	ErrNotBlocked = errors.New("merchant: terminal is not blocked")
	// ErrRetired says that the terminal was retired, which is for good.
	ErrRetired = errors.New("merchant: terminal is retired")
	// ErrAtWork says that the terminal is neither blocked nor set aside, so that it cannot be retired.
	ErrAtWork = errors.New("merchant: terminal is at work")
	// ErrReason says that a decision does not say who and why, or too much.
	ErrReason = errors.New("merchant: decision needs a name of 1 to 40 characters and a reason of 1 to 200")
)

// Bounds of what a person says, in characters.
const (
	byMax  = 40
	whyMax = 200
)

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

// Retire ends a terminal for good, which is how a person decides about one that was set aside: somebody else has had its
// keys, or its journal is not what it wrote, so neither is used again. What is stored stays as it is; what is not will not
// be. The id is never given again; the serial number is free, so that the machine can be enrolled under another id. One that
// is retired already stays so, by whoever was first. Errors: ErrReason, ErrAtWork, ErrUnknownTerminal, those of the store.
func Retire(ctx context.Context, s BlockStore, id record.Terminal, by, why string, now time.Time) error {
	by, why = strings.TrimSpace(by), strings.TrimSpace(why)
	if by == "" || why == "" || !store.OneLine(by, byMax) || !store.OneLine(why, whyMax) {
		return ErrReason
	}
	state, err := decide(ctx, s, store.Decision{Terminal: id, Kind: store.Retire, By: by, Why: why, At: now})
	if state != 0 {
		return fmt.Errorf("retire terminal %s: %w: %s", id, ErrAtWork, state)
	}
	return err
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
