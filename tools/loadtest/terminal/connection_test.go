package terminal_test

import (
	"bufio"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/loadtest/floor"
	"github.com/yuantill/yuantill/tools/loadtest/terminal"
)

const patience = 10 * time.Second

// The packets of one connection, as MQTT 3.1.1 has them.
const (
	connect = "10 14" + // CONNECT, 20 bytes
		"0004 4d515454" + // "MQTT"
		"04 02 0000" + // level 4, clean session, no keep-alive
		"0008 3130303030303031" // "10000001"
	connack   = "20 02 00 00"
	refused   = "20 02 00 05" // not authorised
	subscribe = "82 0b" +     // SUBSCRIBE, 11 bytes
		"0001" + // packet identifier
		"0006 612f646f776e" + // "a/down"
		"00" // at QoS 0
	suback     = "90 03 0001 00"
	forbidden  = "90 03 0001 80"
	disconnect = "e0 00"
)

// broker takes one connection and plays a script: what must come, and what is answered.
type broker struct {
	t        *testing.T
	listener net.Listener
	config   *tls.Config
	conn     chan net.Conn
}

func newBroker(t *testing.T) *broker {
	path := filepath.Join(t.TempDir(), "broker.pem")
	require.NoError(t, floor.WriteCertificate(path))
	config, err := floor.ReadTLS(path)
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	b := &broker{t: t, listener: listener, config: config, conn: make(chan net.Conn, 1)}
	return b
}

func bytesOf(text string) []byte {
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	return raw
}

// play accepts and plays pairs of expectation and answer; the connection is then the test's.
func (b *broker) play(script ...string) {
	go func() {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		for i := 0; i+1 < len(script); i += 2 {
			want := bytesOf(script[i])
			got := make([]byte, len(want))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != string(want) {
				b.t.Errorf("packet %d: got %x (%v), want %x", i/2, got, err, want)
			}
			if _, err := conn.Write(bytesOf(script[i+1])); err != nil {
				b.t.Errorf("answer %d: %v", i/2, err)
			}
		}
		b.conn <- conn
	}()
}

func (b *broker) dial(receive func([]byte)) (terminal.Connection, error) {
	return terminal.DialConnection(b.t.Context(), b.listener.Addr().String(), b.config, "10000001", "a/down", receive)
}

func TestConnection(t *testing.T) {
	t.Run("PublishesAndReceives", func(t *testing.T) {
		b := newBroker(t)
		b.play(connect, connack, subscribe, suback)
		received := make(chan string, 4)
		c, err := b.dial(func(payload []byte) { received <- string(payload) })
		require.NoError(t, err)
		conn := <-b.conn
		require.NoError(t, c.Publish("a/up", 0, false, []byte("hello")).Error())
		got := make([]byte, 13)
		_, err = io.ReadFull(conn, got)
		require.NoError(t, err)
		require.Equal(t, bytesOf("30 0b 0004 612f7570 68656c6c6f"), got)
		// A long message has a length of two bytes; a ping's answer in between is of no interest.
		long := strings.Repeat("x", 200)
		_, err = conn.Write([]byte("\x30\x03\x00\x01a" + "\xd0\x00" + "\x30\xcb\x01\x00\x01a" + long))
		require.NoError(t, err)
		require.Equal(t, "", <-received)
		require.Equal(t, long, <-received)
		c.Close()
		rest, err := io.ReadAll(bufio.NewReader(conn))
		require.NoError(t, err)
		require.Equal(t, bytesOf(disconnect), rest)
		require.Error(t, c.Publish("a/up", 0, false, nil).Error())
	})
	t.Run("EndsWithTheBroker", func(t *testing.T) {
		b := newBroker(t)
		b.play(connect, connack, subscribe, suback)
		c, err := b.dial(func([]byte) {})
		require.NoError(t, err)
		require.NoError(t, (<-b.conn).Close())
		require.Eventually(t, func() bool { return c.Publish("a/up", 0, false, []byte("x")).Error() != nil }, patience, time.Millisecond)
		c.Close()
	})
	t.Run("OnlyQoS0", func(t *testing.T) {
		b := newBroker(t)
		b.play(connect, connack, subscribe, suback)
		c, err := b.dial(func([]byte) {})
		require.NoError(t, err)
		defer c.Close()
		require.ErrorIs(t, c.Publish("a/up", 1, false, nil).Error(), terminal.ErrPacket)
		require.ErrorIs(t, c.Publish("a/up", 0, true, nil).Error(), terminal.ErrPacket)
	})
	for name, script := range map[string][]string{
		"ErrPacketOnRefusal":      {connect, refused},
		"ErrPacketOnForbidden":    {connect, connack, subscribe, forbidden},
		"ErrPacketOnOtherAnswer":  {connect, suback},
		"ErrPacketOnHugeLength":   {connect, "20 ffffff7f"},
		"ErrPacketOnEmptyConnack": {connect, "20 00"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBroker(t)
			b.play(script...)
			_, err := b.dial(func([]byte) {})
			require.ErrorIs(t, err, terminal.ErrPacket)
		})
	}
	t.Run("NobodyListens", func(t *testing.T) {
		b := newBroker(t)
		require.NoError(t, b.listener.Close())
		_, err := b.dial(func([]byte) {})
		require.Error(t, err)
	})
}
