package checkout

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// Effect is something to be done, in the order given: Save, Commit, SendNow, Ask, Forget, PayCard, RecoverCard,
// LeaveCard, Arm, Show, Print, SetTimer or Warn. Save and Commit come first; when they fail, none of the others may be carried out.
type Effect interface{ effect() }

// Save makes the sale durable as it is now, where the journal can do that without a record. Nothing about money depends
// on it.
type Save struct{}

// Commit makes a record durable, together with the sale as it is now.
type Commit struct {
	Type record.Type
	Body proto.Message
	// Begun says that money may have moved already: it is recorded also where the journal lets no payment begin.
	Begun bool
}

// SendNow sends the urgent record (record.Type.Urgent) among those just committed; the customer's code travels with a
// payment.
type SendNow struct{}

// Ask sends a record again: the cloud answers with the payment's present result.
type Ask struct{ Sequence uint64 }

// Forget erases what was kept for sending the record again, the customer's code with it.
type Forget struct{ Sequence uint64 }

// PayCard asks the hard wallet in the field to pay.
type PayCard struct{}

// RecoverCard asks the hard wallet in the field what it did when it was asked before; it is not debited by this.
type RecoverCard struct{}

// LeaveCard lets go of a hard wallet in the field without asking it anything.
type LeaveCard struct{}

// Arm says which devices may begin a payment of this sale from now on.
type Arm struct{ Scanner, Reader bool }

// Show puts the sale's View before the cashier and customer, with something that happened beside its progress.
type Show struct{ Notice catalogue.Phrase }

// Print puts copies of the slip on paper.
type Print struct {
	Copies  Copies
	Reprint bool
}

// SetTimer asks for a Tick at a time; it replaces the one asked for before.
type SetTimer struct{ At time.Time }

// Warn tells somebody of something that should never happen.
type Warn struct{ What string }

func (Save) effect()        {}
func (Commit) effect()      {}
func (SendNow) effect()     {}
func (Ask) effect()         {}
func (Forget) effect()      {}
func (PayCard) effect()     {}
func (RecoverCard) effect() {}
func (LeaveCard) effect()   {}
func (Arm) effect()         {}
func (Show) effect()        {}
func (Print) effect()       {}
func (SetTimer) effect()    {}
func (Warn) effect()        {}

// Copies is a set of copies of a slip.
type Copies uint8

// The copies.
const (
	MerchantCopy Copies = 1 << iota
	CustomerCopy
)

// laterSlip stands beside CustomerCopy in Sale.Unprinted while two slips are on their way to the customer: the one that
// says that nobody knows, and the one of the end. Slips are printed, and reported, in order.
const laterSlip Copies = 1 << 2

// orderSlip stands beside both while there is a third: that the order was not accepted.
const orderSlip Copies = 1 << 3

// bothCopies is what an approved payment is printed as.
const bothCopies = MerchantCopy | CustomerCopy

// Each returns the copies one by one, the customer's first since the customer waits for it.
func (c Copies) Each() []message.ReceiptPrinted_Copy {
	var each []message.ReceiptPrinted_Copy
	for _, slip := range []Copies{CustomerCopy, laterSlip, orderSlip} {
		if c&slip != 0 {
			each = append(each, message.ReceiptPrinted_COPY_CUSTOMER)
		}
	}
	if c&MerchantCopy != 0 {
		each = append(each, message.ReceiptPrinted_COPY_MERCHANT)
	}
	return each
}

// without returns the set once a copy was reported: of two slips for the customer the later one is left.
func (c Copies) without(copy message.ReceiptPrinted_Copy) Copies {
	if copy == message.ReceiptPrinted_COPY_CUSTOMER {
		for _, later := range []Copies{orderSlip, laterSlip} {
			if c&later != 0 {
				return c &^ later
			}
		}
	}
	return c &^ CopyOf(copy)
}

// withCustomers returns the set with one more slip for the customer.
func (c Copies) withCustomers() Copies {
	switch {
	case c&CustomerCopy == 0:
		return c | CustomerCopy
	case c&laterSlip == 0:
		return c | laterSlip
	default:
		return c | orderSlip
	}
}

// CopyOf is the set of one copy.
func CopyOf(copy message.ReceiptPrinted_Copy) Copies {
	switch copy {
	case message.ReceiptPrinted_COPY_MERCHANT:
		return MerchantCopy
	case message.ReceiptPrinted_COPY_CUSTOMER:
		return CustomerCopy
	default:
		return 0
	}
}
