package uplink

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

const (
	keepAlive   = 20 * time.Second
	pingTimeout = 5 * time.Second
	// disconnectWait is how many milliseconds a farewell may take.
	disconnectWait = 50
	// subscribeRefused is the SUBACK code that is the only sign of a forbidden subscription [MQTT-3.9.3].
	subscribeRefused = 128
)

// session is one connection to a broker.
type session struct {
	line
	lost    chan error
	answers chan []byte // raw sign-in answers

	mu  sync.Mutex
	now map[uint64]struct{} // sequences that lane now had, at most nowMax
}

// line is the way a session's messages take.
type line interface {
	// publish hands a message over and does not wait for the broker.
	publish(lane topic.Lane, payload []byte) error
	close()
}

func newSession(l line) *session {
	return &session{line: l, lost: make(chan error, 1), answers: make(chan []byte, 1), now: make(map[uint64]struct{})}
}

// enterNow notes that lane now has a record, and reports whether there is room for it.
func (s *session) enterNow(sequence uint64, settled func(sequence uint64) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.now[sequence]; !again && len(s.now) >= nowMax && s.prune(settled) >= nowMax {
		return false
	}
	s.now[sequence] = struct{}{}
	return true
}

// onNow counts the records on their way on lane now.
func (s *session) onNow(settled func(sequence uint64) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prune(settled)
}

// prune forgets what is not on its way any more and returns how many records are left. Called with mu held.
func (s *session) prune(settled func(sequence uint64) bool) int {
	maps.DeleteFunc(s.now, func(sequence uint64, _ struct{}) bool { return settled(sequence) })
	return len(s.now)
}

// mqttLine is an MQTT client's connection.
type mqttLine struct {
	client   mqtt.Client
	terminal record.Terminal
}

// connect reaches a broker and subscribes to the answers.
func (u *Uplink) connect(ctx context.Context, broker string) (*session, error) {
	host, _, err := net.SplitHostPort(broker)
	if err != nil {
		return nil, fmt.Errorf("parse broker: %w", err)
	}
	timings := u.config.Timings
	l := &mqttLine{terminal: u.keyring.Terminal()}
	s := newSession(l)
	secure := u.keyring.TLS(host)
	secure.Time = u.config.Clock // certificates are judged by the same clock that dates the records
	options := mqtt.NewClientOptions().
		AddBroker("ssl://" + broker).SetTLSConfig(secure).
		SetClientID(l.terminal.String()).SetCleanSession(true).SetProtocolVersion(4).
		SetAutoReconnect(false).SetConnectRetry(false). // the loop and its back-off are ours
		SetConnectTimeout(timings.Connect).SetWriteTimeout(timings.Write).
		SetKeepAlive(keepAlive).SetPingTimeout(pingTimeout).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { offer(s.lost, err) })
	l.client = mqtt.NewClient(options)
	if err := wait(ctx, l.client.Connect(), 2*timings.Connect); err != nil {
		l.client.Disconnect(0)
		return nil, fmt.Errorf("connect to broker: %w", suspectClock(err))
	}
	name := topic.Name(l.terminal, topic.Down)
	token := l.client.Subscribe(name, topic.SubscribeQoS, func(_ mqtt.Client, m mqtt.Message) { u.receive(s, m.Payload()) })
	err = wait(ctx, token, timings.Connect)
	if subscribed, ok := token.(*mqtt.SubscribeToken); ok && err == nil && subscribed.Result()[name] == subscribeRefused {
		err = ErrForbidden
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("subscribe to answers: %w", err)
	}
	return s, nil
}

// suspectClock names the usual reason for a certificate that is not valid now: a till that lost its battery's charge.
func suspectClock(err error) error {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return fmt.Errorf("%w: %w", ErrClock, err)
	}
	return err
}

// publish hands a message to the socket and does not wait for the broker: a PUBACK proves nothing.
func (l *mqttLine) publish(lane topic.Lane, payload []byte) error {
	token := l.client.Publish(topic.Name(l.terminal, lane), topic.PublishQoS, false, payload)
	select {
	case <-token.Done():
		if err := token.Error(); err != nil {
			return fmt.Errorf("publish on %s: %w", lane, err)
		}
	default:
	}
	return nil
}

func (l *mqttLine) close() { l.client.Disconnect(disconnectWait) }

var errTimeout = errors.New("no answer in time")

func wait(ctx context.Context, token mqtt.Token, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errTimeout
	}
}
