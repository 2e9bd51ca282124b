package drivertest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

// device is the name of every in-memory device in its errors.
const device = "drivertest"

// queueMax is how many symbols a Scanner holds; the next Scan waits.
const queueMax = 256

var errOverLong = errors.New("symbol longer than the limit")

// Scanner is a scanner in memory.
type Scanner struct {
	queue  chan symbol
	gone   chan struct{}
	hangUp sync.Once
}

type symbol struct {
	scan    drivers.Scan
	garbage bool
}

var _ drivers.Scanner = (*Scanner)(nil)

// NewScanner returns a Scanner with nothing scanned.
func NewScanner() *Scanner {
	return &Scanner{queue: make(chan symbol, queueMax), gone: make(chan struct{})}
}

// Scan makes the scanner read a symbol.
func (s *Scanner) Scan(text string) {
	s.queue <- symbol{scan: drivers.Scan{Raw: []byte(text), Text: text, At: time.Now()}}
}

// Overflow makes the scanner read a symbol that is too long.
func (s *Scanner) Overflow() { s.queue <- symbol{garbage: true} }

// HangUp unplugs the scanner; what was scanned before is still delivered.
func (s *Scanner) HangUp() { s.hangUp.Do(func() { close(s.gone) }) }

// Next delivers the next symbol. Errors: ctx's, KindGarbage after Overflow, KindGone after HangUp.
func (s *Scanner) Next(ctx context.Context) (drivers.Scan, error) {
	if err := ctx.Err(); err != nil {
		return drivers.Scan{}, err
	}
	select {
	case next := <-s.queue:
		return next.deliver()
	default:
	}
	select {
	case next := <-s.queue:
		return next.deliver()
	case <-s.gone:
		return drivers.Scan{}, &drivers.Error{Device: device, Op: "read symbol", Kind: drivers.KindGone}
	case <-ctx.Done():
		return drivers.Scan{}, ctx.Err()
	}
}

func (s symbol) deliver() (drivers.Scan, error) {
	if s.garbage {
		return drivers.Scan{}, &drivers.Error{
			Device: device, Op: "read symbol", Kind: drivers.KindGarbage, Cause: errOverLong,
		}
	}
	return s.scan, nil
}
