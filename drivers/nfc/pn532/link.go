package pn532

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

// Bounds of one command.
const (
	writeMax  = 100 * time.Millisecond
	answerMax = 500 * time.Millisecond // the chip's own commands; a poll is bounded inside the chip
	refuseMax = 2                      // NACKs for one damaged answer
	readSize  = 512
)

// ackWaits are the times to wait for the chip's ACK, one a sending: 15 ms is the manual's bound (6.2.1.3), the later ones
// leave room for a busy host.
func ackWaits() [4]time.Duration {
	return [4]time.Duration{15 * time.Millisecond, 15 * time.Millisecond, 60 * time.Millisecond, 250 * time.Millisecond}
}

// Causes inside a *drivers.Error.
var (
	errNoAck    = errors.New("no acknowledge")
	errNoAnswer = errors.New("no answer")
	errDamaged  = errors.New("answer damaged")
	errSyntax   = errors.New("chip did not understand the command")
	errCutShort = errors.New("answer cut short")
)

// link carries commands to the chip, one at a time. Its caller holds it exclusively.
type link struct {
	port    drivers.Port
	decoder Decoder
	buffer  [readSize]byte
}

// watch makes ctx's end interrupt a blocked read. The function returned must be called before the next watch: it waits
// until no late interruption can hit a later command.
func (l *link) watch(ctx context.Context) func() {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		// A port that refuses the deadline is closed, and its read ends by that.
		_ = l.port.SetReadDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// command sends a command that may be carried out twice without harm and returns the answer behind its code. It sends
// again when the ACK does not come. Errors: ctx's, errNoAck, errNoAnswer, errDamaged, errSyntax, the port's.
func (l *link) command(ctx context.Context, code byte, arguments ...byte) ([]byte, error) {
	defer l.watch(ctx)()
	frame, err := AppendFrame(nil, append([]byte{fromHost, code}, arguments...))
	if err != nil {
		return nil, err
	}
	for _, wait := range ackWaits() {
		if err = l.acknowledged(ctx, frame, wait); err == nil {
			answer, err := l.answer(ctx, code, time.Now().Add(answerMax))
			if err != nil && ctx.Err() != nil {
				return nil, errors.Join(ctx.Err(), l.abort())
			}
			return answer, err
		}
		if ctx.Err() != nil {
			return nil, errors.Join(ctx.Err(), l.abort())
		}
		if !errors.Is(err, errNoAck) {
			return nil, err
		}
	}
	return nil, err
}

// acknowledged sends a frame and waits for the ACK. What arrives before it answers an earlier command and is dropped.
func (l *link) acknowledged(ctx context.Context, frame []byte, wait time.Duration) error {
	if _, err := l.send(frame); err != nil {
		return err
	}
	deadline := time.Now().Add(wait)
	for {
		got, err := l.next(ctx, deadline)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return errNoAck
		}
		if err != nil {
			return err
		}
		if got.Kind == Acknowledge {
			return nil
		}
	}
}

// answer waits for the answer to code and returns what follows the code. A damaged one is asked for again, which
// executes nothing.
func (l *link) answer(ctx context.Context, code byte, deadline time.Time) ([]byte, error) {
	refused := 0
	for {
		got, err := l.next(ctx, deadline)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, errNoAnswer
		}
		if err != nil {
			return nil, err
		}
		switch {
		case got.Kind == SyntaxError:
			return nil, errSyntax
		case got.Kind == Corrupt && refused == refuseMax:
			return nil, errDamaged
		case got.Kind == Corrupt:
			refused++
			if _, err := l.send(RefuseFrame()); err != nil {
				return nil, err
			}
		case got.Kind == Data && len(got.Payload) >= 2 && got.Payload[0] == fromChip && got.Payload[1] == code+1:
			return got.Payload[2:], nil
		}
	}
}

// abort stops the command that runs in the chip.
func (l *link) abort() error {
	_, err := l.send(AcknowledgeFrame())
	return err
}

// send writes bytes and, when that fails, returns how many may have left all the same. It forgets what was received.
func (l *link) send(frame []byte) (int, error) {
	l.decoder.Reset()
	if err := l.port.SetWriteDeadline(time.Now().Add(writeMax)); err != nil {
		return 0, fmt.Errorf("write frame: %w", err)
	}
	n, err := l.port.Write(frame)
	if err != nil {
		return n, fmt.Errorf("write frame: %w", err)
	}
	return n, nil
}

// next returns the next frame of any kind. Errors: ctx's, os.ErrDeadlineExceeded, the port's.
func (l *link) next(ctx context.Context, deadline time.Time) (Frame, error) {
	for {
		if frame, ok := l.decoder.Next(); ok {
			return frame, nil
		}
		if err := l.port.SetReadDeadline(deadline); err != nil {
			return Frame{}, fmt.Errorf("read frame: %w", err)
		}
		// Asked after the deadline is set: an end that came before it has been overwritten, one that comes later wins.
		if err := ctx.Err(); err != nil {
			return Frame{}, err
		}
		n, err := l.port.Read(l.buffer[:])
		l.decoder.Write(l.buffer[:n])
		if n > 0 {
			continue
		}
		if ctx.Err() != nil {
			return Frame{}, ctx.Err()
		}
		if err != nil {
			return Frame{}, fmt.Errorf("read frame: %w", err)
		}
		if !time.Now().Before(deadline) {
			return Frame{}, os.ErrDeadlineExceeded
		}
	}
}

// kindOf classifies the error of a command.
func kindOf(err error) drivers.Kind {
	var chip ChipError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, drivers.ErrGone), errors.Is(err, os.ErrClosed):
		return drivers.KindGone
	case errors.Is(err, errDamaged), errors.Is(err, errCutShort):
		return drivers.KindGarbage
	case errors.Is(err, errSyntax), errors.Is(err, ErrPayload), errors.As(err, &chip):
		return drivers.KindRefused
	default:
		return drivers.KindTimeout
	}
}
