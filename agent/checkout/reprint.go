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
func (r Reprint) Waiting() Copies {
	var set Copies
	if r.merchant > 0 {
		set |= MerchantCopy
	}
	if r.customer > 0 {
		set |= CustomerCopy
	}
	return set
}

// Asked is the same once a copy was asked for once more.
func (r Reprint) Asked(copy message.ReceiptPrinted_Copy) Reprint {
	*r.waiting(copy)++
	return r.without(CopyOf(copy))
}

// Reported is the same once the printer has reported on a copy; a report that nobody waits for says nothing.
func (r Reprint) Reported(e Printed) Reprint {
	waiting := r.waiting(e.Copy)
	if !e.Reprint || *waiting == 0 {
		return r
	}
	*waiting--
	copy := CopyOf(e.Copy)
	r = r.without(copy)
	switch e.Result {
	case message.ReceiptPrinted_RESULT_DONE:
		r.Printed |= copy
	case message.ReceiptPrinted_RESULT_NOT_STARTED:
		r.NotPrinted |= copy
	default:
		r.Unconfirmed |= copy
	}
	return r
}

func (r *Reprint) waiting(copy message.ReceiptPrinted_Copy) *uint8 {
	if copy == message.ReceiptPrinted_COPY_MERCHANT {
		return &r.merchant
	}
	return &r.customer
}

func (r Reprint) without(copies Copies) Reprint {
	r.Printed, r.NotPrinted, r.Unconfirmed = r.Printed&^copies, r.NotPrinted&^copies, r.Unconfirmed&^copies
	return r
}
