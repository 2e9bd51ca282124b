package escpos_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

func document(text string) drivers.Document {
	return drivers.Document{Blocks: []drivers.Block{drivers.Text{Content: text}, drivers.Cut{}}}
}

// fence is GS r 1. The first job of a connection has eight behind it: one more than the printer may still owe.
const (
	fence       = "\x1dr\x01"
	fencesFirst = 8
)

// job is what document(text) looks like on the wire, with so many fences behind it.
func job(text string, fences int) []byte {
	return []byte(prologue + text + "\n\x1dVB\x00" + strings.Repeat(fence, fences))
}

func requireFailure(t *testing.T, err error, kind drivers.Kind, outcomeUnknown bool) *drivers.Error {
	t.Helper()
	var failure *drivers.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, kind, failure.Kind, "%v", err)
	require.Equal(t, outcomeUnknown, failure.OutcomeUnknown, "%v", err)
	return failure
}

func TestPrintFirstByteWaitsForNoAnswer(t *testing.T) {
	driver, device := connect(t, fastOptions(), nil)
	awaitKnown(t, driver)
	device.set(func(p *peer) { p.silent = true })
	done := make(chan error, 1)
	go func() {
		_, err := driver.Print(bounded(t), document("tea"))
		done <- err
	}()
	require.Eventually(t, func() bool { return bytes.HasSuffix(device.stream(), job("tea", fencesFirst)) }, patience, 100*time.Microsecond)
	device.set(func(p *peer) { p.silent = false })
	require.NoError(t, <-done)
	tail := device.stream()[bytes.LastIndex(device.stream(), job("tea", fencesFirst)):]
	require.Contains(t, string(tail), "\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04", "the status after the job is read anew")
}

func TestPrintAsksFirstWhenTheStatusIsOld(t *testing.T) {
	now := &clock{now: start()}
	options := fastOptions()
	options.Now = now.Now
	driver, device := connect(t, options, nil)
	awaitKnown(t, driver)
	before := len(device.stream())
	now.advance(options.FreshFor + time.Second)
	device.set(func(p *peer) { p.answers[2] = 0x16; p.answers[1] = 0x1A })
	result, err := driver.Print(bounded(t), document("tea"))
	require.Equal(t, drivers.PrintNotStarted, result)
	require.ErrorContains(t, requireFailure(t, err, drivers.KindNotReady, false), "cover open")
	require.NotContains(t, string(device.stream()[before:]), "tea")
}

// TestPrintAltered: what the printer has no glyph for is told, not only logged.
func TestPrintAltered(t *testing.T) {
	driver, _ := connect(t, fastOptions(), nil)
	result, err := driver.Print(bounded(t), document("tea"))
	require.NoError(t, err)
	require.Equal(t, drivers.PrintDone, result)
	result, err = driver.Print(bounded(t), document("茶 🍵"))
	require.NoError(t, err)
	require.Equal(t, drivers.PrintAltered, result)
}

func TestPrintErrRefused(t *testing.T) {
	driver, _ := connect(t, fastOptions(), nil)
	result, err := driver.Print(bounded(t), drivers.Document{Blocks: []drivers.Block{drivers.QR{}}})
	require.Equal(t, drivers.PrintNotStarted, result)
	var content *escpos.ContentError
	require.ErrorAs(t, requireFailure(t, err, drivers.KindRefused, false), &content)
}

func TestPrintAfterTheJob(t *testing.T) {
	for name, test := range map[string]struct {
		answers [5]byte
		reason  string
	}{
		"ErrPaperOut":  {[5]byte{0, 0x1A, 0x32, 0x12, 0x72}, "paper out"},
		"ErrCoverOpen": {[5]byte{0, 0x1A, 0x16, 0x12, 0x12}, "cover open"},
		"ErrCutter":    {[5]byte{0, 0x1A, 0x52, 0x1A, 0x12}, "cutter jammed"},
		"ErrFault":     {[5]byte{0, 0x1A, 0x52, 0x32, 0x12}, "printer fault"},
		"ErrOffline":   {[5]byte{0, 0x1A, 0x12, 0x12, 0x12}, "offline"},
		"OKNearEnd":    {[5]byte{0, 0x12, 0x12, 0x12, 0x1E}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			driver, device := connect(t, fastOptions(), nil)
			awaitKnown(t, driver)
			device.set(func(p *peer) { p.answers = test.answers })
			result, err := driver.Print(bounded(t), document("tea"))
			require.Equal(t, 1, bytes.Count(device.stream(), []byte("tea")), "never twice")
			if test.reason == "" {
				require.NoError(t, err)
				require.Equal(t, drivers.PrintDone, result)
				status, _ := driver.Known()
				require.True(t, status.PaperLow)
				return
			}
			require.Equal(t, drivers.PrintUnconfirmed, result)
			require.ErrorContains(t, requireFailure(t, err, drivers.KindNotReady, true), test.reason)
		})
	}
}

func TestPrintWithoutAFence(t *testing.T) {
	t.Run("ErrUnconfirmed", func(t *testing.T) {
		driver, device := connect(t, fastOptions(), nil)
		awaitKnown(t, driver)
		device.set(func(p *peer) { p.unfenced = true })
		result, err := driver.Print(bounded(t), document("tea"))
		require.Equal(t, drivers.PrintUnconfirmed, result)
		_ = requireFailure(t, err, drivers.KindTimeout, true)
	})
	t.Run("OKInRealTime", func(t *testing.T) {
		options := fastOptions()
		options.Fence = escpos.FenceRealTime
		driver, device := connect(t, options, nil)
		device.set(func(p *peer) { p.unfenced = true })
		result, err := driver.Print(bounded(t), document("tea"))
		require.NoError(t, err)
		require.Equal(t, drivers.PrintDone, result)
		require.NotContains(t, string(device.stream()), "\x1dr\x01")
	})
}

func TestPrintSeesPushedStatusDuringTheJob(t *testing.T) {
	options := fastOptions()
	options.JobTimeout = patience
	driver, device := connect(t, options, nil)
	awaitKnown(t, driver)
	device.set(func(p *peer) { p.unfenced = true })
	began := time.Now()
	done := make(chan error, 1)
	go func() {
		_, err := driver.Print(bounded(t), document("tea"))
		done <- err
	}()
	require.Eventually(t, func() bool { return bytes.Contains(device.stream(), []byte("tea")) }, patience, time.Millisecond)
	device.set(func(p *peer) { p.answers = [5]byte{0, 0x1A, 0x32, 0x12, 0x72} })
	device.send(0x18, 0x00, 0x0C, 0x00)
	require.ErrorContains(t, requireFailure(t, <-done, drivers.KindNotReady, true), "paper out")
	require.Less(t, time.Since(began), patience/2, "it does not wait for the time-out")
}

func TestPrintGivesUpSoonOnAPrinterSwitchedOff(t *testing.T) {
	options := fastOptions()
	options.JobTimeout = time.Minute
	driver, device := connect(t, options, nil)
	awaitKnown(t, driver)
	device.set(func(p *peer) { p.silent = true })
	result, err := driver.Print(bounded(t), document("tea"))
	require.Equal(t, drivers.PrintUnconfirmed, result)
	_ = requireFailure(t, err, drivers.KindTimeout, true)
	require.NotErrorIs(t, err, context.DeadlineExceeded, "long before the test's patience ends")
}

func TestPrintHoldsBackWhilePaused(t *testing.T) {
	driver, device := connect(t, fastOptions(), nil)
	awaitKnown(t, driver)
	t.Run("ErrNotStartedWhenItLasts", func(t *testing.T) {
		device.send(0x13)
		time.Sleep(10 * time.Millisecond)
		result, err := driver.Print(bounded(t), document("held"))
		require.Equal(t, drivers.PrintNotStarted, result)
		_ = requireFailure(t, err, drivers.KindTimeout, false)
		require.NotContains(t, string(device.stream()), "held")
	})
	t.Run("OKOnceResumed", func(t *testing.T) {
		device.send(0x11)
		time.Sleep(10 * time.Millisecond)
		result, err := driver.Print(bounded(t), document("tea"))
		require.NoError(t, err)
		require.Equal(t, drivers.PrintDone, result)
	})
}

func TestStatusIsNotFooledByLateAnswers(t *testing.T) {
	driver, device := connect(t, fastOptions(), nil)
	awaitKnown(t, driver)
	// Two requests go unanswered while all is well, then the cover is opened and everything answers at once.
	device.set(func(p *peer) { p.silent = true })
	for range 2 {
		_, err := driver.Status(bounded(t))
		require.True(t, requireFailure(t, err, drivers.KindTimeout, false).Retryable())
	}
	device.set(func(p *peer) { p.answers = [5]byte{0, 0x1A, 0x16, 0x12, 0x12}; p.silent = false })
	status, err := driver.Status(bounded(t))
	require.NoError(t, err)
	require.Equal(t, drivers.PrinterStatus{CoverOpen: true}, status)
}

// brokenPort fails the write that reaches a byte count, after having passed on what came before.
type brokenPort struct {
	drivers.Port
	left atomic.Int64
}

func (b *brokenPort) Write(data []byte) (int, error) {
	left := int(b.left.Load())
	if left < 0 || len(data) < left {
		return b.Port.Write(data)
	}
	b.left.Store(-1)
	n, err := b.Port.Write(data[:left])
	if err != nil {
		return n, err
	}
	return n, fmt.Errorf("write: %w", errWire)
}

var errWire = fmt.Errorf("wire trouble: %w", os.ErrDeadlineExceeded)

// stuckPort accepts so many bytes and then blocks until its deadline.
type stuckPort struct {
	drivers.Port
	room     atomic.Int64
	deadline atomic.Pointer[time.Time]
}

func (s *stuckPort) SetWriteDeadline(at time.Time) error {
	s.deadline.Store(&at)
	return s.Port.SetWriteDeadline(at)
}

func (s *stuckPort) Write(data []byte) (int, error) {
	room := int(s.room.Load())
	if room < 0 || len(data) <= room {
		if room >= 0 {
			s.room.Add(-int64(len(data)))
		}
		return s.Port.Write(data)
	}
	n, err := s.Port.Write(data[:room])
	if err != nil {
		return n, err
	}
	s.room.Store(0)
	for time.Now().Before(*s.deadline.Load()) {
		time.Sleep(time.Millisecond)
	}
	return n, errWire
}

func TestPrintMendsACommandCutShort(t *testing.T) {
	var stuck *stuckPort
	driver, device := connect(t, fastOptions(), func(p drivers.Port) drivers.Port {
		stuck = &stuckPort{Port: p}
		stuck.room.Store(-1)
		return stuck
	})
	awaitKnown(t, driver)
	stuck.room.Store(int64(len(prologue) + 4))
	result, err := driver.Print(bounded(t), document(strings.Repeat("x", 20)))
	require.Equal(t, drivers.PrintUnconfirmed, result)
	_ = requireFailure(t, err, drivers.KindTimeout, true)
	stuck.room.Store(-1)
	at := len(device.stream())
	result, err = driver.Print(bounded(t), document("tea"))
	require.NoError(t, err)
	require.Equal(t, drivers.PrintDone, result)
	rest := device.stream()[at:]
	require.True(t, bytes.HasPrefix(rest, make([]byte, 2048)), "NULs complete whatever was begun")
	require.True(t, bytes.HasPrefix(bytes.TrimLeft(rest, "\x00"), job("tea", 1)))
}

func TestPrintGoesOnAfterAPartialWrite(t *testing.T) {
	var broken *brokenPort
	driver, device := connect(t, fastOptions(), func(p drivers.Port) drivers.Port {
		broken = &brokenPort{Port: p}
		broken.left.Store(-1)
		return broken
	})
	awaitKnown(t, driver)
	broken.left.Store(10)
	result, err := driver.Print(bounded(t), document("it takes this in two goes"))
	require.NoError(t, err)
	require.Equal(t, drivers.PrintDone, result)
	require.Contains(t, string(device.stream()), string(job("it takes this in two goes", fencesFirst)))
}

func TestPrintEndsWithContext(t *testing.T) {
	driver, device := connect(t, fastOptions(), nil)
	awaitKnown(t, driver)
	device.set(func(p *peer) { p.unfenced = true })
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	result, err := driver.Print(ctx, document("tea"))
	require.Equal(t, drivers.PrintUnconfirmed, result)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_ = requireFailure(t, err, drivers.KindTimeout, true)
}

// TestNoStatusRequestInsideAJob prints and polls as fast as it can and then reads the wire.
func TestNoStatusRequestInsideAJob(t *testing.T) {
	options := fastOptions()
	options.PollEvery = 50 * time.Microsecond
	options.AnswerTimeout, options.WriteTimeout, options.JobTimeout = patience, patience, patience // nobody is slow here but the machine
	driver, device := connect(t, options, nil)
	text := strings.Repeat("龙井 ", 600)
	const jobs = 40
	for range jobs {
		result, err := driver.Print(bounded(t), document(text))
		require.NoError(t, err)
		require.Equal(t, drivers.PrintDone, result)
	}
	encoded, err := escpos.Encode(document(text), options.Profile)
	require.NoError(t, err)
	stream := device.stream()
	require.Equal(t, jobs, bytes.Count(stream, encoded.Data), "every job is in one piece")
	require.Greater(t, bytes.Count(stream, []byte("\x10\x04\x01")), jobs, "the poller was at work between them")
}

func TestKnownFollowsPushedStatus(t *testing.T) {
	driver, device := connect(t, fastOptions(), nil)
	awaitKnown(t, driver)
	device.send(0x3C, 0x28, 0x0F, 0x00)
	require.Eventually(t, func() bool {
		status, _ := driver.Known()
		return status == drivers.PrinterStatus{
			CoverOpen: true, PaperOut: true, PaperLow: true, DrawerOpen: true, CutterJam: true, Fault: true,
		}
	}, patience, time.Millisecond)
}

// TestStatusIsNotOlderThanWhatWasPushed: the paper runs out between the last answer and the moment the status is put
// together from all four.
func TestStatusIsNotOlderThanWhatWasPushed(t *testing.T) {
	driver, device := connect(t, fastOptions(), nil)
	awaitKnown(t, driver)
	device.set(func(p *peer) { p.runsOut = true })
	status, err := driver.Status(bounded(t))
	require.NoError(t, err)
	require.True(t, status.PaperOut)
	known, _ := driver.Known()
	require.True(t, known.PaperOut)
}

func TestStatusReadsDrawerEitherWay(t *testing.T) {
	options := fastOptions()
	options.DrawerOpenLow = true
	driver, _ := connect(t, options, nil)
	status, err := driver.Status(bounded(t))
	require.NoError(t, err)
	require.True(t, status.DrawerOpen, "pin low")
	require.True(t, status.Ready(), "an open drawer stops no receipt")
}

func TestKnownForgetsAPrinterThatFallsSilent(t *testing.T) {
	options := fastOptions()
	options.PollEvery = 5 * time.Millisecond
	driver, device := connect(t, options, nil)
	awaitKnown(t, driver)
	device.set(func(p *peer) { p.silent = true })
	require.Eventually(t, func() bool { _, at := driver.Known(); return at.IsZero() }, patience, time.Millisecond)
	result, err := driver.Print(bounded(t), document("tea"))
	require.Equal(t, drivers.PrintNotStarted, result)
	_ = requireFailure(t, err, drivers.KindTimeout, false)
	require.NotContains(t, string(device.stream()), "tea")
}

// TestKnownSoonAfterAPrinterAnswersAgain: whoever waits for it waits no whole round of polls.
func TestKnownSoonAfterAPrinterAnswersAgain(t *testing.T) {
	options := fastOptions()
	options.PollEvery = 1500 * time.Millisecond
	driver, device := connect(t, options, nil)
	awaitKnown(t, driver)
	device.set(func(p *peer) { p.silent = true })
	require.Eventually(t, func() bool { _, at := driver.Known(); return at.IsZero() }, patience, time.Millisecond)
	device.set(func(p *peer) { p.silent, p.owed = false, nil })
	answered := time.Now()
	awaitKnown(t, driver)
	require.Less(t, time.Since(answered), time.Second)
}

func TestRun(t *testing.T) {
	driver, _ := connect(t, fastOptions(), nil)
	awaitKnown(t, driver)
	t.Run("ErrTwice", func(t *testing.T) { require.ErrorContains(t, driver.Run(context.Background()), "runs already") })
	t.Run("ErrNotRunning", func(t *testing.T) {
		idle, err := escpos.New(&brokenPort{}, fastOptions())
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err = idle.Status(ctx)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestNewErrOptions(t *testing.T) {
	for name, spoil := range map[string]func(*escpos.Options){
		"Timeout": func(o *escpos.Options) { o.JobTimeout = 0 },
		"Fence":   func(o *escpos.Options) { o.Fence = 9 },
		"Logger":  func(o *escpos.Options) { o.Logger = nil },
		"Clock":   func(o *escpos.Options) { o.Now = nil },
	} {
		t.Run(name, func(t *testing.T) {
			options := fastOptions()
			spoil(&options)
			_, err := escpos.New(&brokenPort{}, options)
			require.ErrorIs(t, err, escpos.ErrOptions)
		})
	}
	t.Run("Profile", func(t *testing.T) {
		_, err := escpos.New(&brokenPort{}, escpos.Options{})
		require.ErrorIs(t, err, escpos.ErrProfile)
	})
}
