package terminal

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// The packets of MQTT 3.1.1 that a terminal needs, by the first byte: type and flags.
const (
	packetConnect    = 0x10
	packetConnack    = 0x20
	packetPublish    = 0x30 // at QoS 0, not retained
	packetSubscribe  = 0x82
	packetSuback     = 0x90
	packetDisconnect = 0xe0
)

const (
	// packetMax bounds what a packet that comes in may hold.
	packetMax  = 1 << 20
	readBuffer = 8 << 10
)

// ErrPacket marks bytes from the broker that are not what MQTT 3.1.1 says.
var ErrPacket = errors.New("terminal: unexpected MQTT packet")

// connection speaks just enough MQTT 3.1.1 for a terminal: connect with a clean session and without keep-alive,
// subscribe once, publish at QoS 0. A packet is one write from the caller's goroutine and one call of the handler, so
// that the load generator leaves the processor to what it measures.
type connection struct {
	conn   net.Conn
	reader *bufio.Reader
	ended  chan struct{} // closed when nothing more is received

	mu     sync.Mutex
	packet []byte // guarded by mu: the next packet to be written
}

// dial opens a connection, names the client and subscribes to one topic; receive gets each message's payload, which is
// its own, in order and from one goroutine.
func dial(ctx context.Context, broker string, config *tls.Config, client, topic string, receive func([]byte)) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", broker)
	if err != nil {
		return nil, fmt.Errorf("connect to broker: %w", err)
	}
	c := &connection{conn: conn, reader: bufio.NewReaderSize(conn, readBuffer), ended: make(chan struct{})}
	if err := c.open(client, topic); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	go c.receive(receive)
	return c, nil
}

// open makes the first two exchanges.
func (c *connection) open(client, topic string) error {
	if err := c.conn.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return fmt.Errorf("bound dialling: %w", err)
	}
	hello := appendText(nil, "MQTT")
	hello = append(hello, 4, 0x02, 0, 0) // level of 3.1.1, clean session, no keep-alive
	if err := c.exchange("connect", packetConnect, appendText(hello, client), packetConnack); err != nil {
		return err
	}
	request := append(appendText([]byte{0, 1}, topic), 0) // packet 1, one topic at QoS 0
	if err := c.exchange("subscribe", packetSubscribe, request, packetSuback); err != nil {
		return err
	}
	if err := c.conn.SetDeadline(time.Time{}); err != nil {
		return fmt.Errorf("bound dialling: %w", err)
	}
	return nil
}

// exchange writes a packet and reads its answer, whose last byte is zero when all is well.
func (c *connection) exchange(what string, kind byte, body []byte, answer byte) error {
	if err := c.write(kind, body); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	got, body, err := c.read()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if got != answer || len(body) == 0 || body[len(body)-1] != 0 {
		return fmt.Errorf("%s: %w: %02x %x", what, ErrPacket, got, body)
	}
	return nil
}

// write writes a packet of parts in one piece.
func (c *connection) write(kind byte, parts ...[]byte) error {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// The remaining length is a little-endian base-128 number, as binary's uvarint is.
	c.packet = binary.AppendUvarint(append(c.packet[:0], kind), uint64(size))
	for _, part := range parts {
		c.packet = append(c.packet, part...)
	}
	_, err := c.conn.Write(c.packet)
	return err
}

func (c *connection) read() (kind byte, body []byte, err error) {
	if kind, err = c.reader.ReadByte(); err != nil {
		return 0, nil, err
	}
	size, err := binary.ReadUvarint(c.reader)
	if err != nil {
		return 0, nil, err
	}
	if size > packetMax {
		return 0, nil, fmt.Errorf("%w: %d bytes", ErrPacket, size)
	}
	body = make([]byte, size)
	_, err = io.ReadFull(c.reader, body)
	return kind, body, err
}

// receive hands messages on until the connection ends. Packets of other kinds are of no interest: nothing that a
// terminal asks for after dialling has an answer.
func (c *connection) receive(handle func([]byte)) {
	defer close(c.ended)
	for {
		kind, body, err := c.read()
		if err != nil {
			return
		}
		if kind != packetPublish || len(body) < 2 {
			continue
		}
		if name := 2 + int(binary.BigEndian.Uint16(body)); name <= len(body) {
			handle(body[name:])
		}
	}
}

// Publish writes a message at QoS 0; quality and retained are there for the callers' sake, who name them in one place
// for every client, and must be 0 and false.
func (c *connection) Publish(topic string, quality byte, retained bool, payload []byte) paho.Token {
	if quality != 0 || retained {
		return sent{fmt.Errorf("publish: %w: only QoS 0 is spoken", ErrPacket)}
	}
	if err := c.write(packetPublish, appendText(make([]byte, 0, 64), topic), payload); err != nil {
		return sent{fmt.Errorf("publish: %w", err)}
	}
	return sent{}
}

// Close says goodbye and waits until the last message has been handed on.
func (c *connection) Close() {
	_ = c.write(packetDisconnect) // the broker may have gone
	_ = c.conn.Close()
	<-c.ended
}

func appendText(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}

// sent is a message that has been written, or why not.
type sent struct{ err error }

var _ paho.Token = sent{}

// Wait returns at once.
func (sent) Wait() bool { return true }

// WaitTimeout returns at once.
func (sent) WaitTimeout(time.Duration) bool { return true }

// Done returns a channel that is closed.
func (sent) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

// Error says why the message was not written.
func (s sent) Error() error { return s.err }
