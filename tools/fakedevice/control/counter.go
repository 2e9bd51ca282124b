// Package control runs a counter of simulated devices on pseudo-terminals and lets other programs work them over HTTP:
// scan a code, tap a card, take the paper out, and read what came of it and when.
package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/yuantill/yuantill/tools/action"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
	"github.com/yuantill/yuantill/tools/fakedevice/pn532"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
	"github.com/yuantill/yuantill/tools/fakedevice/pty"
	"github.com/yuantill/yuantill/tools/fakedevice/scanner"
)

// ErrNoDevice marks a request for a device that was not asked for at the start.
var ErrNoDevice = errors.New("control: no such device")

// Config says which devices stand on the counter. A device without a path is not there.
type Config struct {
	// ScannerPath, CardReaderPath and PrinterPath become symbolic links to the devices' terminals.
	ScannerPath, CardReaderPath, PrinterPath string
	// Scanner is how the scanner is set up.
	Scanner scanner.Options
	// Receipts is the folder for pictures; empty draws none. Width is the paper's.
	Receipts string
	Width    printer.Width
	// Wallet is the card file of the hard wallet that a tap uses.
	Wallet string
}

// Counter is a set of running devices.
type Counter struct {
	log     *Log
	cables  map[string]*pty.Port
	scanner *scanner.Scanner
	chip    *pn532.Chip
	printer *printer.Printer
	card    *hardcard.Card
}

// New opens the devices' terminals. Close frees them, also when Run was never called.
func New(config Config) (*Counter, error) {
	c := &Counter{log: NewLog(time.Now()), cables: map[string]*pty.Port{}}
	if err := c.build(config); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Counter) build(config Config) error {
	if config.Wallet != "" {
		card, err := hardcard.Load(config.Wallet)
		if err != nil {
			return fmt.Errorf("make counter: %w", err)
		}
		c.card = card
	}
	if cable, err := c.open(DeviceScanner, config.ScannerPath); err != nil {
		return err
	} else if cable != nil {
		c.scanner = scanner.New(cable, config.Scanner)
	}
	if cable, err := c.open(DeviceCardReader, config.CardReaderPath); err != nil {
		return err
	} else if cable != nil {
		c.chip = pn532.New(cable, pn532.Options{Observe: func(e pn532.Event) {
			c.log.Add(e.At, Event{Device: DeviceCardReader, Kind: e.Name})
		}})
	}
	cable, err := c.open(DevicePrinter, config.PrinterPath)
	if err != nil || cable == nil {
		return err
	}
	c.printer, err = printer.New(cable, printer.Options{
		Width: config.Width, Dir: config.Receipts,
		Observe: func(e printer.Event) {
			c.log.Add(e.At, Event{Device: DevicePrinter, Kind: e.Kind.String(), Receipt: e.Receipt, Path: e.Path})
		},
	})
	if err != nil {
		return fmt.Errorf("make counter: %w", err)
	}
	return nil
}

func (c *Counter) open(device, path string) (*pty.Port, error) {
	if path == "" {
		return nil, nil
	}
	cable, err := pty.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", device, err)
	}
	c.cables[device] = cable
	return cable, nil
}

// Run works the devices until ctx ends, which gives nil, or one of them fails.
func (c *Counter) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for device, run := range c.runners() {
		group.Go(func() error {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("run %s: %w", device, err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		// A device's blocked read ends with its cable.
		return c.Close()
	})
	return group.Wait()
}

func (c *Counter) runners() map[string]func(context.Context) error {
	runners := map[string]func(context.Context) error{}
	if c.scanner != nil {
		runners[DeviceScanner] = c.scanner.Run
	}
	if c.chip != nil {
		runners[DeviceCardReader] = c.chip.Run
	}
	if c.printer != nil {
		runners[DevicePrinter] = c.printer.Run
	}
	return runners
}

// Close pulls all cables. It may be called again.
func (c *Counter) Close() error {
	var errs []error
	for _, cable := range c.cables {
		errs = append(errs, cable.Close())
	}
	return errors.Join(errs...)
}

// Handler returns the HTTP interface that Serve offers; GET / lists it.
func (c *Counter) Handler() http.Handler { return action.Handler(c.actions()) }
