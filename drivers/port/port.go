// Package port opens serial devices, such as /dev/ttyUSB0, as drivers.Port: bytes in and out with deadlines in both
// directions and a Close that never hangs.
package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"

	"github.com/yuantill/yuantill/drivers"
)

const (
	// drainMax is how long Close lets bytes that were written leave the machine.
	drainMax = 40 * time.Millisecond
	drainGap = time.Millisecond
	// closeMax is how long Close waits for the kernel after that; together they stay under the promised 100 ms.
	closeMax = 40 * time.Millisecond
	// lookEvery is how often AwaitHangUp looks.
	lookEvery = time.Second
)

// Port is an open serial device that no second Open can have.
type Port struct {
	path    string
	file    *os.File
	closing atomic.Bool
	close   func() error
}

var _ drivers.Port = (*Port)(nil)

// Open opens the serial device at path, a symbolic link included, and drops what it had received before: a code
// scanned for somebody else's sale must not enter this one.
//
// Errors are *drivers.Error: KindBusy when another process has the device, KindGone when there is none, KindRefused
// when it may not be opened, is no serial device or does not take the settings.
func Open(path string, settings Settings) (*Port, error) {
	mode, err := settings.mode()
	if err != nil {
		return nil, openError(path, drivers.KindRefused, err)
	}
	// The descriptor for reading and writing is opened here, non-blocking, because the library's own has no deadline on
	// Write. It comes first: the library's makes the device exclusive.
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, openError(path, kindOf(err), err)
	}
	if err := claim(file, path, mode); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	p := &Port{path: path, file: file}
	p.close = sync.OnceValue(p.shut)
	return p, nil
}

// claim locks the device, sets its line parameters and makes it exclusive.
func claim(file *os.File, path string, mode *serial.Mode) error {
	err := control(file, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if err != nil {
		return openError(path, kindOf(err), fmt.Errorf("lock device: %w", err))
	}
	// The library knows every speed of every platform; its descriptor has done its work once they are set.
	setter, err := serial.Open(path, mode)
	if err != nil {
		return openError(path, kindOf(err), fmt.Errorf("set mode: %w", err))
	}
	if err := setter.Close(); err != nil {
		return openError(path, drivers.KindGone, fmt.Errorf("set mode: %w", err))
	}
	if err := control(file, settle); err != nil {
		return openError(path, kindOf(err), err)
	}
	return nil
}

// Read reads at least one byte. Errors: os.ErrDeadlineExceeded, os.ErrClosed, drivers.ErrGone.
func (p *Port) Read(b []byte) (int, error) {
	n, err := p.file.Read(b)
	if err != nil {
		return n, p.streamError("read port", err)
	}
	return n, nil
}

// Write writes all of b. After an error the device may have any part of b, at least the number of bytes returned less
// what the kernel still holds. Errors: os.ErrDeadlineExceeded, os.ErrClosed, drivers.ErrGone.
func (p *Port) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	if err != nil {
		return n, p.streamError("write port", err)
	}
	return n, nil
}

// SetReadDeadline bounds present and future reads; the zero time removes the bound. Error: os.ErrClosed.
func (p *Port) SetReadDeadline(t time.Time) error {
	return p.setDeadline("set read deadline", p.file.SetReadDeadline, t)
}

// SetWriteDeadline bounds present and future writes; the zero time removes the bound. Error: os.ErrClosed.
func (p *Port) SetWriteDeadline(t time.Time) error {
	return p.setDeadline("set write deadline", p.file.SetWriteDeadline, t)
}

func (p *Port) setDeadline(op string, set func(time.Time) error, t time.Time) error {
	// os.File says os.ErrClosed here in other words.
	if p.closing.Load() {
		return fmt.Errorf("%s: %w", op, os.ErrClosed)
	}
	if err := set(t); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// AwaitHangUp returns drivers.ErrGone soon after the device is gone, whether anybody reads or not, and takes no bytes from
// who does. Errors: ctx's and os.ErrClosed too.
func (p *Port) AwaitHangUp(ctx context.Context) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if err := p.hungUp(); err != nil {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("await hang-up: %w", ctx.Err())
		}
	}
}

// hungUp asks the kernel, which asks the device nothing.
func (p *Port) hungUp() error {
	const op = "look for hang-up"
	state := []unix.PollFd{{}} // POLLHUP and POLLERR are told unasked
	err := control(p.file, func(fd int) error {
		state[0].Fd = int32(fd)
		_, err := unix.Poll(state, 0)
		return err
	})
	switch {
	case errors.Is(err, unix.EINTR):
		return nil // looked for again
	case err != nil:
		return p.streamError(op, err)
	case state[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0:
		return p.streamError(op, io.EOF)
	default:
		return nil
	}
}

// Path returns the path the port was opened with.
func (p *Port) Path() string { return p.path }

// Close ends blocked reads and writes and frees the device within 100 ms. Bytes that a stalled device does not take in
// that time are dropped. A second Close does nothing.
func (p *Port) Close() error { return p.close() }

func (p *Port) shut() error {
	p.closing.Store(true)
	// Blocked calls end first: a Write would refill what is being drained.
	if err := p.file.SetDeadline(time.Unix(1, 0)); err != nil {
		return fmt.Errorf("close port: %w", err)
	}
	// A device that is gone has nothing to drain; closing goes on either way.
	_ = control(p.file, drain)
	done := make(chan error, 1)
	go func() { done <- p.file.Close() }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("close port: %w", err)
		}
		return nil
	case <-time.After(closeMax):
		// Some drivers wait up to 30 s for a stalled device; the descriptor is out of use already.
		return nil
	}
}

// streamError names what was done and makes the kernel's ways to say "unplugged" drivers.ErrGone.
func (p *Port) streamError(op string, err error) error {
	switch {
	case p.closing.Load():
		return fmt.Errorf("%s: %w", op, os.ErrClosed)
	case errors.Is(err, io.EOF) || kindOf(err) == drivers.KindGone:
		return fmt.Errorf("%s: %w: %w", op, drivers.ErrGone, err)
	default:
		return fmt.Errorf("%s: %w", op, err)
	}
}

func openError(path string, kind drivers.Kind, cause error) error {
	return &drivers.Error{Device: "port", Op: "open " + path, Kind: kind, Cause: cause}
}

// kindOf classifies what the kernel or the library says.
func kindOf(err error) drivers.Kind {
	var failure *serial.PortError
	if errors.As(err, &failure) && failure.Code() == serial.PortBusy {
		return drivers.KindBusy
	}
	for _, number := range []syscall.Errno{unix.EBUSY, unix.EWOULDBLOCK} {
		if errors.Is(err, number) {
			return drivers.KindBusy
		}
	}
	for _, number := range []syscall.Errno{unix.ENOENT, unix.ENXIO, unix.ENODEV, unix.EIO, unix.ESHUTDOWN, unix.EPIPE} {
		if errors.Is(err, number) {
			return drivers.KindGone
		}
	}
	return drivers.KindRefused
}
