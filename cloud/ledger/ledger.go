// Package ledger keeps the books: what a payment came to goes in, double entries in minor units leave; and it checks
// without end that the books agree with themselves and with the payments. Balances are derived, never kept.
//
// Accounts, debits positive:
//
//	operator/<code>   what an operator owes us for approved payments
//	merchant/<id>     what we owe a merchant: the payments less the fee
//	fees              what we earned
//	suspense/<code>   what came in for payments that had been taken back and has to be sent back
package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

// ErrAmount marks amounts that cannot be booked.
var ErrAmount = errors.New("ledger: amount or fee out of range")

const feeAccount = "fees"

// Booking is what is to be booked of a payment.
type Booking struct {
	Order    store.OrderID
	Operator string // code
	Merchant string // id
	Amount   int64  // minor units, above zero
	Fee      int64  // minor units, 0 to Amount
	Currency string
	At       time.Time
}

// Entry returns the balanced entry of a kind. A kind that undoes another has the other's postings turned around. It
// returns ErrAmount.
func (b Booking) Entry(kind store.EntryKind) (store.Entry, error) {
	if b.Amount <= 0 || b.Fee < 0 || b.Fee > b.Amount {
		return store.Entry{}, fmt.Errorf("book %s: %w", kind, ErrAmount)
	}
	var postings []store.Posting
	switch kind {
	case store.EntrySale, store.EntryReversal:
		postings = b.sale()
	case store.EntrySuspense, store.EntrySuspenseReturn:
		postings = b.suspense()
	default:
		return store.Entry{}, fmt.Errorf("book entry: unknown kind %d", kind)
	}
	if kind == store.EntryReversal || kind == store.EntrySuspenseReturn {
		for i := range postings {
			postings[i].Amount = -postings[i].Amount
		}
	}
	return store.Entry{Order: b.Order, Kind: kind, At: b.At, Postings: postings}, nil
}

func (b Booking) sale() []store.Posting {
	postings := []store.Posting{
		b.posting("operator/"+b.Operator, b.Amount),
		b.posting("merchant/"+b.Merchant, b.Fee-b.Amount),
	}
	if b.Fee != 0 {
		postings = append(postings, b.posting(feeAccount, -b.Fee))
	}
	return postings
}

func (b Booking) suspense() []store.Posting {
	return []store.Posting{b.posting("operator/"+b.Operator, b.Amount), b.posting("suspense/"+b.Operator, -b.Amount)}
}

func (b Booking) posting(account string, amount int64) store.Posting {
	return store.Posting{Account: account, Amount: amount, Currency: b.Currency}
}
