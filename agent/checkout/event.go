package checkout

import (
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

// Event is something that happened: Started, CodeScanned, CardPresented, CardPaid, CardRefused, CardSilent, CodeWanted,
// ResultArrived, Recorded, RecordRefused, JournalFailed, Tick, CancelPressed, Restarted, Printed, ReprintPressed,
// StandingLearned or OrderDecided.
type Event interface{ event() }

// Started begins a sale; it is only given to the zero Sale.
type Started struct {
	OrderID        OrderID
	Amount         money.Money
	Cashier, Note  string
	Batch, Voucher uint32
	Origin         Origin
	Hold           bool
	HoldExpires    time.Time
	Order          ShopOrder // its Reference and Within
}

// CodeScanned is a symbol from the scanner. The code itself stays outside the machine.
type CodeScanned struct {
	Kind CodeKind
	Tail string // last 6 digits of an ECNY code
}

// CodeKind is what was scanned.
type CodeKind uint8

// The kinds of code.
const (
	CodeOther CodeKind = iota
	CodeECNY
	CodeWeChat
	CodeAlipay
	CodeUnionPay
	CodeGoods
	CodeUnreadable
)

// CardPresented is a hard wallet in the field that was opened and not asked to pay yet. Nonce is fresh randomness for
// the request to it.
type CardPresented struct {
	Nonce   [8]byte
	Wallet  hardwallet.WalletID
	Counter uint32
	// Barred says why a hard wallet may not be asked to pay: what it signs could not be recorded, or the cloud cannot be
	// reached and its limits do not let the till accept the payment by itself. None when it may be asked.
	Barred catalogue.Phrase
}

// CardPaid is a hard wallet's signed payment: hardwallet.Transaction's binary form.
type CardPaid struct {
	Transaction []byte
	// Offline is by which limits the till accepts it by itself; nil when the cloud is asked.
	Offline *message.Offline
}

// CardRefused is a hard wallet that certainly was not debited.
type CardRefused struct{ Cause CardCause }

// CardCause is why a hard wallet was not debited.
type CardCause uint8

// The causes.
const (
	CardDeclined CardCause = iota
	CardFunds
	CardLimit
	CardBlocked
	CardForeign
	CardAway
	CardCrowd   // more than one card in the field
	CardLying   // it lay in the field before the sale began to wait
	CardNotPaid // asked again what it did: it was not debited
	CardUsedUp  // it has used up its payments without the network
)

// CardSilent is a hard wallet that was asked to pay and did not answer: it may have been debited.
type CardSilent struct{}

// CodeWanted is the wish to have our code shown for the customer to scan.
type CodeWanted struct{}

// ResultArrived is an answer of the cloud.
type ResultArrived struct{ Result *message.PaymentResult }

// Recorded says that a Commit of this sale is durable, with its place in the journal.
type Recorded struct {
	Type     record.Type
	Sequence uint64
}

// RecordRefused says that the cloud will never take a record of this sale, since another copy of the terminal was at work:
// whatever is recorded from now on it may take (SPEC.md 7.5.1). Payment is what the sale's payment-requested says; nil
// where it has none.
type RecordRefused struct {
	Sequence uint64
	Payment  *message.PaymentRequested
}

// JournalFailed says that the effects of an event could not be made durable: the sale is as it was before that event.
type JournalFailed struct{ Cause Event }

// Tick says that the time of the latest SetTimer has come, or passed.
type Tick struct{}

// CancelPressed is the wish to end the sale: the cashier's, or, with TimedOut, of a program that waited long enough for a
// customer who does not pay.
type CancelPressed struct {
	Cashier  string // empty when nobody pressed anything
	TimedOut bool
}

// reason is what records say.
func (e CancelPressed) reason() message.Reason {
	if e.TimedOut {
		return message.Reason_REASON_TIMED_OUT
	}
	return message.Reason_REASON_CASHIER_CANCELLED
}

// Restarted is given to an open sale that was read back after a restart. Last is the sequence of the latest record that
// was committed with it, 0 when there is none.
type Restarted struct{ Last uint64 }

// Printed reports on one copy.
type Printed struct {
	Copy    message.ReceiptPrinted_Copy
	Result  message.ReceiptPrinted_Result
	Reprint bool
	Fault   string // what the printer said; empty when it was well
	// Altered says that it is on paper with substitutes for what the printer cannot print.
	Altered bool
	// Absent says that there was no printer to ask.
	Absent bool
}

// ReprintPressed asks for copies on paper once more.
type ReprintPressed struct{ Copies Copies }

// StandingLearned is how the order stands after something was done with it.
type StandingLearned struct{ Standing *message.Standing }

func (Started) event()         {}
func (CodeScanned) event()     {}
func (CardPresented) event()   {}
func (CardPaid) event()        {}
func (CardRefused) event()     {}
func (CardSilent) event()      {}
func (CodeWanted) event()      {}
func (ResultArrived) event()   {}
func (Recorded) event()        {}
func (RecordRefused) event()   {}
func (JournalFailed) event()   {}
func (Tick) event()            {}
func (CancelPressed) event()   {}
func (Restarted) event()       {}
func (Printed) event()         {}
func (ReprintPressed) event()  {}
func (StandingLearned) event() {}
