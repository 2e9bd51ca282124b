package registry

import (
	"fmt"

	"github.com/yuantill/yuantill/cloud/operator"
)

// BackUpsMax is how many back-up operators a merchant may have.
const BackUpsMax = 3

// Merchant says whom a merchant's payments go to.
type Merchant struct {
	ID      string
	First   string   // code of the operator asked first
	BackUps []string // codes of those asked instead, in this order
}

// Health tells whether an operator is believed to be reachable.
type Health func(code string) bool

// Check reports a merchant whose operators are unknown, doubled or too many. Errors: ErrUnknownOperator, ErrInvalid.
func (r *Registry) Check(merchant Merchant) error {
	if len(merchant.BackUps) > BackUpsMax {
		return fmt.Errorf("%w: merchant %s has %d back-ups", ErrInvalid, merchant.ID, len(merchant.BackUps))
	}
	seen := make(map[string]bool, 1+len(merchant.BackUps))
	for _, code := range merchant.codes() {
		if _, err := r.Get(code); err != nil {
			return fmt.Errorf("check merchant %s: %w", merchant.ID, err)
		}
		if seen[code] {
			return fmt.Errorf("%w: merchant %s names %s twice", ErrInvalid, merchant.ID, code)
		}
		seen[code] = true
	}
	return nil
}

// Route returns the merchant's operators that take the payment, the one to ask first in front: healthy ones in the
// merchant's order, then the others. An unhealthy operator stays in the list because asking it can at worst end in
// "not sent", while leaving it out would turn every payment away on a mistaken health check. A payment that was sent to
// one of them stays there: the list is for payments of which certainly nothing was sent.
// Errors: ErrUnknownOperator, ErrInvalid, ErrNoRoute.
func (r *Registry) Route(merchant Merchant, method operator.Method, amount int64, health Health) ([]string, error) {
	if err := r.Check(merchant); err != nil {
		return nil, err
	}
	route := make([]string, 0, 1+len(merchant.BackUps))
	var ailing []string
	for _, code := range merchant.codes() {
		if !r.byCode[code].Takes(method, amount) {
			continue
		}
		if health == nil || health(code) {
			route = append(route, code)
		} else {
			ailing = append(ailing, code)
		}
	}
	route = append(route, ailing...)
	if len(route) == 0 {
		return nil, fmt.Errorf("route %s payment of merchant %s: %w", method, merchant.ID, ErrNoRoute)
	}
	return route, nil
}

func (m Merchant) codes() []string {
	return append([]string{m.First}, m.BackUps...)
}
