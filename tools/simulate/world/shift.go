package world

import (
	"context"
	"fmt"
	"slices"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/money"
)

// keepShift is what people do with shifts:
//
//	shift till=0 what=open|close|look|cash [amount=500] [approve=1] [unplug=3]
//
// look has an X report printed. Without approve, a shift in which something is open is not closed.
func keepShift(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	if a.is("unplug") {
		w.hit("person-unplug")
		t.life.fatal = t.life.points + max(a.number("unplug"), 1)
	}
	ctx, desk := context.Background(), t.agent.Till().(station.Shifts)
	w.hit("shift-" + a.text("what"))
	var report station.Shift
	var err error
	switch a.text("what") {
	case "open":
		w.wishes++
		_, err = desk.OpenShift(ctx, station.Opening{Key: fmt.Sprintf("shift %d", w.wishes), Cashier: "01",
			Float: money.Money{Minor: int64(a.number("amount")), Currency: money.CNY}})
	case "look":
		if report, err = desk.CurrentShift(ctx, true); err == nil {
			t.looked(report)
		}
	case "cash":
		w.wishes++
		_, err = desk.MoveCash(ctx, station.Cash{Key: fmt.Sprintf("cash %d", w.wishes), Amount: int64(a.number("amount")), Cashier: "01"})
	case "close":
		w.wishes++
		count := shift.Count{Key: fmt.Sprintf("shift %d", w.wishes), Cashier: "01", Methods: map[string]int64{"cash": 100}}
		if a.is("approve") {
			count.ApprovedBy = "02"
		}
		if report, err = desk.CloseShift(ctx, count); err == nil && report.State == "provisional" {
			w.hit("shift-provisional")
		}
	}
	if err != nil {
		w.refused(t, err)
	}
	t.settle()
}

// looked checks an X report.
func (t *till) looked(report station.Shift) {
	opened := t.evidence.openings[report.ID]
	want := t.evidence.sum(opened.sequence, t.evidence.last, t.evidence.last)
	got := takings{lines: map[string]taking{}}
	for _, l := range report.Lines {
		got.take(l.Method, taking{l.Sales, l.Refunds, l.SalesAmount, l.RefundsAmount})
	}
	got.open, got.cash = len(report.Open), report.CashMoved
	t.compare("x-report-differs", report.ID, got, want)
}

// compare holds what a till says of a shift against what somebody who watched its journal counted.
func (t *till) compare(name, id string, got, want takings) {
	if got.String() != want.String() {
		t.world.violation(name, "%s, shift %s: it says %s, and it was %s", t.name, t.evidence.openings[id].name, got, want)
	}
}

// taking is one method's line.
type taking struct {
	sales, refunds           uint32
	salesAmount, refundsBack int64
}

// takings are what a shift came to.
type takings struct {
	lines map[string]taking // those in which something was taken or given back
	open  int
	cash  int64
}

// take adds to a line.
func (s *takings) take(method string, add taking) {
	if add == (taking{}) {
		return
	}
	line := s.lines[method]
	s.lines[method] = taking{line.sales + add.sales, line.refunds + add.refunds, line.salesAmount + add.salesAmount,
		line.refundsBack + add.refundsBack}
}

// String names all lines in order.
func (s takings) String() string {
	text := fmt.Sprintf("%d open, cash %s", s.open, yuan(s.cash))
	methods := make([]string, 0, len(s.lines))
	for method := range s.lines {
		methods = append(methods, method)
	}
	slices.Sort(methods)
	for _, method := range methods {
		l := s.lines[method]
		text += fmt.Sprintf(", %s %d for %s and %d back for %s", method, l.sales, yuan(l.salesAmount), l.refunds, yuan(l.refundsBack))
	}
	return text
}

// checkShifts checks that what was closed is complete in the end, and that the cloud's own books say the same of it.
func (w *World) checkShifts(t *till) {
	const most = 1000
	rows, err := w.cloud.books.Shifts(context.Background(), t.id, most)
	w.must(err)
	known := map[string]store.Shift{}
	for _, row := range rows {
		known[row.ID.String()] = row
	}
	for _, id := range slices.Sorted(t.evidence.closedShifts()) {
		opened := t.evidence.openings[id]
		switch row := known[id]; {
		case opened.provisional:
			t.stuck("shift-stays-open", fmt.Sprintf("shift %s never became complete", opened.name))
		case row.State != store.ShiftAgrees:
			t.stuck("shift-differs", fmt.Sprintf("shift %s: the cloud has it %s: %s", opened.name, row.State, row.Findings))
		}
	}
}

// waitsForCustomer are the states in which a sale has its customer in front of the till.
var waitsForCustomer = []checkout.State{checkout.Waiting, checkout.Tapping, checkout.CardUnknown, checkout.AwaitingScan}

// inFront returns the latest sale of a till where its screen waits for the customer: his code, his card, or that he scans ours.
func (t *till) inFront() *purchase {
	for _, p := range slices.Backward(t.world.list) {
		switch {
		case p.till != t:
		case t.life != nil && p.shownBy == t.life && slices.ContainsFunc(waitsForCustomer, func(s checkout.State) bool { return s.String() == p.shown }):
			return p
		default:
			return nil
		}
	}
	return nil
}
