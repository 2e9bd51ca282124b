package drivertest_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
)

func TestScannerConforms(t *testing.T) {
	drivertest.TestScanner(t, func(*testing.T) drivertest.ScannerBench {
		scanner := drivertest.NewScanner()
		return drivertest.ScannerBench{
			Scanner: scanner, Scan: scanner.Scan, Overflow: scanner.Overflow, HangUp: scanner.HangUp,
		}
	})
}

func TestCardReaderConforms(t *testing.T) {
	command, response := []byte{0x00, 0xA4, 0x04, 0x00}, []byte{0x6F, 0x00, 0x90, 0x00}
	applet := func(got []byte) []byte {
		if !bytes.Equal(got, command) {
			return []byte{0x6D, 0x00}
		}
		return response
	}
	drivertest.TestCardReader(t, func(*testing.T) drivertest.CardReaderBench {
		reader := drivertest.NewCardReader()
		return drivertest.CardReaderBench{
			Reader: reader, Command: command, Response: response,
			Place:    func() { reader.Place(applet) },
			PlaceTwo: func() { reader.Place(applet, applet) },
			Remove:   func() { reader.Place() },
			TearNext: reader.TearNext,
			Stall:    func() { reader.Stall(true) },
			Noise:    func() {}, // a device in memory has no wire
			HangUp:   reader.HangUp,
		}
	})
}

func TestPrinterConforms(t *testing.T) {
	drivertest.TestPrinter(t, func(*testing.T) drivertest.PrinterBench {
		printer := drivertest.NewPrinter()
		return drivertest.PrinterBench{
			Printer:  printer,
			Printed:  func() int { return len(printer.Documents()) },
			PaperOut: printer.PaperOut, PaperLow: printer.PaperLow, CoverOpen: printer.CoverOpen,
			PaperOutInNext: printer.PaperOutInNext,
			Stall:          printer.Stall,
			Noise:          func() {}, // a device in memory has no wire
			HangUp:         printer.HangUp,
		}
	})
}

func TestScannerDeliversWhatWasScannedBeforeHangUp(t *testing.T) {
	scanner := drivertest.NewScanner()
	scanner.Scan("0112345678901234567")
	scanner.HangUp()
	scan, err := scanner.Next(context.Background())
	require.NoError(t, err)
	require.Equal(t, "0112345678901234567", scan.Text)
	_, err = scanner.Next(context.Background())
	require.ErrorIs(t, err, drivers.ErrGone)
}

func TestTornCardHasRunItsApplet(t *testing.T) {
	runs := 0
	reader := drivertest.NewCardReader()
	reader.Place(func([]byte) []byte { runs++; return []byte{0x90, 0x00} })
	card, err := reader.Await(context.Background())
	require.NoError(t, err)
	reader.TearNext()
	_, err = card.Exchange(context.Background(), []byte{0x00})
	var failure *drivers.Error
	require.ErrorAs(t, err, &failure)
	require.True(t, failure.OutcomeUnknown)
	require.Equal(t, 1, runs)
}

func TestCardOfAnEarlierVisitIsGone(t *testing.T) {
	reader := drivertest.NewCardReader()
	applet := func([]byte) []byte { return []byte{0x90, 0x00} }
	reader.Place(applet)
	card, err := reader.Await(context.Background())
	require.NoError(t, err)
	reader.Place()
	reader.Place(applet)
	_, err = card.Exchange(context.Background(), []byte{0x00})
	require.ErrorIs(t, err, drivers.ErrGone)
}

func TestPrinterKeepsDocumentsApart(t *testing.T) {
	printer := drivertest.NewPrinter()
	for _, content := range []string{"one", "two"} {
		document := drivers.Document{Blocks: []drivers.Block{drivers.Text{Content: content}}}
		result, err := printer.Print(context.Background(), document)
		require.NoError(t, err)
		require.Equal(t, drivers.PrintDone, result)
	}
	documents := printer.Documents()
	require.Len(t, documents, 2)
	require.Equal(t, drivers.Text{Content: "two"}, documents[1].Blocks[0])
}
