package checkout

import "github.com/yuantill/yuantill/protocol/message"

// Reprint is what became of the copies of one slip that were asked for again.
type Reprint struct {
	// Printed are on paper, NotPrinted not; of Unconfirmed nobody saw whether they are. A copy that was asked for several
	// times is where its latest report has put it.
	Printed, NotPrinted, Unconfirmed Copies
	// merchant and customer count the copies that the printer has not reported on.
	merchant, customer uint8
}

// Waiting are the copies that the printer has not reported on.
func (r *Reprint) Waiting() Copies {
	var set Copies
	if r.merchant > 0 {
		set |= MerchantCopy
	}
	if r.customer > 0 {
		set |= CustomerCopy
	}
	return set
}

// Ask notes that a copy was asked for once more.
func (r *Reprint) Ask(copy message.ReceiptPrinted_Copy) { *r.forget(copy)++ }

// Report notes the printer's report on a copy; one that nobody waits for says nothing.
func (r *Reprint) Report(e Printed) {
	copy := CopyOf(e.Copy)
	if !e.Reprint || r.Waiting()&copy == 0 {
		return
	}
	*r.forget(e.Copy)--
	switch e.Result {
	case message.ReceiptPrinted_RESULT_DONE:
		r.Printed |= copy
	case message.ReceiptPrinted_RESULT_NOT_STARTED:
		r.NotPrinted |= copy
	default:
		r.Unconfirmed |= copy
	}
}

// forget forgets what became of a copy before, and returns the count of those that are waited for.
func (r *Reprint) forget(copy message.ReceiptPrinted_Copy) *uint8 {
	keep := ^CopyOf(copy)
	r.Printed, r.NotPrinted, r.Unconfirmed = r.Printed&keep, r.NotPrinted&keep, r.Unconfirmed&keep
	if copy == message.ReceiptPrinted_COPY_MERCHANT {
		return &r.merchant
	}
	return &r.customer
}
