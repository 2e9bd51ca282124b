package faults_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// TestDevices plays garbage and faults on every device of one till while it sells.
func TestDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	t.Run("Scanner", w.scannerFaults)
	t.Run("Reader", w.readerFaults)
	t.Run("Printer", w.printerFaults)
	w.audit(t)
	w.quiet(t)
}

// notice waits until a sale shows a notice with these words.
func (w *world) notice(t *testing.T, id, words string) {
	t.Helper()
	w.see(t, w.Till, id, "notice "+words, func(s stationclient.Sale) bool {
		return s.Notice != nil && strings.Contains(s.Notice.English, words)
	})
}

func (w *world) scannerFaults(t *testing.T) {
	step := func(t *testing.T, action, text string, count int) {
		require.NoError(t, w.Devices.Scanner(t.Context(), control.ScanRequest{Action: action, Text: text, Count: count}))
	}
	t.Run("NoisePaysNothing", func(t *testing.T) {
		sale := w.start(t, w.Till, 101)
		step(t, "garbage", "", 3000)
		step(t, "scan", "\x01\x02not a code", 0)
		w.notice(t, sale.ID, "")
		require.Equal(t, "waiting", w.reach(t, w.Till, sale.ID, "waiting").State)
		_, err := w.Devices.Scan(t.Context(), w.code())
		require.NoError(t, err)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("OverLongIsSaid", func(t *testing.T) {
		sale := w.start(t, w.Till, 102)
		step(t, "over-long", "", 5000)
		w.notice(t, sale.ID, "Not read clearly")
		_, err := w.Devices.Scan(t.Context(), w.code())
		require.NoError(t, err)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("DoubleIsOnePayment", func(t *testing.T) {
		sale := w.start(t, w.Till, 103)
		step(t, "double", w.code(), 0)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("OtherCodeIsNamed", func(t *testing.T) {
		sale := w.start(t, w.Till, 104)
		step(t, "scan", "134567890123456789", 0)
		w.notice(t, sale.ID, "WeChat")
		_, err := w.Devices.Scan(t.Context(), w.code())
		require.NoError(t, err)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("CablePulledInTheMiddle", func(t *testing.T) {
		sale := w.start(t, w.Till, 105)
		step(t, "hang-up-within", w.code(), 0)
		w.device(t, w.Till, "scanner", "absent")
		require.Equal(t, "waiting", w.reach(t, w.Till, sale.ID, "waiting").State, "half a code is none")
		step(t, "plug-in", "", 0)
		w.device(t, w.Till, "scanner", "ready")
		_, err := w.Devices.Scan(t.Context(), w.code())
		require.NoError(t, err)
		w.end(t, w.Till, sale.ID, "approved")
	})
}

func (w *world) readerFaults(t *testing.T) {
	for name, faults := range map[string]control.CardReaderFaults{
		"GarbageIsSkipped":         {Garbage: []byte("\x00\xff\x00garbage\x00\x00\xff")},
		"BadChecksumsAreAskedNew":  {BadChecksums: 2},
		"LostAcknowledgementsHeal": {LoseAcks: 1},
	} {
		t.Run(name, func(t *testing.T) {
			sale := w.start(t, w.Till, 201)
			require.NoError(t, w.Devices.Tap(t.Context()))
			require.NoError(t, w.Devices.CardReader(t.Context(), faults))
			w.end(t, w.Till, sale.ID, "approved")
			require.NoError(t, w.Devices.CardReader(t.Context(), control.CardReaderFaults{}))
			require.NoError(t, w.Devices.Lift(t.Context()))
			w.device(t, w.Till, "reader", "ready")
		})
	}
	t.Run("SilentReaderStopsNobodyElse", func(t *testing.T) {
		require.NoError(t, w.Devices.CardReader(t.Context(), control.CardReaderFaults{Stall: true}))
		w.sell(t, w.Till, 202)
		require.NoError(t, w.Devices.CardReader(t.Context(), control.CardReaderFaults{}))
		w.device(t, w.Till, "reader", "ready")
		sale := w.start(t, w.Till, 203)
		require.NoError(t, w.Devices.Tap(t.Context()))
		w.end(t, w.Till, sale.ID, "approved")
		require.NoError(t, w.Devices.Lift(t.Context()))
	})
	t.Run("CablePulled", func(t *testing.T) {
		require.NoError(t, w.Devices.HangUp(t.Context(), control.DeviceCardReader))
		sale := w.begin(t, w.Till, 204)
		w.end(t, w.Till, sale.ID, "approved")
		require.NoError(t, w.Devices.PlugIn(t.Context(), control.DeviceCardReader))
		w.device(t, w.Till, "reader", "ready")
	})
}

func (w *world) printerFaults(t *testing.T) {
	off := false
	fault := func(t *testing.T, name string, request control.PrinterRequest) {
		require.NoError(t, w.Devices.Printer(t.Context(), name, request))
	}
	for name, c := range map[string]struct {
		amount int64
		fault  string
		words  string
	}{
		"PaperOut":  {301, "paper-out", "not printed: check paper"},
		"CoverOpen": {302, "cover-open", "not printed: check paper"},
		"Stalled":   {303, "stall", "reprint"},
	} {
		t.Run(name, func(t *testing.T) {
			fault(t, c.fault, control.PrinterRequest{})
			w.notPrinted(t, c.amount, c.words, "faulted", func() { fault(t, c.fault, control.PrinterRequest{On: &off}) })
		})
	}
	t.Run("PaperNearItsEnd", func(t *testing.T) {
		fault(t, "near-end", control.PrinterRequest{})
		w.deviceSays(t, w.Till, "printer", "nearly used up")
		w.sell(t, w.Till, 307)
		fault(t, "near-end", control.PrinterRequest{On: &off})
		w.deviceSays(t, w.Till, "printer", "")
	})
	t.Run("PaperEndsWithinAReceipt", func(t *testing.T) {
		fault(t, "paper-out-after", control.PrinterRequest{Lines: 5})
		w.notPrinted(t, 304, "reprint", "faulted", func() { fault(t, "paper-out", control.PrinterRequest{On: &off}) })
	})
	t.Run("PowerLostWithinAReceipt", func(t *testing.T) {
		fault(t, "power-lost-after", control.PrinterRequest{Bytes: 200})
		w.notPrinted(t, 305, "reprint", "faulted", func() { fault(t, "power-lost", control.PrinterRequest{On: &off}) })
	})
	t.Run("CablePulled", func(t *testing.T) {
		require.NoError(t, w.Devices.HangUp(t.Context(), control.DevicePrinter))
		w.device(t, w.Till, "printer", "absent")
		w.notPrinted(t, 306, "printer is not connected", "absent", func() {
			require.NoError(t, w.Devices.PlugIn(t.Context(), control.DevicePrinter))
		})
	})
}

// notPrinted sells with a printer in trouble: the money is taken and the trouble is said. When it is over only what the
// printer still has in its buffer may come out by itself, and a reprint by hand says that it is one.
func (w *world) notPrinted(t *testing.T, amount int64, words, state string, mend func()) {
	t.Helper()
	sale := w.end(t, w.Till, w.begin(t, w.Till, amount).ID, "approved")
	require.NotNil(t, sale.Notice, "nobody was told")
	require.Contains(t, sale.Notice.English, words)
	w.device(t, w.Till, "printer", state)
	mend()
	w.device(t, w.Till, "printer", "ready")
	w.reprint(t, sale)
	papers := w.papers(t, w.Till)[sale.ID]
	require.Equal(t, 1, papers["顾客联 重印"])
}

// reprint asks for the customer's copy once more, as a person does: again, until the printer is well.
func (w *world) reprint(t *testing.T, sale stationclient.Sale) {
	t.Helper()
	_, err := w.Station.Reprint(t.Context(), uuid.NewString(), sale.ID)
	require.NoError(t, err)
	w.notice(t, sale.ID, "Receipt printed")
}
