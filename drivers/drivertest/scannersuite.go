package drivertest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
)

// ScannerBench is a scanner on the bench: the driver under test and hands on the device at the other side. Every field
// is needed.
type ScannerBench struct {
	Scanner drivers.Scanner
	// Scan makes the device read a symbol. It does not wait until the driver delivers it.
	Scan func(text string)
	// Overflow makes the device send one symbol longer than the driver accepts.
	Overflow func()
	// HangUp unplugs the device.
	HangUp func()
}

// TestScanner checks what drivers.Scanner promises. The factory makes a fresh bench and cleans it up with t.Cleanup.
func TestScanner(t *testing.T, factory func(t *testing.T) ScannerBench) {
	t.Run("DeliversInOrder", func(t *testing.T) { scannerOrder(t, factory(t)) })
	t.Run("DeliversContent", func(t *testing.T) { scannerContent(t, factory(t)) })
	t.Run("NeverDropsARepeatedPaymentCode", func(t *testing.T) { scannerRepeat(t, factory(t)) })
	t.Run("DeliversWhatWasScannedEarlier", func(t *testing.T) { scannerEarlier(t, factory(t)) })
	t.Run("EndsWithContext", func(t *testing.T) {
		bench := factory(t)
		requireEnds(t, func(ctx context.Context) error {
			_, err := bench.Scanner.Next(ctx)
			return err
		})
	})
	t.Run("LosesNothingToAnEndedContext", func(t *testing.T) { scannerKeeps(t, factory(t)) })
	t.Run("ErrGarbageThenUsable", func(t *testing.T) { scannerOverflow(t, factory(t)) })
	t.Run("ErrGone", func(t *testing.T) { scannerGone(t, factory(t)) })
	t.Run("ErrGoneWhileWaiting", func(t *testing.T) { scannerGoneWaiting(t, factory(t)) })
}

func scannerNext(t *testing.T, bench ScannerBench) drivers.Scan {
	t.Helper()
	scan, err := bench.Scanner.Next(bounded(t))
	require.NoError(t, err)
	return scan
}

func scannerOrder(t *testing.T, bench ScannerBench) {
	const scans = 20
	for i := range scans {
		text := fmt.Sprintf("%019d", i)
		bench.Scan(text)
		require.Equal(t, text, scannerNext(t, bench).Text)
	}
}

func scannerContent(t *testing.T, bench ScannerBench) {
	for _, text := range []string{"0", "6901234567892", "https://example.com/r?a=1&b=2", "数字人民币 ￥12.34", strings.Repeat("长", 30)} {
		began := time.Now()
		bench.Scan(text)
		scan := scannerNext(t, bench)
		require.Equal(t, text, scan.Text)
		require.NotEmpty(t, scan.Raw)
		require.WithinRange(t, scan.At, began, time.Now())
	}
}

func scannerRepeat(t *testing.T, bench ScannerBench) {
	const code = "0112345678901234567"
	bench.Scan(code)
	bench.Scan(code)
	require.Equal(t, code, scannerNext(t, bench).Text)
	require.Equal(t, code, scannerNext(t, bench).Text)
}

func scannerEarlier(t *testing.T, bench ScannerBench) {
	bench.Scan("first")
	bench.Scan("second")
	bench.Scan("third")
	for _, want := range []string{"first", "second", "third"} {
		require.Equal(t, want, scannerNext(t, bench).Text)
	}
}

func scannerKeeps(t *testing.T, bench ScannerBench) {
	ctx, cancel := context.WithTimeout(context.Background(), shortWait)
	defer cancel()
	_, err := bench.Scanner.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	bench.Scan("kept")
	_, err = bench.Scanner.Next(ended())
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "kept", scannerNext(t, bench).Text)
}

func scannerOverflow(t *testing.T, bench ScannerBench) {
	bench.Overflow()
	bench.Scan("after")
	_, err := bench.Scanner.Next(bounded(t))
	requireKind(t, err, drivers.KindGarbage)
	failure := requireFailure(t, err)
	require.True(t, failure.Retryable())
	require.False(t, failure.OutcomeUnknown)
	require.Equal(t, "after", scannerNext(t, bench).Text)
}

func scannerGone(t *testing.T, bench ScannerBench) {
	bench.Scan("before")
	require.Equal(t, "before", scannerNext(t, bench).Text)
	bench.HangUp()
	for range 2 {
		_, err := bench.Scanner.Next(bounded(t))
		requireKind(t, err, drivers.KindGone)
		require.ErrorIs(t, err, drivers.ErrGone)
	}
}

func scannerGoneWaiting(t *testing.T, bench ScannerBench) {
	timer := time.AfterFunc(shortWait, bench.HangUp)
	defer timer.Stop()
	_, err := bench.Scanner.Next(bounded(t))
	requireKind(t, err, drivers.KindGone)
}
