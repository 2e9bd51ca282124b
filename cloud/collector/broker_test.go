package collector_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/broker"
	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/topic"
)

// line is a broker with its collector behind it, and the terminals' way to it.
type line struct {
	*world
	address   string
	authority *merchant.Authority
}

// relay publishes the collector's answers on the broker.
type relay struct{ connection *nats.Conn }

func (r relay) Publish(subject string, data []byte) error { return r.connection.Publish(subject, data) }

// newLine starts a broker and puts the world's collector behind it.
func newLine(tb testing.TB) *line {
	logger := slog.New(slog.DiscardHandler)
	authority, err := merchant.CreateAuthority(tb.TempDir(), time.Now(), rand.Reader)
	require.NoError(tb, err)
	pair, err := authority.IssueServer([]string{"127.0.0.1"}, time.Now())
	require.NoError(tb, err)
	certificate, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	require.NoError(tb, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	l := &line{address: listener.Addr().String(), authority: authority}
	require.NoError(tb, listener.Close())
	b, err := broker.New(broker.Config{Address: l.address, Dir: tb.TempDir(), Logger: logger,
		Admit: func(context.Context, record.Terminal, [32]byte) error { return nil },
		TLS:   &tls.Config{Certificates: []tls.Certificate{certificate}, ClientCAs: authority.Pool()}})
	require.NoError(tb, err)
	require.NoError(tb, b.Start())
	tb.Cleanup(b.Close)
	connection, err := b.Connect()
	require.NoError(tb, err)
	tb.Cleanup(connection.Close)
	l.world = newWorldOn(tb, nil, relay{connection})
	l.disconnect = b.Disconnect
	l.restart()
	for _, lane := range []topic.Lane{topic.SignIn, topic.Now, topic.Up} {
		subscription, err := connection.QueueSubscribe(topic.Wildcard(lane), "collector", func(m *nats.Msg) {
			l.collector.Deliver(collector.Message{Subject: m.Subject, Data: m.Data})
		})
		require.NoError(tb, err)
		require.NoError(tb, subscription.SetPendingLimits(1<<18, 128<<20))
	}
	require.NoError(tb, connection.Flush())
	return l
}

// remote is a terminal that speaks MQTT.
type remote struct {
	*till
	client paho.Client
	down   chan []byte
}

func (l *line) dial(tb testing.TB, id record.Terminal) *remote {
	require.NoError(tb, l.store.Commit(context.Background(), store.Change{Terminals: []store.Terminal{
		{ID: id, Merchant: "301310053110001", KeyVersion: 1, State: store.TerminalActive}}}))
	pair, err := l.authority.IssueTerminal(id, time.Now())
	require.NoError(tb, err)
	certificate, err := tls.X509KeyPair(pair.Certificate, pair.Key)
	require.NoError(tb, err)
	r := &remote{till: newTill(l.world), down: make(chan []byte, 100_000)}
	r.id = id
	r.link = record.Genesis(r.engine, id)
	r.client = paho.NewClient(paho.NewClientOptions().AddBroker("ssl://" + l.address).SetClientID(id.String()).
		SetAutoReconnect(false).SetMessageChannelDepth(1000).SetOrderMatters(false).
		SetTLSConfig(&tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: l.authority.Pool()}))
	wait(tb, r.client.Connect())
	tb.Cleanup(func() { r.client.Disconnect(0) })
	wait(tb, r.client.Subscribe(topic.Name(id, topic.Down), topic.SubscribeQoS, func(_ paho.Client, m paho.Message) { r.down <- m.Payload() }))
	return r
}

func wait(tb testing.TB, token paho.Token) {
	require.True(tb, token.WaitTimeout(patience))
	require.NoError(tb, token.Error())
}

// open signs in over the wire.
func (r *remote) open(tb testing.TB) {
	nonce := [seal.NonceSize]byte{9}
	r.client.Publish(topic.Name(r.id, topic.SignIn), topic.PublishQoS, false, r.signInRequest(nonce))
	answer, header, err := record.Parse(r.receive(tb))
	require.NoError(tb, err)
	require.NoError(tb, answer.Verify(seal.SignInMAC(r.engine, r.terminalKey())))
	var body message.SignInAnswer
	require.NoError(tb, proto.Unmarshal(answer.Body(), &body))
	r.current = seal.DeriveKeys(r.engine, r.terminalKey(), header.Epoch, nonce, [seal.NonceSize]byte(body.GetCloudNonce()))
	r.keys[header.Epoch] = r.current
	r.publish(r.batch(r.epochOpened()))
	r.until(tb, 1)
}

func (r *remote) publish(batch []byte) {
	r.client.Publish(topic.Name(r.id, topic.Up), topic.PublishQoS, false, batch)
}

func (r *remote) receive(tb testing.TB) []byte {
	select {
	case m := <-r.down:
		return m
	case <-time.After(patience):
		head, err := r.w.store.Head(context.Background(), r.id)
		require.FailNow(tb, "no answer", "stored: %+v, %v", head, err)
		return nil
	}
}

// until waits for the acknowledgement of a sequence and returns how far it went.
func (r *remote) until(tb testing.TB, sequence uint64) uint64 {
	for {
		f := record.Frame(r.receive(tb))
		header, err := record.ParseHeader(f)
		require.NoError(tb, err)
		opened, _, err := f.Open(r.keys[header.Epoch].Envelope, header)
		require.NoError(tb, err)
		require.Equal(tb, record.Acknowledgement, header.Type)
		var ack message.Acknowledgement
		require.NoError(tb, proto.Unmarshal(opened.Body(), &ack))
		if ack.GetHighWater() >= sequence {
			return ack.GetHighWater()
		}
	}
}

func TestOverBroker(t *testing.T) {
	l := newLine(t)
	var all sync.WaitGroup
	for n := range 5 {
		r := l.dial(t, record.Terminal([]byte(fmt.Sprintf("%08d", 20000000+n))))
		r.open(t)
		all.Go(func() {
			for range 20 {
				r.publish(r.batch(r.fault("a"), r.fault("b"), r.fault("c")))
			}
			r.until(t, 61)
		})
	}
	all.Wait()
	counts, err := l.store.Counts(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5*61, counts.Records)
	require.Zero(t, counts.Missing)
	require.Zero(t, counts.Alarms)
}

// TestAFloodOverBroker: one terminal floods while another works.
func TestAFloodOverBroker(t *testing.T) {
	l := newLine(t)
	bad := l.dial(t, record.Terminal([]byte("20000001")))
	bad.open(t)
	good := l.dial(t, record.Terminal([]byte("20000002")))
	good.open(t)
	garbage := bad.spoiled(512)
	for range 100 {
		bad.publish(garbage)
		good.publish(good.batch(good.fault("a"), good.fault("b")))
	}
	require.EqualValues(t, 201, good.until(t, 201))
	l.eventually(func() bool { return l.door.Shut(bad.id) && !bad.client.IsConnected() }, "it is disconnected")
	require.False(t, l.door.Shut(good.id))
	require.True(t, good.client.IsConnected())
	l.eventually(func() bool { return l.alarms()["flood"] == 1 }, "somebody is told")
}

// BenchmarkBroker is the whole way with terminals, broker, collector and store in one process: 100 terminals that keep
// at most 1,000 records in flight.
func BenchmarkBroker(b *testing.B) {
	const terminals, window = 100, 1000
	for _, size := range []int{50, 1} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l := newLine(b)
			remotes, messages := make([]*remote, terminals), make([][][]byte, terminals)
			for n := range remotes {
				remotes[n] = l.dial(b, record.Terminal([]byte(fmt.Sprintf("%08d", 20000000+n))))
				remotes[n].open(b)
			}
			for i := 0; i < b.N; i += size {
				n := i / size % terminals
				records := make([]record.Record, size)
				for j := range records {
					records[j] = remotes[n].fault(string(make([]byte, 100)))
				}
				messages[n] = append(messages[n], remotes[n].batch(records...))
			}
			b.ResetTimer()
			var all sync.WaitGroup
			for n, r := range remotes {
				all.Go(func() {
					sent, acknowledged := uint64(1), uint64(1)
					for _, m := range messages[n] {
						for sent-acknowledged > window-uint64(size) {
							acknowledged = r.until(b, acknowledged+1)
						}
						r.publish(m)
						sent += uint64(size)
					}
					if acknowledged < sent {
						r.until(b, sent)
					}
				})
			}
			all.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
