package store

import (
	"context"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// DecisionKind is what a decision does to a terminal's state.
type DecisionKind uint8

// The kinds of decision.
const (
	// SetAside notes that the chain broke, whatever the state; an active terminal becomes quarantined. The first one counts.
	SetAside DecisionKind = iota + 1
	// Block makes an active or quarantined terminal blocked; a blocked one stays so.
	Block
	// LiftBlock makes a blocked terminal active, or quarantined when it was set aside.
	LiftBlock
	// Retire makes a blocked or quarantined terminal retired, for good: its id is nobody's any more, and its serial number is
	// free. The first one counts.
	Retire
)

// String returns the kind's name.
func (k DecisionKind) String() string {
	switch k {
	case SetAside:
		return "set-aside"
	case Block:
		return "block"
	case LiftBlock:
		return "lift-block"
	case Retire:
		return "retire"
	default:
		return fmt.Sprintf("decision-%d", uint8(k))
	}
}

// Decision changes a terminal's state by what it is when the decision is stored, and nothing else of the terminal. One that
// does not fit the state is refused with TerminalMoved.
type Decision struct {
	Terminal record.Terminal
	Kind     DecisionKind
	// By is who decided, Why for what reason; both are empty where the cloud did.
	By, Why string
	At      time.Time
}

// DecisionReader reads what was decided.
type DecisionReader interface {
	// Decisions returns what was decided about a terminal, the newest first. What changed nothing is not among it.
	Decisions(ctx context.Context, terminal record.Terminal, limit int) ([]Decision, error)
}
