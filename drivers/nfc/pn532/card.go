package pn532

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

// CommandMax is the longest command APDU one frame carries; APDUs are not chained over several.
const CommandMax = PayloadMax - 3

// Bounds of an answer that comes in several frames.
const (
	morePartsMax = 300
	responseMax  = 1<<16 + 2
)

// errTooLong marks a response longer than any APDU.
var errTooLong = errors.New("response longer than an APDU")

// Card is an activated card in a Reader's field.
type Card struct {
	reader *Reader
	target byte
	id     []byte
}

var _ drivers.Card = (*Card)(nil)

// ID returns the card's anticollision identifier of 4, 7 or 10 bytes.
func (c *Card) ID() []byte { return bytes.Clone(c.id) }

// Exchange sends one command APDU of at most CommandMax bytes, once. Errors: ctx's while nothing was sent, or
// *drivers.Error. With OutcomeUnknown set the card may have executed the command; without it, it has not. After any
// error but an ended context or KindRefused the card is dead.
func (c *Card) Exchange(ctx context.Context, command []byte) ([]byte, error) {
	const op = "exchange command"
	r := c.reader
	if err := r.acquire(ctx); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", device, op, err)
	}
	defer r.release()
	if !r.isActive(c) {
		return nil, &drivers.Error{Device: device, Op: op, Kind: drivers.KindGone, Cause: errReleased}
	}
	if len(command) == 0 || len(command) > CommandMax {
		return nil, &drivers.Error{
			Device: device, Op: op, Kind: drivers.KindRefused, Cause: fmt.Errorf("%w: APDU of %d bytes", ErrPayload, len(command)),
		}
	}
	defer r.link.watch(ctx)()
	response, unknown, err := c.carry(ctx, command)
	if err == nil {
		return response, nil
	}
	r.activate(nil)
	r.fieldStale = true
	return nil, &drivers.Error{Device: device, Op: op, Kind: exchangeKind(err), OutcomeUnknown: unknown, Cause: err}
}

// exchangeKind is kindOf for an exchange, where an error about the target means that the card is lost.
func exchangeKind(err error) drivers.Kind {
	var chip ChipError
	if errors.As(err, &chip) {
		return drivers.KindGone
	}
	return kindOf(err)
}

// carry brings the APDU to the card and collects the response. The bool says whether the card may have executed it.
func (c *Card) carry(ctx context.Context, command []byte) ([]byte, bool, error) {
	deadline := time.Now().Add(c.reader.exchange)
	data, unsent, err := c.once(ctx, deadline, command)
	if err != nil {
		return nil, !unsent, err
	}
	response := bytes.Clone(data[1:])
	for part := 0; data[0]&statusMore != 0; part++ {
		if part == morePartsMax || len(response) > responseMax {
			return nil, true, errTooLong
		}
		// Without data the command fetches the rest of a response and executes nothing (user manual, 7.3.8).
		if data, _, err = c.once(ctx, deadline, nil); err != nil {
			return nil, true, err
		}
		response = append(response, data[1:]...)
	}
	return response, false, nil
}

// once sends one InDataExchange and waits for its answer, which counts even when the ACK before it was lost. The frame
// is never sent again: without an ACK the chip may be executing it. It returns the status byte and what follows; the
// bool says that the card certainly saw nothing.
func (c *Card) once(ctx context.Context, deadline time.Time, command []byte) ([]byte, bool, error) {
	l := &c.reader.link
	frame, err := AppendFrame(nil, append([]byte{fromHost, codeDataExchange, c.target}, command...))
	if err != nil {
		return nil, true, err
	}
	if sent, err := l.send(frame); err != nil {
		c.reader.ready = false
		return nil, sent == 0, err
	}
	data, err := l.answer(ctx, codeDataExchange, deadline)
	switch {
	case errors.Is(err, errSyntax):
		return nil, true, err
	case err != nil:
		// What the chip is doing is not known: the next Await stops it and starts afresh.
		c.reader.ready = false
		if abort := l.abort(); abort != nil && !errors.Is(abort, os.ErrClosed) {
			err = errors.Join(err, abort)
		}
		return nil, false, err
	case len(data) == 0:
		return nil, false, errCutShort
	}
	if chip := ChipError(data[0] & statusErrorMask); chip != 0 {
		return nil, chip.neverSent(), chip
	}
	return data, false, nil
}

// Release ends the activation and switches the field off, so that the next Await finds the same card again. A card that
// is dead already is released. Errors: ctx's, *drivers.Error.
func (c *Card) Release(ctx context.Context) error {
	const op = "release target"
	r := c.reader
	if err := r.acquire(ctx); err != nil {
		return fmt.Errorf("%s: %s: %w", device, op, err)
	}
	defer r.release()
	if !r.isActive(c) {
		return nil
	}
	r.activate(nil)
	r.fieldStale = true
	if _, err := r.link.command(ctx, codeRelease, c.target); err != nil {
		r.ready = false
		return &drivers.Error{Device: device, Op: op, Kind: kindOf(err), Cause: err}
	}
	if _, err := r.link.command(ctx, codeRFConfiguration, itemField, 0); err != nil {
		r.ready = false
		return &drivers.Error{Device: device, Op: op, Kind: kindOf(err), Cause: err}
	}
	r.fieldStale = false
	return nil
}
