package drivertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
)

// PrinterBench is a printer on the bench: the driver under test and hands on the device at the other side. Every field
// is needed. The bench begins with a printer that is ready.
type PrinterBench struct {
	Printer drivers.Printer
	// Printed returns how many documents were cut off so far.
	Printed func() int
	// PaperOut, PaperLow and CoverOpen set and clear the state of the device.
	PaperOut, PaperLow, CoverOpen func(bool)
	// PaperOutInNext makes the paper end within the next document of a few lines, after it has begun.
	PaperOutInNext func()
	// Stall makes the device stop reading and answering, and go on again.
	Stall func(bool)
	// Noise puts bytes that make no sense on the wire from the device to the driver.
	Noise func()
	// HangUp unplugs the device.
	HangUp func()
}

// TestPrinter checks what drivers.Printer promises. The factory makes a fresh bench and cleans it up with t.Cleanup.
func TestPrinter(t *testing.T, factory func(t *testing.T) PrinterBench) {
	t.Run("PrintDone", func(t *testing.T) { printerDone(t, factory(t)) })
	t.Run("StatusFollowsDevice", func(t *testing.T) { printerStatus(t, factory(t)) })
	t.Run("ErrPaperOutNotStarted", func(t *testing.T) {
		bench := factory(t)
		printerNotReady(t, bench, bench.PaperOut)
	})
	t.Run("ErrCoverOpenNotStarted", func(t *testing.T) {
		bench := factory(t)
		printerNotReady(t, bench, bench.CoverOpen)
	})
	t.Run("PrintsWhilePaperLow", func(t *testing.T) { printerLow(t, factory(t)) })
	t.Run("ErrPaperOutMidJobUnconfirmed", func(t *testing.T) { printerMidJob(t, factory(t)) })
	t.Run("ErrEndedContextNotStarted", func(t *testing.T) { printerEnded(t, factory(t)) })
	t.Run("ErrStalledNeverDoneNeverTwice", func(t *testing.T) { printerStalled(t, factory(t)) })
	t.Run("StatusEndsWithContext", func(t *testing.T) { printerStatusEnds(t, factory(t)) })
	t.Run("UsableAfterNoise", func(t *testing.T) { printerNoise(t, factory(t)) })
	t.Run("ErrGone", func(t *testing.T) { printerGone(t, factory(t)) })
}

func sampleDocument() drivers.Document {
	return drivers.Document{Blocks: []drivers.Block{
		drivers.Text{Content: "数字人民币签购单", Align: drivers.Centre, Bold: true, Scale: 2},
		drivers.Rule{},
		drivers.Pair{Label: "金额", Value: "￥12.34"},
		drivers.Text{Content: "order 20260401-0001"},
		drivers.Text{Content: "谢谢惠顾 Thank you"},
		drivers.Feed{Lines: 2},
		drivers.Cut{},
	}}
}

func requirePrints(t *testing.T, bench PrinterBench) {
	t.Helper()
	before := bench.Printed()
	result, err := bench.Printer.Print(bounded(t), sampleDocument())
	require.NoError(t, err)
	require.Equal(t, drivers.PrintDone, result)
	requirePrinted(t, bench, before+1)
}

// requirePrinted waits for the device, which may cut a moment after it has answered.
func requirePrinted(t *testing.T, bench PrinterBench, want int) {
	t.Helper()
	require.Eventually(t, func() bool { return bench.Printed() >= want }, patience, time.Millisecond)
	require.Equal(t, want, bench.Printed())
}

func printerDone(t *testing.T, bench PrinterBench) {
	const documents = 3
	for range documents {
		requirePrints(t, bench)
	}
}

func requireStatus(t *testing.T, bench PrinterBench, holds func(drivers.PrinterStatus) bool) {
	t.Helper()
	status, err := bench.Printer.Status(bounded(t))
	require.NoError(t, err)
	require.True(t, holds(status), "status %+v", status)
}

// requireKnown checks that a printer that keeps its status has what was asked last.
func requireKnown(t *testing.T, bench PrinterBench, holds func(drivers.PrinterStatus) bool) {
	t.Helper()
	keeper, keeps := bench.Printer.(drivers.StatusKeeper)
	if !keeps {
		return
	}
	status, at := keeper.Known()
	require.False(t, at.IsZero())
	require.True(t, holds(status), "status %+v", status)
}

func printerStatus(t *testing.T, bench PrinterBench) {
	requireStatus(t, bench, drivers.PrinterStatus.Ready)
	for _, state := range []struct {
		set   func(bool)
		holds func(drivers.PrinterStatus) bool
	}{
		{bench.PaperOut, func(s drivers.PrinterStatus) bool { return s.PaperOut && !s.Ready() }},
		{bench.CoverOpen, func(s drivers.PrinterStatus) bool { return s.CoverOpen && !s.Ready() }},
		{bench.PaperLow, func(s drivers.PrinterStatus) bool { return s.PaperLow && s.Ready() }},
	} {
		state.set(true)
		requireStatus(t, bench, state.holds)
		requireKnown(t, bench, state.holds)
		state.set(false)
		requireStatus(t, bench, func(s drivers.PrinterStatus) bool { return s.Ready() && !s.PaperLow })
	}
}

func printerNotReady(t *testing.T, bench PrinterBench, set func(bool)) {
	set(true)
	result, err := bench.Printer.Print(bounded(t), sampleDocument())
	requireKind(t, err, drivers.KindNotReady)
	failure := requireFailure(t, err)
	require.False(t, failure.OutcomeUnknown)
	require.Equal(t, drivers.PrintNotStarted, result)
	set(false)
	requireStatus(t, bench, drivers.PrinterStatus.Ready)
	requirePrints(t, bench)
	require.Equal(t, 1, bench.Printed(), "the refused document must not come out later")
}

func printerLow(t *testing.T, bench PrinterBench) {
	bench.PaperLow(true)
	requirePrints(t, bench)
}

func printerMidJob(t *testing.T, bench PrinterBench) {
	bench.PaperOutInNext()
	result, err := bench.Printer.Print(bounded(t), sampleDocument())
	requireKind(t, err, drivers.KindNotReady)
	require.Equal(t, drivers.PrintUnconfirmed, result)
	require.Zero(t, bench.Printed())
}

func printerEnded(t *testing.T, bench PrinterBench) {
	result, err := bench.Printer.Print(ended(), sampleDocument())
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, drivers.PrintNotStarted, result)
	requirePrints(t, bench)
	require.Equal(t, 1, bench.Printed())
}

func printerStalled(t *testing.T, bench PrinterBench) {
	bench.Stall(true)
	ctx, cancel := context.WithTimeout(context.Background(), shortWait)
	defer cancel()
	began := time.Now()
	result, err := bench.Printer.Print(ctx, sampleDocument())
	require.Less(t, time.Since(began), shortWait+promptly)
	require.Error(t, err)
	require.Contains(t, []drivers.PrintResult{drivers.PrintNotStarted, drivers.PrintUnconfirmed}, result)
	bench.Stall(false)
	eventually(t, func() error {
		_, err := bench.Printer.Status(bounded(t))
		return err
	})
	require.LessOrEqual(t, bench.Printed(), 1)
	if result == drivers.PrintNotStarted {
		require.Zero(t, bench.Printed(), "a document that was not started must not come out")
	}
}

func printerStatusEnds(t *testing.T, bench PrinterBench) {
	bench.Stall(true)
	requireEnds(t, func(ctx context.Context) error {
		_, err := bench.Printer.Status(ctx)
		return err
	})
}

func printerNoise(t *testing.T, bench PrinterBench) {
	bench.Noise()
	eventually(t, func() error {
		_, err := bench.Printer.Status(bounded(t))
		return err
	})
	requirePrints(t, bench)
}

func printerGone(t *testing.T, bench PrinterBench) {
	requirePrints(t, bench)
	bench.HangUp()
	result, err := bench.Printer.Print(bounded(t), sampleDocument())
	requireKind(t, err, drivers.KindGone)
	require.NotEqual(t, drivers.PrintDone, result)
	_, err = bench.Printer.Status(bounded(t))
	requireKind(t, err, drivers.KindGone)
	require.ErrorIs(t, err, drivers.ErrGone)
	require.Equal(t, 1, bench.Printed())
}
