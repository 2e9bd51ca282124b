package offline

import "github.com/yuantill/yuantill/protocol/hardwallet"

// Payment is one that the till accepted by itself.
type Payment struct {
	Sequence uint64 // of its record
	Wallet   hardwallet.WalletID
	Counter  uint32 // the wallet's own number of it
	Amount   int64  // minor units
}

// Taken is what the till accepted by itself and the cloud has not acknowledged. The zero value is nothing. A refund
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

// Settle forgets what the cloud has; waits reports whether it has not got a record.
func (t *Taken) Settle(waits func(sequence uint64) bool) {
	kept := t.payments[:0]
	for _, p := range t.payments {
		if waits(p.Sequence) {
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
