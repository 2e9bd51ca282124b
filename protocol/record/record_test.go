package record_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

// testKeys are the working keys of epoch 3 with all-zero nonces under an all-zero root.
func testKeys(engine seal.Engine) *seal.Keys {
	tmk := seal.TerminalKey(engine, make([]byte, seal.KeySize), "10000001", 1)
	return seal.DeriveKeys(engine, tmk, 3, [seal.NonceSize]byte{}, [seal.NonceSize]byte{})
}

func testHeader(sequence uint64) record.Header {
	return record.Header{
		Direction: seal.Up, Type: record.PaymentRequested, KeyVersion: 1, Epoch: 3, Sequence: sequence,
		Time: time.UnixMicro(1_795_000_000_123_456).UTC(), Terminal: record.Terminal([]byte("10000001")),
	}
}

func build(t require.TestingT, sequence uint64, body string) record.Record {
	r, err := record.Build(testKeys(seal.Portable()).Record, testHeader(sequence), []byte(body))
	require.NoError(t, err)
	return r
}

func TestHeaderLayout(t *testing.T) {
	h := testHeader(0x1112131415161718)
	h.Previous = seal.Hash(bytes.Repeat([]byte{0xAB}, 32))
	h.BodyLength = 5
	b := h.AppendBinary(nil)
	want := append([]byte{
		1, 1, // version, suite
		1, 0, // direction up, reserved
		0x00, 0x10, // payment requested
		0, 1, // key version
		0, 0, 0, 3, // epoch
		0, 0, 0, 5, // body length
		0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, // sequence
		0x00, 0x06, 0x60, 0x8B, 0x01, 0x61, 0x12, 0x40, // 1,795,000,000,123,456 µs
		'1', '0', '0', '0', '0', '0', '0', '1', // terminal
	}, bytes.Repeat([]byte{0xAB}, 32)...)
	require.Equal(t, want, b)
	back, err := record.ParseHeader(b)
	require.NoError(t, err)
	require.Equal(t, h, back)
}

func TestHeaderMadeAfter(t *testing.T) {
	at := func(epoch uint32, sequence uint64) record.Header {
		return record.Header{Epoch: epoch, Sequence: sequence}
	}
	require.True(t, at(1, 1).MadeAfter(record.Header{}))
	require.True(t, at(1, 2).MadeAfter(at(1, 1)))
	require.True(t, at(2, 1).MadeAfter(at(1, 2)))
	require.False(t, at(1, 2).MadeAfter(at(1, 2)), "the same")
	require.False(t, at(1, 2).MadeAfter(at(2, 1)))
}

func TestParseHeaderRefuses(t *testing.T) {
	good := testHeader(1).AppendBinary(nil)
	for name, c := range map[string]struct {
		offset int
		value  byte
		want   error
	}{
		"ErrVersion on version":    {0, 2, record.ErrVersion},
		"ErrVersion on suite":      {1, 9, record.ErrVersion},
		"ErrVersion on reserved":   {3, 1, record.ErrVersion},
		"ErrDirection on secret":   {2, 3, record.ErrDirection},
		"ErrTooLong":               {12, 1, record.ErrTooLong},
		"ErrTerminal on a dot":     {32, '.', record.ErrTerminal},
		"ErrTerminal on a star":    {35, '*', record.ErrTerminal},
		"ErrTerminal on lowercase": {39, 'a', record.ErrTerminal},
	} {
		t.Run(name, func(t *testing.T) {
			b := bytes.Clone(good)
			b[c.offset] = c.value
			_, err := record.ParseHeader(b)
			require.ErrorIs(t, err, c.want)
		})
	}
	_, err := record.ParseHeader(good[:71])
	require.ErrorIs(t, err, record.ErrShort)
}

// A terminal is text in logs and JSON, never a list of numbers.
func TestTerminalIsText(t *testing.T) {
	terminal := testHeader(1).Terminal
	var lines bytes.Buffer
	for name, handler := range map[string]slog.Handler{
		"text": slog.NewTextHandler(&lines, nil), "json": slog.NewJSONHandler(&lines, nil),
	} {
		lines.Reset()
		logger := slog.New(handler)
		logger.Info("one", "terminal", terminal)
		logger.Info("many", "terminals", []record.Terminal{terminal}, "type", record.PaymentRequested)
		require.Contains(t, lines.String(), "payment-requested", name)
		require.Equal(t, 2, strings.Count(lines.String(), "10000001"), "%s: %s", name, lines.String())
	}
	encoded, err := json.Marshal(map[record.Terminal]record.Terminal{terminal: terminal})
	require.NoError(t, err)
	require.JSONEq(t, `{"10000001":"10000001"}`, string(encoded))
	var back map[record.Terminal]record.Terminal
	require.NoError(t, json.Unmarshal(encoded, &back))
	require.Equal(t, terminal, back[terminal])
	require.ErrorIs(t, json.Unmarshal([]byte(`"short"`), &terminal), record.ErrTerminal)
}

func TestBuildAndParse(t *testing.T) {
	keys := testKeys(fast.Engine())
	r := build(t, 1, "body")
	t.Run("OK", func(t *testing.T) {
		parsed, header, err := record.Parse(r)
		require.NoError(t, err)
		require.Equal(t, uint64(1), header.Sequence)
		require.Equal(t, "body", string(parsed.Body()))
		require.NoError(t, parsed.Verify(keys.Record))
	})
	t.Run("ErrTag wherever a bit is flipped", func(t *testing.T) {
		for i := range r {
			altered := bytes.Clone(r)
			altered[i] ^= 0x01
			require.ErrorIs(t, record.Record(altered).Verify(keys.Record), record.ErrTag, "byte %d", i)
		}
	})
	t.Run("ErrTag under the answer key", func(t *testing.T) {
		require.ErrorIs(t, r.Verify(keys.Answer), record.ErrTag)
	})
	t.Run("ErrShort and ErrTrailing", func(t *testing.T) {
		_, _, err := record.Parse(r[:len(r)-1])
		require.ErrorIs(t, err, record.ErrShort)
		_, _, err = record.Parse(append(bytes.Clone(r), 0))
		require.ErrorIs(t, err, record.ErrTrailing)
	})
	t.Run("ErrTooLong", func(t *testing.T) {
		_, err := record.Build(keys.Record, testHeader(1), make([]byte, record.BodyMax+1))
		require.ErrorIs(t, err, record.ErrTooLong)
	})
}

func TestLink(t *testing.T) {
	first := build(t, 1, "first")
	require.Equal(t, first.Link(seal.Portable()), first.Link(fast.Engine()))
	require.NotEqual(t, first.Link(seal.Portable()), build(t, 2, "first").Link(seal.Portable()))
	require.NotEqual(t, record.Genesis(seal.Portable(), record.Terminal([]byte("10000001"))),
		record.Genesis(seal.Portable(), record.Terminal([]byte("10000002"))))
}

func TestFrame(t *testing.T) {
	keys := testKeys(seal.Portable())
	r := build(t, 7, "body")
	header, err := record.ParseHeader(r)
	require.NoError(t, err)
	code := []byte("0112345678901234567")
	plain, err := record.Seal(keys.Envelope, r, nil)
	require.NoError(t, err)
	withSecret, err := record.Seal(keys.Envelope, r, code)
	require.NoError(t, err)

	t.Run("a resend without the secret repeats the record's bytes", func(t *testing.T) {
		require.Equal(t, []byte(plain), []byte(withSecret[:len(plain)]))
	})
	t.Run("neither body nor code is readable on the wire", func(t *testing.T) {
		require.NotContains(t, string(withSecret), "body")
		require.NotContains(t, string(withSecret), string(code))
	})
	t.Run("OK", func(t *testing.T) {
		opened, secret, err := withSecret.Open(keys.Envelope, header)
		require.NoError(t, err)
		require.Equal(t, []byte(r), []byte(opened))
		require.Equal(t, code, secret)
		opened, secret, err = plain.Open(keys.Envelope, header)
		require.NoError(t, err)
		require.Equal(t, []byte(r), []byte(opened))
		require.Nil(t, secret)
	})
	t.Run("ErrOpen wherever a bit is flipped", func(t *testing.T) {
		for i := range withSecret {
			altered := record.Frame(bytes.Clone(withSecret))
			altered[i] ^= 0x01
			h, err := record.ParseHeader(altered)
			if err == nil && h.BodyLength == header.BodyLength {
				_, _, err = altered.Open(keys.Envelope, h)
				require.ErrorIs(t, err, seal.ErrOpen, "byte %d", i)
			}
		}
	})
	t.Run("ErrShort for a secret of no bytes", func(t *testing.T) {
		b := keys.Envelope.Seal(bytes.Clone(plain), seal.Secret, header.Sequence, r[:record.HeaderSize], nil)
		_, _, err := record.Frame(b).Open(keys.Envelope, header)
		require.ErrorIs(t, err, record.ErrShort)
		for behind := 1; behind <= seal.TagSize; behind++ {
			_, _, err := withSecret[:len(plain)+behind].Open(keys.Envelope, header)
			require.ErrorIs(t, err, record.ErrShort, "%d bytes", behind)
		}
		empty, err := record.Seal(keys.Envelope, r, []byte{})
		require.NoError(t, err)
		require.Equal(t, plain, empty, "an empty secret is none")
	})
	t.Run("ErrTrailing for a secret beside an answer", func(t *testing.T) {
		h := testHeader(7)
		h.Direction, h.Type = seal.Down, record.Acknowledgement
		answer, err := record.Build(keys.Answer, h, []byte("body"))
		require.NoError(t, err)
		h, err = record.ParseHeader(answer)
		require.NoError(t, err)
		_, err = record.Seal(keys.Envelope, answer, code)
		require.ErrorIs(t, err, record.ErrTrailing)
		frame, err := record.Seal(keys.Envelope, answer, nil)
		require.NoError(t, err)
		_, _, err = frame.Open(keys.Envelope, h)
		require.NoError(t, err)
		b := keys.Envelope.Seal(bytes.Clone(frame), seal.Secret, h.Sequence, answer[:record.HeaderSize], code)
		_, _, err = record.Frame(b).Open(keys.Envelope, h)
		require.ErrorIs(t, err, record.ErrTrailing)
	})
	t.Run("ErrShort and ErrTooLong", func(t *testing.T) {
		_, _, err := plain[:len(plain)-1].Open(keys.Envelope, header)
		require.ErrorIs(t, err, record.ErrShort)
		_, _, err = record.Frame(append(bytes.Clone(plain), make([]byte, 300)...)).Open(keys.Envelope, header)
		require.ErrorIs(t, err, record.ErrTooLong)
		_, err = record.Seal(keys.Envelope, r, make([]byte, record.SecretMax+1))
		require.ErrorIs(t, err, record.ErrTooLong)
	})
}

func TestBatch(t *testing.T) {
	keys := testKeys(seal.Portable())
	rapid.Check(t, func(t *rapid.T) {
		var frames []record.Frame
		for i := range rapid.IntRange(1, 20).Draw(t, "count") {
			frame, err := record.Seal(keys.Envelope, build(t, uint64(i+1), rapid.StringN(0, 40, 200).Draw(t, "body")), nil)
			require.NoError(t, err)
			frames = append(frames, frame)
		}
		message := record.AppendBatch(nil, frames...)
		require.Len(t, message, record.BatchSize(frames...))
		back, err := record.SplitBatch(message)
		require.NoError(t, err)
		require.Equal(t, frames, back)
		cut := rapid.IntRange(0, len(message)-1).Draw(t, "cut")
		_, err = record.SplitBatch(message[:cut])
		require.ErrorIs(t, err, record.ErrBatch)
		_, err = record.SplitBatch(append(message, 0))
		require.ErrorIs(t, err, record.ErrBatch)
	})
	_, err := record.SplitBatch([]byte{1, 0, 0xFF, 0xFF})
	require.ErrorIs(t, err, record.ErrBatch)
	_, err = record.SplitBatch(append([]byte{1, 0, 0, 1}, 0xFF, 0xFF, 0xFF, 0xFF))
	require.ErrorIs(t, err, record.ErrBatch, "a length near 4 GiB is refused before anything is allocated")
	require.Less(t, record.BatchMax, math.MaxUint16)
}
