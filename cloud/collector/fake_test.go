package collector_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
	"github.com/yuantill/yuantill/protocol/topic"
)

const patience = 20 * time.Second

var terminalID = record.Terminal([]byte("10000001"))

// root is a root key of zeros.
type root struct{}

func (root) TerminalKey(terminal record.Terminal, version uint16) [seal.KeySize]byte {
	return [seal.KeySize]byte(seal.TerminalKey(fast.Engine(), make([]byte, seal.KeySize), terminal.String(), version))
}

// wire is a broker that keeps what is published.
type wire struct {
	messages chan []byte
}

func (w *wire) Publish(_ string, data []byte) error {
	w.messages <- data
	return nil
}

// clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a collector over a real store with one enrolled terminal.
type world struct {
	tb        testing.TB
	path      string
	store     *sqlite.Store
	wire      *wire
	publisher collector.Publisher // of the next start; nil for a wire of its own
	clock     *clock
	downlink  *collector.Downlink
	collector *collector.Collector
	sick      *sickStore // what the collector has for a store
	stop      func()
	byHand    bool              // the collector is worked step by step
	behind    []record.Terminal // whose sign-ins showed that the books are an older copy
	door      *collector.Door
	// disconnect ends a terminal's connection; nil when nobody can.
	disconnect func(record.Terminal) error
	consumers  map[record.Type]collector.Consumer
}

func newWorld(tb testing.TB, consumers map[record.Type]collector.Consumer) *world {
	return newWorldOn(tb, consumers, nil)
}

// newWorldByHand is one whose collector is worked step by step.
func newWorldByHand(tb testing.TB) *world {
	w := newWorld(tb, nil)
	w.byHand = true
	w.restart()
	return w
}

// newWorldOn publishes elsewhere than on a wire of its own.
func newWorldOn(tb testing.TB, consumers map[record.Type]collector.Consumer, publisher collector.Publisher) *world {
	w := &world{tb: tb, publisher: publisher, path: filepath.Join(tb.TempDir(), "cloud.db"), consumers: consumers,
		clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}}
	w.start()
	require.NoError(tb, w.store.Commit(context.Background(), store.Change{Terminals: []store.Terminal{
		{ID: terminalID, Merchant: "301310053110001", KeyVersion: 1, State: store.TerminalActive}}}))
	tb.Cleanup(func() { w.stop() })
	return w
}

// start opens the store and runs a collector on it, as a new process would.
func (w *world) start() {
	var err error
	ctx, cancel := context.WithCancel(context.Background())
	w.store, err = sqlite.Open(ctx, w.path, sqlite.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(w.tb, err)
	w.sick = &sickStore{Store: w.store}
	w.wire = &wire{messages: make(chan []byte, 100_000)}
	publisher := w.publisher
	if publisher == nil {
		publisher = w.wire
	}
	w.downlink, err = collector.NewDownlink(ctx, collector.DownlinkConfig{Store: w.sick, Leaser: w.store, Root: root{},
		Engine: fast.Engine(), Publisher: publisher, Clock: w.clock.Now})
	require.NoError(w.tb, err)
	w.door = collector.NewDoor(w.clock.Now)
	w.collector, err = collector.New(collector.Config{Downlink: w.downlink, Consumers: w.consumers, Random: rand.Reader,
		Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Workers: 2, Door: w.door, Disconnect: w.disconnect,
		BooksBehind: func(id record.Terminal) { w.behind = append(w.behind, id) }})
	require.NoError(w.tb, err)
	done := make(chan error, 1)
	if w.byHand {
		done <- nil
	} else {
		go func() { done <- w.collector.Run(ctx) }()
	}
	var once sync.Once
	w.stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(w.tb, <-done)
			require.NoError(w.tb, w.store.Close())
		})
	}
}

func (w *world) restart() {
	w.stop()
	w.start()
}

func (w *world) deliver(lane topic.Lane, data []byte) {
	m := collector.Message{Subject: topic.Subject(terminalID, lane), Data: data}
	if !w.byHand {
		w.collector.Deliver(m)
		return
	}
	w.collector.Handle(context.Background(), m)
	// What was submitted before is told before.
	require.NoError(w.tb, w.store.Commit(context.Background(), store.Change{Alarms: []store.Alarm{{Key: "barrier"}}}))
	w.collector.Acknowledge(context.Background())
}

// next returns the next message to the terminal.
func (w *world) next() []byte {
	w.tb.Helper()
	select {
	case m := <-w.wire.messages:
		return m
	case <-time.After(patience):
		require.FailNow(w.tb, "no answer")
		return nil
	}
}

// till is the terminal's side: keys, chain, and what it has sent.
type till struct {
	acked     uint64 // what it says was acknowledged
	lastEpoch uint32 // what it says is its newest epoch
	w         *world
	id        record.Terminal
	engine    seal.Engine
	keys      map[uint32]*seal.Keys
	current   *seal.Keys
	sequence  uint64
	link      seal.Hash
	records   []record.Record
	answers   map[uint64]bool
	version   uint16 // of its key
}

func newTill(w *world) *till {
	engine := seal.Portable()
	return &till{w: w, id: terminalID, engine: engine, keys: make(map[uint32]*seal.Keys),
		link: record.Genesis(engine, terminalID), answers: make(map[uint64]bool), version: 1}
}

func (t *till) terminalKey() []byte {
	key := root{}.TerminalKey(t.id, t.version)
	return key[:]
}

// signInRequest builds a request; the nonce is its only secret.
func (t *till) signInRequest(nonce [seal.NonceSize]byte) []byte {
	body, err := proto.Marshal(&message.SignIn{TerminalNonce: nonce[:], LastSequence: t.sequence, LastLink: t.link[:],
		Acknowledged: t.acked, LastEpoch: t.lastEpoch})
	require.NoError(t.w.tb, err)
	request, err := record.Build(seal.SignInMAC(t.engine, t.terminalKey()), record.Header{Direction: seal.Up,
		Type: record.SignIn, KeyVersion: t.version, Terminal: t.id, Time: t.w.clock.Now()}, body)
	require.NoError(t.w.tb, err)
	return request
}

// signIn signs in and checks all that a terminal must check.
func (t *till) signIn() *message.SignInAnswer {
	tb := t.w.tb
	nonce := [seal.NonceSize]byte{1, 2, 3, byte(len(t.keys))}
	t.w.deliver(topic.SignIn, t.signInRequest(nonce))
	answer, header, err := record.Parse(t.w.next())
	require.NoError(tb, err)
	require.Equal(tb, record.SignInAnswer, header.Type)
	require.Equal(tb, seal.Down, header.Direction)
	require.Zero(tb, header.Sequence)
	require.NoError(tb, answer.Verify(seal.SignInMAC(t.engine, t.terminalKey())))
	var body message.SignInAnswer
	require.NoError(tb, proto.Unmarshal(answer.Body(), &body))
	require.Equal(tb, nonce[:], body.GetTerminalNonce())
	t.current = seal.DeriveKeys(t.engine, t.terminalKey(), header.Epoch, nonce, [seal.NonceSize]byte(body.GetCloudNonce()))
	t.keys[header.Epoch] = t.current
	check := t.current.RecordCheckValue()
	require.Equal(tb, check[:], body.GetCheckValue())
	return &body
}

// open signs in and sends the epoch's first record.
func (t *till) open() {
	t.signIn()
	t.send(topic.Up, t.epochOpened())
	t.acknowledged(t.sequence)
}

func (t *till) epochOpened() record.Record {
	return t.record(record.EpochOpened, &message.EpochOpened{Epoch: t.current.Epoch})
}

// record makes the next record of the journal.
func (t *till) record(kind record.Type, body proto.Message) record.Record {
	t.sequence++
	r := t.forge(t.current, t.sequence, t.link, kind, body)
	t.link = r.Link(t.engine)
	t.records = append(t.records, r)
	return r
}

// forge makes any record under any of the terminal's keys.
func (t *till) forge(keys *seal.Keys, sequence uint64, previous seal.Hash, kind record.Type, body proto.Message) record.Record {
	content, err := proto.Marshal(body)
	require.NoError(t.w.tb, err)
	r, err := record.Build(keys.Record, record.Header{Direction: seal.Up, Type: kind, KeyVersion: 1, Epoch: keys.Epoch,
		Sequence: sequence, Time: t.w.clock.Now(), Terminal: t.id, Previous: previous}, content)
	require.NoError(t.w.tb, err)
	return r
}

func (t *till) fault(text string) record.Record {
	return t.record(record.DeviceFault, &message.DeviceFault{Device: "printer", Fault: text})
}

func (t *till) frame(r record.Record, secret []byte) record.Frame {
	header, err := record.ParseHeader(r)
	require.NoError(t.w.tb, err)
	f, err := record.Seal(t.keys[header.Epoch].Envelope, r, secret)
	require.NoError(t.w.tb, err)
	return f
}

func (t *till) batch(records ...record.Record) []byte {
	frames := make([]record.Frame, len(records))
	for i, r := range records {
		frames[i] = t.frame(r, nil)
	}
	return record.AppendBatch(nil, frames...)
}

func (t *till) send(lane topic.Lane, records ...record.Record) {
	t.w.deliver(lane, t.batch(records...))
}

// answer opens the next answer with everything a terminal checks.
func (t *till) answer() (record.Type, []byte) {
	tb := t.w.tb
	tb.Helper()
	f := record.Frame(t.w.next())
	header, err := record.ParseHeader(f)
	require.NoError(tb, err)
	require.Equal(tb, seal.Down, header.Direction)
	require.False(tb, t.answers[header.Sequence], "a sequence was used twice: the same nonce for other bytes")
	t.answers[header.Sequence] = true
	keys := t.keys[header.Epoch]
	require.NotNil(tb, keys, "sealed for an epoch the terminal does not have")
	opened, _, err := f.Open(keys.Envelope, header)
	require.NoError(tb, err)
	require.NoError(tb, opened.Verify(keys.Answer))
	return header.Type, opened.Body()
}

// acknowledged reads answers until the high-water mark reaches a sequence.
func (t *till) acknowledged(sequence uint64) *message.Acknowledgement {
	t.w.tb.Helper()
	for {
		ack := t.acknowledgement()
		if ack.GetHighWater() >= sequence {
			return ack
		}
	}
}

func (t *till) acknowledgement() *message.Acknowledgement {
	t.w.tb.Helper()
	kind, body := t.answer()
	require.Equal(t.w.tb, record.Acknowledgement, kind)
	var ack message.Acknowledgement
	require.NoError(t.w.tb, proto.Unmarshal(body, &ack))
	if high := ack.GetHighWater(); high > 0 && high <= uint64(len(t.records)) {
		link := t.records[high-1].Link(t.engine)
		require.Equal(t.w.tb, link[:], ack.GetHighWaterLink(), "the acknowledgement is about another chain")
	}
	return &ack
}

func (t *till) refusal() *message.Refusal {
	t.w.tb.Helper()
	for {
		kind, body := t.answer()
		if kind == record.Acknowledgement {
			continue
		}
		require.Equal(t.w.tb, record.Refusal, kind)
		var refusal message.Refusal
		require.NoError(t.w.tb, proto.Unmarshal(body, &refusal))
		return &refusal
	}
}
