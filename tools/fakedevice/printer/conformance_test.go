package printer_test

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/drivers/port"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
	"github.com/yuantill/yuantill/tools/fakedevice/pty"
)

const patience = 5 * time.Second

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// bench is a driver and the printer it drives, both running.
type bench struct {
	driver *escpos.Printer
	device *printer.Printer
	hangUp func()
}

// benchOptions keeps a failing test short; a printer that answers is never waited for.
func benchOptions() escpos.Options {
	options := escpos.DefaultOptions(escpos.Paper58(), quiet())
	options.AnswerTimeout = 200 * time.Millisecond
	options.JobTimeout = 2 * time.Second
	return options
}

// start runs driver and device until the test ends; closeDevice must end the device's Read.
func start(t *testing.T, host drivers.Port, stream io.ReadWriter, closeDevice func(), options escpos.Options, device printer.Options) bench {
	t.Helper()
	model, err := printer.New(stream, device)
	require.NoError(t, err)
	driver, err := escpos.New(host, options)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	modelDone, driverDone := make(chan error, 1), make(chan error, 1)
	go func() { modelDone <- model.Run(ctx) }()
	go func() { driverDone <- driver.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, host.Close())
		closeDevice()
		if err := <-driverDone; err != nil {
			require.ErrorIs(t, err, drivers.ErrGone)
		}
		require.NoError(t, <-modelDone)
	})
	return bench{driver: driver, device: model}
}

// onCable joins them by a socket.
func onCable(t *testing.T, options escpos.Options, device printer.Options) bench {
	t.Helper()
	host, far, err := drivertest.Pipe()
	require.NoError(t, err)
	hangUp := func() { require.NoError(t, far.Close()) }
	b := start(t, host, far, hangUp, options, device)
	b.hangUp = hangUp
	return b
}

// onTerminal joins them as the product does: the driver opens a terminal by its link.
func onTerminal(t *testing.T, options escpos.Options, device printer.Options) bench {
	t.Helper()
	link := filepath.Join(t.TempDir(), "printer")
	far, err := pty.Open(link)
	require.NoError(t, err)
	host, err := port.Open(link, port.Settings{})
	require.NoError(t, err)
	b := start(t, host, far, func() { require.NoError(t, far.Close()) }, options, device)
	b.hangUp = func() { require.NoError(t, far.HangUp()) }
	return b
}

func (b bench) forSuite(t *testing.T) drivertest.PrinterBench {
	t.Helper()
	// The suite's next call must find what it has set; a state travels to the driver within microseconds.
	follow := func(set func(bool), seen func(drivers.PrinterStatus) bool) func(bool) {
		return func(on bool) {
			set(on)
			require.Eventually(t, func() bool {
				status, at := b.driver.Known()
				return !at.IsZero() && seen(status) == on
			}, patience, 100*time.Microsecond)
		}
	}
	return drivertest.PrinterBench{
		Printer:   b.driver,
		Printed:   func() int { return len(b.device.Receipts()) },
		PaperOut:  follow(b.device.SetPaperOut, func(s drivers.PrinterStatus) bool { return s.PaperOut }),
		PaperLow:  follow(b.device.SetNearEnd, func(s drivers.PrinterStatus) bool { return s.PaperLow }),
		CoverOpen: follow(b.device.SetCoverOpen, func(s drivers.PrinterStatus) bool { return s.CoverOpen }),
		PaperOutInNext: func() {
			const lines = 2
			b.device.PaperOutAfter(lines)
		},
		Stall:  b.device.Stall,
		Noise:  func() { b.device.Send([]byte{0xFF, 0x80, 0xA5, 0x12, 0x10, 0x12, 0x00, 0xFE}) },
		HangUp: b.hangUp,
	}
}

func TestPrinterConformsOnCable(t *testing.T) {
	drivertest.TestPrinter(t, func(t *testing.T) drivertest.PrinterBench {
		return onCable(t, benchOptions(), printer.Options{}).forSuite(t)
	})
}

func TestPrinterConformsOnTerminal(t *testing.T) {
	drivertest.TestPrinter(t, func(t *testing.T) drivertest.PrinterBench {
		return onTerminal(t, benchOptions(), printer.Options{}).forSuite(t)
	})
}
