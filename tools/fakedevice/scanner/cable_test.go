package scanner_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/drivers/port"
	driver "github.com/yuantill/yuantill/drivers/scanner"
	"github.com/yuantill/yuantill/tools/fakedevice/pty"
	"github.com/yuantill/yuantill/tools/fakedevice/scanner"
)

// counter is a scanner on a terminal with the real driver at its other end.
type counter struct {
	cable  *pty.Port
	device *scanner.Scanner
}

func newCounter(t *testing.T, options scanner.Options) counter {
	t.Helper()
	cable, err := pty.Open(filepath.Join(t.TempDir(), "ttyUSB0"))
	require.NoError(t, err)
	device := scanner.New(cable, options)
	ran := make(chan error, 1)
	go func() { ran <- device.Run(context.Background()) }()
	t.Cleanup(func() {
		require.NoError(t, cable.Close())
		require.NoError(t, <-ran)
	})
	return counter{cable: cable, device: device}
}

// open opens the terminal as the agent does.
func (c counter) open(t *testing.T, options driver.Options) drivers.Scanner {
	t.Helper()
	line, err := port.Open(c.cable.Path(), port.Settings{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, line.Close()) })
	s, err := driver.New(line, options)
	require.NoError(t, err)
	return s
}

func (c counter) do(t *testing.T, steps ...scanner.Step) {
	t.Helper()
	require.NoError(t, c.device.Play(context.Background(), steps))
}

// next returns the text of the next symbol or the kind of the error.
func next(t *testing.T, s drivers.Scanner) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	scan, err := s.Next(ctx)
	var failure *drivers.Error
	if errors.As(err, &failure) {
		return "<" + failure.Kind.String() + ">"
	}
	require.NoError(t, err)
	return scan.Text
}

const code = "0112345678901234567"

func TestDriverConformsOnATerminal(t *testing.T) {
	for name, options := range map[string]struct {
		device scanner.Options
		driver driver.Options
	}{
		"AsItComes": {},
		"Dressed": {
			scanner.Options{Prefix: "\x02", Suffix: ";", Terminator: "\x03", GB18030: true},
			driver.Options{Prefix: []byte("\x02"), Suffix: []byte(";"), Gap: driver.GapOff},
		},
	} {
		t.Run(name, func(t *testing.T) {
			drivertest.TestScanner(t, func(t *testing.T) drivertest.ScannerBench {
				c := newCounter(t, options.device)
				return drivertest.ScannerBench{
					Scanner:  c.open(t, options.driver),
					Scan:     func(text string) { c.do(t, scanner.Step{Action: scanner.Scan, Text: text}) },
					Overflow: func() { c.do(t, scanner.Step{Action: scanner.OverLong, Count: 3000}) },
					HangUp:   func() { c.do(t, scanner.Step{Action: scanner.HangUp}) },
				}
			})
		})
	}
}

func TestDriverSurvivesFaults(t *testing.T) {
	c := newCounter(t, scanner.Options{})
	s := c.open(t, driver.Options{LengthMax: 64})
	for _, fault := range []struct {
		step scanner.Step
		want []string
	}{
		{scanner.Step{Action: scanner.Split, Text: code, Gap: 100 * time.Microsecond}, []string{code}},
		{scanner.Step{Action: scanner.Double, Text: code}, []string{code, code}},
		{scanner.Step{Action: scanner.Half, Text: code}, []string{code[:10]}},
		{scanner.Step{Action: scanner.OverLong, Count: 65}, []string{"<garbage>"}},
		{scanner.Step{Action: scanner.Garbage, Count: 200}, []string{"<garbage>"}},
	} {
		c.do(t, fault.step)
		for _, want := range fault.want {
			require.Equal(t, want, next(t, s), fault.step.Action)
		}
		if fault.step.Action == scanner.Garbage {
			// The noise has no terminator: the silence after it ends it.
			ctx, cancel := context.WithTimeout(context.Background(), 60*time.Millisecond)
			_, err := s.Next(ctx)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		c.do(t, scanner.Step{Action: scanner.Scan, Text: "6901234567892"})
		require.Equal(t, "6901234567892", next(t, s), "after %s", fault.step.Action)
	}
}

func TestDriverReopensAfterAHangUp(t *testing.T) {
	c := newCounter(t, scanner.Options{})
	s := c.open(t, driver.Options{})
	c.do(t, scanner.Step{Action: scanner.HangUpWithin, Text: code})
	require.Equal(t, "<gone>", next(t, s))
	_, err := port.Open(c.cable.Path(), port.Settings{})
	require.ErrorIs(t, err, drivers.ErrGone)

	c.do(t, scanner.Step{Action: scanner.PlugIn})
	again := c.open(t, driver.Options{})
	c.do(t, scanner.Step{Action: scanner.Scan, Text: code})
	require.Equal(t, code, next(t, again))
}

func BenchmarkByteToSymbol(b *testing.B) {
	cable, err := pty.Open("")
	require.NoError(b, err)
	defer func() { require.NoError(b, cable.Close()) }()
	line, err := port.Open(cable.Path(), port.Settings{})
	require.NoError(b, err)
	defer func() { require.NoError(b, line.Close()) }()
	s, err := driver.New(line, driver.Options{})
	require.NoError(b, err)
	device := scanner.New(cable, scanner.Options{})
	for b.Loop() {
		if _, err := device.Scan(context.Background(), code); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Next(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
