package checkout

import (
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// printed records what became of a copy and tells the cashier when it is not certainly on paper.
func (r Rules) printed(s Sale, e Printed) (Sale, []Effect) {
	if !e.Reprint {
		s.Unprinted = s.Unprinted.without(e.Copy)
	}
	s.Altered = e.AlteredOf(s.Altered)
	effects := []Effect{Commit{Type: record.ReceiptPrinted, Body: e.body(s.OrderID)}}
	if notice := e.Notice(); notice != catalogue.None {
		effects = append(effects, Show{Notice: notice})
	}
	return s, effects
}

// faultAltered is what records say of a copy that is on paper with substitutes (SPEC.md 7).
const faultAltered = "substitutes"

// RecordedFault is what the record of the copy says.
func (e Printed) RecordedFault() string {
	if e.Altered {
		return faultAltered
	}
	return e.Fault
}

// AlteredOf is a set of altered copies once this one is on paper.
func (e Printed) AlteredOf(before Copies) Copies {
	switch {
	case e.Result != message.ReceiptPrinted_RESULT_DONE:
		return before
	case e.Altered:
		return before | CopyOf(e.Copy)
	default:
		return before &^ CopyOf(e.Copy)
	}
}

// body is the report as it is recorded.
func (e Printed) body(order OrderID) *message.ReceiptPrinted {
	return &message.ReceiptPrinted{OrderId: order[:], Copy: e.Copy, Result: e.Result, Reprint: e.Reprint, Fault: e.RecordedFault()}
}

// Unsure are the reports on copies of which nobody saw whether they were printed before a restart.
func (c Copies) Unsure() []Printed {
	var unsure []Printed
	for _, copy := range c.Each() {
		unsure = append(unsure, Printed{Copy: copy, Result: message.ReceiptPrinted_RESULT_UNCONFIRMED, Fault: "restarted"})
	}
	return unsure
}

// Notice is what the cashier is told of the copy, or nothing.
func (e Printed) Notice() catalogue.Phrase {
	switch {
	case e.Absent:
		return catalogue.NoticePrinterGone
	case e.Result == message.ReceiptPrinted_RESULT_NOT_STARTED:
		return catalogue.NoticePaper
	case e.Result == message.ReceiptPrinted_RESULT_UNCONFIRMED:
		return catalogue.NoticePrintUnsure
	case e.Altered:
		return catalogue.NoticePrintAltered
	case e.Reprint:
		return catalogue.NoticePrinted
	default:
		return catalogue.None
	}
}

// reprint prints a slip once more; it says so on paper. Before there is an outcome to print there is no slip.
func (r Rules) reprint(s Sale, e ReprintPressed) (Sale, []Effect) {
	if !s.Printable() || e.Copies == 0 {
		return s, []Effect{Show{}}
	}
	return s, []Effect{Print{Copies: e.Copies, Reprint: true}}
}

// Printable reports whether the sale has something to put on paper.
func (s Sale) Printable() bool {
	switch s.State {
	case Approved, ApprovedOffline, NotHonoured, Declined, Reversed, Reversing:
		return true
	default:
		return false
	}
}
