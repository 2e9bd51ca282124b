package station

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/protocol/money"
)

// Shifts is a till that keeps shifts. Its errors are *Refusal when the till says no.
type Shifts interface {
	// OpenShift begins a shift with cash in the drawer; it refuses with RefuseShiftOpen while one is open, with
	// RefuseShiftNoFloat while that has no cash in the drawer and a float is given. A key that opened one before gets that
	// shift as it is now, or RefuseKeyReused when it was another intent's.
	OpenShift(ctx context.Context, opening Opening) (Shift, error)
	// CurrentShift returns the open shift as it stands, an X report, and has it printed when that is wanted. It refuses
	// with RefuseNoShift.
	CurrentShift(ctx context.Context, print bool) (Shift, error)
	// MoveCash records cash put into the drawer, or taken out of it when below zero. It refuses with RefuseKeyReused when
	// the key moved another amount before, and with RefuseDrawer to take out more than should be there.
	MoveCash(ctx context.Context, cash Cash) (Shift, error)
	// CloseShift ends the shift and prints its Z report. It refuses with RefuseShiftApproval when something is open and
	// nobody approved. A key that closed one before gets that shift and prints nothing, as OpenShift.
	CloseShift(ctx context.Context, count shift.Count) (Shift, error)
	// ShiftList returns the latest shifts, newest first.
	ShiftList(ctx context.Context, limit int) ([]Shift, error)
}

// Opening is the wish to begin a shift.
type Opening struct {
	Key     string // the intent's; the same key opens one shift, for ever
	Cashier string
	Float   money.Money
}

// Cash is cash on its way into or out of the drawer.
type Cash struct {
	Key     string // the intent's; the same key moves cash once, for ever
	Amount  int64  // minor units; out of the drawer when below zero
	Cashier string
	Note    string
}

// Shift is a shift as the API shows it. Amounts are in the currency's minor unit; times are UTC.
type Shift struct {
	ID         string      `json:"id" doc:"shift id, 32 hexadecimal digits"`
	State      string      `json:"state" enum:"open,provisional,complete" doc:"provisional: ended while something had no result"`
	Batch      uint32      `json:"batch"`
	Cashier    string      `json:"cashier"`
	Currency   string      `json:"currency"`
	Float      int64       `json:"float" doc:"cash in the drawer at the beginning"`
	CashMoved  int64       `json:"cash_moved" doc:"cash put in and taken out since"`
	OpenedAt   time.Time   `json:"opened_at"`
	ClosedAt   *time.Time  `json:"closed_at,omitempty"`
	ClosedBy   string      `json:"closed_by,omitempty"`
	Revision   uint32      `json:"revision" doc:"of the shift's end, 0 while it is open"`
	Lines      []ShiftLine `json:"lines"`
	Open       []string    `json:"open" doc:"order and follow-up ids without a definite outcome"`
	ApprovedBy string      `json:"approved_by,omitempty" doc:"who allowed an end with something open"`
	Signed     bool        `json:"signed" doc:"the end carries the terminal's SM2 signature"`
}

// ShiftLine is one method: expected is 应收, counted 实收.
type ShiftLine struct {
	Method        string `json:"method" enum:"code,tap,shown,offline-tap,hold,other,cash"`
	Sales         uint32 `json:"sales"`
	SalesAmount   int64  `json:"sales_amount"`
	Refunds       uint32 `json:"refunds"`
	RefundsAmount int64  `json:"refunds_amount"`
	Expected      int64  `json:"expected" doc:"what should be there"`
	Counted       *int64 `json:"counted,omitempty" doc:"what was counted; absent where nobody counted"`
	Difference    *int64 `json:"difference,omitempty" doc:"counted minus expected"`
}

// NewShift writes a report for the API.
func NewShift(r shift.Report) Shift {
	s := r.Shift
	out := Shift{
		ID: s.ID.String(), State: r.State.String(), Batch: s.Batch, Cashier: s.Cashier, Currency: s.Currency, Float: s.Float,
		CashMoved: s.Sum.CashMoved, OpenedAt: s.OpenedAt.UTC(), ClosedAt: optionalTime(r.ClosedAt),
		ClosedBy: s.Closed.GetCashier(), Revision: r.Revision, ApprovedBy: r.ApprovedBy,
		Lines: make([]ShiftLine, 0, len(r.Lines)), Open: make([]string, 0, len(r.Open)),
		Signed: len(s.Closed.GetSignature()) > 0,
	}
	for _, l := range r.Lines {
		line := ShiftLine{
			Method: l.Method, Sales: l.Sales, SalesAmount: l.SalesAmount, Refunds: l.Refunds, RefundsAmount: l.RefundsAmount,
			Expected: l.Expected, Counted: l.Counted,
		}
		if difference, counted := l.Difference(); counted {
			line.Difference = &difference
		}
		out.Lines = append(out.Lines, line)
	}
	for _, item := range r.Open {
		out.Open = append(out.Open, shift.ID(item).String())
	}
	return out
}
