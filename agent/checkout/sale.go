// Package checkout is one sale from the amount to its definite outcome, as a pure machine: what happened comes in, the
// next state and what has to be done about it leave. It has no clock, no goroutine, no randomness and no I/O.
package checkout

import (
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// OrderID names one sale for ever: a UUID of version 7.
type OrderID [16]byte

// String returns the id as 32 hexadecimal digits.
func (o OrderID) String() string { return hex.EncodeToString(o[:]) }

// LogValue is the id's text.
func (o OrderID) LogValue() slog.Value { return slog.StringValue(o.String()) }

// Origin is the intent that started a sale, kept so that the same intent again finds the same sale.
type Origin struct {
	Key    string   // idempotency key, at most KeyMax bytes
	Digest [32]byte // SHA-256 of the request
}

// KeyMax is the longest idempotency key in bytes.
const KeyMax = 64

// Card is what is known of a hard wallet's part in a sale.
type Card struct {
	// Nonce and At belong to the request that the card was first asked; the same card is asked with the same again.
	Nonce [8]byte
	At    time.Time
	// Wallet and Counter are what the card said of itself before it was asked to pay.
	Wallet  hardwallet.WalletID
	Counter uint32
	// Silent says that the card was asked and did not answer.
	Silent bool
	// Transaction is what the card signed: hardwallet.Transaction's binary form. Empty while that is not known.
	Transaction []byte
	// Accepted is by which limits the till takes it, while that could not be recorded yet. It is not kept.
	Accepted *message.Offline
	// Refused says that the card certainly was not debited, while that could not be recorded yet. It is not kept.
	Refused *CardRefused
}

// heard reports whether the card's answer is here and could not be recorded yet.
func (c Card) heard() bool { return len(c.Transaction) != 0 || c.Refused != nil }

// Sale is everything about one sale. It is a value: Step returns a changed copy.
type Sale struct {
	OrderID        OrderID
	State          State
	Method         message.Method
	Amount         money.Money
	Cashier        string
	Note           string
	Batch, Voucher uint32
	Origin         Origin
	// Supersedes is the order whose shown code was taken back because the customer pays this one instead, SupersededBy the
	// order that is paid instead of this one; zero for none.
	Supersedes, SupersededBy OrderID

	CodeTail string // last 6 digits of the customer's code
	// Hold asks for the amount to be held and not paid (预授权); HoldExpires is when what is held goes back by itself,
	// zero to leave it to the cloud.
	Hold        bool
	HoldExpires time.Time
	Card        Card
	Offline     bool // accepted by the till itself
	// Order is the shop's order that has to be accepted once it is paid.
	Order ShopOrder

	StartedAt time.Time
	// RequestedAt is when the payment was asked for; zero before.
	RequestedAt time.Time
	// HeardAt is when the cloud last said anything about it, AskedAt when it was last asked.
	HeardAt, AskedAt time.Time
	// Deadline is when the present state is given up.
	Deadline time.Time

	// PaymentSequence and ReversalSequence are the records' places in the journal; 0 while there is none.
	PaymentSequence, ReversalSequence uint64
	// Reversal is why the payment is to be taken back; unspecified while it is not. ReversalRecorded says that the
	// record that asks for it is committed; without a reason, that the cloud refused it and it was withdrawn.
	Reversal         message.Reason
	ReversalRecorded bool
	// Resumed says that the sale was taken up after a restart since its payment was asked for: what happened meanwhile, this
	// copy of the terminal may not know. It is not kept.
	Resumed bool
	// ReversalBy is the cashier who cancelled.
	ReversalBy string
	// UnknownShown says that the cashier was told that the outcome is not known.
	UnknownShown bool
	// Result is the newest of the cloud's answers; nil before the first. It is never changed in place.
	Result *message.PaymentResult
	// Unprinted are the copies whose printing has not been reported back.
	Unprinted Copies
	// Altered are the copies that were last printed with substitutes for what the printer cannot print.
	Altered Copies
}

// Outcome returns what the sale has come to: unspecified before a payment was asked for and when none ever was,
// unknown until the answer is definite.
func (s Sale) Outcome() message.Outcome {
	switch s.State {
	case Approved, ApprovedOffline:
		return message.Outcome_OUTCOME_APPROVED
	case Declined, NotHonoured:
		return message.Outcome_OUTCOME_DECLINED
	case Reversed:
		return message.Outcome_OUTCOME_REVERSED
	case Waiting, Abandoned:
		return message.Outcome_OUTCOME_UNSPECIFIED
	default:
		return message.Outcome_OUTCOME_UNKNOWN
	}
}

// Open reports whether the sale has to be found again after a restart: it has no definite outcome yet, nobody knows whether
// its receipt was printed, or its order is neither accepted nor paid back.
func (s Sale) Open() bool { return !s.State.Final() || s.Unprinted != 0 || s.orderOpen() }

// HoldsTill reports whether the till takes no other sale meanwhile. A payment that is being taken back does not hold
// it, nor one that the till accepted by itself: those go on by themselves and somebody is told of their end.
func (s Sale) HoldsTill() bool {
	return !s.State.Final() && s.State != Reversing && s.State != ApprovedOffline
}

// CardInDoubt reports whether a hard wallet was asked to pay and its answer never came: it may have been debited,
// whatever the cloud says.
func (s Sale) CardInDoubt() bool {
	return s.Method == message.Method_METHOD_TAP && len(s.Card.Transaction) == 0
}

// CardDebited reports whether a hard wallet has signed the payment: it has debited itself, whatever became of the payment.
func (s Sale) CardDebited() bool {
	return s.Method == message.Method_METHOD_TAP && len(s.Card.Transaction) != 0
}

// Standing is how an approved order stands by the newest that the cloud said of it; nil before that.
func (s Sale) Standing() *message.Standing { return s.Result.GetStanding() }

// revision is that of the newest answer.
func (s Sale) revision() uint32 { return s.Result.GetRevision() }
