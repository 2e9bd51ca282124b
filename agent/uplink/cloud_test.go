package uplink_test

import (
	"crypto/rand"
	"log/slog"
	mrand "math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
	"github.com/yuantill/yuantill/protocol/topic"
)

var terminal = record.Terminal([]byte("10000001"))

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// broker is a real NATS server with its MQTT listener behind TLS 1.3 and client certificates.
type broker struct {
	server *natsserver.Server
	port   int
}

// admission lets terminals in by their certificate and gives them their topics.
type admission struct {
	deaf bool
	shut atomic.Bool // turns every terminal away
}

func (a *admission) Check(c natsserver.ClientAuthentication) bool {
	state := c.GetTLSConnectionState()
	if state == nil { // the in-process cloud
		return c.GetOpts().Password == "cloud"
	}
	if a.shut.Load() {
		return false
	}
	name := state.PeerCertificates[0].Subject.CommonName
	hears := "yt.v1." + name + ".down"
	if a.deaf {
		hears = "yt.v1." + name + ".elsewhere"
	}
	c.RegisterUser(&natsserver.User{Username: name, Permissions: &natsserver.Permissions{
		Publish:   &natsserver.SubjectPermission{Allow: []string{"yt.v1." + name + ".>"}},
		Subscribe: &natsserver.SubjectPermission{Allow: []string{hears}},
	}})
	return true
}

func startBroker(t testing.TB, authority *enrolmenttest.Authority, port int, a *admission) *broker {
	t.Helper()
	options := &natsserver.Options{
		ServerName: "test", DontListen: true, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		CustomClientAuthentication: a,
	}
	options.MQTT.Host, options.MQTT.Port = "127.0.0.1", port
	options.MQTT.TLSConfig = authority.ServerTLS(t)
	options.MQTT.TLSTimeout = 5
	server, err := natsserver.NewServer(options)
	require.NoError(t, err)
	server.Start()
	require.True(t, server.ReadyForConnections(patience))
	b := &broker{server: server, port: options.MQTT.Port}
	t.Cleanup(b.stop)
	return b
}

func (b *broker) stop() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// cloud is the least that behaves like the cloud: it stores, checks and answers, and can be made to misbehave.
type cloud struct {
	t       testing.TB
	engine  seal.Engine
	key     [seal.KeySize]byte
	mu      sync.Mutex
	changed chan struct{} // closed and replaced on every change
	connect *nats.Conn
	deliver func([]byte) // takes the answers of a cloud without a broker

	epoch    uint32
	used     uint32 // the newest epoch of a record that came
	keys     map[uint32]*seal.Keys
	records  map[uint64]record.Record
	secrets  map[uint64]string
	seen     map[uint64]int // how often a sequence arrived
	lanes    map[uint64][]topic.Lane
	acked    uint64
	high     uint64
	top      uint64
	counter  uint64
	signIns  int
	messages int

	silent  bool                             // stores, says nothing
	patient bool                             // answers under the newest epoch it has a record of, as the real cloud does
	dropped map[uint64]int                   // how often to lose a sequence before storing it
	refused map[uint64]message.Refusal_Cause // what to refuse
	forged  bool                             // acknowledges with a wrong link
	results bool                             // answers payments
	ended   uint32                           // epochs up to this one are refused
	base    uint64                           // records it had from another copy of the journal
	baseEnd seal.Hash
	named   uint64 // what the terminal is told that it named before
}

func newCloud(t testing.TB) *cloud {
	return &cloud{
		t: t, engine: fast.Engine(), key: enrolmenttest.TerminalKey(terminal.String()), changed: make(chan struct{}),
		keys: map[uint32]*seal.Keys{}, records: map[uint64]record.Record{}, secrets: map[uint64]string{},
		seen: map[uint64]int{}, lanes: map[uint64][]topic.Lane{}, dropped: map[uint64]int{},
		refused: map[uint64]message.Refusal_Cause{}, results: true,
	}
}

// attach connects the cloud to a broker.
func (c *cloud) attach(b *broker) {
	connection, err := nats.Connect("", nats.InProcessServer(b.server), nats.UserInfo("cloud", "cloud"))
	require.NoError(c.t, err)
	c.mu.Lock()
	c.connect = connection
	c.mu.Unlock()
	for _, lane := range []topic.Lane{topic.SignIn, topic.Now, topic.Up} {
		subscription, err := connection.Subscribe(topic.Wildcard(lane), func(m *nats.Msg) { c.receive(lane, m.Data) })
		require.NoError(c.t, err)
		require.NoError(c.t, subscription.SetPendingLimits(-1, -1))
	}
	require.NoError(c.t, connection.Flush())
	c.t.Cleanup(connection.Close)
}

func (c *cloud) receive(lane topic.Lane, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages++
	if lane == topic.SignIn {
		c.signIn(data)
	} else {
		frames, err := record.SplitBatch(data)
		if err != nil {
			c.t.Errorf("split batch: %v", err)
		}
		for _, frame := range frames {
			c.store(lane, frame)
		}
		c.acknowledge()
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *cloud) signIn(data []byte) {
	r, header, err := record.Parse(data)
	if err != nil || r.Verify(seal.SignInMAC(c.engine, c.key[:])) != nil {
		c.t.Errorf("sign-in does not verify: %v", err)
		return
	}
	request := new(message.SignIn)
	if err := proto.Unmarshal(r.Body(), request); err != nil {
		c.t.Errorf("sign-in: %v", err)
	}
	c.signIns++
	if c.silent {
		return
	}
	c.epoch++
	nonce := [seal.NonceSize]byte{byte(c.epoch), 9}
	keys := seal.DeriveKeys(c.engine, c.key[:], c.epoch, [16]byte(request.TerminalNonce), nonce)
	c.keys[c.epoch] = keys
	check := keys.RecordCheckValue()
	link, end := c.link(c.high), c.link(c.highest())
	answer, err := proto.Marshal(&message.SignInAnswer{
		TerminalNonce: request.TerminalNonce, CloudNonce: nonce[:], HighWater: c.high, HighWaterLink: link[:],
		Highest: c.highest(), HighestLink: end[:], CheckValue: check[:],
		Named: c.named, CloudTime: time.Now().Add(time.Hour).UnixMicro(),
	})
	if err != nil {
		c.t.Error(err)
	}
	built, err := record.Build(seal.SignInMAC(c.engine, c.key[:]), record.Header{
		Direction: seal.Down, Type: record.SignInAnswer, KeyVersion: header.KeyVersion, Epoch: c.epoch,
		Time: time.Now(), Terminal: terminal,
	}, answer)
	if err != nil {
		c.t.Error(err)
	}
	c.publish(built)
}

func (c *cloud) store(lane topic.Lane, frame record.Frame) {
	header, err := record.ParseHeader(frame)
	if err != nil || c.keys[header.Epoch] == nil || header.Epoch <= c.ended {
		c.refuse(header, message.Refusal_CAUSE_EPOCH)
		return
	}
	r, secret, err := frame.Open(c.keys[header.Epoch].Envelope, header)
	if err != nil || r.Verify(c.keys[header.Epoch].Record) != nil {
		c.t.Errorf("record %d does not open or verify: %v", header.Sequence, err)
		return
	}
	c.used = max(c.used, header.Epoch)
	c.seen[header.Sequence]++
	c.lanes[header.Sequence] = append(c.lanes[header.Sequence], lane)
	if cause, ok := c.refused[header.Sequence]; ok {
		c.refuse(header, cause)
		return
	}
	if c.dropped[header.Sequence] > 0 {
		c.dropped[header.Sequence]--
		return
	}
	if old := c.records[header.Sequence]; old != nil && string(old) != string(r) {
		c.refuse(header, message.Refusal_CAUSE_OTHER_BYTES)
		return
	}
	c.records[header.Sequence] = r
	c.top = max(c.top, header.Sequence)
	if secret != nil {
		c.secrets[header.Sequence] = string(secret)
	}
	if header.Type == record.PaymentRequested && lane == topic.Now && c.results {
		c.answer(header.Epoch, r)
	}
}

func (c *cloud) answer(epoch uint32, r record.Record) {
	request := new(message.PaymentRequested)
	if err := proto.Unmarshal(r.Body(), request); err != nil {
		c.t.Error(err)
	}
	c.send(epoch, record.PaymentResult, &message.PaymentResult{
		OrderId: request.OrderId, Outcome: message.Outcome_OUTCOME_APPROVED, Stage: message.Stage_STAGE_FINAL,
		Amount: request.Amount, Currency: request.Currency, Revision: 1,
	})
}

func (c *cloud) refuse(header record.Header, cause message.Refusal_Cause) {
	c.send(c.epoch, record.Refusal, &message.Refusal{Sequence: header.Sequence, Epoch: header.Epoch, Cause: cause})
}

func (c *cloud) highest() uint64 {
	return max(c.base, c.top)
}

func (c *cloud) link(sequence uint64) seal.Hash {
	switch {
	case c.forged:
		return seal.Hash{66}
	case sequence == 0:
		return record.Genesis(c.engine, terminal)
	case sequence == c.base:
		return c.baseEnd
	}
	return c.records[sequence].Link(c.engine)
}

// acknowledge says what is stored; c.acked only ever rises.
func (c *cloud) acknowledge() {
	c.high = max(c.high, c.base)
	for c.records[c.high+1] != nil {
		c.high++
	}
	if c.silent || c.epoch == 0 {
		return
	}
	c.acked = c.high
	link := c.link(c.high)
	ack := &message.Acknowledgement{HighWater: c.high, HighWaterLink: link[:], Highest: c.highest()}
	for sequence := c.high + 1; sequence < ack.Highest; sequence++ {
		if c.records[sequence] != nil {
			continue
		}
		if n := len(ack.Gaps); n > 0 && ack.Gaps[n-1].Last == sequence-1 {
			ack.Gaps[n-1].Last = sequence
			continue
		}
		ack.Gaps = append(ack.Gaps, &message.Gap{First: sequence, Last: sequence})
	}
	epoch := c.epoch
	if c.patient {
		epoch = c.used
	}
	c.send(epoch, record.Acknowledgement, ack)
}

func (c *cloud) send(epoch uint32, kind record.Type, body proto.Message) {
	keys := c.keys[epoch]
	if c.silent || keys == nil {
		return
	}
	encoded, err := proto.Marshal(body)
	if err != nil {
		c.t.Error(err)
	}
	c.counter++
	r, err := record.Build(keys.Answer, record.Header{
		Direction: seal.Down, Type: kind, KeyVersion: 1, Epoch: epoch, Sequence: 1<<32 | c.counter,
		Time: time.Now().Add(time.Hour), Terminal: terminal,
	}, encoded)
	if err != nil {
		c.t.Error(err)
	}
	frame, err := record.Seal(keys.Envelope, r, nil)
	if err != nil {
		c.t.Error(err)
	}
	c.publish(frame)
}

func (c *cloud) publish(data []byte) {
	if c.deliver != nil {
		c.deliver(data)
		return
	}
	if err := c.connect.Publish(topic.Subject(terminal, topic.Down), data); err != nil && !c.connect.IsClosed() {
		c.t.Error(err)
	}
}

// until waits until the cloud's state satisfies a condition.
func (c *cloud) until(what string, condition func() bool) {
	c.t.Helper()
	deadline := time.After(patience)
	for {
		c.mu.Lock()
		held, changed := condition(), c.changed
		c.mu.Unlock()
		if held {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			require.FailNow(c.t, "cloud never saw: "+what)
		}
	}
}

func (c *cloud) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// till is a terminal's journal, keyring and uplink.
type till struct {
	t         testing.TB
	enrolment string
	epochs    string // the keyring's file
	authority *enrolmenttest.Authority
	config    uplink.Config
	ring      *keyring.Keyring
	journal   *journal.Journal
	uplink    *uplink.Uplink
	stop      func()
}

func newTill(t testing.TB, authority *enrolmenttest.Authority, brokers ...string) *till {
	t.Helper()
	directory := t.TempDir()
	path := filepath.Join(directory, "enrolment.json")
	require.NoError(t, enrolment.Write(path, authority.Enrolment(t, terminal.String()), seal.Portable(), rand.Reader))
	epochs := filepath.Join(directory, "epochs.json")
	ring, err := keyring.Open(keyring.Config{EnrolmentPath: path, StatePath: epochs, Engine: seal.Portable()})
	require.NoError(t, err)
	c := uplink.DefaultConfig()
	c.Brokers, c.Logger, c.Random = brokers, slog.New(slog.DiscardHandler), mrand.Int64N
	c.Timings.BackoffBase, c.Timings.BackoffMax = 5*time.Millisecond, 50*time.Millisecond
	c.Timings.Ack, c.Timings.AckMax = 150*time.Millisecond, 300*time.Millisecond
	c.Timings.SignIn = 200 * time.Millisecond
	tl := &till{t: t, enrolment: path, epochs: epochs, authority: authority, config: c, ring: ring}
	tl.journal = tl.openJournal(filepath.Join(directory, "journal.db"))
	return tl
}

// loseAll leaves the machine its enrolment and nothing else: everything the cloud has is lost to it.
func (tl *till) loseAll() {
	tl.t.Helper()
	var err error
	tl.epochs = filepath.Join(tl.t.TempDir(), "epochs.json")
	tl.ring, err = keyring.Open(keyring.Config{EnrolmentPath: tl.enrolment, StatePath: tl.epochs, Engine: seal.Portable()})
	require.NoError(tl.t, err)
	tl.journal = tl.openJournal(filepath.Join(tl.t.TempDir(), "journal.db"))
}

func (tl *till) openJournal(path string) *journal.Journal {
	tl.t.Helper()
	return tl.openJournalOn(path, journal.DefaultConfig().Disk)
}

func (tl *till) openJournalOn(path string, disk journal.Disk) *journal.Journal {
	tl.t.Helper()
	c := journal.DefaultConfig()
	c.Disk = disk
	c.Path, c.Terminal, c.KeyVersion, c.Keyring = path, terminal, tl.ring.KeyVersion(), tl.ring
	c.RoomMin, c.BallastSize = 1<<20, 1<<16
	c.Logger = slog.New(slog.DiscardHandler)
	j, err := journal.Open(tl.t.Context(), c)
	require.NoError(tl.t, err)
	tl.t.Cleanup(func() { require.NoError(tl.t, j.Close()) })
	return j
}
