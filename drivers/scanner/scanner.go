// Package scanner turns the bytes of a scanner that sends text over a serial line into symbols, and says what kind of
// code a text is.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

const (
	device = "scanner"
	// readSize is one read of the port: as much as a terminal's buffer holds.
	readSize = 4096
	// graceRead is how long one more read after a gap may take; bytes that are there already take none of it.
	graceRead = time.Millisecond
)

// Scanner delivers the symbols of one scanner. It reads the port only within Next: keep a Next waiting, as two symbols
// that only a gap keeps apart run together while nobody listens.
type Scanner struct {
	port     drivers.Port
	splitter *Splitter
	buffer   []byte
	// turn holds one token: who has it may use the fields below and the port.
	turn  chan struct{}
	ready []Symbol
	gone  error
}

var _ drivers.Scanner = (*Scanner)(nil)

// New returns a Scanner on an open port, which stays the caller's to close, or an error for options out of range.
func New(port drivers.Port, options Options) (*Scanner, error) {
	splitter, err := NewSplitter(options)
	if err != nil {
		return nil, fmt.Errorf("make scanner: %w", err)
	}
	s := &Scanner{port: port, splitter: splitter, buffer: make([]byte, readSize), turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s, nil
}

// Next delivers the next symbol the moment its terminator arrives. Symbols are never left out for being equal. Errors:
// ctx's (nothing is lost by it), KindGarbage for input that is too long or incomplete (the next call goes on behind it),
// KindGone when the port is lost or closed (every later call gives it again).
func (s *Scanner) Next(ctx context.Context) (drivers.Scan, error) {
	if err := ctx.Err(); err != nil {
		return drivers.Scan{}, err
	}
	select {
	case <-s.turn:
		defer func() { s.turn <- struct{}{} }()
	case <-ctx.Done():
		return drivers.Scan{}, ctx.Err()
	}
	if len(s.ready) == 0 {
		if err := s.await(ctx); err != nil {
			return drivers.Scan{}, err
		}
	}
	next := s.ready[0]
	s.ready = s.ready[1:]
	if next.Err != nil {
		return drivers.Scan{}, failure(drivers.KindGarbage, next.Err)
	}
	return next.Scan, nil
}

// await reads until a symbol is ready.
func (s *Scanner) await(ctx context.Context) error {
	// Ending the context ends a blocked Read. The call may come late, even into a later Next: the loop below takes an
	// early deadline for what it is and reads on.
	stop := context.AfterFunc(ctx, func() { _ = s.port.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for len(s.ready) == 0 {
		if s.gone != nil {
			return s.gone
		}
		// No due time is the zero time, which is no deadline.
		due, _ := s.splitter.Due()
		if err := s.port.SetReadDeadline(due); err != nil {
			s.gone = failure(drivers.KindGone, err)
			continue
		}
		// Looked at after the deadline was set: that may have undone the call above.
		if err := ctx.Err(); err != nil {
			return err
		}
		s.read()
	}
	return nil
}

// read does one Read and sorts out what came of it.
func (s *Scanner) read() {
	n, err := s.port.Read(s.buffer)
	if due, waiting := s.splitter.Due(); waiting && errors.Is(err, os.ErrDeadlineExceeded) && !time.Now().Before(due) {
		// On a busy machine the silence may have been ours: what waits in the kernel belongs to the symbol.
		if err = s.port.SetReadDeadline(time.Now().Add(graceRead)); err == nil {
			n, err = s.port.Read(s.buffer)
		}
	}
	now := time.Now()
	if n > 0 {
		s.ready = s.splitter.Feed(s.buffer[:n], now)
	}
	switch {
	case err == nil:
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.ready = append(s.ready, s.splitter.Expire(now)...)
	default:
		s.gone = failure(drivers.KindGone, err)
	}
}

func failure(kind drivers.Kind, cause error) error {
	return &drivers.Error{Device: device, Op: "read symbol", Kind: kind, Cause: cause}
}
