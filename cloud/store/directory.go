package store

import (
	"fmt"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// TerminalState says what a terminal may do.
type TerminalState uint8

// The states of a terminal.
const (
	TerminalActive      TerminalState = iota + 1
	TerminalBlocked                   // by a person: may not connect
	TerminalQuarantined               // its chain broke or it was cloned: records are set aside until a person decides
	TerminalRetired                   // by a person, for good: may not connect, and its id is not given again
)

// String returns the state's name.
func (s TerminalState) String() string {
	switch s {
	case TerminalActive:
		return "active"
	case TerminalBlocked:
		return "blocked"
	case TerminalQuarantined:
		return "quarantined"
	case TerminalRetired:
		return "retired"
	default:
		return fmt.Sprintf("terminal-state-%d", uint8(s))
	}
}

// Terminal is an enrolled terminal. A change with a known ID updates it.
type Terminal struct {
	ID           record.Terminal
	Merchant     string // its merchant's id
	SerialNumber string
	KeyVersion   uint16
	// Certificate is the SHA-256 of its TLS client certificate in DER.
	Certificate [32]byte
	// Identity is its SM2 public key, uncompressed.
	Identity   [65]byte
	State      TerminalState
	EnrolledAt time.Time
	// AsideAt is when its chain broke, zero for one that is whole. A block and its end leave it.
	AsideAt time.Time
}

// Merchant is who is paid. A change with a known ID updates it.
type Merchant struct {
	ID   string // 15 digits
	Name string // at most 40 characters
	// Operators are the codes of its first operator and its back-ups, in order.
	Operators []string
	// FeeBasisPoints is the merchant's plan; the operator's cap applies as well.
	FeeBasisPoints int32
	// Jurisdiction is ISO 3166 alpha-2 and decides which tender is allowed.
	Jurisdiction string
	// CompletionPercent is how much of what is held may be completed; HoldDays how long an amount is held at most. 0
	// leaves both to the defaults.
	CompletionPercent, HoldDays int32

	CreatedAt time.Time
}
