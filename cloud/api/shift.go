package api

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// Shift is a shift as its terminal told of it and as it compares with the books. Amounts are minor units; times are the
// terminal's, absent until they are known.
type Shift struct {
	Terminal   string      `json:"terminal"`
	ID         string      `json:"id" doc:"shift id, 32 hexadecimal digits"`
	Batch      uint32      `json:"batch"`
	State      string      `json:"state" enum:"open,provisional,waiting,agrees,differs,unsigned" doc:"waiting: complete, not yet compared with the books"`
	Findings   string      `json:"findings,omitempty" doc:"what differs"`
	Revision   uint32      `json:"revision" doc:"of the shift's end, 0 while it is open"`
	Cashier    string      `json:"cashier"`
	ApprovedBy string      `json:"approved_by,omitempty" doc:"who allowed an end with something open"`
	OpenedAt   time.Time   `json:"opened_at"`
	ClosedAt   *time.Time  `json:"closed_at,omitempty"`
	First      uint64      `json:"first_sequence"`
	Last       uint64      `json:"last_sequence,omitempty"`
	Currency   string      `json:"currency"`
	Float      int64       `json:"float"`
	CashMoved  int64       `json:"cash_moved"`
	Lines      []ShiftLine `json:"lines"`
	Open       int         `json:"open" doc:"payments and follow-ups that were open at a provisional end"`
}

// ShiftLine is one method.
type ShiftLine struct {
	Method        string `json:"method"`
	Sales         uint32 `json:"sales"`
	SalesAmount   int64  `json:"sales_amount"`
	Refunds       uint32 `json:"refunds"`
	RefundsAmount int64  `json:"refunds_amount"`
	Expected      int64  `json:"expected" doc:"what should be there"`
	Counted       *int64 `json:"counted,omitempty" doc:"what was counted; absent where nobody counted"`
}

type shiftsInput struct {
	Terminal string `query:"terminal" maxLength:"8" doc:"of one terminal; of all when left out"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// shifts lists shifts, the one heard of last first.
func (a *api) shifts(ctx context.Context, in *shiftsInput) (*body[[]Shift], error) {
	var terminal record.Terminal
	if in.Terminal != "" {
		parsed, err := record.ParseTerminal(in.Terminal)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		terminal = parsed
	}
	rows, err := a.Store.Shifts(ctx, terminal, in.Limit)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	out := &body[[]Shift]{make([]Shift, 0, len(rows))}
	for _, row := range rows {
		shift, err := newShift(row)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		out.Body = append(out.Body, shift)
	}
	return out, nil
}

func newShift(row store.Shift) (Shift, error) {
	shift := Shift{Terminal: row.Terminal.String(), ID: row.ID.String(), Batch: row.Batch, State: row.State.String(),
		Findings: row.Findings, Revision: row.Revision, OpenedAt: row.OpenedAt, ClosedAt: known(row.ClosedAt), First: row.First,
		Last: row.Last, Lines: []ShiftLine{}}
	if row.Revision == 0 {
		var opened message.ShiftOpened
		if err := proto.Unmarshal(row.Body, &opened); err != nil {
			return Shift{}, fmt.Errorf("read shift: %w", err)
		}
		shift.Cashier, shift.Currency, shift.Float = opened.GetCashier(), opened.GetCurrency(), opened.GetFloat()
		return shift, nil
	}
	var closed message.ShiftClosed
	if err := proto.Unmarshal(row.Body, &closed); err != nil {
		return Shift{}, fmt.Errorf("read shift: %w", err)
	}
	shift.Cashier, shift.Currency, shift.Float = closed.GetCashier(), closed.GetCurrency(), closed.GetFloat()
	shift.CashMoved, shift.ApprovedBy, shift.Open = closed.GetCashMoved(), closed.GetApprovedBy(), len(closed.GetOpenOrders())
	for _, l := range closed.GetLines() {
		line := ShiftLine{Method: l.GetMethod(), Sales: l.GetSales(), SalesAmount: l.GetSalesAmount(), Refunds: l.GetRefunds(),
			RefundsAmount: l.GetRefundsAmount(), Expected: l.GetSalesAmount() - l.GetRefundsAmount(), Counted: l.Counted}
		if line.Method == closing.Cash {
			line.Expected = closed.GetFloat() + closed.GetCashMoved()
		}
		shift.Lines = append(shift.Lines, line)
	}
	return shift, nil
}
