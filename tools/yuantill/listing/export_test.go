package listing_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/listing"
)

var terminal = record.Terminal([]byte("10000001"))

func export(t *testing.T, format listing.Format, records ...record.Record) ([]byte, seal.Hash) {
	t.Helper()
	var out bytes.Buffer
	e, err := listing.NewExporter(&out, format, terminal, seal.Portable())
	require.NoError(t, err)
	for _, r := range records {
		require.NoError(t, e.Add(r))
	}
	count, link, err := e.Finish()
	require.NoError(t, err)
	require.Equal(t, uint64(len(records)), count)
	return out.Bytes(), link
}

func TestExport(t *testing.T) {
	first, second := stored(t, record.AgentStarted, 1, []byte{}), stored(t, record.DeviceFault, 2, []byte("ab"))
	last := second.Link(seal.Portable())
	t.Run("lines of JSON", func(t *testing.T) {
		text, link := export(t, listing.JSONLines, first, second)
		require.Equal(t, last, link)
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		require.Len(t, lines, 4)
		require.JSONEq(t, `{"export":"yuantill-journal","version":1,"terminal":"10000001"}`, lines[0])
		var row struct {
			Sequence uint64
			Record   string
		}
		require.NoError(t, json.Unmarshal([]byte(lines[2]), &row))
		require.Equal(t, uint64(2), row.Sequence)
		require.Equal(t, hex.EncodeToString(second), row.Record, "the stored bytes and no others")
		require.JSONEq(t, `{"records":2,"link":"`+hex.EncodeToString(last[:])+`"}`, lines[3])
	})
	t.Run("binary", func(t *testing.T) {
		b, link := export(t, listing.Binary, first, second)
		require.Equal(t, last, link)
		for _, want := range []record.Record{first, second} {
			length := binary.BigEndian.Uint32(b)
			require.Equal(t, []byte(want), b[4:4+length])
			b = b[4+length:]
		}
		require.Equal(t, append([]byte{0, 0, 0, 0}, last[:]...), b)
	})
	t.Run("an empty journal ends with the genesis link", func(t *testing.T) {
		_, link := export(t, listing.Binary)
		require.Equal(t, record.Genesis(seal.Portable(), terminal), link)
	})
	t.Run("ErrFormat", func(t *testing.T) {
		_, err := listing.NewExporter(&bytes.Buffer{}, "xml", terminal, seal.Portable())
		require.ErrorIs(t, err, listing.ErrFormat)
	})
	t.Run("what is no record is refused", func(t *testing.T) {
		e, err := listing.NewExporter(&bytes.Buffer{}, listing.Binary, terminal, seal.Portable())
		require.NoError(t, err)
		require.ErrorIs(t, e.Add(first[:30]), record.ErrShort)
	})
	t.Run("the writer's error, at the latest at the end", func(t *testing.T) {
		full := errors.New("disk full")
		e, err := listing.NewExporter(failing{full}, listing.JSONLines, terminal, seal.Portable())
		require.NoError(t, err)
		require.NoError(t, e.Add(first))
		_, _, err = e.Finish()
		require.ErrorIs(t, err, full)
	})
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
