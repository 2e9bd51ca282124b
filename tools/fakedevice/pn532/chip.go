// Package pn532 is a model of a PN532 on its serial port with cards in its field: frames come in, acknowledges and
// answers go out. libnfc reads it as it reads the chip.
//
// Source: PN532 user manual UM0701-02, https://www.nxp.com/docs/en/user-guide/141520.pdf.
package pn532

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	codec "github.com/yuantill/yuantill/drivers/nfc/pn532"
)

const (
	readSize = 512
	// frameBacklog is how many received frames wait while one is worked on; a serial line that sends faster waits.
	frameBacklog = 16
	// tryTime is about what one attempt to find a card takes the chip.
	tryTime = 5 * time.Millisecond
	// retriesForever is the retry count that polls until a card comes or the host aborts (7.3.1).
	retriesForever = 0xFF
)

// Applet is what runs on a card: a command APDU in, the response APDU with its status bytes out.
type Applet interface {
	Exchange(command []byte) []byte
	// Reset is the loss of the field.
	Reset()
}

// Card is an ISO/IEC 14443 type A card.
type Card struct {
	// UID is the anticollision identifier of 4, 7 or 10 bytes.
	UID []byte
	// ATQA and SAK are what the card answers to REQA and SELECT; zero counts as 0004 and 20.
	ATQA [2]byte
	SAK  byte
	// ATS is the answer to RATS without its length byte; nil counts as a plain one of 106 kbit/s.
	ATS []byte
	// Applet runs on the card.
	Applet Applet
}

// Chip is the model. Its methods may be called while Run runs.
type Chip struct {
	wire io.ReadWriter

	mu    sync.Mutex
	field []Card
	// listed are the activated cards by target number, 1 and 2.
	listed map[byte]Card
	faults Faults
	// exchanges counts APDUs since the faults were set.
	exchanges int
	// changed is closed, and replaced, whenever the field changes.
	changed chan struct{}
	// looks counts the polls that found nothing; looked is closed, and replaced, with each.
	looks  int
	looked chan struct{}
	// observe hears what happens; nil hears nothing.
	observe func(Event)

	// What follows belongs to Run.
	retries   byte
	registers map[uint16]byte
	parts     map[byte][]byte // rest of an answer by target
	last      []byte          // last answer frame, for NACK
	aside     []codec.Frame
}

// Event is something an observer may want to know.
type Event struct {
	// Name is "card listed", "exchange" or "card torn".
	Name string
	At   time.Time
}

// Options are a Chip's settings.
type Options struct {
	// Observe is called from Run, quickly, for every event; nil is allowed.
	Observe func(Event)
}

// New returns a chip on a byte stream with nothing in its field.
func New(wire io.ReadWriter, options Options) *Chip {
	return &Chip{
		wire: wire, observe: options.Observe, changed: make(chan struct{}), looked: make(chan struct{}),
		listed: map[byte]Card{}, registers: map[uint16]byte{}, parts: map[byte][]byte{}, retries: retriesForever,
	}
}

// Place puts cards in the field in place of those that were there.
func (c *Chip) Place(cards ...Card) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replace(cards)
}

// Remove empties the field.
func (c *Chip) Remove() { c.Place() }

// AwaitLooks waits until so many more polls have found nothing in the field. Errors: ctx's.
func (c *Chip) AwaitLooks(ctx context.Context, more int) error {
	c.mu.Lock()
	wanted := c.looks + more
	c.mu.Unlock()
	for {
		c.mu.Lock()
		looks, looked := c.looks, c.looked
		c.mu.Unlock()
		if looks >= wanted {
			return nil
		}
		select {
		case <-looked:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// looksInVain counts a poll that found nothing.
func (c *Chip) looksInVain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	close(c.looked)
	c.looked = make(chan struct{})
}

// replace needs c.mu. The cards that leave lose their power.
func (c *Chip) replace(cards []Card) {
	c.powerDown()
	c.field = append([]Card(nil), cards...)
	close(c.changed)
	c.changed = make(chan struct{})
}

// powerDown needs c.mu: every card loses the field.
func (c *Chip) powerDown() {
	clear(c.listed)
	for _, card := range c.field {
		if card.Applet != nil {
			card.Applet.Reset()
		}
	}
}

// Run serves the wire until ctx ends or the wire does. When ctx ends it closes a wire that can be closed. It returns nil
// at either end, and the wire's error otherwise.
func (c *Chip) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		if closer, ok := c.wire.(io.Closer); ok {
			_ = closer.Close() // Run is over; its reader ends by this
		}
	})()
	requests := make(chan codec.Frame, frameBacklog)
	received := make(chan error, 1)
	go func() {
		defer close(requests)
		received <- c.receive(ctx, requests)
	}()
	served := c.serve(ctx, requests)
	cancel()
	for range requests { // the reader may be waiting to hand one over
		continue
	}
	err := <-received
	if ended(served) {
		served = nil
	}
	if ended(err) {
		err = nil
	}
	return errors.Join(served, err)
}

// ended reports whether an error is an ordinary end of the wire or of the context.
func ended(err error) bool {
	for _, end := range []error{io.EOF, os.ErrClosed, io.ErrClosedPipe, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}

// receive decodes frames until the wire ends.
func (c *Chip) receive(ctx context.Context, requests chan<- codec.Frame) error {
	var decoder codec.Decoder
	buffer := make([]byte, readSize)
	for {
		n, err := c.wire.Read(buffer)
		decoder.Write(buffer[:n])
		for frame, ok := decoder.Next(); ok; frame, ok = decoder.Next() {
			select {
			case requests <- frame:
			case <-ctx.Done():
				return nil
			}
		}
		if err != nil {
			return fmt.Errorf("read wire: %w", err)
		}
	}
}

// serve works on one frame after the other.
func (c *Chip) serve(ctx context.Context, requests <-chan codec.Frame) error {
	for {
		next, err := c.take(ctx, requests)
		if err != nil {
			return err
		}
		switch next.Kind {
		case codec.Data:
			err = c.command(ctx, requests, next.Payload)
		case codec.Refuse:
			err = c.write(c.last)
		}
		if err != nil {
			return err
		}
	}
}

// take returns the next frame, one set aside by a poll first.
func (c *Chip) take(ctx context.Context, requests <-chan codec.Frame) (codec.Frame, error) {
	if len(c.aside) > 0 {
		next := c.aside[0]
		c.aside = c.aside[1:]
		return next, nil
	}
	select {
	case next, open := <-requests:
		if !open {
			return codec.Frame{}, io.EOF
		}
		return next, nil
	case <-ctx.Done():
		return codec.Frame{}, ctx.Err()
	}
}

func (c *Chip) tell(name string) {
	if c.observe != nil {
		c.observe(Event{Name: name, At: time.Now()})
	}
}
