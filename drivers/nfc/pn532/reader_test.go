package pn532_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/drivers/nfc/pn532"
)

// chip writes the chip's part of a conversation.
type chip struct {
	testing.TB
	session drivertest.Session
}

// frame returns a payload's frame.
func (c *chip) frame(payload string) []byte {
	c.Helper()
	frame, err := pn532.AppendFrame(nil, unhex(c, payload))
	require.NoError(c, err)
	return frame
}

// expects says which payload the driver sends next.
func (c *chip) expects(payload string) *chip {
	c.session = c.session.Append(drivertest.ToDevice, c.frame(payload))
	return c
}

// expectsRaw says which bytes that are no data frame the driver sends next.
func (c *chip) expectsRaw(data []byte) *chip {
	c.session = c.session.Append(drivertest.ToDevice, data)
	return c
}

// acknowledges sends ACK, and answers an answer.
func (c *chip) acknowledges() *chip { return c.says(pn532.AcknowledgeFrame()) }

func (c *chip) answers(payload string) *chip { return c.says(c.frame(payload)) }

func (c *chip) says(data []byte) *chip {
	c.session = c.session.Append(drivertest.FromDevice, data)
	return c
}

// setUp is the conversation up to the first poll.
func (c *chip) setUp() *chip {
	wake := append(pn532.AcknowledgeFrame(), append([]byte{0x55, 0x55}, make([]byte, 14)...)...)
	c.expectsRaw(wake).expects("D414011700").acknowledges().answers("D515")
	c.expects("D402").acknowledges().answers("D50332010607")
	c.expects("D43205FF0102").acknowledges().answers("D533")
	return c.fieldOff()
}

func (c *chip) fieldOff() *chip { return c.expects("D4320100").acknowledges().answers("D533") }

// lists is a poll that finds one card.
func (c *chip) lists() *chip {
	return c.expects("D44A0200").acknowledges().answers("D54B01 01 0004 20 04 08A1B2C3 067577810280")
}

// play starts the conversation and returns a reader in it. The conversation is checked at the test's end.
func (c *chip) play() *pn532.Reader {
	c.Helper()
	host, finish, err := c.session.Play()
	require.NoError(c, err)
	c.Cleanup(func() { require.NoError(c, finish()) })
	reader, err := pn532.New(host, pn532.Options{ExchangeTimeout: 300 * time.Millisecond})
	require.NoError(c, err)
	return reader
}

// requireFailure asserts kind and knowledge of a *drivers.Error.
func requireFailure(t *testing.T, err error, kind drivers.Kind, unknown bool) {
	t.Helper()
	var failure *drivers.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, kind, failure.Kind, "%v", err)
	require.Equal(t, unknown, failure.OutcomeUnknown, "%v", err)
	require.Equal(t, "pn532", failure.Device)
}

func TestRecordedTap(t *testing.T) {
	text, err := os.ReadFile("testdata/tap.txt")
	require.NoError(t, err)
	session, err := drivertest.ParseSession(text)
	require.NoError(t, err)
	host, finish, err := session.Play()
	require.NoError(t, err)
	var log strings.Builder
	reader, err := pn532.New(host, pn532.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	card, err := reader.Await(t.Context())
	if err != nil {
		require.NoError(t, errors.Join(err, finish()))
	}
	require.Equal(t, []byte{0x08, 0xA1, 0xB2, 0xC3}, card.ID())
	answer, err := card.Exchange(t.Context(), unhex(t, "00A404000E325041592E5359532E444446303100"))
	require.NoError(t, err)
	require.Equal(t, []byte{0x6A, 0x82}, answer)
	require.NoError(t, card.Release(t.Context()))
	require.NoError(t, card.Release(t.Context()), "a second release says nothing to the chip")
	require.NoError(t, finish())
	require.Contains(t, log.String(), "firmware=32010607")
	require.NotContains(t, strings.ToLower(log.String()), "a1b2c3", "no card identifier in the log")
}

func TestSafeCommandsAreSentAgain(t *testing.T) {
	t.Run("without an acknowledge", func(t *testing.T) {
		c := (&chip{TB: t}).setUp()
		c.expects("D44A0200").expects("D44A0200").acknowledges().answers("D54B01 01 0004 20 04 08A1B2C3 067577810280")
		_, err := c.play().Await(t.Context())
		require.NoError(t, err)
	})
	t.Run("an answer before the acknowledge is an old one", func(t *testing.T) {
		c := (&chip{TB: t}).setUp()
		c.expects("D44A0200").answers("D54B01 01 0004 20 04 DEADBEEF").acknowledges().answers("D54B01 01 0004 20 04 08A1B2C3")
		card, err := c.play().Await(t.Context())
		require.NoError(t, err)
		require.Equal(t, unhex(t, "08A1B2C3"), card.ID())
	})
}

func TestAwaitErrors(t *testing.T) {
	t.Run("KindNotReady for two cards, which are released", func(t *testing.T) {
		c := (&chip{TB: t}).setUp().expects("D44A0200").acknowledges().
			answers("D54B02 01 0004 20 04 08A1B2C3 067577810280 02 0004 20 04 08A1B2C4 067577810280")
		c.expects("D45200").acknowledges().answers("D55300").fieldOff().lists()
		reader := c.play()
		_, err := reader.Await(t.Context())
		requireFailure(t, err, drivers.KindNotReady, false)
		_, err = reader.Await(t.Context())
		require.NoError(t, err)
	})
	t.Run("KindRefused for another chip", func(t *testing.T) {
		wake := append(pn532.AcknowledgeFrame(), append([]byte{0x55, 0x55}, make([]byte, 14)...)...)
		c := (&chip{TB: t}).expectsRaw(wake).expects("D414011700").acknowledges().answers("D515")
		c.expects("D402").acknowledges().answers("D50333010607")
		_, err := c.play().Await(t.Context())
		requireFailure(t, err, drivers.KindRefused, false)
	})
	t.Run("KindGarbage when answers stay cut short", func(t *testing.T) {
		c := (&chip{TB: t})
		for _, answer := range []string{"D54B", "D54B01 01 0004 20", "D54B01 01 0004 20 04 08A1"} {
			c.setUp().expects("D44A0200").acknowledges().answers(answer)
		}
		_, err := c.play().Await(t.Context())
		requireFailure(t, err, drivers.KindGarbage, false)
	})
	t.Run("KindRefused when the chip does not understand", func(t *testing.T) {
		c := (&chip{TB: t}).setUp().expects("D44A0200").acknowledges().says(pn532.SyntaxErrorFrame())
		_, err := c.play().Await(t.Context())
		requireFailure(t, err, drivers.KindRefused, false)
	})
	t.Run("KindGone on a closed port", func(t *testing.T) {
		host, device, err := drivertest.Pipe()
		require.NoError(t, err)
		require.NoError(t, device.Close())
		reader, err := pn532.New(host, pn532.Options{})
		require.NoError(t, err)
		require.NoError(t, host.Close())
		_, err = reader.Await(t.Context())
		requireFailure(t, err, drivers.KindGone, false)
	})
	t.Run("the end of the context aborts the poll with ACK", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := (&chip{TB: t}).setUp().expects("D44A0200").acknowledges().expectsRaw(pn532.AcknowledgeFrame())
		reader := c.play()
		time.AfterFunc(60*time.Millisecond, cancel)
		began := time.Now()
		_, err := reader.Await(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Less(t, time.Since(began), 400*time.Millisecond, "sooner than the poll's own end")
	})
	t.Run("a call that waits for its turn ends with its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := (&chip{TB: t}).setUp().expects("D44A0200").acknowledges().expectsRaw(pn532.AcknowledgeFrame())
		reader := c.play()
		first := make(chan error, 1)
		go func() {
			_, err := reader.Await(ctx)
			first <- err
		}()
		time.Sleep(30 * time.Millisecond)
		short, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer stop()
		_, err := reader.Await(short)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		cancel()
		require.ErrorIs(t, <-first, context.Canceled)
	})
}

func TestExchange(t *testing.T) {
	const sent = "D44001 80500000"
	apdu := []byte{0x80, 0x50, 0x00, 0x00}
	start := func(t *testing.T, c *chip) (*pn532.Reader, drivers.Card) {
		reader := c.play()
		card, err := reader.Await(t.Context())
		require.NoError(t, err)
		return reader, card
	}
	t.Run("answer whose acknowledge was lost", func(t *testing.T) {
		_, card := start(t, (&chip{TB: t}).setUp().lists().expects(sent).answers("D54100 9000"))
		got, err := card.Exchange(t.Context(), apdu)
		require.NoError(t, err)
		require.Equal(t, []byte{0x90, 0x00}, got)
	})
	t.Run("damaged answer is asked for again with NACK", func(t *testing.T) {
		bad := (&chip{TB: t}).frame("D54100 9000")
		bad[len(bad)-2]++
		_, card := start(t, (&chip{TB: t}).setUp().lists().expects(sent).acknowledges().says(bad).
			expectsRaw(pn532.RefuseFrame()).answers("D54100 9000"))
		got, err := card.Exchange(t.Context(), apdu)
		require.NoError(t, err)
		require.Equal(t, []byte{0x90, 0x00}, got)
	})
	t.Run("long response is fetched in parts", func(t *testing.T) {
		_, card := start(t, (&chip{TB: t}).setUp().lists().expects(sent).acknowledges().answers("D54140 AABB").
			expects("D44001").acknowledges().answers("D54100 9000"))
		got, err := card.Exchange(t.Context(), apdu)
		require.NoError(t, err)
		require.Equal(t, unhex(t, "AABB9000"), got)
	})
	t.Run("unknown when the second part does not come", func(t *testing.T) {
		_, card := start(t, (&chip{TB: t}).setUp().lists().expects(sent).acknowledges().answers("D54140 AABB").
			expects("D44001").acknowledges().answers("D54101"))
		_, err := card.Exchange(t.Context(), apdu)
		requireFailure(t, err, drivers.KindGone, true)
	})
	for name, c := range map[string]struct {
		answer  string
		kind    drivers.Kind
		unknown bool
	}{
		"card does not answer":       {"D54101", drivers.KindGone, true},
		"CRC error":                  {"D54102", drivers.KindGone, true},
		"target released":            {"D54129", drivers.KindGone, true},
		"refused before it was sent": {"D54127", drivers.KindGone, false},
		"not allowed":                {"D54126", drivers.KindGone, false},
		"no status":                  {"D541", drivers.KindGarbage, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, card := start(t, (&chip{TB: t}).setUp().lists().expects(sent).acknowledges().answers(c.answer))
			_, err := card.Exchange(t.Context(), apdu)
			requireFailure(t, err, c.kind, c.unknown)
			_, err = card.Exchange(t.Context(), apdu)
			requireFailure(t, err, drivers.KindGone, false)
		})
	}
	t.Run("syntax error leaves no doubt", func(t *testing.T) {
		_, card := start(t, (&chip{TB: t}).setUp().lists().expects(sent).acknowledges().says(pn532.SyntaxErrorFrame()))
		_, err := card.Exchange(t.Context(), apdu)
		requireFailure(t, err, drivers.KindRefused, false)
	})
	t.Run("no answer is unknown, aborted, never sent again, and the chip is set up afresh", func(t *testing.T) {
		c := (&chip{TB: t}).setUp().lists().expects(sent).acknowledges().expectsRaw(pn532.AcknowledgeFrame()).setUp().lists()
		reader, card := start(t, c)
		_, err := card.Exchange(t.Context(), apdu)
		requireFailure(t, err, drivers.KindTimeout, true)
		_, err = reader.Await(t.Context())
		require.NoError(t, err)
	})
	t.Run("the end of the context is unknown and quick", func(t *testing.T) {
		_, card := start(t, (&chip{TB: t}).setUp().lists().expects(sent).acknowledges().expectsRaw(pn532.AcknowledgeFrame()))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := card.Exchange(ctx, apdu)
		requireFailure(t, err, drivers.KindTimeout, true)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, time.Since(began), 250*time.Millisecond)
	})
	t.Run("chip that never ends its answer", func(t *testing.T) {
		c := (&chip{TB: t}).setUp().lists().expects(sent).acknowledges().answers("D54140 AA")
		for range 300 {
			c.expects("D44001").acknowledges().answers("D54140 AA")
		}
		_, card := start(t, c)
		_, err := card.Exchange(t.Context(), apdu)
		requireFailure(t, err, drivers.KindTimeout, true)
	})
}

// stuckPort takes a number of bytes and then nothing more.
type stuckPort struct {
	drivers.Port
	left int
}

func (p *stuckPort) Write(b []byte) (int, error) {
	if len(b) <= p.left {
		return p.Port.Write(b)
	}
	n, err := p.Port.Write(b[:p.left])
	return n, errors.Join(err, os.ErrDeadlineExceeded)
}

func TestExchangeOnStuckPort(t *testing.T) {
	for name, c := range map[string]struct {
		left    int
		unknown bool
	}{"nothing left": {0, false}, "half a frame left": {6, true}} {
		t.Run(name, func(t *testing.T) {
			session := (&chip{TB: t}).setUp().lists().session
			host, device, err := drivertest.Pipe()
			require.NoError(t, err)
			defer host.Close()
			defer device.Close()
			go answer(device, session)
			port := &stuckPort{Port: host, left: 1 << 20}
			reader, err := pn532.New(port, pn532.Options{})
			require.NoError(t, err)
			card, err := reader.Await(t.Context())
			require.NoError(t, err)
			port.left = c.left
			_, err = card.Exchange(t.Context(), []byte{0x80, 0x50, 0, 0})
			requireFailure(t, err, drivers.KindTimeout, c.unknown)
		})
	}
}

// answer plays a session and leaves the wire open.
func answer(device io.ReadWriter, session drivertest.Session) {
	for _, step := range session {
		if step.Direction == drivertest.FromDevice {
			_, _ = device.Write(step.Bytes)
			continue
		}
		got := make([]byte, len(step.Bytes))
		if _, err := io.ReadFull(device, got); err != nil || !bytes.Equal(got, step.Bytes) {
			return
		}
	}
}

func TestChipErrorText(t *testing.T) {
	for code := range 0x40 {
		require.Contains(t, pn532.ChipError(code).Error(), "pn532: chip error ")
	}
	require.EqualError(t, pn532.ChipTimeout, "pn532: chip error 01: card does not answer")
}
