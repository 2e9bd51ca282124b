// Package followup is one thing done with an approved order (void, refund, or what is done with a hold) from the
// cashier's wish to its definite end, as a pure machine: what happened comes in, the next state and what has to be done
// about it leave. It has no clock, no goroutine, no randomness and no I/O.
package followup

import (
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// ID names one follow-up for ever: a UUID that is no order's either.
type ID [16]byte

// String returns the id as 32 hexadecimal digits.
func (i ID) String() string { return hex.EncodeToString(i[:]) }

// LogValue is the id's text.
func (i ID) LogValue() slog.Value { return slog.StringValue(i.String()) }

// Kind is what is done with the order.
type Kind = message.FollowUp

// FollowUp is everything about one follow-up. It is a value: Step returns a changed copy.
type FollowUp struct {
	ID    ID
	State State
	Kind  Kind
	// Original is the order as it stood when it was asked for: what the slip says of it. It is never changed in place.
	Original *message.OrderFound
	// Amount is what is asked for; of a void, cancel or undo what the terminal holds it to be, which may be zero.
	Amount money.Money
	// Undoes is the completion that an undo takes back; Last says that a completion releases what is held beyond it.
	Undoes         ID
	Last           bool
	Cashier, Note  string
	Batch, Voucher uint32
	Origin         checkout.Origin
	Offline        bool // accepted by the till itself, of a payment that the cloud had not got

	// RequestedAt is when it was asked for, AskedAt when the cloud was last asked.
	RequestedAt, AskedAt time.Time
	// RequestSequence is the request's place in the journal; 0 while that is not known.
	RequestSequence uint64
	// UnknownShown says that the cashier was told that the outcome is not known.
	UnknownShown bool
	// Result is the newest of the cloud's answers; nil before the first. It is never changed in place.
	Result *message.FollowUpResult
	// Unprinted are the copies whose printing has not been reported back.
	Unprinted checkout.Copies
	// Altered are the copies that were last printed with substitutes for what the printer cannot print.
	Altered checkout.Copies
}

// Order is the order that it is about.
func (f FollowUp) Order() checkout.OrderID {
	var id checkout.OrderID
	copy(id[:], f.Original.GetPayment().GetOrderId())
	return id
}

// Outcome returns what it has come to: unknown until the answer is definite.
func (f FollowUp) Outcome() message.Outcome {
	switch f.State {
	case Approved, TakenOffline:
		return message.Outcome_OUTCOME_APPROVED
	case Declined, NotCarriedOut:
		return message.Outcome_OUTCOME_DECLINED
	default:
		return message.Outcome_OUTCOME_UNKNOWN
	}
}

// Open reports whether it has to be found again after a restart: it has no definite outcome yet, or nobody knows whether
// its slip was printed.
func (f FollowUp) Open() bool { return !f.State.Final() || f.Unprinted != 0 }

// Moved is the amount that was moved, released or held, or that is asked for while that is not definite.
func (f FollowUp) Moved() money.Money {
	if f.State == Approved {
		return money.Money{Minor: f.Result.GetAmount(), Currency: f.Amount.Currency}
	}
	return f.Amount
}

// exact reports whether the cloud must move exactly what was asked for.
func (f FollowUp) exact() bool {
	switch f.Kind {
	case message.FollowUp_FOLLOW_UP_REFUND, message.FollowUp_FOLLOW_UP_TOP_UP, message.FollowUp_FOLLOW_UP_COMPLETE,
		message.FollowUp_FOLLOW_UP_VOID:
		return true
	default:
		return false
	}
}
