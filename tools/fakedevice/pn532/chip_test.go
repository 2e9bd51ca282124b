package pn532_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	driver "github.com/yuantill/yuantill/drivers/nfc/pn532"
	"github.com/yuantill/yuantill/tools/fakedevice/pn532"
)

var (
	command  = []byte{0x00, 0xA4, 0x04, 0x00, 0x01, 0xF0, 0x00}
	response = []byte{0x6F, 0x01, 0xAA, 0x90, 0x00}
)

// echo is an applet that answers one command and counts what it was asked.
type echo struct {
	mu     sync.Mutex
	asked  int
	resets int
	answer []byte
}

func (e *echo) Exchange(got []byte) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	if !bytes.Equal(got, command) {
		return []byte{0x6D, 0x00}
	}
	return bytes.Clone(e.answer)
}

func (e *echo) Reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.resets++
}

func (e *echo) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked
}

// bench is a driver and a chip on a cable in memory.
type bench struct {
	reader *driver.Reader
	chip   *pn532.Chip
	applet *echo
	wire   drivers.Port
}

func (b bench) card() pn532.Card {
	return pn532.Card{UID: []byte{0x08, 0xA1, 0xB2, 0xC3}, Applet: b.applet}
}

func newBench(t *testing.T) bench {
	t.Helper()
	b, host := newBenchOn(t)
	reader, err := driver.New(host, driver.Options{ExchangeTimeout: 500 * time.Millisecond})
	require.NoError(t, err)
	b.reader = reader
	return b
}

// newBenchOn returns a bench without a driver and the host's end of its cable.
func newBenchOn(t *testing.T) (bench, drivers.Port) {
	t.Helper()
	host, device, err := drivertest.Pipe()
	require.NoError(t, err)
	chip := pn532.New(device, pn532.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- chip.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, host.Close())
		if err := <-done; err != nil {
			require.ErrorIs(t, err, drivers.ErrGone, "hung up in the middle of an answer")
		}
	})
	return bench{chip: chip, applet: &echo{answer: response}, wire: device}, host
}

// await returns the card in the field within two seconds.
func (b bench) await(t *testing.T) drivers.Card {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	card, err := b.reader.Await(ctx)
	require.NoError(t, err)
	return card
}

// requireError returns the *drivers.Error in err.
func requireError(t *testing.T, err error, kind drivers.Kind, unknown bool) {
	t.Helper()
	var failure *drivers.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, kind, failure.Kind, "%v", err)
	require.Equal(t, unknown, failure.OutcomeUnknown, "%v", err)
}

func TestDriverConforms(t *testing.T) {
	drivertest.TestCardReader(t, func(t *testing.T) drivertest.CardReaderBench {
		b := newBench(t)
		return drivertest.CardReaderBench{
			Reader: b.reader, Command: command, Response: response,
			Place:    func() { b.chip.Place(b.card()) },
			PlaceTwo: func() { b.chip.Place(b.card(), b.card()) },
			Remove:   b.chip.Remove,
			TearNext: func() { b.chip.SetFaults(pn532.Faults{TearAfter: 1}) },
			Stall:    func() { b.chip.SetFaults(pn532.Faults{Stall: true}) },
			Noise: func() {
				require.NoError(t, b.chip.Noise(t.Context(), []byte{0x13, 0x00, 0xFF, 0x42, 0x00, 0x00, 0xFF, 0x00, 0x00, 0x7E}))
			},
			HangUp: func() { require.NoError(t, b.wire.Close()) },
		}
	})
}

// TestFaults holds what a sale needs of every fault on the wire: the right answer, and the card asked once.
func TestFaults(t *testing.T) {
	long := bytes.Repeat([]byte{0x5A}, 700)
	for name, c := range map[string]struct {
		faults pn532.Faults
		answer []byte
	}{
		"none":                         {pn532.Faults{}, response},
		"split into single bytes":      {pn532.Faults{Split: 1}, response},
		"garbage before every frame":   {pn532.Faults{Garbage: []byte{0x00, 0xFF, 0x31, 0xFF, 0x00}}, response},
		"bad checksum":                 {pn532.Faults{BadChecksums: 1}, response},
		"two bad checksums":            {pn532.Faults{BadChecksums: 2}, response},
		"lost acknowledge":             {pn532.Faults{LoseAcks: 1}, response},
		"answer in parts":              {pn532.Faults{ChainAt: 2}, response},
		"answer longer than one frame": {pn532.Faults{}, long},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.applet.answer = c.answer
			b.chip.Place(b.card())
			card := b.await(t)
			b.chip.SetFaults(c.faults)
			got, err := card.Exchange(t.Context(), command)
			require.NoError(t, err)
			require.Equal(t, c.answer, got)
			require.Equal(t, 1, b.applet.count(), "the card executes a command once")
			require.NoError(t, card.Release(t.Context()))
		})
	}
	t.Run("reader comes up over lost acknowledges and commands", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(b.card())
		b.chip.SetFaults(pn532.Faults{LoseAcks: 2, LoseCommands: 1, BadChecksums: 2})
		card := b.await(t)
		got, err := card.Exchange(t.Context(), command)
		require.NoError(t, err)
		require.Equal(t, response, got)
	})
}

func TestExchangeErrors(t *testing.T) {
	t.Run("torn before the card acted", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(b.card())
		card := b.await(t)
		b.chip.SetFaults(pn532.Faults{TearBefore: 2})
		_, err := card.Exchange(t.Context(), command)
		require.NoError(t, err)
		_, err = card.Exchange(t.Context(), command)
		requireError(t, err, drivers.KindGone, true)
		require.Equal(t, 1, b.applet.count())
		_, err = card.Exchange(t.Context(), command)
		requireError(t, err, drivers.KindGone, false)
	})
	t.Run("torn after the card acted", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(b.card())
		card := b.await(t)
		b.chip.SetFaults(pn532.Faults{TearAfter: 1})
		_, err := card.Exchange(t.Context(), command)
		requireError(t, err, drivers.KindGone, true)
		require.Equal(t, 1, b.applet.count())
	})
	t.Run("removed between two commands leaves no doubt", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(b.card())
		card := b.await(t)
		b.chip.Remove()
		_, err := card.Exchange(t.Context(), command)
		requireError(t, err, drivers.KindGone, false)
		require.Zero(t, b.applet.count())
	})
	t.Run("command frame lost on the wire is not sent again", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(b.card())
		card := b.await(t)
		b.chip.SetFaults(pn532.Faults{LoseCommands: 1})
		_, err := card.Exchange(t.Context(), command)
		requireError(t, err, drivers.KindTimeout, true)
		require.Zero(t, b.applet.count())
		got, err := b.await(t).Exchange(t.Context(), command)
		require.NoError(t, err)
		require.Equal(t, response, got)
	})
	t.Run("answer that stays damaged", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(b.card())
		card := b.await(t)
		b.chip.SetFaults(pn532.Faults{Garbage: []byte{0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD5, 0x41, 0x00, 0x00}})
		_, err := card.Exchange(t.Context(), command)
		requireError(t, err, drivers.KindGarbage, true)
		require.Equal(t, 1, b.applet.count())
	})
	t.Run("over-long APDU", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(b.card())
		card := b.await(t)
		for _, size := range []int{0, driver.CommandMax + 1} {
			_, err := card.Exchange(t.Context(), make([]byte, size))
			requireError(t, err, drivers.KindRefused, false)
		}
		got, err := card.Exchange(t.Context(), make([]byte, driver.CommandMax))
		require.NoError(t, err, "the longest APDU goes in an extended frame")
		require.Equal(t, []byte{0x6D, 0x00}, got)
	})
}

func TestAwait(t *testing.T) {
	t.Run("KindRefused for a card without APDUs", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(pn532.Card{UID: []byte{1, 2, 3, 4}, SAK: 0x08})
		_, err := b.reader.Await(t.Context())
		requireError(t, err, drivers.KindRefused, false)
	})
	t.Run("identifier of seven bytes", func(t *testing.T) {
		b := newBench(t)
		card := b.card()
		card.UID = []byte{4, 1, 2, 3, 4, 5, 6}
		b.chip.Place(card)
		require.Equal(t, card.UID, b.await(t).ID())
	})
	t.Run("KindTimeout when the chip stalls", func(t *testing.T) {
		b := newBench(t)
		b.chip.SetFaults(pn532.Faults{Stall: true})
		_, err := b.reader.Await(t.Context())
		requireError(t, err, drivers.KindTimeout, false)
		b.chip.SetFaults(pn532.Faults{})
		b.chip.Place(b.card())
		b.await(t)
	})
	t.Run("an earlier card dies", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(b.card())
		first := b.await(t)
		second := b.await(t)
		_, err := first.Exchange(t.Context(), command)
		requireError(t, err, drivers.KindGone, false)
		_, err = second.Exchange(t.Context(), command)
		require.NoError(t, err)
		require.NoError(t, first.Release(t.Context()), "releasing a dead card leaves the live one alone")
		_, err = second.Exchange(t.Context(), command)
		require.NoError(t, err)
	})
	t.Run("release resets the card", func(t *testing.T) {
		b := newBench(t)
		b.chip.Place(b.card())
		card := b.await(t)
		require.NoError(t, card.Release(t.Context()))
		require.Positive(t, b.applet.resets)
	})
}

func TestNewRefuses(t *testing.T) {
	_, err := driver.New(nil, driver.Options{})
	require.Error(t, err)
	host, device, err := drivertest.Pipe()
	require.NoError(t, err)
	defer host.Close()
	defer device.Close()
	for _, timeout := range []time.Duration{-1, time.Minute} {
		_, err = driver.New(host, driver.Options{ExchangeTimeout: timeout})
		require.Error(t, err)
	}
}

// TestChipSpeaksTheManual sends bytes as another host would write them.
func TestChipSpeaksTheManual(t *testing.T) {
	b := newBenchRaw(t)
	const ack = "0000ff00ff00"
	for _, c := range []struct{ name, send, want string }{
		{"wake-up and SAMConfiguration", "5555000000000000000000000000" + "0000ff05fbd41401170000" + "00", ack + "0000ff02fed5151600"},
		{"GetFirmwareVersion", "0000ff02fed4022a00", ack + "0000ff06fad50332010607e800"},
		{"once more after NACK", "0000ffff0000", "0000ff06fad50332010607e800"},
		{"unknown command", "0000ff02fed4ee3e00", ack + "0000ff01ff7f8100"},
		{"bound polls", "0000ff06fad43205ff0101f400", ack + "0000ff02fed533f800"},
		{"poll of an empty field", "0000ff04fcd44a0200e000", ack + "0000ff03fdd54b00e000"},
		{"exchange without a target", "0000ff04fcd44001" + "01ea00", ack + "0000ff03fdd54127c300"},
	} {
		t.Run(c.name, func(t *testing.T) {
			send, err := hex.DecodeString(c.send)
			require.NoError(t, err)
			_, err = b.Write(send)
			require.NoError(t, err)
			got := make([]byte, len(c.want)/2)
			require.NoError(t, b.SetReadDeadline(time.Now().Add(2*time.Second)))
			for n := 0; n < len(got); {
				m, err := b.Read(got[n:])
				require.NoError(t, err, "after %x", got[:n])
				n += m
			}
			require.Equal(t, c.want, hex.EncodeToString(got))
		})
	}
}

func newBenchRaw(t *testing.T) drivers.Port {
	t.Helper()
	host, device, err := drivertest.Pipe()
	require.NoError(t, err)
	chip := pn532.New(device, pn532.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- chip.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, host.Close())
	})
	return host
}
