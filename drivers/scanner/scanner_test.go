package scanner_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/drivers/scanner"
)

// bench returns a scanner and the device's end of its cable.
func bench(t *testing.T, options scanner.Options) (*scanner.Scanner, drivers.Port) {
	t.Helper()
	host, device, err := drivertest.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, host.Close())
		require.NoError(t, device.Close())
	})
	s, err := scanner.New(host, options)
	require.NoError(t, err)
	return s, device
}

func send(t *testing.T, device drivers.Port, text string) {
	t.Helper()
	_, err := device.Write([]byte(text))
	require.NoError(t, err)
}

func next(t *testing.T, s drivers.Scanner) drivers.Scan {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	scan, err := s.Next(ctx)
	require.NoError(t, err)
	return scan
}

func TestScannerConforms(t *testing.T) {
	for name, faults := range map[string]drivertest.Faults{
		"CleanLine": {},
		"RoughLine": {Split: 60, Merge: 20, Delay: 20, DelayMax: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			drivertest.TestScanner(t, func(t *testing.T) drivertest.ScannerBench {
				host, device, err := drivertest.Pipe()
				require.NoError(t, err)
				s, err := scanner.New(drivertest.NewFaulty(host, 1, faults), scanner.Options{Gap: scanner.GapOff})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, host.Close()) })
				return drivertest.ScannerBench{
					Scanner:  s,
					Scan:     func(text string) { send(t, device, text+"\r\n") },
					Overflow: func() { send(t, device, strings.Repeat("9", 5000)+"\r\n") },
					HangUp:   func() { require.NoError(t, device.Close()) },
				}
			})
		})
	}
}

func TestNextDeliversBeforeTheGap(t *testing.T) {
	// With an hour's gap only the terminator can end the symbol: no wait of ours stands between.
	s, device := bench(t, scanner.Options{Gap: time.Hour})
	send(t, device, "0112345678901234567\r")
	require.Equal(t, "0112345678901234567", next(t, s).Text)
}

func TestNextDeliversAfterAGap(t *testing.T) {
	s, device := bench(t, scanner.Options{Gap: 5 * time.Millisecond})
	send(t, device, "no terminator")
	require.Equal(t, "no terminator", next(t, s).Text)
	send(t, device, "none again")
	require.Equal(t, "none again", next(t, s).Text)
}

func TestNextJoinsWhatWaitedInTheKernel(t *testing.T) {
	const gap = 500 * time.Millisecond // a machine that is busy for less must not end the first half
	s, device := bench(t, scanner.Options{Gap: gap})
	send(t, device, "first")
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := s.Next(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	send(t, device, " half\r")
	time.Sleep(gap + gap/4) // with nobody listening
	require.Equal(t, "first half", next(t, s).Text)
}

func TestNextDropsHalfASymbolThatIsCutOff(t *testing.T) {
	s, device := bench(t, scanner.Options{})
	send(t, device, "whole\rhal")
	require.NoError(t, device.Close())
	require.Equal(t, "whole", next(t, s).Text)
	_, err := s.Next(context.Background())
	require.ErrorIs(t, err, drivers.ErrGone)
}

func TestNextServesSeveralCallersOneSymbolEach(t *testing.T) {
	s, device := bench(t, scanner.Options{})
	const callers = 8
	got := make(chan string, callers)
	for range callers {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			scan, err := s.Next(ctx)
			if err != nil {
				got <- err.Error()
				return
			}
			got <- scan.Text
		}()
	}
	want := []string{}
	for i := range callers {
		text := strings.Repeat("x", i+1)
		want = append(want, text)
		send(t, device, text+"\r")
	}
	texts := []string{}
	for range callers {
		texts = append(texts, <-got)
	}
	require.ElementsMatch(t, want, texts)
}

func TestNextAfterThePortWasClosed(t *testing.T) {
	host, _, err := drivertest.Pipe()
	require.NoError(t, err)
	s, err := scanner.New(host, scanner.Options{})
	require.NoError(t, err)
	require.NoError(t, host.Close())
	_, err = s.Next(context.Background())
	var failure *drivers.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, drivers.KindGone, failure.Kind)
	require.Equal(t, "scanner", failure.Device)
}

func BenchmarkNext(b *testing.B) {
	host, device, err := drivertest.Pipe()
	require.NoError(b, err)
	s, err := scanner.New(host, scanner.Options{})
	require.NoError(b, err)
	code := []byte("0112345678901234567\r")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := device.Write(code); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Next(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
