package drivertest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/yuantill/yuantill/drivers"
)

var (
	errTwoCards = errors.New("more than one card in the field")
	errReleased = errors.New("card was released or has left the field")
	errTorn     = errors.New("card left the field")
)

// Applet is what runs on a card in memory: a command APDU in, the response APDU with its status bytes out.
type Applet func(command []byte) (response []byte)

// CardReader is a card reader in memory.
type CardReader struct {
	mu      sync.Mutex
	changed chan struct{}
	field   []Applet
	// visit counts changes of the field: a Card belongs to one visit.
	visit   int
	torn    bool
	stalled bool
	gone    bool
}

var (
	_ drivers.CardReader = (*CardReader)(nil)
	_ drivers.Prober     = (*CardReader)(nil)
	_ drivers.Card       = (*Card)(nil)
)

// NewCardReader returns a CardReader with an empty field.
func NewCardReader() *CardReader { return &CardReader{changed: make(chan struct{})} }

// Place puts cards in the field, in place of those that were there. Without cards it empties the field.
func (r *CardReader) Place(cards ...Applet) {
	r.change(func() {
		r.field = slices.Clone(cards)
		r.visit++
	})
}

// TearNext makes the card leave the field in the next exchange, after its applet has run.
func (r *CardReader) TearNext() { r.change(func() { r.torn = true }) }

// Stall makes the reader stop answering, or go on.
func (r *CardReader) Stall(stalled bool) { r.change(func() { r.stalled = stalled }) }

// HangUp unplugs the reader.
func (r *CardReader) HangUp() { r.change(func() { r.gone = true }) }

func (r *CardReader) change(apply func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	apply()
	close(r.changed)
	r.changed = make(chan struct{})
}

// Await returns the card in the field. Errors: ctx's, KindNotReady for two cards, KindGone after HangUp.
func (r *CardReader) Await(ctx context.Context) (drivers.Card, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r.mu.Lock()
		changed := r.changed
		card, err := r.look()
		r.mu.Unlock()
		if card != nil || err != nil {
			return card, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// Vacant reports whether the field is empty. Errors: ctx's, while stalled at its end; KindGone after HangUp.
func (r *CardReader) Vacant(ctx context.Context) (vacant bool, err error) {
	err = r.answer(ctx, "look at field", func() {
		vacant = len(r.field) == 0
		r.visit++ // a card that was found before is dead
	})
	return vacant, err
}

// Probe reports whether the reader answers. Errors: ctx's, while stalled at its end; KindGone after HangUp.
func (r *CardReader) Probe(ctx context.Context) error {
	return r.answer(ctx, "probe reader", func() {})
}

// answer runs a look at the reader, with the lock held, as soon as it does not stall.
func (r *CardReader) answer(ctx context.Context, op string, look func()) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.mu.Lock()
		changed, gone, stalled := r.changed, r.gone, r.stalled
		if !gone && !stalled {
			look()
		}
		r.mu.Unlock()
		switch {
		case gone:
			return failure(op, drivers.KindGone, false, nil)
		case !stalled:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// look needs r.mu; it returns nothing at all while there is nothing to tell. Its card is an interface so that "no card"
// compares equal to nil.
func (r *CardReader) look() (drivers.Card, error) {
	const op = "poll target"
	switch {
	case r.gone:
		return nil, failure(op, drivers.KindGone, false, nil)
	case r.stalled || len(r.field) == 0:
		return nil, nil
	case len(r.field) > 1:
		return nil, failure(op, drivers.KindNotReady, false, errTwoCards)
	default:
		return &Card{reader: r, visit: r.visit, applet: r.field[0]}, nil
	}
}

// Card is a card in the field of a CardReader.
type Card struct {
	reader *CardReader
	visit  int
	applet Applet

	mu       sync.Mutex
	released bool
}

// ID returns an identifier that starts with 08, as random ones do (ISO/IEC 14443-3).
func (c *Card) ID() []byte { return []byte{0x08, 0x01, 0x02, 0x03} }

// Exchange runs the card's applet. Errors: ctx's, KindGone.
func (c *Card) Exchange(ctx context.Context, command []byte) ([]byte, error) {
	const op = "exchange command"
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.reader
	r.mu.Lock()
	gone, absent := r.gone, c.released || c.visit != r.visit || len(r.field) == 0
	stalled, torn := r.stalled, r.torn
	r.mu.Unlock()
	switch {
	case gone:
		return nil, failure(op, drivers.KindGone, false, nil)
	case absent:
		return nil, failure(op, drivers.KindGone, false, errReleased)
	case stalled:
		<-ctx.Done()
		return nil, failure(op, drivers.KindTimeout, true, ctx.Err())
	}
	response := c.applet(slices.Clone(command))
	if torn {
		r.change(func() { r.torn, r.field = false, nil })
		return nil, failure(op, drivers.KindGone, true, errTorn)
	}
	return response, nil
}

// Release ends the card's activation. It always succeeds.
func (c *Card) Release(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.released = true
	return nil
}

func failure(op string, kind drivers.Kind, unknown bool, cause error) error {
	return &drivers.Error{Device: device, Op: op, Kind: kind, OutcomeUnknown: unknown, Cause: cause}
}
