package agent

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/message"
)

// Bounds of a print job.
const (
	printWithin = 30 * time.Second // a copy that takes longer is given up as unconfirmed
	printGrace  = 3 * time.Second  // what a copy on its way gets when the till stops
	lookEvery   = time.Second      // how often an idle printer's own word is looked at
	lookAgain   = lookEvery / 10   // and while it gives none
)

// The faults of jobs that never reached a printer.
const (
	faultNoPrinter = "no printer"
	faultQueue     = "print queue full"
)

// printJob is one Print effect. It is handed to the worker before the commit that allows it, so that the slip is
// composed meanwhile; the gate opens when the commit is done.
type printJob struct {
	slip    printable
	id      [16]byte // the order's, or the follow-up's
	copies  []message.ReceiptPrinted_Copy
	reprint bool
	gate    chan bool
	// shift is a shift's slip instead of a sale's; it has no copies and no report.
	shift *receipt.ShiftSlip
	// refused is why the job was not taken; empty when it was.
	refused string
}

// printable is what a job puts on paper.
type printable interface {
	// name is what it is in the log.
	name() slog.Attr
	slip(t *till, reprint bool) receipt.Slip
	// printed reports on one copy. The till's lock is held.
	printed(ctx context.Context, t *till, report checkout.Printed)
	// again brings a report that the journal did not take before. The till's lock is held.
	again(ctx context.Context, t *till, report checkout.Printed) error
}

// saleSlip is a sale's receipt.
type saleSlip checkout.Sale

var _ printable = saleSlip{}

func (s saleSlip) name() slog.Attr { return slog.Any("sale", s.OrderID) }

func (s saleSlip) slip(t *till, reprint bool) receipt.Slip { return t.slip(checkout.Sale(s), reprint) }

func (s saleSlip) printed(ctx context.Context, t *till, report checkout.Printed) {
	h, err := t.find(ctx, s.OrderID)
	if err != nil {
		t.logger.ErrorContext(ctx, "printed sale not found", "sale", s.OrderID, "error", err)
		return
	}
	// An error is in the log, and the report is kept for being tried again.
	_ = t.give(ctx, h, report, nil)
}

// printWorker owns the printer. Its queue is only filled while a printer is there: a receipt never comes out by itself
// when a printer is plugged in later.
type printWorker struct {
	till  *till
	queue chan *printJob
}

func newPrintWorker(t *till) *printWorker {
	return &printWorker{till: t, queue: make(chan *printJob, printMax)}
}

// full reports whether another job would be refused for want of room.
func (w *printWorker) full() bool { return len(w.queue) == cap(w.queue) }

// prepare hands the effects' jobs to the worker, still held back. The till's lock is held.
func (w *printWorker) prepare(slip printable, id [16]byte, effects []checkout.Effect) []*printJob {
	var jobs []*printJob
	for _, effect := range effects {
		e, ok := effect.(checkout.Print)
		if !ok {
			continue
		}
		job := &printJob{slip: slip, id: id, copies: e.Copies.Each(), reprint: e.Reprint, gate: make(chan bool, 1)}
		jobs = append(jobs, job)
		if !w.till.devices.ready(devicePrinter) {
			job.refused = faultNoPrinter
			continue
		}
		select {
		case w.queue <- job:
		default:
			job.refused = faultQueue
		}
	}
	return jobs
}

// abandon takes jobs back whose commit failed.
func (w *printWorker) abandon(jobs []*printJob) {
	for _, job := range jobs {
		job.gate <- false
	}
}

// release lets jobs go, and returns the reports of those that were not taken. The till's lock is held.
func (w *printWorker) release(jobs []*printJob) []checkout.Event {
	var reports []checkout.Event
	for _, job := range jobs {
		if job.reprint {
			w.till.reprints.asked(job)
		}
		job.gate <- true
		if job.refused == "" {
			continue
		}
		for _, copy := range job.copies {
			report := job.notStarted(copy, job.refused)
			w.till.reprints.reported(job, report)
			reports = append(reports, report)
		}
	}
	if len(jobs) > 0 {
		runtime.Gosched() // the worker's first byte goes before what else the commit allows
	}
	return reports
}

func (j *printJob) notStarted(copy message.ReceiptPrinted_Copy, fault string) checkout.Printed {
	return checkout.Printed{
		Copy: copy, Result: message.ReceiptPrinted_RESULT_NOT_STARTED, Reprint: j.reprint,
		Fault: fault, Absent: fault == faultNoPrinter,
	}
}

// run prints jobs until the printer fails or ctx ends; what is queued then is reported as not started.
func (w *printWorker) run(ctx context.Context, printer drivers.Printer) error {
	for {
		wait := lookEvery
		if w.till.devices.look(printer) {
			wait = lookAgain
		}
		select {
		case job := <-w.queue:
			if err := w.print(ctx, printer, job); err != nil {
				return err
			}
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// drain reports jobs that were queued for a printer that has gone.
func (w *printWorker) drain(ctx context.Context, jobs []*printJob) {
	for _, job := range jobs {
		if !<-job.gate {
			continue
		}
		if job.shift != nil {
			w.till.shiftUnprinted(ctx, errors.New(faultNoPrinter))
		}
		for _, copy := range job.copies {
			w.report(ctx, job, job.notStarted(copy, faultNoPrinter))
		}
	}
}

// take empties the queue.
func (w *printWorker) take() []*printJob {
	var jobs []*printJob
	for range cap(w.queue) {
		select {
		case job := <-w.queue:
			jobs = append(jobs, job)
		default:
			return jobs
		}
	}
	return jobs
}

// print puts a job's copies on paper and reports on each. It returns the error of a printer that has gone.
func (w *printWorker) print(ctx context.Context, printer drivers.Printer, job *printJob) error {
	if job.shift != nil {
		return w.printShift(ctx, printer, job)
	}
	documents := make([]drivers.Document, len(job.copies))
	problems := make([]error, len(job.copies))
	for i, copy := range job.copies {
		documents[i], problems[i] = receipt.Compose(job.slip.slip(w.till, job.reprint), receiptCopy(copy))
	}
	if !<-job.gate {
		return nil
	}
	var gone error
	for i, copy := range job.copies {
		switch {
		case problems[i] != nil:
			w.till.logger.ErrorContext(ctx, "slip not composed", job.slip.name(), "error", problems[i])
			w.report(ctx, job, job.notStarted(copy, problems[i].Error()))
		case gone != nil:
			w.report(ctx, job, job.notStarted(copy, faultNoPrinter))
		default:
			result, err := w.copy(ctx, printer, documents[i])
			w.report(ctx, job, printedReport(job, copy, result, err))
			if errors.Is(err, drivers.ErrGone) {
				gone = err
			}
		}
	}
	return gone
}

// copy prints one document. When the till stops, a copy on its way gets a moment to end.
func (w *printWorker) copy(ctx context.Context, printer drivers.Printer, document drivers.Document) (drivers.PrintResult, error) {
	printing, cancel := context.WithTimeout(context.WithoutCancel(ctx), printWithin)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(printGrace, cancel) })
	defer stop()
	result, err := printer.Print(printing, document)
	w.till.devices.judge(printer, result, err)
	return result, err
}

func (w *printWorker) report(ctx context.Context, job *printJob, report checkout.Printed) {
	t := w.till
	if report.Fault != "" {
		t.logger.WarnContext(ctx, "copy not certainly printed", job.slip.name(), "result", report.Result, "fault", report.Fault)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reprints.reported(job, report)
	t.recordLate(ctx, t.parts.Clock()) // first what came out first
	job.slip.printed(ctx, t, report)
}

func printedReport(job *printJob, copy message.ReceiptPrinted_Copy, result drivers.PrintResult, err error) checkout.Printed {
	report := checkout.Printed{Copy: copy, Reprint: job.reprint, Result: message.ReceiptPrinted_RESULT_UNCONFIRMED}
	switch result {
	case drivers.PrintDone, drivers.PrintAltered:
		report.Result, report.Altered = message.ReceiptPrinted_RESULT_DONE, result == drivers.PrintAltered
	case drivers.PrintNotStarted:
		report.Result = message.ReceiptPrinted_RESULT_NOT_STARTED
		report.Absent = errors.Is(err, drivers.ErrGone)
	}
	if err != nil {
		report.Fault = err.Error()
	}
	return report
}

func receiptCopy(copy message.ReceiptPrinted_Copy) receipt.Copy {
	if copy == message.ReceiptPrinted_COPY_MERCHANT {
		return receipt.MerchantCopy
	}
	return receipt.CustomerCopy
}

// usePrinter runs the worker on a printer, and reports what is left over when the printer is lost. No job can enter the
// queue between the board's "absent" and its emptying, since jobs enter under the till's lock.
func (t *till) usePrinter(ctx context.Context, printer drivers.Printer) error {
	err := t.printer.run(ctx, printer)
	lost := err
	if cause := context.Cause(ctx); cause != nil {
		lost = cause
	}
	t.mu.Lock()
	t.devices.down(context.WithoutCancel(ctx), devicePrinter, lost)
	jobs := t.printer.take()
	t.mu.Unlock()
	t.printer.drain(ctx, jobs)
	return err
}
