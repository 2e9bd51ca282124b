package agent

import "github.com/yuantill/yuantill/agent/checkout"

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
