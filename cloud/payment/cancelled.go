package payment

import (
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
)

// cancelled remembers reversals that overtook their payment, so that the payment is never begun. It is bounded; after a
// restart the terminal, which asks until it knows, fills it again.
type cancelled struct {
	reasons map[store.OrderID]operator.Reason
	order   []store.OrderID // oldest first
}

func newCancelled() cancelled { return cancelled{reasons: make(map[store.OrderID]operator.Reason)} }

func (s *Service) noteCancelled(order store.OrderID, reason operator.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.cancelled
	if _, known := c.reasons[order]; known {
		return
	}
	if len(c.order) >= cancelledMax {
		delete(c.reasons, c.order[0])
		c.order = c.order[1:]
	}
	c.reasons[order] = reason
	c.order = append(c.order, order)
}

func (s *Service) wasCancelled(order store.OrderID) (operator.Reason, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reason, known := s.cancelled.reasons[order]
	return reason, known
}
