package offline

import (
	"time"

	"github.com/yuantill/yuantill/protocol/hardwallet"
)

// RefusedWithin is how long a payment that no operator honoured goes on counting: as long as the cloud counts it (SPEC.md 7.8.5).
const RefusedWithin = 24 * time.Hour

// Payment is one that the till accepted by itself.
type Payment struct {
	Order    [16]byte
	Sequence uint64 // of its record
	Wallet   hardwallet.WalletID
	Counter  uint32 // the wallet's own number of it
	Amount   int64  // minor units
	// Until is when it no longer counts although no operator honoured it; zero while that is not known.
	Until time.Time
}

// Taken is what the till accepted by itself and can still be lost: what the cloud has not acknowledged, what no operator has
// honoured yet, and for a day what none honours. The zero value is nothing. A refund
// changes nothing in it: what went back stays within the totals (SPEC.md 7.8.6).
type Taken struct {
	payments []Payment
}

// Add notes a payment.
func (t *Taken) Add(p Payment) { t.payments = append(t.payments, p) }

// Move notes that a payment is under another record since its own was refused; one that was not noted is added.
func (t *Taken) Move(refused uint64, p Payment) {
	for i := range t.payments {
		if t.payments[i].Sequence == refused {
			t.payments[i] = p
			return
		}
	}
	t.Add(p)
}

// Refuse notes that no operator honours a payment, as was heard at a time.
func (t *Taken) Refuse(order [16]byte, heard time.Time) {
	for i := range t.payments {
		if p := &t.payments[i]; p.Order == order && p.Until.IsZero() {
			p.Until = heard.Add(RefusedWithin)
		}
	}
}

// Has reports whether a payment is noted.
func (t *Taken) Has(order [16]byte) bool {
	for _, p := range t.payments {
		if p.Order == order {
			return true
		}
	}
	return false
}

// Settle forgets what can be lost no more; open reports whether the cloud has not got a payment's record or its operator's word.
func (t *Taken) Settle(now time.Time, open func(Payment) bool) {
	kept := t.payments[:0]
	for _, p := range t.payments {
		if now.Before(p.Until) || open(p) {
			kept = append(kept, p)
		}
	}
	clear(t.payments[len(kept):])
	t.payments = kept
}

// Total is what all payments come to, in minor units, and how many they are.
func (t *Taken) Total() (amount int64, count int) {
	for _, p := range t.payments {
		amount += p.Amount
	}
	return amount, len(t.payments)
}

// of is the same for one wallet, with the highest of its counters.
func (t *Taken) of(wallet hardwallet.WalletID) (amount int64, count int, counter uint32) {
	for _, p := range t.payments {
		if p.Wallet == wallet {
			amount, count, counter = amount+p.Amount, count+1, max(counter, p.Counter)
		}
	}
	return amount, count, counter
}
