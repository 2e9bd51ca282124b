package followup

import (
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// printed records what became of a copy and tells the cashier when it is not certainly on paper.
func (r Rules) printed(f FollowUp, e Printed) (FollowUp, []Effect) {
	if !e.Reprint {
		f.Unprinted &^= checkout.CopyOf(e.Copy)
	}
	f.Altered = e.AlteredOf(f.Altered)
	effects := []Effect{commitPrinted(f, e.Printed)}
	if notice := e.Notice(); notice != 0 {
		effects = append(effects, checkout.Show{Notice: notice})
	}
	return f, effects
}

func commitPrinted(f FollowUp, e checkout.Printed) checkout.Commit {
	order := f.Order()
	return checkout.Commit{Type: record.ReceiptPrinted, Body: &message.ReceiptPrinted{
		OrderId: order[:], Copy: e.Copy, Result: e.Result, Reprint: e.Reprint, Fault: e.RecordedFault(), FollowUpId: f.ID[:],
	}}
}

// unsurePrints records that nobody saw whether the copies were printed.
func unsurePrints(f FollowUp) (FollowUp, []Effect) {
	var effects []Effect
	for _, report := range f.Unprinted.Unsure() {
		effects = append(effects, commitPrinted(f, report))
	}
	f.Unprinted = 0
	return f, effects
}

// reprint prints a slip once more; it says so on paper. While nobody knows the slip says that, and only that.
func (r Rules) reprint(f FollowUp, e ReprintPressed) (FollowUp, []Effect) {
	if !f.Printable() || e.Copies == 0 {
		return f, []Effect{checkout.Show{}}
	}
	return f, []Effect{checkout.Print{Copies: e.Copies, Reprint: true}}
}

// Printable reports whether it has something to put on paper.
func (f FollowUp) Printable() bool { return f.State != Asking }
