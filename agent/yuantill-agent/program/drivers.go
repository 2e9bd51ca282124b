package program

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/nfc/pn532"
	"github.com/yuantill/yuantill/drivers/port"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
	"github.com/yuantill/yuantill/drivers/scanner"
)

// The tables of drivers, by the name that settings use. A driver makes a device on an open port; the port is closed
// for it.
type (
	scannerDriver func(drivers.Port, settings.Scanner) (drivers.Scanner, error)
	readerDriver  func(drivers.Port, settings.Reader, *slog.Logger) (drivers.CardReader, error)
	printerDriver func(drivers.Port, settings.Printer, *slog.Logger) (agent.Opened[drivers.Printer], error)
)

func scannerDrivers() map[string]scannerDriver {
	return map[string]scannerDriver{"line": lineScanner}
}

func readerDrivers() map[string]readerDriver {
	return map[string]readerDriver{"pn532": pn532Reader}
}

func printerDrivers() map[string]printerDriver {
	return map[string]printerDriver{"escpos": escposPrinter}
}

// checkDrivers says which sections name a driver that there is not. Its error is *settings.Error.
func checkDrivers(s settings.Settings) error {
	found := &settings.Error{}
	if s.Scanner != nil {
		known(s, found, "scanner.driver", s.Scanner.Driver, scannerDrivers())
	}
	if s.Reader != nil {
		known(s, found, "reader.driver", s.Reader.Driver, readerDrivers())
	}
	if s.Printer != nil {
		known(s, found, "printer.driver", s.Printer.Driver, printerDrivers())
	}
	if len(found.Mistakes) == 0 {
		return nil
	}
	return found
}

func known[D any](s settings.Settings, found *settings.Error, key, name string, table map[string]D) {
	if _, has := table[name]; !has {
		what := catalogue.ValueNotOf(name, slices.Sorted(maps.Keys(table)))
		found.Mistakes = append(found.Mistakes, s.Wrong(key, what))
	}
}

func lineScanner(p drivers.Port, s settings.Scanner) (drivers.Scanner, error) {
	return scanner.New(p, scanner.Options{Prefix: []byte(s.Prefix), Suffix: []byte(s.Suffix), AIM: s.AIM})
}

func pn532Reader(p drivers.Port, _ settings.Reader, logger *slog.Logger) (drivers.CardReader, error) {
	return pn532.New(p, pn532.Options{Logger: logger})
}

func escposPrinter(p drivers.Port, s settings.Printer, logger *slog.Logger) (agent.Opened[drivers.Printer], error) {
	profile := escpos.Paper58()
	if s.Paper == 80 {
		profile = escpos.Paper80()
	}
	printer, err := escpos.New(p, escpos.DefaultOptions(profile, logger))
	if err != nil {
		return agent.Opened[drivers.Printer]{}, err
	}
	return agent.Opened[drivers.Printer]{Device: printer, Run: printer.Run}, nil
}

// onPort opens the serial device and makes the driver's device on it.
func onPort[T any](line settings.Line, create func(*port.Port) (agent.Opened[T], error)) agent.Opener[T] {
	return func(context.Context) (agent.Opened[T], error) {
		p, err := port.Open(line.Path, port.Settings{Baud: line.Baud})
		if err != nil {
			return agent.Opened[T]{}, err
		}
		opened, err := create(p)
		if err != nil {
			return agent.Opened[T]{}, errors.Join(err, p.Close())
		}
		opened.Close = p.Close
		return opened, nil
	}
}

// clocked dates scans by the till's clock, as sales are, whatever clock the driver has.
type clocked struct {
	drivers.Scanner
	clock func() time.Time
}

// Next implements drivers.Scanner.
func (c clocked) Next(ctx context.Context) (drivers.Scan, error) {
	scan, err := c.Scanner.Next(ctx)
	scan.At = c.clock().Add(-time.Since(scan.At))
	return scan, err
}

// openers puts the till's devices together; those that the settings leave out stay nil.
func openers(s settings.Settings, logger *slog.Logger, parts *agent.Parts) {
	if s.Scanner != nil {
		create := scannerDrivers()[s.Scanner.Driver]
		parts.Scanner = onPort(s.Scanner.Line, func(p *port.Port) (agent.Opened[drivers.Scanner], error) {
			device, err := create(p, *s.Scanner)
			return agent.Opened[drivers.Scanner]{Device: clocked{Scanner: device, clock: parts.Clock}}, err
		})
	}
	if s.Reader != nil {
		create := readerDrivers()[s.Reader.Driver]
		parts.Reader = onPort(s.Reader.Line, func(p *port.Port) (agent.Opened[drivers.CardReader], error) {
			device, err := create(p, *s.Reader, logger)
			// Between sales nobody reads from a card reader, and nobody would find out that it is away.
			return agent.Opened[drivers.CardReader]{Device: device, Run: p.AwaitHangUp}, err
		})
	}
	if s.Printer != nil {
		create := printerDrivers()[s.Printer.Driver]
		parts.Printer = onPort(s.Printer.Line, func(p *port.Port) (agent.Opened[drivers.Printer], error) {
			return create(p, *s.Printer, logger)
		})
	}
}
