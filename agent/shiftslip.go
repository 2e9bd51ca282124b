package agent

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/money"
)

// printShift gives a shift's slip to the printer. That it is not printed is told and no more: it can be asked for again
// while the shift is open, and the end stands in the journal. The till's lock is held.
func (t *till) printShift(r shift.Report) {
	slip := t.shiftSlip(r)
	job := &printJob{shift: &slip, gate: make(chan bool, 1)}
	job.gate <- true
	if !t.devices.ready(devicePrinter) {
		t.shiftUnprinted(context.Background(), errors.New(faultNoPrinter))
		return
	}
	select {
	case t.printer.queue <- job:
	default:
		t.shiftUnprinted(context.Background(), errors.New(faultQueue))
	}
}

// shiftUnprinted tells that a slip is not certainly on paper.
func (t *till) shiftUnprinted(ctx context.Context, cause error) {
	t.logger.WarnContext(ctx, "shift slip not certainly printed", "error", cause)
	t.feed.PublishNotice(devicePrinter, catalogue.NoticeShiftPaper, t.parts.Clock())
}

// printShift puts a shift's slip on paper. It returns the error of a printer that has gone.
func (w *printWorker) printShift(ctx context.Context, printer drivers.Printer, job *printJob) error {
	<-job.gate
	document, err := receipt.ComposeShift(*job.shift)
	if err != nil {
		w.till.shiftUnprinted(ctx, err)
		return nil
	}
	result, err := w.copy(ctx, printer, document)
	switch {
	case err == nil && result == drivers.PrintAltered:
		w.till.feed.PublishNotice(devicePrinter, catalogue.NoticePrintAltered, w.till.parts.Clock())
	case err == nil && result == drivers.PrintDone:
	default:
		w.till.shiftUnprinted(ctx, fmt.Errorf("result %v: %w", result, err))
	}
	if errors.Is(err, drivers.ErrGone) {
		return err
	}
	return nil
}

// shiftSlip is what stands on a shift's slip.
func (t *till) shiftSlip(r shift.Report) receipt.ShiftSlip {
	s := r.Shift
	amount := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: t.config.Currency} }
	slip := receipt.ShiftSlip{
		Merchant: t.config.Merchant.Name, MerchantID: t.config.Merchant.ID, Terminal: t.config.Terminal.String(),
		Batch: fmt.Sprintf("%06d", s.Batch), Cashier: s.Cashier, OpenedAt: s.OpenedAt, ClosedAt: r.ClosedAt,
		At: t.parts.Clock(), Final: r.State != shift.Open, Provisional: r.State == shift.Provisional,
		Float: amount(s.Float), CashMoved: amount(s.Sum.CashMoved), Open: len(r.Open), ApprovedBy: r.ApprovedBy,
		Revision: r.Revision, Signature: hex.EncodeToString(s.Closed.GetSignature()),
	}
	if slip.Final {
		slip.Cashier = s.Closed.GetCashier()
	}
	for _, l := range r.Lines {
		line := receipt.ShiftLine{
			Method: l.Method, Sales: l.Sales, SalesAmount: amount(l.SalesAmount), Refunds: l.Refunds,
			RefundsAmount: amount(l.RefundsAmount), Expected: amount(l.Expected),
		}
		if l.Counted != nil {
			counted := amount(*l.Counted)
			line.Counted = &counted
		}
		slip.Lines = append(slip.Lines, line)
	}
	return slip
}
