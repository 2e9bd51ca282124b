package drivertest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/yuantill/yuantill/drivers"
)

// pipeEnd is one end of a Pipe: a socket, for its deadlines and for the kernel's buffering, which splits and merges as
// a serial line does.
type pipeEnd struct{ file *os.File }

var _ drivers.Port = pipeEnd{}

// Pipe returns the two ends of a cable in memory. After one is closed the other reads what is left, then io.EOF, and
// writes fail with drivers.ErrGone.
func Pipe() (host, device drivers.Port, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make pipe: %w", err)
	}
	return newPipeEnd(ends[0], "host"), newPipeEnd(ends[1], "device"), nil
}

func newPipeEnd(descriptor int, name string) pipeEnd {
	return pipeEnd{file: os.NewFile(uintptr(descriptor), name)}
}

// Read passes io.EOF on as it is; a socket whose far end was closed with bytes unread there says "reset" once before it.
func (e pipeEnd) Read(b []byte) (int, error) {
	n, err := e.file.Read(b)
	if errors.Is(err, unix.ECONNRESET) {
		return n, io.EOF
	}
	return n, pipeError(err)
}

func (e pipeEnd) Write(b []byte) (int, error) {
	n, err := e.file.Write(b)
	return n, pipeError(err)
}

func (e pipeEnd) SetReadDeadline(t time.Time) error {
	if err := e.file.SetReadDeadline(t); err != nil {
		return os.ErrClosed
	}
	return nil
}

func (e pipeEnd) SetWriteDeadline(t time.Time) error {
	if err := e.file.SetWriteDeadline(t); err != nil {
		return os.ErrClosed
	}
	return nil
}

// Close may be called again.
func (e pipeEnd) Close() error {
	if err := e.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close pipe: %w", err)
	}
	return nil
}

func pipeError(err error) error {
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
		return fmt.Errorf("%w: %w", drivers.ErrGone, err)
	}
	return err
}
