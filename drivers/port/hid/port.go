package hid

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

const (
	// reportsMax bounds the reports that wait for a reader; beyond it they are lost and the reader is told.
	reportsMax = 256
	// reportSizeMax is the largest report of a full-speed device with its id, and room for odd ones.
	reportSizeMax = 1 << 10
	// closeMax is how long Close waits for the library before it leaves the closing to run on.
	closeMax = 80 * time.Millisecond
)

// Port is an open HID device. A Read returns bytes of one report and never of two; what does not fit comes with the
// next Read. A Write sends one output report whose byte 0 is the report id.
type Port struct {
	path    string
	device  io.ReadWriteCloser
	reports chan []byte
	lost    atomic.Uint64

	reading sync.Mutex
	rest    []byte // of the report being read

	// writing holds one token: the library's write cannot be called off, so the next one waits for it.
	writing chan struct{}

	readDeadline, writeDeadline deadline
	closed                      chan struct{}
	gone                        chan struct{} // closed by drain with failure set
	failure                     error
	close                       func() error
}

var _ drivers.Port = (*Port)(nil)

// newPort takes the device over and drains it until it fails or is closed.
func newPort(path string, device io.ReadWriteCloser) *Port {
	p := &Port{
		path: path, device: device, reports: make(chan []byte, reportsMax), writing: make(chan struct{}, 1),
		readDeadline: newDeadline(), writeDeadline: newDeadline(),
		closed: make(chan struct{}), gone: make(chan struct{}),
	}
	p.close = sync.OnceValue(p.shut)
	go p.drain()
	return p
}

// drain takes reports from the library as soon as they come: it keeps only 32.
func (p *Port) drain() {
	defer close(p.gone)
	buffer := make([]byte, reportSizeMax)
	for {
		n, err := p.device.Read(buffer)
		if err != nil {
			p.failure = err
			return
		}
		if n == 0 {
			continue
		}
		select {
		case p.reports <- append([]byte(nil), buffer[:n]...):
		default:
			p.lost.Add(1)
		}
	}
}

// Path returns the path the port was opened with.
func (p *Port) Path() string { return p.path }

// Read reads from the next report. Errors: os.ErrDeadlineExceeded, os.ErrClosed, drivers.ErrGone, and ErrLost once
// after reports were lost, as *drivers.Error of KindGarbage.
func (p *Port) Read(b []byte) (int, error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	if isDone(p.closed) {
		return 0, fmt.Errorf("read report: %w", os.ErrClosed)
	}
	if lost := p.lost.Swap(0); lost != 0 {
		p.rest = nil // what follows would be taken for the continuation of what was lost
		return 0, &drivers.Error{Device: "hid", Op: "read report", Kind: drivers.KindGarbage,
			Cause: fmt.Errorf("%w: %d", ErrLost, lost)}
	}
	if len(p.rest) == 0 && len(b) > 0 {
		if err := p.next(); err != nil {
			return 0, fmt.Errorf("read report: %w", err)
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// next waits for a report. Reports that came before the device was unplugged are still delivered.
func (p *Port) next() error {
	select {
	case p.rest = <-p.reports:
		return nil
	default:
	}
	select {
	case p.rest = <-p.reports:
		return nil
	case <-p.closed:
		return os.ErrClosed
	case <-p.readDeadline.passed():
		return os.ErrDeadlineExceeded
	case <-p.gone:
	}
	select {
	case p.rest = <-p.reports:
		return nil
	default:
		return fmt.Errorf("%w: %w", drivers.ErrGone, p.failure)
	}
}

// Write sends b as one output report. After os.ErrDeadlineExceeded the device may have it all the same. Errors:
// os.ErrDeadlineExceeded, os.ErrClosed, drivers.ErrGone.
func (p *Port) Write(b []byte) (int, error) {
	passed := p.writeDeadline.passed()
	if isDone(p.closed) {
		return 0, fmt.Errorf("write report: %w", os.ErrClosed)
	}
	if isDone(passed) {
		return 0, fmt.Errorf("write report: %w", os.ErrDeadlineExceeded)
	}
	select {
	case p.writing <- struct{}{}:
	case <-p.closed:
		return 0, fmt.Errorf("write report: %w", os.ErrClosed)
	case <-passed:
		return 0, fmt.Errorf("write report: %w", os.ErrDeadlineExceeded)
	}
	done := make(chan error, 1)
	report := append([]byte(nil), b...) // the caller may reuse b when the write is given up
	go func() {
		defer func() { <-p.writing }()
		_, err := p.device.Write(report) // the library gives up after one second
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			return 0, fmt.Errorf("write report: %w: %w", drivers.ErrGone, err)
		}
		return len(b), nil
	case <-p.closed:
		return 0, fmt.Errorf("write report: %w", os.ErrClosed)
	case <-passed:
		return 0, fmt.Errorf("write report: %w", os.ErrDeadlineExceeded)
	}
}

// SetReadDeadline bounds present and future reads; the zero time removes the bound. Error: os.ErrClosed.
func (p *Port) SetReadDeadline(t time.Time) error {
	return p.setDeadline("set read deadline", &p.readDeadline, t)
}

// SetWriteDeadline bounds future writes; the zero time removes the bound. Error: os.ErrClosed.
func (p *Port) SetWriteDeadline(t time.Time) error {
	return p.setDeadline("set write deadline", &p.writeDeadline, t)
}

func (p *Port) setDeadline(op string, d *deadline, t time.Time) error {
	if isDone(p.closed) {
		return fmt.Errorf("%s: %w", op, os.ErrClosed)
	}
	d.set(t)
	return nil
}

// Close ends blocked reads and writes and gives the device back within 100 ms. A second Close does nothing.
func (p *Port) Close() error { return p.close() }

func (p *Port) shut() error {
	close(p.closed)
	p.readDeadline.set(time.Time{}) // stops the timers
	p.writeDeadline.set(time.Time{})
	done := make(chan error, 1)
	go func() {
		// The library frees what a write that is under way still uses: wait for it. A waiting Read it wakes itself,
		// well before it frees; after an unplug none waits any more.
		p.writing <- struct{}{}
		done <- p.device.Close()
	}()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("close HID device: %w", err)
		}
		return nil
	case <-time.After(closeMax):
		return nil
	}
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
