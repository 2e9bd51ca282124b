// Package escpos drives receipt printers that speak ESC/POS: documents enter, command bytes leave, and the printer's
// status bytes come back as a print result.
//
// The commands are those of Epson's ESC/POS Command Reference
// (https://download4.epson.biz/sec_pubs/pos/reference_en/escpos/) that makers of 58 and 80 mm printers sold in China
// implement as well: Chinese by FS & in GB2312/GBK, Code 128 by GS k 73, QR by GS ( k, raster by GS v 0, status by
// DLE EOT and GS a.
//
// What PrintDone and PrintAltered mean: the printer answered GS r, which stands behind the job in its buffer, so the whole job was
// handed to the mechanism; and a real-time status read after that found paper, cover, cutter and line well. No ESC/POS
// printer reports that ink is on paper: the last line and the cut may still be moving for some 100 ms, and paper that
// jams in that moment shows in the next status. With FenceRealTime even the buffer's rest is not covered.
// An answer to GS r names no job. So a job is followed by one GS r more than answers may still come from before, and is
// done when as many have come: one of them is then its own, whichever were late and whichever are lost.
// After PrintUnconfirmed a printer may keep the rest of the job and print it once paper is loaded.
package escpos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

const (
	device = "escpos"
	// chunkBytes is how much is written under one deadline.
	chunkBytes = 1024
	// probeEvery is how often the status is read while a job's end is awaited.
	probeEvery = 300 * time.Millisecond
	// silentMax bounds the real-time status reads in a row that go unanswered before a printer counts as switched off.
	silentMax = 4
	// resyncZeros is more than the longest command: NUL completes a command that was cut short and prints nothing.
	resyncZeros = 2048
	readBytes   = 256
)

// errRunning marks a second Run of the same printer.
var errRunning = errors.New("escpos: runs already")

// Printer is one printer on one port. Run must be running for Print and Status to succeed; all three may be called
// from different goroutines. After Run has returned, open the port anew and make a new Printer.
type Printer struct {
	port    drivers.Port
	options Options
	started atomic.Bool
	// line is the right to write. A status request is written under it too, so that none lands inside a job.
	line chan struct{}
	// broken is set while the printer may stand inside a command that was cut short. Guarded by line.
	broken bool

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something below changes
	decoder Decoder
	status  drivers.PrinterStatus
	knownAt time.Time // zero while nothing is known
	ended   error     // why Run returned
	paused  bool      // XOFF
	asked   byte      // the DLE EOT n that is unanswered, or 0
	askedAt time.Time
	direct  [statusLast + 1]answer
	surplus int  // direct answers nobody had asked for
	owed    int  // GS r answers that may still come
	pushed  int  // automatic statuses so far
	suspect bool // an answer was lost and may come late, in another's place
	strange bool // garbage was logged
	telling telling
}

// answer is the last answer to one DLE EOT n and how many there have been.
type answer struct {
	status byte
	count  int
}

var (
	_ drivers.Printer      = (*Printer)(nil)
	_ drivers.StatusKeeper = (*Printer)(nil)
)

// New returns a printer on an open port, which the caller closes after Run has returned. It returns ErrOptions or
// ErrProfile.
func New(port drivers.Port, options Options) (*Printer, error) {
	if err := options.Validate(); err != nil {
		return nil, fmt.Errorf("make printer: %w", err)
	}
	return &Printer{
		port: port, options: options, broken: true, owed: fencesMax - 1,
		line: make(chan struct{}, 1), changed: make(chan struct{}),
	}, nil
}

// Run reads the printer's answers and keeps its status fresh until ctx ends (it then returns nil) or the printer is
// gone (an *drivers.Error of KindGone).
func (p *Printer) Run(ctx context.Context) error {
	if p.started.Swap(true) {
		return fmt.Errorf("run printer: %w", errRunning)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = p.port.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		p.poll(ctx)
	}()
	err := p.receive(ctx)
	p.end(err)
	cancel()
	<-polled
	return err
}

// Print encodes and prints one document. Its errors are of KindRefused (the document cannot be encoded), KindNotReady
// (paper, cover, cutter, offline), KindTimeout (no answer, or ctx ended; wraps ctx's error then) and KindGone.
//
// A job starts on a status at most Options.FreshFor old, so that its first byte leaves without a round trip; the
// status after the job is always read anew.
func (p *Printer) Print(ctx context.Context, document drivers.Document) (drivers.PrintResult, error) {
	job, err := Encode(document, p.options.Profile)
	if err != nil {
		return drivers.PrintNotStarted, &drivers.Error{Device: device, Op: "encode document", Kind: drivers.KindRefused, Cause: err}
	}
	if err := p.acquire(ctx); err != nil {
		return drivers.PrintNotStarted, failure("begin job", err)
	}
	defer p.release()
	if err := p.precheck(ctx); err != nil {
		return drivers.PrintNotStarted, err
	}
	data, lead := job.Data, 0
	if p.broken {
		lead = resyncZeros
		data = append(make([]byte, lead, lead+len(data)+1), data...)
	}
	if sent, err := p.write(ctx, data); err != nil {
		if sent <= lead {
			return drivers.PrintNotStarted, failure("send job", err)
		}
		return drivers.PrintUnconfirmed, unconfirmed("send job", err)
	}
	if err := p.confirm(ctx); err != nil {
		return drivers.PrintUnconfirmed, unconfirmed("confirm job", err)
	}
	if job.Substituted > 0 || len(job.Degraded) > 0 {
		p.options.Logger.Warn("document printed with substitutes",
			slog.Int("characters", job.Substituted), slog.Int("symbols_as_text", len(job.Degraded)))
		return drivers.PrintAltered, nil
	}
	return drivers.PrintDone, nil
}

// Status asks the printer now. Its errors are of KindTimeout (wrapping ctx's error when ctx ended) and KindGone.
func (p *Printer) Status(ctx context.Context) (drivers.PrinterStatus, error) {
	if err := p.acquire(ctx); err != nil {
		return drivers.PrinterStatus{}, failure("read status", err)
	}
	defer p.release()
	status, err := p.read(ctx, p.ask)
	if err != nil {
		return drivers.PrinterStatus{}, failure("read status", err)
	}
	return status, nil
}

// Known returns the last status the printer gave and when; the time is zero while it has given none.
func (p *Printer) Known() (drivers.PrinterStatus, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status, p.knownAt
}

// precheck decides whether a job may start. A known good status passes at once; anything else is asked again.
func (p *Printer) precheck(ctx context.Context) error {
	status, at := p.Known()
	if err := p.over(); err != nil {
		return failure("begin job", err)
	}
	fresh := !at.IsZero() && p.options.Now().Sub(at) <= p.options.FreshFor
	if !fresh || !status.Ready() {
		var err error
		if status, err = p.read(ctx, p.ask); err != nil {
			return failure("read status before job", err)
		}
	}
	if reason := complaint(status); reason != "" {
		return &drivers.Error{Device: device, Op: "begin job", Kind: drivers.KindNotReady, Cause: errors.New(reason)}
	}
	return nil
}

// confirm waits until the printer has consumed the job and then reads its status.
func (p *Printer) confirm(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, p.options.JobTimeout, errSilent)
	defer cancel()
	fences, err := p.sendFences(ctx)
	if err != nil {
		return err
	}
	silent := 0
	for {
		consumed, err := p.awaitFence(ctx, fences)
		if err != nil {
			return err
		}
		status, err := p.read(ctx, p.ask)
		if errors.Is(err, errSilent) && ctx.Err() == nil && !consumed && silent < silentMax {
			silent++ // a busy printer may answer late
			continue
		}
		if err != nil {
			return err
		}
		if reason := complaint(status); reason != "" {
			return &notReadyError{reason}
		}
		if consumed {
			return nil
		}
		silent = 0
	}
}

func (p *Printer) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.line <- struct{}{}:
		return nil
	default:
	}
	select {
	case p.line <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Printer) tryAcquire() bool {
	select {
	case p.line <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p *Printer) release() { <-p.line }

// errSilent marks an answer that did not come in time.
var errSilent = errors.New("no answer")

// notReadyError is what a person must put right.
type notReadyError struct{ reason string }

func (e *notReadyError) Error() string { return e.reason }

// failure makes a device error of what went wrong while nothing of a job had left.
func failure(op string, err error) error {
	var known *drivers.Error
	if errors.As(err, &known) {
		return err
	}
	return &drivers.Error{Device: device, Op: op, Kind: kindOf(err), Cause: err}
}

// unconfirmed makes a device error of what went wrong after the first byte of a job.
func unconfirmed(op string, err error) error {
	return &drivers.Error{Device: device, Op: op, Kind: kindOf(err), OutcomeUnknown: true, Cause: err}
}

func kindOf(err error) drivers.Kind {
	var person *notReadyError
	switch {
	case errors.As(err, &person):
		return drivers.KindNotReady
	case errors.Is(err, drivers.ErrGone), errors.Is(err, io.EOF):
		return drivers.KindGone
	default:
		return drivers.KindTimeout
	}
}
