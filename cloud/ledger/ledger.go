// Package ledger keeps the books: what a payment came to goes in, double entries in minor units leave; and it checks
// without end that the books agree with themselves and with the payments. Balances are derived, never kept.
//
// Accounts, debits positive:
//
//	operator/<code>   what an operator owes us for approved payments
//	merchant/<id>     what we owe a merchant: the payments less the fee, and less what customers' banks took back
//	fees              what we earned
//	suspense/<code>   what came in for payments that had been taken back and has to be sent back
//	hold/<code>       memo: what an operator holds of customers' money; nobody owes it
//	held/<id>         memo: the other side of it, by merchant
//	losses/offline    covered offline payments that no operator honoured: the merchant is owed them. Covered is what a card
//	                  signed, as far as can be verified, within limits we gave; of others nothing is booked
package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

// ErrAmount marks amounts that cannot be booked.
var ErrAmount = errors.New("ledger: amount or fee out of range")

const (
	feeAccount  = "fees"
	lossAccount = "losses/offline"
)

// Booking is what is to be booked of a payment.
type Booking struct {
	Order    store.OrderID
	Part     store.FollowUpID // the follow-up it belongs to; zero for the payment itself
	Operator string           // code
	Merchant string           // id
	Amount   int64            // of money, in minor units; above zero where the kind moves money, else zero
	Fee      int64            // minor units, 0 to Amount
	Held     int64            // what is held more or less because of it, in minor units
	Currency string
	At       time.Time
}

// nature is what a kind of entry does: its sign on money and on what is held.
type nature struct {
	money, suspense, loss bool
	sign, held            int64
}

func natureOf(kind store.EntryKind) (nature, bool) {
	switch kind {
	case store.EntrySale:
		return nature{money: true, sign: 1}, true
	case store.EntryReversal, store.EntryVoid, store.EntryRefund, store.EntryDispute:
		return nature{money: true, sign: -1}, true
	case store.EntrySuspense:
		return nature{money: true, suspense: true, sign: 1}, true
	case store.EntrySuspenseReturn:
		return nature{money: true, suspense: true, sign: -1}, true
	case store.EntryLoss:
		return nature{money: true, loss: true, sign: 1}, true
	case store.EntryLossReturn:
		return nature{money: true, loss: true, sign: -1}, true
	case store.EntryHold, store.EntryTopUp:
		return nature{held: 1}, true
	case store.EntryHoldReturn, store.EntryRelease:
		return nature{held: -1}, true
	case store.EntryCompletion:
		return nature{money: true, sign: 1, held: -1}, true
	case store.EntryUndo:
		return nature{money: true, sign: -1, held: 1}, true
	default:
		return nature{}, false
	}
}

// Entry returns the balanced entry of a kind. A kind that undoes another has the other's postings turned around. It
// returns ErrAmount.
func (b Booking) Entry(kind store.EntryKind) (store.Entry, error) {
	n, known := natureOf(kind)
	if !known {
		return store.Entry{}, fmt.Errorf("book entry: unknown kind %d", kind)
	}
	if n.money != (b.Amount > 0) || b.Fee < 0 || b.Fee > b.Amount || b.Held < 0 || (n.held == 0) && b.Held != 0 || !n.money && b.Held == 0 {
		return store.Entry{}, fmt.Errorf("book %s: %w", kind, ErrAmount)
	}
	var postings []store.Posting
	switch {
	case n.suspense:
		postings = b.suspense()
	case n.loss:
		postings = []store.Posting{b.posting(lossAccount, b.Amount), b.posting("merchant/"+b.Merchant, -b.Amount)}
	case n.money:
		postings = b.sale()
	}
	for i := range postings {
		postings[i].Amount *= n.sign
	}
	if b.Held != 0 {
		postings = append(postings, b.posting("hold/"+b.Operator, n.held*b.Held), b.posting("held/"+b.Merchant, -n.held*b.Held))
	}
	return store.Entry{Order: b.Order, Kind: kind, Part: b.Part, At: b.At, Postings: postings}, nil
}

// debitAccounts returns what the names of accounts begin with that are never credited more than they were debited by one
// order; all others are the other way round.
func debitAccounts() []string { return []string{"operator/", "hold/", "losses/"} }

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
