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

// startKeys finds the sale that an idempotency key has begun.
type startKeys struct {
	sales map[string]startedSale
	order []string // oldest first
}

// startedSale is what a key began: a sale, or a follow-up, whose ids are never the same.
type startedSale struct {
	id     [16]byte
	digest [sha256.Size]byte
}

func newStartKeys() startKeys { return startKeys{sales: make(map[string]startedSale)} }

func (k *startKeys) get(key string) (startedSale, bool) {
	s, found := k.sales[key]
	return s, found
}

func (k *startKeys) put(origin checkout.Origin, id [16]byte) {
	if _, known := k.sales[origin.Key]; known || origin.Key == "" {
		return
	}
	if len(k.order) == keysMax {
		delete(k.sales, k.order[0])
		copy(k.order, k.order[1:])
		k.order = k.order[:keysMax-1]
	}
	k.sales[origin.Key] = startedSale{id: id, digest: origin.Digest}
	k.order = append(k.order, origin.Key)
}
