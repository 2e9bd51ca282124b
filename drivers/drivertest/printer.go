package drivertest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

var (
	errAttention = errors.New("paper or cover needs a person")
	errMidJob    = errors.New("paper ended within the document")
)

// Printer is a printer in memory.
type Printer struct {
	mu        sync.Mutex
	changed   chan struct{}
	status    drivers.PrinterStatus
	documents []drivers.Document
	alters    bool
	endNext   bool
	stalled   bool
	gone      bool
}

var (
	_ drivers.Printer      = (*Printer)(nil)
	_ drivers.StatusKeeper = (*Printer)(nil)
)

// NewPrinter returns a Printer that is ready.
func NewPrinter() *Printer {
	return &Printer{changed: make(chan struct{}), status: drivers.PrinterStatus{Online: true}}
}

// Documents returns what was printed, oldest first.
func (p *Printer) Documents() []drivers.Document {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.documents)
}

// PaperOut takes the paper out or puts it in.
func (p *Printer) PaperOut(out bool) { p.change(func() { p.status.PaperOut = out }) }

// PaperLow makes the paper near its end, or not.
func (p *Printer) PaperLow(low bool) { p.change(func() { p.status.PaperLow = low }) }

// CoverOpen opens or shuts the cover.
func (p *Printer) CoverOpen(open bool) { p.change(func() { p.status.CoverOpen = open }) }

// PaperOutInNext makes the paper end within the next document.
func (p *Printer) PaperOutInNext() { p.change(func() { p.endNext = true }) }

// Alter makes the printer lack characters that documents have, or not.
func (p *Printer) Alter(alters bool) { p.change(func() { p.alters = alters }) }

// Stall makes the printer stop answering, or go on.
func (p *Printer) Stall(stalled bool) { p.change(func() { p.stalled = stalled }) }

// HangUp unplugs the printer.
func (p *Printer) HangUp() { p.change(func() { p.gone = true }) }

func (p *Printer) change(apply func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	apply()
	close(p.changed)
	p.changed = make(chan struct{})
}

// Print keeps the document. Errors: ctx's and KindNotReady with PrintNotStarted, KindGone with PrintNotStarted,
// KindNotReady with PrintUnconfirmed after PaperOutInNext.
func (p *Printer) Print(ctx context.Context, document drivers.Document) (drivers.PrintResult, error) {
	const op = "print document"
	status, err := p.await(ctx, op)
	if err != nil {
		return drivers.PrintNotStarted, err
	}
	if !status.Ready() {
		return drivers.PrintNotStarted, failure(op, drivers.KindNotReady, false, errAttention)
	}
	torn, altered := false, false
	p.change(func() {
		altered = p.alters
		if torn = p.endNext; torn {
			p.endNext, p.status.PaperOut = false, true
			return
		}
		p.documents = append(p.documents, document)
	})
	if torn {
		return drivers.PrintUnconfirmed, failure(op, drivers.KindNotReady, true, errMidJob)
	}
	if altered {
		return drivers.PrintAltered, nil
	}
	return drivers.PrintDone, nil
}

// Status returns the state now. Errors: ctx's, KindGone.
func (p *Printer) Status(ctx context.Context) (drivers.PrinterStatus, error) {
	return p.await(ctx, "read status")
}

// Known returns the state now; none while the printer stalls or is gone.
func (p *Printer) Known() (drivers.PrinterStatus, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled || p.gone {
		return drivers.PrinterStatus{}, time.Time{}
	}
	return p.status, time.Now()
}

// await returns the status as soon as the printer does not stall.
func (p *Printer) await(ctx context.Context, op string) (drivers.PrinterStatus, error) {
	for {
		if err := ctx.Err(); err != nil {
			return drivers.PrinterStatus{}, err
		}
		p.mu.Lock()
		status, stalled, gone, changed := p.status, p.stalled, p.gone, p.changed
		p.mu.Unlock()
		switch {
		case gone:
			return drivers.PrinterStatus{}, failure(op, drivers.KindGone, false, nil)
		case !stalled:
			return status, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}
