package drivertest

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/yuantill/yuantill/drivers"
)

// Direction says who sent the bytes of a step.
type Direction byte

// The two directions, as session files write them.
const (
	ToDevice   Direction = '>'
	FromDevice Direction = '<'
)

// Step is what one side sent before the other answered.
type Step struct {
	Direction Direction
	Bytes     []byte
}

// Session is a recorded exchange of bytes with a device.
//
// Its text form has one step a line: "> " or "< ", hexadecimal bytes separated by spaces as liked, and after "#" what they
// mean. Lines of the same direction that follow each other are one step. Empty lines and lines of "#" alone are comments.
type Session []Step

// sessionMax bounds a session's text, in bytes.
const sessionMax = 1 << 20

// ErrSession marks text that is no session; the error around it names the line.
var ErrSession = errors.New("drivertest: not a session")

// ParseSession reads a session's text form.
func ParseSession(text []byte) (Session, error) {
	if len(text) > sessionMax {
		return nil, fmt.Errorf("parse session: %w: longer than %d bytes", ErrSession, sessionMax)
	}
	var session Session
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		content, _, _ := strings.Cut(line, "#")
		content = strings.TrimSpace(content)
		if content == "" {
			continue
		}
		direction := Direction(content[0])
		if direction != ToDevice && direction != FromDevice {
			return nil, fmt.Errorf("parse session: line %d: %w: neither > nor <", number, ErrSession)
		}
		data, err := hex.DecodeString(strings.Join(strings.Fields(content[1:]), ""))
		if err != nil {
			return nil, fmt.Errorf("parse session: line %d: %w: %w", number, ErrSession, err)
		}
		session = session.Append(direction, data)
	}
	return session, nil
}

// Append returns s with data at its end.
func (s Session) Append(direction Direction, data []byte) Session {
	if len(data) == 0 {
		return s
	}
	if last := len(s) - 1; last >= 0 && s[last].Direction == direction {
		s[last].Bytes = append(s[last].Bytes, data...)
		return s
	}
	return append(s, Step{Direction: direction, Bytes: bytes.Clone(data)})
}

// lineBytes is how many bytes WriteTo puts on a line.
const lineBytes = 16

// WriteTo writes the text form, with what is printable ASCII as the comment. ParseSession gives the same session back.
func (s Session) WriteTo(w io.Writer) (int64, error) {
	out := bufio.NewWriter(w)
	written := int64(0)
	for _, step := range s {
		for rest := step.Bytes; len(rest) > 0; {
			piece := rest[:min(lineBytes, len(rest))]
			rest = rest[len(piece):]
			n, err := fmt.Fprintf(out, "%c % X # %s\n", step.Direction, piece, printable(piece))
			written += int64(n)
			if err != nil {
				return written, fmt.Errorf("write session: %w", err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return written, fmt.Errorf("write session: %w", err)
	}
	return written, nil
}

func printable(piece []byte) string {
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, piece))
}

// Play plays the device's part on one end of a pipe and returns the other end for the driver. Finish ends it: it returns
// nil when the driver wrote exactly what the session says and took all answers.
func (s Session) Play() (host drivers.Port, finish func() error, err error) {
	host, device, err := Pipe()
	if err != nil {
		return nil, nil, err
	}
	played := make(chan error, 1)
	go func() { played <- s.play(device) }()
	finish = func() error {
		// Closing the driver's end ends a part that waits for more.
		return errors.Join(host.Close(), <-played, device.Close())
	}
	return host, finish, nil
}

func (s Session) play(device drivers.Port) error {
	for i, step := range s {
		if step.Direction == FromDevice {
			if _, err := device.Write(step.Bytes); err != nil {
				return fmt.Errorf("play step %d: %w", i+1, err)
			}
			continue
		}
		got := make([]byte, len(step.Bytes))
		n, err := io.ReadFull(device, got)
		if !bytes.Equal(got[:n], step.Bytes[:n]) || err != nil {
			// The driver must not wait for an answer that will not come.
			return errors.Join(fmt.Errorf("play step %d: driver wrote % X, want % X", i+1, got[:n], step.Bytes),
				device.Close())
		}
	}
	if extra, err := io.ReadAll(device); len(extra) > 0 || err != nil && !errors.Is(err, drivers.ErrGone) {
		return fmt.Errorf("play end: driver wrote % X more: %w", extra, errors.Join(err, ErrSession))
	}
	return nil
}
