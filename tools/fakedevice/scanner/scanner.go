// Package scanner models a scanner that sends text over a serial line: symbols enter, their bytes leave, whole or with
// the faults a cashier meets.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

const (
	// terminatorDefault is what most scanners send out of the box.
	terminatorDefault = "\r"
	// bytesMax bounds what one step sends.
	bytesMax = 64 << 10
	// commandMax is one read of what the host sends; the model has no commands and throws it away.
	commandMax = 4096
)

// Errors of steps.
var (
	ErrNoCable = errors.New("scanner: the stream has no cable to pull")
	ErrTooMuch = errors.New("scanner: step sends too much")
)

// Options say how the scanner is set up.
type Options struct {
	Prefix, Suffix string
	// Terminator defaults to CR; NoTerminator sends none, so that only silence ends a symbol.
	Terminator   string
	NoTerminator bool
	// GB18030 sends Chinese text in that encoding and not in UTF-8.
	GB18030 bool
}

// cable is what a stream may offer as well, as a pty.Port does.
type cable interface {
	HangUp() error
	PlugIn() error
}

// Scanner is one simulated scanner.
type Scanner struct {
	stream  io.ReadWriter
	options Options
	// scanning keeps the bytes of two symbols apart.
	scanning sync.Mutex
}

// New returns a scanner on a byte stream.
func New(stream io.ReadWriter, options Options) *Scanner {
	if options.Terminator == "" && !options.NoTerminator {
		options.Terminator = terminatorDefault
	}
	return &Scanner{stream: stream, options: options}
}

// Run takes what the host sends off the line until the stream ends or is closed; both give nil. A Read that blocks is
// not ended by ctx: close the stream as well.
func (s *Scanner) Run(ctx context.Context) error {
	buffer := make([]byte, commandMax)
	for {
		_, err := s.stream.Read(buffer)
		if endsWell(ctx, err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read commands: %w", err)
		}
	}
}

// endsWell reports whether a stream that gave err ends as it should.
func endsWell(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// Scan reads one symbol without fault and returns when its last byte was handed to the line: the moment before that
// write, so that no delay measured from it is flattered.
func (s *Scanner) Scan(ctx context.Context, text string) (time.Time, error) {
	return s.Do(ctx, Step{Action: Scan, Text: text})
}

// Do carries out one step and returns when its last byte was handed to the line; for a step that sends nothing, when it
// ended. Errors: ctx's, the stream's, ErrTooMuch, ErrNoCable, and ErrScript for an invalid step.
func (s *Scanner) Do(ctx context.Context, step Step) (time.Time, error) {
	s.scanning.Lock()
	defer s.scanning.Unlock()
	if err := step.validate(); err != nil {
		return time.Time{}, err
	}
	switch step.Action {
	case Wait:
		err := pause(ctx, step.Gap)
		return time.Now(), err
	case HangUp, PlugIn:
		return time.Now(), s.handle(step.Action)
	case HangUpWithin:
		whole := s.encode(step.Text)
		if at, err := s.send(ctx, whole[:len(whole)/2], 0); err != nil {
			return at, err
		}
		return time.Now(), s.handle(HangUp)
	default:
		return s.send(ctx, s.bytes(step), step.Gap)
	}
}

// Play carries out steps one after the other.
func (s *Scanner) Play(ctx context.Context, steps []Step) error {
	for i, step := range steps {
		if _, err := s.Do(ctx, step); err != nil {
			return fmt.Errorf("play step %d, %s: %w", i+1, step.Action, err)
		}
	}
	return nil
}

func (s *Scanner) handle(action Action) error {
	line, ok := s.stream.(cable)
	if !ok {
		return ErrNoCable
	}
	if action == PlugIn {
		return line.PlugIn()
	}
	return line.HangUp()
}

// bytes returns what a sending step puts on the line.
func (s *Scanner) bytes(step Step) []byte {
	whole := s.encode(step.Text)
	switch step.Action {
	case Double:
		return append(whole, whole...)
	case Half:
		return whole[:len(whole)/2]
	case Garbage:
		return garbage(step.Count)
	case OverLong:
		return s.encode(nines(step.Count))
	default:
		return whole
	}
}

func (s *Scanner) encode(text string) []byte {
	data := []byte(text)
	if s.options.GB18030 {
		// GB18030 covers all of Unicode; text that is no Unicode goes out as it is.
		if encoded, err := simplifiedchinese.GB18030.NewEncoder().Bytes(data); err == nil {
			data = encoded
		}
	}
	whole := append([]byte(s.options.Prefix), data...)
	whole = append(whole, s.options.Suffix...)
	return append(whole, s.options.Terminator...)
}

// send writes data at once or, with a gap, byte by byte.
func (s *Scanner) send(ctx context.Context, data []byte, gap time.Duration) (time.Time, error) {
	if len(data) > bytesMax {
		return time.Time{}, ErrTooMuch
	}
	piece := len(data)
	if gap > 0 {
		piece = 1
	}
	at := time.Now()
	for len(data) > 0 {
		at = time.Now()
		if _, err := s.stream.Write(data[:piece]); err != nil {
			return at, fmt.Errorf("write symbol: %w", err)
		}
		if data = data[piece:]; len(data) > 0 {
			if err := pause(ctx, gap); err != nil {
				return at, err
			}
		}
	}
	return at, ctx.Err()
}

func pause(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// garbage returns n bytes that look like line noise and hold no terminator, the same every time.
func garbage(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = 0x80 | byte(i*37)
	}
	return data
}

func nines(n int) string {
	data := make([]byte, n)
	for i := range data {
		data[i] = '9'
	}
	return string(data)
}
