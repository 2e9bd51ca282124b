package station

import "github.com/yuantill/yuantill/agent/checkout"

// Reprint is what became of a slip's copies that were asked for again. The till does not remember it over a restart.
type Reprint struct {
	Waiting     []string `json:"waiting,omitempty" enum:"merchant,customer" doc:"the printer has not reported yet"`
	Printed     []string `json:"printed,omitempty" enum:"merchant,customer"`
	NotPrinted  []string `json:"not_printed,omitempty" enum:"merchant,customer"`
	Unconfirmed []string `json:"unconfirmed,omitempty" enum:"merchant,customer" doc:"nobody saw whether they are on paper"`
}

// newReprint writes it for the API; nil when no copy was asked for.
func newReprint(r checkout.Reprint) *Reprint {
	if r == (checkout.Reprint{}) {
		return nil
	}
	return &Reprint{
		Waiting: copyNames(r.Waiting()), Printed: copyNames(r.Printed), NotPrinted: copyNames(r.NotPrinted),
		Unconfirmed: copyNames(r.Unconfirmed),
	}
}
