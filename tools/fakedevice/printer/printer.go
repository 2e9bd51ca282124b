// Package printer models an ESC/POS receipt printer behind a byte stream: command bytes enter, status bytes and a
// picture of every receipt leave.
//
// It behaves as the printers do that make drivers fail: status requests (DLE EOT) are obeyed wherever they stand, even
// inside a bitmap; everything else waits in a buffer of 64 KiB and is not worked off while paper, cover or line keep
// the printer off line; and GS r is answered in its turn. Turning text upside down or by 90° is read and ignored.
package printer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	bufferBytes = 64 << 10
	readBytes   = 4096
	// pictureBacklog bounds the receipts that wait to be written as pictures; the printer waits beyond it.
	pictureBacklog = 64
	// receiptsMax bounds the receipts remembered; the oldest are forgotten, their pictures stay.
	receiptsMax = 10000
	// answersMax bounds the answers a host has not read; further ones are lost.
	answersMax = 1024
)

// Printer is one simulated printer. Its fault setters may be called at any time.
type Printer struct {
	stream  io.ReadWriter
	options Options
	typeset *typeface // nil when nothing is drawn

	mu       sync.Mutex
	changed  *sync.Cond
	state    state
	buffer   []byte
	arrivals []arrival
	taken    int64 // bytes taken from the buffer since the start
	received int64 // bytes put into it since the start
	closed   bool
	receipts []Receipt
	began    int
	linesTo  int // lines until the paper ends; 0 is never
	bytesTo  int // bytes until the power is lost; 0 is never
	pace     time.Duration
	reset    bool // the modes must be reset before the next command

	answers   chan []byte
	observing sync.Mutex
}

// arrival says when the bytes up to an offset arrived.
type arrival struct {
	upTo int64
	at   time.Time
}

// New returns a printer on a byte stream. It returns ErrOptions, or ErrNoFont when Options.Dir asks for pictures and
// no Chinese font is installed.
func New(stream io.ReadWriter, options Options) (*Printer, error) {
	if options.Width == 0 {
		options.Width = Width58
	}
	if stream == nil || (options.Width != Width58 && options.Width != Width80) {
		return nil, fmt.Errorf("make printer: %w", ErrOptions)
	}
	p := &Printer{stream: stream, options: options, state: state{powered: true}, answers: make(chan []byte, answersMax)}
	p.changed = sync.NewCond(&p.mu)
	if options.Dir == "" {
		return p, nil
	}
	var err error
	if p.typeset, err = loadTypeface(options.Font); err != nil {
		return nil, fmt.Errorf("make printer: %w", err)
	}
	return p, nil
}

// Run works until the stream ends (it then returns nil, as it does when ctx ends) or a picture cannot be written. A
// Read or Write that blocks is not ended by ctx: close the stream as well.
func (p *Printer) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, p.shut)
	defer stop()
	pictures := make(chan finished, pictureBacklog)
	written := make(chan error, 1)
	go func() { written <- p.writePictures(pictures, cancel) }()
	answered, worked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(answered)
		p.sendAnswers(ctx)
	}()
	go func() {
		defer close(worked)
		defer close(pictures)
		newInterpreter(ctx.Done(), p, pictures).run()
	}()
	err := p.receive(ctx)
	p.shut()
	<-worked
	cancel()
	<-answered
	return errors.Join(err, <-written)
}

// Receipts returns what was printed and cut so far, oldest first.
func (p *Printer) Receipts() []Receipt {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Receipt(nil), p.receipts...)
}

// shut makes the interpreter work off the buffer and end.
func (p *Printer) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.changed.Broadcast()
}

// receive reads the stream, obeys real-time commands at once and puts everything into the buffer.
func (p *Printer) receive(ctx context.Context) error {
	var watch realTimeWatch
	chunk := make([]byte, readBytes)
	for {
		n, err := p.stream.Read(chunk)
		at := time.Now()
		if !p.accept(chunk[:n], at, &watch) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		if err != nil {
			return endOfStream(err)
		}
	}
}

// endOfStream tells a host or a cable that went away from a failure.
func endOfStream(err error) error {
	for _, end := range []error{io.EOF, io.ErrClosedPipe, os.ErrClosed} {
		if errors.Is(err, end) {
			return nil
		}
	}
	return fmt.Errorf("read commands: %w", err)
}

// accept takes what was read, byte by byte as a serial line does, and reports false when the printer is shut.
func (p *Printer) accept(chunk []byte, at time.Time, watch *realTimeWatch) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range chunk {
		for (p.state.stalled || len(p.buffer) >= bufferBytes) && !p.closed && p.state.powered {
			p.changed.Wait()
		}
		if p.closed {
			return false
		}
		if !p.state.powered {
			*watch = realTimeWatch{}
			continue
		}
		p.buffer = append(p.buffer, b)
		p.received++
		if last := len(p.arrivals) - 1; last >= 0 && p.arrivals[last].at.Equal(at) {
			p.arrivals[last].upTo = p.received
		} else {
			p.arrivals = append(p.arrivals, arrival{upTo: p.received, at: at})
		}
		if n := watch.next(b); n != 0 {
			p.answer([]byte{p.state.direct(n)})
		}
		if p.bytesTo > 0 {
			if p.bytesTo--; p.bytesTo == 0 {
				p.powerOff()
			}
		}
	}
	p.changed.Broadcast()
	return true
}

// errShut ends the interpreter.
var errShut = errors.New("printer: shut")

// errReset tells the interpreter that the power was lost inside a command.
var errReset = errors.New("printer: power lost")

// take gives the interpreter the next byte and its arrival; it waits while the printer is off line.
func (p *Printer) take() (byte, time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.reset:
			p.reset = false
			return 0, time.Time{}, errReset
		case len(p.buffer) > 0 && p.state.working():
			b, at := p.buffer[0], p.arrivals[0].at
			p.buffer = p.buffer[1:]
			p.taken++
			if p.taken >= p.arrivals[0].upTo {
				p.arrivals = p.arrivals[1:]
			}
			if len(p.buffer) == bufferBytes-1 {
				p.changed.Broadcast()
			}
			return b, at, nil
		case p.closed:
			return 0, time.Time{}, errShut
		}
		p.changed.Wait()
	}
}

// answer queues bytes for the host. Called with mu held, so that answers keep the order of what they tell.
func (p *Printer) answer(data []byte) {
	if !p.state.powered {
		return
	}
	select {
	case p.answers <- data:
	default: // a host that reads nothing loses them, as on a wire
	}
}

func (p *Printer) sendAnswers(ctx context.Context) {
	for {
		select {
		case data := <-p.answers:
			if _, err := p.stream.Write(data); err != nil {
				return // a host that hung up shows as the end of the stream
			}
		case <-ctx.Done():
			return
		}
	}
}

func (p *Printer) observe(event Event) {
	if p.options.Observe == nil {
		return
	}
	p.observing.Lock()
	defer p.observing.Unlock()
	p.options.Observe(event)
}

// add remembers a receipt.
func (p *Printer) add(receipt Receipt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.receipts = append(p.receipts, receipt)
	if len(p.receipts) > receiptsMax {
		p.receipts = p.receipts[1:]
	}
}

func (p *Printer) setPath(number int, path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.receipts) - 1; i >= 0; i-- {
		if p.receipts[i].Number == number {
			p.receipts[i].Path = path
			return
		}
	}
}
