// Package receipt composes 签购单: the facts of one payment enter, a printable document for each copy leaves. It is pure.
package receipt

import (
	"time"

	"github.com/yuantill/yuantill/protocol/money"
)

// Outcome is what is known about the payment when the slip is printed. The set is closed.
type Outcome uint8

// The outcomes. Only Approved makes a 签购单; the others make a slip that says in large letters that it is none. NotAccepted
// is an approved payment whose order the shop did not accept: the money goes back.
const (
	Approved Outcome = iota + 1
	Declined
	Unknown
	Reversed
	NotAccepted
)

// Transaction is the kind of transaction.
type Transaction uint8

// The kinds of transaction.
const (
	Sale           Transaction = iota + 1 // 消费
	Void                                  // 撤销: same day, whole amount
	Refund                                // 退货
	Hold                                  // 预授权
	HoldCompletion                        // 预授权完成
	HoldCancel                            // 预授权撤销
	HoldTopUp                             // 追加预授权
	CompletionUndo                        // 预授权完成撤销
)

// transactionLast is the last kind.
const transactionLast = CompletionUndo

// Copy is who gets the slip.
type Copy uint8

// The two copies. Only the merchant's carries the signature line.
const (
	MerchantCopy Copy = iota + 1
	CustomerCopy
)

// Original is what a slip says of the order that something was done with. Empty fields are left out.
type Original struct {
	// Terminal has 8 letters or digits; empty when it is the slip's own.
	Terminal string
	// Batch and Voucher have 6 digits each, Reference 12 and Authorisation 6 letters or digits.
	Batch, Voucher, Reference, Authorisation string
	// At is when it was asked for.
	At     time.Time
	Amount money.Money
}

// Slip is everything that stands on a receipt. Empty optional fields are left out.
type Slip struct {
	// Merchant is the shop's name, 1 to 40 characters.
	Merchant string
	// MerchantID has 15 digits: acquirer, area, category and serial.
	MerchantID string
	// Terminal has 8 letters or digits.
	Terminal string
	Cashier  string
	Acquirer string
	// Operator is the payer's wallet operator; optional unless approved.
	Operator string
	// Wallet is the payer's wallet with its middle masked, as the cloud gives it; optional unless approved.
	Wallet      string
	Transaction Transaction
	// Batch and Voucher have 6 digits each.
	Batch, Voucher string
	// Reference has 12 letters or digits, Authorisation 6; optional unless approved. What is done with an order has no
	// authorisation of its own, and its reference is only a number: orders are found by the original's.
	Reference, Authorisation string
	// At is printed in China's time, UTC+8 without daylight saving.
	At     time.Time
	Amount money.Money
	// Original is the order that something was done with; nil on the slip of the order itself.
	Original *Original
	// Left, where it is known, is what may still be refunded, or of a hold what is still held.
	Left *money.Money
	// Completed, where it is known, is what of a hold was completed altogether.
	Completed *money.Money
	// Expires is when what is held goes back by itself; zero where nothing is held or that is not known.
	Expires time.Time
	// Note is free text of up to 100 characters; optional.
	Note string
	// Order is the order's number in the shop, up to 64 printable ASCII characters.
	Order string
	// ShopOrder is the shop's own number of what was ordered, up to 64 characters; optional.
	ShopOrder string
	// CheckAddress is the web address behind the QR code, where anyone can check the payment; optional.
	CheckAddress string
	Outcome      Outcome
	// Reason says to the customer why the payment was declined or reversed; optional.
	Reason string
	// CardInDoubt says that a hard wallet was asked to pay and never answered: it may have been debited although the
	// payment is not approved.
	CardInDoubt bool
	// CardDebited says that a hard wallet signed the payment and so debited itself, although it is not approved.
	CardDebited bool
	// Offline says that the till accepted the payment by itself; operator, reference and authorisation may be missing.
	Offline bool
	// Reprint marks a slip that may be on paper already.
	Reprint bool
}

// orderReference is the reference that the order is found by; empty where it has none.
func (s Slip) orderReference() string {
	if s.Original != nil {
		return s.Original.Reference
	}
	return s.Reference
}
