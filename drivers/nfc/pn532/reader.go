// Package pn532 drives NXP's PN532 contactless reader over its serial port at 115,200 baud: it finds an ISO/IEC 14443-4
// type A card in the field and carries command APDUs to it.
//
// Sources: PN532 user manual UM0701-02, https://www.nxp.com/docs/en/user-guide/141520.pdf; ISO/IEC 14443-3 and -4.
package pn532

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

const device = "pn532"

const (
	exchangeDefault = 2 * time.Second
	exchangeLimit   = 10 * time.Second
	// pollRetries bounds one poll inside the chip to about 15 ms, so that a card found alone is reported soon after the
	// chip has looked for a second one.
	pollRetries = 2
	targetsMax  = 2
	// pollFaultMax is how many polls in a row may go unanswered before Await gives up.
	pollFaultMax = 3
	// pollGap keeps a chip that answers at once from being polled in a busy loop.
	pollGap = 5 * time.Millisecond
)

var (
	errTwoCards  = errors.New("more than one card in the field")
	errNotISODEP = errors.New("card does not speak ISO/IEC 14443-4")
	errNotPN532  = errors.New("chip is no PN532")
	errReleased  = errors.New("card was released or has left the field")
)

// Options are a Reader's settings.
type Options struct {
	// ExchangeTimeout is how long a card may take to answer one APDU, at most 10 s; 0 counts as 2 s.
	ExchangeTimeout time.Duration
	// Logger hears of recoveries; nil is silent. Neither APDUs nor card identifiers are logged.
	Logger *slog.Logger
}

// Reader is a PN532. It is safe for concurrent use; calls wait for each other.
type Reader struct {
	log      *slog.Logger
	exchange time.Duration

	// turn holds one token while nobody talks to the chip, so that waiting for it can end with a context.
	turn chan struct{}
	link link
	// ready is set once the chip is set up; cleared whenever what it is doing is not known.
	ready bool
	// fieldStale asks for the field to be switched off before the next poll, which resets the cards in it.
	fieldStale bool

	mu sync.Mutex
	// active is the activated card; others are dead.
	active *Card
}

var (
	_ drivers.CardReader = (*Reader)(nil)
	_ drivers.Prober     = (*Reader)(nil)
)

// New returns a reader on an open port. It does no I/O; the caller closes the port. It fails on a nil port and on an
// ExchangeTimeout out of range.
func New(port drivers.Port, options Options) (*Reader, error) {
	if port == nil {
		return nil, errors.New("pn532: no port")
	}
	if options.ExchangeTimeout == 0 {
		options.ExchangeTimeout = exchangeDefault
	}
	if options.ExchangeTimeout < 0 || options.ExchangeTimeout > exchangeLimit {
		return nil, fmt.Errorf("pn532: exchange timeout %s out of range", options.ExchangeTimeout)
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Reader{log: options.Logger, exchange: options.ExchangeTimeout, turn: make(chan struct{}, 1), link: link{port: port}}
	r.turn <- struct{}{}
	return r, nil
}

// Await polls until exactly one card is in the field. A card that was found before is dead from then on. Errors: ctx's,
// or *drivers.Error: KindNotReady for two cards, KindRefused for a card without APDUs or a chip that is no PN532,
// KindTimeout for a chip that does not answer, KindGone for a port that is.
func (r *Reader) Await(ctx context.Context) (drivers.Card, error) {
	const op = "poll target"
	if err := r.acquire(ctx); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", device, op, err)
	}
	defer r.release()
	r.activate(nil)
	for faults := 0; ; {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", device, op, err)
		}
		card, err := r.look(ctx)
		switch {
		case card != nil:
			r.activate(card)
			return card, nil
		case ctx.Err() != nil:
			return nil, fmt.Errorf("%s: %s: %w", device, op, ctx.Err())
		case err == nil:
			faults = 0
			pause(ctx, pollGap)
			continue
		}
		var failure *drivers.Error
		if errors.As(err, &failure) {
			return nil, err
		}
		r.ready = false
		kind := kindOf(err)
		if faults++; faults == pollFaultMax || kind == drivers.KindGone || kind == drivers.KindRefused {
			return nil, &drivers.Error{Device: device, Op: op, Kind: kind, Cause: err}
		}
		r.log.Warn("pn532 poll failed", "cause", err, "attempt", faults)
	}
}

// look sets the chip up where needed and polls once. Without a card in the field it returns neither card nor error.
func (r *Reader) look(ctx context.Context) (*Card, error) {
	answer, err := r.poll(ctx)
	if err != nil {
		return nil, err
	}
	switch answer[0] {
	case 0:
		return nil, nil
	case 1:
		return r.found(ctx, answer[1:])
	default:
		return nil, r.turnAway(ctx, drivers.KindNotReady, errTwoCards)
	}
}

// poll sets the chip up where needed and has it list what is in the field: how many targets, then their data.
func (r *Reader) poll(ctx context.Context) ([]byte, error) {
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	answer, err := r.link.command(ctx, codeListTargets, targetsMax, 0)
	if err != nil {
		return nil, fmt.Errorf("list targets: %w", err)
	}
	if len(answer) == 0 {
		return nil, fmt.Errorf("list targets: %w", errCutShort)
	}
	return answer, nil
}

// Vacant polls once. Errors: ctx's, or *drivers.Error: KindRefused for a chip that is no PN532, KindTimeout for one that
// does not answer, KindGone for a port that is.
func (r *Reader) Vacant(ctx context.Context) (vacant bool, err error) {
	err = r.once(ctx, "look at field", func() (err error) {
		// A card that was listed before answers no further poll until it has lost the field.
		r.activate(nil)
		r.fieldStale = true
		vacant, err = r.lookOnce(ctx)
		return err
	})
	return vacant, err
}

// Probe asks the chip for its version, and sets it up where needed. Errors: as Vacant's.
func (r *Reader) Probe(ctx context.Context) error {
	return r.once(ctx, "probe chip", func() error {
		if r.ready {
			_, err := r.link.command(ctx, codeFirmwareVersion)
			return err
		}
		r.activate(nil) // setting the chip up ends whatever it was doing
		return r.setUp(ctx)
	})
}

// once does something with the chip that is not tried again here.
func (r *Reader) once(ctx context.Context, op string, do func() error) error {
	if err := r.acquire(ctx); err != nil {
		return fmt.Errorf("%s: %s: %w", device, op, err)
	}
	defer r.release()
	err := do()
	var failure *drivers.Error
	switch {
	case err == nil || errors.As(err, &failure):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %s: %w", device, op, ctx.Err())
	default:
		r.ready = false
		return &drivers.Error{Device: device, Op: op, Kind: kindOf(err), Cause: err}
	}
}

// lookOnce polls once and releases what it finds.
func (r *Reader) lookOnce(ctx context.Context) (vacant bool, err error) {
	answer, err := r.poll(ctx)
	if err != nil || answer[0] == 0 {
		return err == nil, err
	}
	return false, r.dismiss(ctx)
}

// found reads the target data of the one card in the field.
func (r *Reader) found(ctx context.Context, data []byte) (*Card, error) {
	// Tg ‖ ATQA (2) ‖ SAK ‖ length ‖ identifier [‖ ATS] (user manual, 7.3.5)
	const fixed = 5
	if len(data) < fixed || len(data) < fixed+int(data[4]) {
		return nil, fmt.Errorf("list targets: %w", errCutShort)
	}
	if data[3]&isoDEP == 0 {
		return nil, r.turnAway(ctx, drivers.KindRefused, errNotISODEP)
	}
	return &Card{reader: r, target: data[0], id: append([]byte(nil), data[fixed:fixed+int(data[4])]...)}, nil
}

// turnAway releases what is in the field and returns the reason as a *drivers.Error.
func (r *Reader) turnAway(ctx context.Context, kind drivers.Kind, cause error) error {
	if err := r.dismiss(ctx); err != nil {
		return err
	}
	return &drivers.Error{Device: device, Op: "poll target", Kind: kind, Cause: cause}
}

// dismiss releases what is in the field.
func (r *Reader) dismiss(ctx context.Context) error {
	r.fieldStale = true
	if _, err := r.link.command(ctx, codeRelease, 0); err != nil {
		return fmt.Errorf("release targets: %w", err)
	}
	return nil
}

// prepare wakes and sets up a chip whose state is not known, and switches a stale field off.
func (r *Reader) prepare(ctx context.Context) error {
	if !r.ready {
		if err := r.setUp(ctx); err != nil {
			return err
		}
	}
	if r.fieldStale {
		if _, err := r.link.command(ctx, codeRFConfiguration, itemField, 0); err != nil {
			return fmt.Errorf("switch field off: %w", err)
		}
		r.fieldStale = false
	}
	return nil
}

// setUp aborts whatever the chip is doing, wakes it, makes sure that it is a PN532 and bounds its polls. Asking for the
// version also puts every answer to an earlier command behind us. What is in the field has to be reset after that.
func (r *Reader) setUp(ctx context.Context) error {
	// 55 55 and zeros wake the chip's serial port from power-down (user manual, 7.2.11).
	wake := append(AcknowledgeFrame(), 0x55, 0x55, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	if _, err := r.link.send(wake); err != nil {
		return fmt.Errorf("wake chip: %w", err)
	}
	// Normal mode, virtual card time-out unused, no interrupt pin.
	if _, err := r.link.command(ctx, codeSAM, 0x01, 0x17, 0x00); err != nil {
		return fmt.Errorf("configure SAM: %w", err)
	}
	version, err := r.link.command(ctx, codeFirmwareVersion)
	if err != nil {
		return fmt.Errorf("get firmware version: %w", err)
	}
	if len(version) < 1 || version[0] != firmwareIC {
		return &drivers.Error{Device: device, Op: "get firmware version", Kind: drivers.KindRefused, Cause: errNotPN532}
	}
	if _, err := r.link.command(ctx, codeRFConfiguration, itemRetries, 0xFF, 0x01, pollRetries); err != nil {
		return fmt.Errorf("bound polls: %w", err)
	}
	r.ready, r.fieldStale = true, true
	r.log.Info("pn532 ready", "firmware", fmt.Sprintf("%x", version))
	return nil
}

// acquire waits for the chip.
func (r *Reader) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-r.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Reader) release() { r.turn <- struct{}{} }

// activate makes card the only one alive; nil leaves none.
func (r *Reader) activate(card *Card) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active = card
}

// isActive reports whether card is alive.
func (r *Reader) isActive(card *Card) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.active == card
}

// pause waits for d or ctx's end.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
