package shift

import (
	"time"

	"github.com/yuantill/yuantill/protocol/closing"
)

// ReportLine is one method as people read it: 应收 expected, 实收 counted, and the difference between them.
type ReportLine struct {
	Method string
	Line
	// Expected is what should be there, minor units.
	Expected int64
	// Counted is nil where nobody counted.
	Counted *int64
}

// Difference is counted minus expected; false where nobody counted.
func (l ReportLine) Difference() (int64, bool) {
	if l.Counted == nil {
		return 0, false
	}
	return *l.Counted - l.Expected, true
}

// Report is a shift as it is put before people: an X report while it is open, a Z report afterwards.
type Report struct {
	Shift    Shift
	State    State
	Revision uint32 // of the end; 0 while open
	ClosedAt time.Time
	// Lines are those in which something happened or was counted; cash is always there.
	Lines      []ReportLine
	Open       []Item // without a definite outcome
	ApprovedBy string
}

// Report returns how the shift stands. An ended one reads as it was ended, not as it was summed up since.
func (s Shift) Report() Report {
	report := Report{Shift: s, State: s.State(), Revision: s.Closed.GetRevision(), ApprovedBy: s.Closed.GetApprovedBy()}
	if s.Closed != nil {
		return s.ended(report)
	}
	for i, method := range closing.Methods() {
		line := ReportLine{Method: method, Line: s.Sum.Lines[i], Expected: s.Sum.Lines[i].Expected()}
		switch {
		case method == closing.Cash:
			line.Expected = s.Float + s.Sum.CashMoved
		case line.Line == (Line{}):
			continue
		}
		report.Lines = append(report.Lines, line)
	}
	for _, open := range s.Sum.Open {
		report.Open = append(report.Open, open.Item)
	}
	return report
}

func (s Shift) ended(report Report) Report {
	report.ClosedAt = time.UnixMicro(s.Closed.GetClosedAt()).UTC()
	report.Shift.Sum.CashMoved = s.Closed.GetCashMoved()
	for _, l := range s.Closed.GetLines() {
		line := ReportLine{Method: l.GetMethod(), Line: Line{
			Sales: l.GetSales(), SalesAmount: l.GetSalesAmount(), Refunds: l.GetRefunds(), RefundsAmount: l.GetRefundsAmount(),
		}, Counted: l.Counted}
		line.Expected = line.Line.Expected()
		if line.Method == closing.Cash {
			line.Expected = s.Closed.GetFloat() + s.Closed.GetCashMoved()
		}
		report.Lines = append(report.Lines, line)
	}
	for _, id := range s.Closed.GetOpenOrders() {
		if len(id) == len(Item{}) {
			report.Open = append(report.Open, Item(id))
		}
	}
	return report
}
