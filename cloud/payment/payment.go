package payment

import (
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// ErrInvalidPayment marks a payment that must not enter the machine.
var ErrInvalidPayment = errors.New("payment: invalid payment")

// Bounds of a payment's fields. AmountMax is ten thousand million yuan in fen, far above any limit in force.
const (
	AmountMax    = int64(1_000_000_000_000)
	BackUpsMax   = 3
	textMax      = 64
	shownCodeMax = 1024
	referenceLen = 12
	authCodeLen  = 6
	walletLen    = 16
)

// Debit is what the ledger holds of a payment because of the machine.
type Debit uint8

// The debits.
const (
	DebitNone     Debit = iota
	DebitSale           // posted as a sale
	DebitSuspense       // paid although it is being taken back: owed to the customer
	DebitHold           // held, beside the merchant's money
)

// Payment is one payment. It never holds the customer's code or a full wallet id.
type Payment struct {
	OrderID  operator.OrderID
	Terminal string
	Sequence uint64 // of the terminal's record
	Merchant string
	Method   operator.Method
	Amount   int64 // minor units
	Currency string
	// FeeRate and FeeCap are basis points.
	FeeRate, FeeCap uint16
	// Batch and Voucher are the shift in which the terminal asked and its number there; 0 where they are not known.
	Batch, Voucher uint32
	// Hold says that the amount is held and not paid. HoldCap is how much of what is held may be completed, in percent;
	// HoldUntil when what is still held goes back by itself: before the approval a wish, or zero.
	Hold      bool
	HoldCap   uint16
	HoldUntil time.Time
	// Operator is who was or will be asked; BackUps who comes next as long as certainly nothing was sent.
	Operator string
	BackUps  []string

	State  State
	Reason operator.Reason // why declined or reversed
	// Reference is our number of the payment on the receipt, 12 digits; OperatorReference the operator's own.
	Reference         string
	OperatorReference string
	AuthCode          string // 6 characters, once approved
	PayerOperator     string
	WalletMasked      string // first 6 and last 4 digits
	ShownCode         string
	Fee               int64 // minor units, once approved

	CreatedAt time.Time
	SentAt    time.Time // of the (last) authorise or order
	DecidedAt time.Time // when the outcome became definite
	// NextAt is when the machine wants a Tick; zero is never.
	NextAt time.Time
	// QueryAt is the earliest moment of the next query while the operator's decision is open.
	QueryAt time.Time
	// TellAt is when the terminal is told "unknown"; zero once it was told anything.
	TellAt time.Time
	// GiveUpAt is when the payment is taken back unless decided; before Requested the terminal's own wish, or zero.
	GiveUpAt time.Time
	// ReverseAt is the earliest moment of the reversal.
	ReverseAt time.Time

	// Offline says that the terminal accepted it by itself; Verify that the customer has to be verified.
	Offline, Verify bool
	// Covered says of an offline payment that, as far as can be verified, a card signed just this within limits that we
	// gave: then it is our loss where no operator honours it.
	Covered bool
	// Submitted says that an operator may have seen the request: from then on "not sent" is no longer believed.
	Submitted bool
	// Signed says that a hard wallet has signed it: the card has debited itself already. Seen says that its operator has
	// answered about it since.
	Signed, Seen bool
	// ReversalRefused says that the operator refused the reversal, so that a refund is the way back.
	ReversalRefused bool
	Debit           Debit
	// Attempts counts reversals, refunds or rechecks asked for since the last answer, Queries the queries, Rechecks the
	// answers that confirmed a reversal.
	Attempts, Queries, Rechecks uint32
	// Revision rises whenever what the terminal is told changes.
	Revision uint32
	// FollowUps are what was done after the approval, in the order in which it was asked for.
	FollowUps []FollowUp
}

// New checks a payment's facts and returns it as Created at now. Error: ErrInvalidPayment.
func New(facts Payment, now time.Time) (Payment, error) {
	if facts.State != 0 {
		return Payment{}, fmt.Errorf("%w: has a state", ErrInvalidPayment)
	}
	facts.State, facts.CreatedAt = Created, instant(now)
	facts.GiveUpAt, facts.HoldUntil = instant(facts.GiveUpAt), instant(facts.HoldUntil)
	if !facts.HoldUntil.IsZero() && !facts.HoldUntil.After(facts.CreatedAt) {
		return Payment{}, fmt.Errorf("%w: a hold that ends before it begins", ErrInvalidPayment)
	}
	if facts.Offline && facts.Hold {
		return Payment{}, fmt.Errorf("%w: a hold that was taken offline", ErrInvalidPayment)
	}
	if len(facts.FollowUps) != 0 {
		return Payment{}, fmt.Errorf("%w: follow-ups before the payment", ErrInvalidPayment)
	}
	if err := facts.Validate(); err != nil {
		return Payment{}, err
	}
	return facts, nil
}

// Validate checks lengths and ranges. Error: ErrInvalidPayment.
func (p Payment) Validate() error {
	switch {
	case p.OrderID == operator.OrderID{}:
		return fmt.Errorf("%w: no order id", ErrInvalidPayment)
	case p.State < Created || p.State > RestReturned:
		return fmt.Errorf("%w: state %d", ErrInvalidPayment, p.State)
	case p.Method < operator.MethodCode || p.Method > operator.MethodShown:
		return fmt.Errorf("%w: method %d", ErrInvalidPayment, p.Method)
	case p.Amount <= 0 || p.Amount > AmountMax:
		return fmt.Errorf("%w: amount out of range", ErrInvalidPayment)
	case p.Fee < 0 || p.Fee > p.Amount:
		return fmt.Errorf("%w: fee out of range", ErrInvalidPayment)
	case p.FeeRate > basisPointsPerUnit || p.FeeCap > basisPointsPerUnit:
		return fmt.Errorf("%w: fee rate or cap above the whole", ErrInvalidPayment)
	case p.Debit > DebitHold || p.Reason > operator.ReasonMax:
		return fmt.Errorf("%w: debit or reason", ErrInvalidPayment)
	case p.Offline && p.Method != operator.MethodTap:
		return fmt.Errorf("%w: offline without a hard wallet", ErrInvalidPayment)
	case p.Covered && !p.Offline:
		return fmt.Errorf("%w: covered but not offline", ErrInvalidPayment)
	case p.Signed && p.Method != operator.MethodTap || p.Seen && !p.Signed:
		return fmt.Errorf("%w: signed without a hard wallet", ErrInvalidPayment)
	case p.Merchant == "" || p.Terminal == "" || len(p.Currency) < 3:
		return fmt.Errorf("%w: merchant, terminal or currency missing", ErrInvalidPayment)
	case len(p.BackUps) > BackUpsMax:
		return fmt.Errorf("%w: %d back-ups", ErrInvalidPayment, len(p.BackUps))
	}
	if err := p.validateHold(); err != nil {
		return err
	}
	for _, f := range p.FollowUps {
		if err := f.validate(); err != nil {
			return err
		}
	}
	return p.validateTexts()
}

func (p Payment) validateHold() error {
	switch {
	case p.Hold && (p.HoldCap < 1 || p.HoldCap > HoldCapMax):
		return fmt.Errorf("%w: completion cap of %d %%", ErrInvalidPayment, p.HoldCap)
	case !p.Hold && (p.HoldCap != 0 || !p.HoldUntil.IsZero()):
		return fmt.Errorf("%w: a payment with the terms of a hold", ErrInvalidPayment)
	case p.Hold && (p.State == Approved || p.Debit == DebitSale || p.Debit == DebitSuspense):
		return fmt.Errorf("%w: a hold in the state of a payment", ErrInvalidPayment)
	case !p.Hold && (p.State == Held || p.State == HoldEnded || p.Debit == DebitHold):
		return fmt.Errorf("%w: a payment in the state of a hold", ErrInvalidPayment)
	case len(p.FollowUps) > followUpsKept:
		return fmt.Errorf("%w: %d follow-ups", ErrInvalidPayment, len(p.FollowUps))
	}
	return nil
}

func (p Payment) validateTexts() error {
	texts := append([]string{p.Terminal, p.Merchant, p.Currency, p.Operator, p.OperatorReference, p.PayerOperator}, p.BackUps...)
	for _, text := range texts {
		if len(text) > textMax {
			return fmt.Errorf("%w: text of %d bytes", ErrInvalidPayment, len(text))
		}
	}
	switch {
	case len(p.Reference) != referenceLen:
		return fmt.Errorf("%w: reference must have 12 digits", ErrInvalidPayment)
	case p.AuthCode != "" && len(p.AuthCode) != authCodeLen:
		return fmt.Errorf("%w: authorisation code must have 6 characters", ErrInvalidPayment)
	case p.WalletMasked != "" && (len(p.WalletMasked) != walletLen || p.WalletMasked[6:12] != "******"):
		return fmt.Errorf("%w: wallet is not masked", ErrInvalidPayment)
	case len(p.ShownCode) > shownCodeMax:
		return fmt.Errorf("%w: shown code of %d bytes", ErrInvalidPayment, len(p.ShownCode))
	}
	return nil
}

// Outcome derives the outcome from the state.
func (p Payment) Outcome() Outcome { return p.State.Outcome() }

// Refunded reports whether the sale is void although money had moved, which is or was sent back.
func (p Payment) Refunded() bool {
	switch p.State {
	case LateRefunding, LateRefunded, RestReturning, RestReturned:
		return true
	default:
		return false
	}
}

// instant cuts a time to what MarshalBinary keeps: microseconds, UTC, no monotonic part.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(t.UnixMicro()).UTC()
}
