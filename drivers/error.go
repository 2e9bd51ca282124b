package drivers

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about a device error.
type Kind uint8

// The kinds of device error.
const (
	KindBusy     Kind = iota + 1 // the device is doing something else: try again
	KindTimeout                  // no answer in time: try again, then reopen
	KindGarbage                  // bytes that make no sense: skip them
	KindRefused                  // the device understood and said no
	KindNotReady                 // a person must act: paper, cover, two cards in the field
	KindGone                     // unplugged, hung up or closed: reopen
)

// String returns the kind's name for logs.
func (k Kind) String() string {
	switch k {
	case KindBusy:
		return "busy"
	case KindTimeout:
		return "timeout"
	case KindGarbage:
		return "garbage"
	case KindRefused:
		return "refused"
	case KindNotReady:
		return "not ready"
	case KindGone:
		return "gone"
	default:
		return "invalid"
	}
}

// ErrGone marks a device that was unplugged, hung up or closed.
var ErrGone = errors.New("drivers: device gone")

// Error is a device's failure with what a caller needs to act on it.
type Error struct {
	// Device is the chip or command set, such as "pn532".
	Device string
	// Op is what was being done, as verb and noun, such as "poll target".
	Op   string
	Kind Kind
	// OutcomeUnknown is set when the device may have carried the operation out all the same.
	OutcomeUnknown bool
	Cause          error
}

// Error returns "device: op: kind: cause".
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s: %s", e.Device, e.Op, e.Kind)
	if e.OutcomeUnknown {
		text += " (outcome unknown)"
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes every error of KindGone match ErrGone.
func (e *Error) Is(target error) bool { return target == ErrGone && e.Kind == KindGone }

// Retryable reports whether the same call may succeed without a person acting or the device being reopened.
func (e *Error) Retryable() bool {
	return !e.OutcomeUnknown && (e.Kind == KindBusy || e.Kind == KindTimeout || e.Kind == KindGarbage)
}
