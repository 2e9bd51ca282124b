package payment

import (
	"slices"
	"sync"

	"github.com/yuantill/yuantill/cloud/store"
)

// recent remembers something about a bounded number of orders; beyond that the oldest are forgotten.
type recent[V any] struct {
	most int

	mu     sync.Mutex
	values map[store.OrderID]V // guarded by mu
	order  []store.OrderID     // guarded by mu; oldest first
}

func newRecent[V any](most int) *recent[V] {
	return &recent[V]{most: most, values: make(map[store.OrderID]V)}
}

// note remembers the first value of an order.
func (r *recent[V]) note(order store.OrderID, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.values[order]; known {
		return
	}
	if len(r.order) >= r.most {
		delete(r.values, r.order[0])
		r.order = r.order[1:]
	}
	r.values[order] = value
	r.order = append(r.order, order)
}

// drop forgets an order's value.
func (r *recent[V]) drop(order store.OrderID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.values[order]; known {
		delete(r.values, order)
		r.order = slices.DeleteFunc(r.order, func(other store.OrderID) bool { return other == order })
	}
}

// get returns an order's value and whether there is one.
func (r *recent[V]) get(order store.OrderID) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	value, known := r.values[order]
	return value, known
}
