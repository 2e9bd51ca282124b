package broker_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/broker"
	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

const patience = 10 * time.Second

// site is a running broker with an authority that can sign terminals.
type site struct {
	*broker.Broker
	address   string
	authority *merchant.Authority
	enrolled  *sync.Map // digests of the certificates that were signed last, by terminal
}

func id(text string) record.Terminal { return record.Terminal([]byte(text)) }

var (
	errBlocked  = errors.New("blocked")
	errReplaced = errors.New("another certificate")
)

func newSite(t *testing.T) site {
	t.Helper()
	authority, err := merchant.CreateAuthority(t.TempDir(), time.Now(), rand.Reader)
	require.NoError(t, err)
	s := site{address: freeAddress(t), authority: authority, enrolled: &sync.Map{}}
	s.Broker, err = broker.New(s.config(t))
	require.NoError(t, err)
	require.NoError(t, s.Start())
	t.Cleanup(s.Close)
	return s
}

func (s site) config(t *testing.T) broker.Config {
	t.Helper()
	pair, err := s.authority.IssueServer([]string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	certificate, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	require.NoError(t, err)
	return broker.Config{
		Address: s.address, Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler),
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, ClientCAs: s.authority.Pool()},
		Admit: func(_ context.Context, terminal record.Terminal, certificate [32]byte) error {
			if terminal == id("10000009") {
				return errBlocked
			}
			if digest, _ := s.enrolled.Load(terminal); digest != certificate {
				return errReplaced
			}
			return nil
		},
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// dial connects with the certificate of one terminal and the client id of another.
func (s site) dial(t *testing.T, certificate, clientID string, change func(*paho.ClientOptions)) (paho.Client, error) {
	t.Helper()
	return s.dialWith(t, s.issue(t, certificate), clientID, change)
}

// issue signs a terminal's certificate, which replaces the one before.
func (s site) issue(t *testing.T, terminal string) merchant.Pair {
	t.Helper()
	pair, err := s.authority.IssueTerminal(id(terminal), time.Now())
	require.NoError(t, err)
	s.enrolled.Store(id(terminal), sha256.Sum256(pair.Leaf))
	return pair
}

func (s site) dialWith(t *testing.T, pair merchant.Pair, clientID string, change func(*paho.ClientOptions)) (paho.Client, error) {
	t.Helper()
	keys, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	require.NoError(t, err)
	options := paho.NewClientOptions().AddBroker("ssl://" + s.address).SetClientID(clientID).SetAutoReconnect(false).
		SetConnectTimeout(patience).SetTLSConfig(&tls.Config{Certificates: []tls.Certificate{keys}, RootCAs: s.authority.Pool()})
	if change != nil {
		change(options)
	}
	client := paho.NewClient(options)
	token := client.Connect()
	require.True(t, token.WaitTimeout(patience))
	t.Cleanup(func() { client.Disconnect(0) })
	return client, token.Error()
}

func done(t *testing.T, token paho.Token) {
	t.Helper()
	require.True(t, token.WaitTimeout(patience))
	require.NoError(t, token.Error())
}

func (s site) collect(t *testing.T) (*nats.Conn, chan *nats.Msg) {
	t.Helper()
	connection, err := s.Connect()
	require.NoError(t, err)
	t.Cleanup(connection.Close)
	messages := make(chan *nats.Msg, 100)
	for _, lane := range []topic.Lane{topic.Up, topic.Now, topic.SignIn} {
		_, err := connection.ChanQueueSubscribe(topic.Wildcard(lane), "collector", messages)
		require.NoError(t, err)
	}
	require.NoError(t, connection.Flush())
	return connection, messages
}

func next(t *testing.T, messages <-chan *nats.Msg) *nats.Msg {
	t.Helper()
	select {
	case m := <-messages:
		return m
	case <-time.After(patience):
		t.Fatal("no message")
		return nil
	}
}

// TestReplacedCertificate: one that the authority has signed too, for the same terminal, but not with its last enrolment.
func TestReplacedCertificate(t *testing.T) {
	s := newSite(t)
	before := s.issue(t, "10000001")
	_, err := s.dialWith(t, before, "10000001", nil)
	require.NoError(t, err)
	after := s.issue(t, "10000001")
	_, err = s.dialWith(t, before, "10000001", nil)
	require.Error(t, err)
	_, err = s.dialWith(t, after, "10000001", nil)
	require.NoError(t, err)
}

func TestTerminalsAndCollectorsTalk(t *testing.T) {
	s := newSite(t)
	collector, up := s.collect(t)
	client, err := s.dial(t, "10000001", "10000001", nil)
	require.NoError(t, err)
	down := make(chan []byte, 1)
	token := client.Subscribe(topic.Name(id("10000001"), topic.Down), topic.SubscribeQoS, func(_ paho.Client, m paho.Message) { down <- m.Payload() })
	done(t, token)

	for _, lane := range []topic.Lane{topic.SignIn, topic.Now, topic.Up} {
		done(t, client.Publish(topic.Name(id("10000001"), lane), topic.PublishQoS, false, string(lane)))
		m := next(t, up)
		require.Equal(t, topic.Subject(id("10000001"), lane), m.Subject)
		require.Equal(t, string(lane), string(m.Data))
	}
	require.NoError(t, collector.Publish(topic.Subject(id("10000001"), topic.Down), []byte("answer")))
	select {
	case answer := <-down:
		require.Equal(t, "answer", string(answer))
	case <-time.After(patience):
		t.Fatal("no answer")
	}
}

func TestConnectionsThatAreRefused(t *testing.T) {
	s := newSite(t)
	t.Run("client id of another terminal", func(t *testing.T) {
		_, err := s.dial(t, "10000001", "10000002", nil)
		require.Error(t, err)
	})
	t.Run("terminal that is not admitted", func(t *testing.T) {
		_, err := s.dial(t, "10000009", "10000009", nil)
		require.Error(t, err)
	})
	t.Run("certificate of another authority", func(t *testing.T) {
		stranger := newSite(t)
		stranger.address = s.address
		_, err := stranger.dial(t, "10000001", "10000001", func(o *paho.ClientOptions) {
			config := o.TLSConfig
			config.InsecureSkipVerify = true // the client's side trusts anybody: the broker must not
		})
		require.Error(t, err)
	})
	t.Run("no certificate", func(t *testing.T) {
		_, err := s.dial(t, "10000001", "10000001", func(o *paho.ClientOptions) {
			o.SetTLSConfig(&tls.Config{RootCAs: s.authority.Pool()})
		})
		require.Error(t, err)
	})
	t.Run("TLS 1.2", func(t *testing.T) {
		_, err := s.dial(t, "10000001", "10000001", func(o *paho.ClientOptions) { o.TLSConfig.MaxVersion = tls.VersionTLS12 })
		require.Error(t, err)
	})
}

func TestTerminalsKeepToTheirOwnTopics(t *testing.T) {
	s := newSite(t)
	_, up := s.collect(t)
	client, err := s.dial(t, "10000001", "10000001", nil)
	require.NoError(t, err)

	t.Run("a publish elsewhere goes nowhere", func(t *testing.T) {
		for _, name := range []string{"yt/v1/10000002/up", "yt/v1/10000001/down", "$JS/API/INFO", "elsewhere"} {
			client.Publish(name, 0, false, "forged")
		}
		done(t, client.Publish(topic.Name(id("10000001"), topic.Up), topic.PublishQoS, false, "mine"))
		require.Equal(t, "mine", string(next(t, up).Data), "what was sent before has been dropped")
	})
	t.Run("a subscription elsewhere is refused with code 128", func(t *testing.T) {
		for _, name := range []string{"yt/v1/10000002/down", "yt/v1/+/down", "#"} {
			token, ok := client.Subscribe(name, 0, nil).(*paho.SubscribeToken)
			require.True(t, ok)
			require.True(t, token.WaitTimeout(patience))
			require.Equal(t, map[string]byte{name: 128}, token.Result())
		}
	})
}

func TestSecondConnectionEndsTheFirst(t *testing.T) {
	s := newSite(t)
	lost := make(chan error, 1)
	_, err := s.dial(t, "10000001", "10000001", func(o *paho.ClientOptions) {
		o.SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err })
	})
	require.NoError(t, err)
	_, err = s.dial(t, "10000001", "10000001", nil)
	require.NoError(t, err)
	select {
	case err := <-lost:
		require.Error(t, err)
	case <-time.After(patience):
		t.Fatal("the first connection is still there")
	}
}

func TestDisconnect(t *testing.T) {
	s := newSite(t)
	lost := make(chan error, 1)
	_, err := s.dial(t, "10000001", "10000001", func(o *paho.ClientOptions) {
		o.SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err })
	})
	require.NoError(t, err)
	require.NoError(t, s.Disconnect(id("10000002")), "nobody there is no error")
	require.NoError(t, s.Disconnect(id("10000001")))
	select {
	case err := <-lost:
		require.Error(t, err)
	case <-time.After(patience):
		t.Fatal("the connection is still there")
	}
}

func TestNewRefuses(t *testing.T) {
	s := newSite(t)
	for name, spoil := range map[string]func(*broker.Config){
		"no certificate":      func(c *broker.Config) { c.TLS.Certificates = nil },
		"no client authority": func(c *broker.Config) { c.TLS.ClientCAs = nil },
		"no TLS":              func(c *broker.Config) { c.TLS = nil },
		"no admission":        func(c *broker.Config) { c.Admit = nil },
		"no folder":           func(c *broker.Config) { c.Dir = "" },
		"no port":             func(c *broker.Config) { c.Address = "127.0.0.1:0" },
		"no host and port":    func(c *broker.Config) { c.Address = "somewhere" },
	} {
		t.Run("ErrConfig on "+name, func(t *testing.T) {
			config := s.config(t)
			spoil(&config)
			_, err := broker.New(config)
			require.ErrorIs(t, err, broker.ErrConfig)
		})
	}
	t.Run("ErrNotReady when the address is taken", func(t *testing.T) {
		second, err := broker.New(s.config(t))
		require.NoError(t, err)
		require.ErrorIs(t, second.Start(), broker.ErrNotReady)
	})
}
