package agent

import (
	"crypto/sha256"

	"github.com/yuantill/yuantill/agent/checkout"
)

// recentSales keeps the latest sales that are over; older ones are read from the journal.
type recentSales struct {
	sales map[checkout.OrderID]*held
	order []checkout.OrderID // oldest first
}

func newRecentSales() recentSales {
	return recentSales{sales: make(map[checkout.OrderID]*held, recentMax)}
}

func (r *recentSales) get(id checkout.OrderID) (*held, bool) {
	h, found := r.sales[id]
	return h, found
}

func (r *recentSales) put(h *held) {
	id := h.sale.OrderID
	if _, known := r.sales[id]; known {
		r.sales[id] = h
		return
	}
	if len(r.order) == recentMax {
		delete(r.sales, r.order[0])
		copy(r.order, r.order[1:])
		r.order = r.order[:recentMax-1]
	}
	r.sales[id] = h
	r.order = append(r.order, id)
}

// startKeys finds what an idempotency key has begun. The latest sales and the latest follow-ups are kept apart: a sale
// whose key was pushed out would be charged a second time.
type startKeys struct{ sales, followUps keyTable }

func newStartKeys() startKeys { return startKeys{sales: newKeyTable(), followUps: newKeyTable()} }

func (k *startKeys) get(key string) (started, bool) {
	if s, found := k.sales.begun[key]; found {
		return s, true
	}
	s, found := k.followUps.begun[key]
	return s, found
}

// started is what a key began: a sale, or a follow-up, whose ids are never the same.
type started struct {
	id     [16]byte
	digest [sha256.Size]byte
}

// keyTable keeps the latest keysMax keys.
type keyTable struct {
	begun map[string]started
	order []string // oldest first
}

func newKeyTable() keyTable { return keyTable{begun: make(map[string]started)} }

func (k *keyTable) put(origin checkout.Origin, id [16]byte) {
	if _, known := k.begun[origin.Key]; known || origin.Key == "" {
		return
	}
	if len(k.order) == keysMax {
		delete(k.begun, k.order[0])
		copy(k.order, k.order[1:])
		k.order = k.order[:keysMax-1]
	}
	k.begun[origin.Key] = started{id: id, digest: origin.Digest}
	k.order = append(k.order, origin.Key)
}
