package agent_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// fakeJournal keeps everything in memory and fails on demand. It survives its agent as a file would.
type fakeJournal struct {
	mu      sync.Mutex
	mac     *seal.MAC
	records []record.Record
	sales   []journal.Sale // in the order they began
	follow  []journal.FollowUp
	fail    error
	room    error
	tries   int // appends, whether they failed or not
	epoch   uint32
	// acknowledged is the sequence up to which the cloud has said that it has everything.
	acknowledged uint64
	// searching and recording block FindLabel, and the record of a lookup, until they are closed or their caller leaves.
	searching, recording chan struct{}
}

func newFakeJournal() *fakeJournal {
	return &fakeJournal{mac: seal.NewMAC(seal.Portable(), make([]byte, seal.KeySize)), epoch: 1}
}

func (j *fakeJournal) change(apply func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	apply()
}

// wait blocks on what change has set; nil does not block.
func (j *fakeJournal) wait(ctx context.Context, until chan struct{}) error {
	if until == nil {
		return nil
	}
	select {
	case <-until:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *fakeJournal) Append(ctx context.Context, entries ...journal.Entry) ([]record.Record, error) {
	if entries[0].Type == record.OrderLookup {
		j.mu.Lock()
		until := j.recording
		j.mu.Unlock()
		if err := j.wait(ctx, until); err != nil {
			return nil, err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tries++
	switch {
	case j.fail != nil:
		return nil, j.fail
	case j.epoch == 0:
		return nil, journal.ErrNoEpoch
	}
	var made []record.Record
	for _, entry := range entries {
		body, err := proto.Marshal(entry.Body)
		if err != nil {
			return nil, err
		}
		built, err := record.Build(j.mac, record.Header{
			Direction: seal.Up, Type: entry.Type, Epoch: j.epoch, Sequence: uint64(len(j.records) + 1), Terminal: terminal,
			Time: time.Now(),
		}, body)
		if err != nil {
			return nil, err
		}
		j.records = append(j.records, built)
		made = append(made, built)
		if entry.Sale != nil {
			j.keep(*entry.Sale, uint64(len(j.records)))
		}
		if entry.FollowUp != nil {
			j.keepFollowUp(*entry.FollowUp, uint64(len(j.records)))
		}
	}
	return made, nil
}

func (j *fakeJournal) keep(snapshot journal.Snapshot, sequence uint64) {
	for i := range j.sales {
		if j.sales[i].OrderID == snapshot.OrderID {
			j.sales[i].Snapshot, j.sales[i].Last = snapshot, sequence
			return
		}
	}
	j.sales = append(j.sales, journal.Sale{Snapshot: snapshot, First: sequence, Last: sequence})
}

func (j *fakeJournal) Room() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.room
}

func (j *fakeJournal) Tail() journal.Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return journal.Position{Sequence: uint64(len(j.records)), Epoch: j.epoch}
}

func (j *fakeJournal) Waiting(first, last uint64) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	first, last = max(first, j.acknowledged+1, 1), min(last, uint64(len(j.records)))
	if first > last {
		return 0
	}
	return last - first + 1
}

func (j *fakeJournal) Counts(context.Context) (journal.Counts, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return journal.Counts{Records: uint64(len(j.records)), Sales: uint64(len(j.sales))}, nil
}

func (j *fakeJournal) OpenSales(context.Context) ([]journal.Sale, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var open []journal.Sale
	for _, sale := range j.sales {
		if sale.Open {
			open = append(open, sale)
		}
	}
	return open, nil
}

func (j *fakeJournal) LastSales(_ context.Context, n int) ([]journal.Sale, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	latest := slices.Clone(j.sales)
	slices.Reverse(latest)
	return latest[:min(n, len(latest))], nil
}

func (j *fakeJournal) Find(_ context.Context, id journal.OrderID) (journal.Sale, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, sale := range j.sales {
		if sale.OrderID == id {
			return sale, nil
		}
	}
	return journal.Sale{}, journal.ErrNotFound
}

func (j *fakeJournal) Get(_ context.Context, sequence uint64) (record.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if sequence == 0 || sequence > uint64(len(j.records)) {
		return nil, journal.ErrNotFound
	}
	return j.records[sequence-1], nil
}

func (j *fakeJournal) Landmarks(_ context.Context, kind record.Type, before uint64, limit int) ([]record.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []record.Record
	for _, r := range slices.Backward(j.records) {
		header, err := record.ParseHeader(r)
		if err != nil {
			return nil, err
		}
		if header.Type == kind && (before == 0 || header.Sequence < before) && len(found) < limit {
			found = append(found, r)
		}
	}
	return found, nil
}

func (j *fakeJournal) Records(_ context.Context, after uint64, recordsMax, _ int) ([]record.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if after >= uint64(len(j.records)) {
		return nil, nil
	}
	rest := j.records[after:]
	return slices.Clone(rest[:min(len(rest), recordsMax)]), nil
}

// all returns the records so far.
func (j *fakeJournal) all() []record.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.records)
}

// types lists what was recorded about sales, in order.
func (j *fakeJournal) types(t *testing.T) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var names []string
	for _, r := range j.records {
		header, err := record.ParseHeader(r)
		require.NoError(t, err)
		if header.Type != record.AgentStarted && header.Type != record.ShiftOpened {
			names = append(names, header.Type.String())
		}
	}
	return names
}

func (j *fakeJournal) keepFollowUp(snapshot journal.FollowUpSnapshot, sequence uint64) {
	for i := range j.follow {
		if j.follow[i].ID == snapshot.ID {
			j.follow[i].FollowUpSnapshot, j.follow[i].Last = snapshot, sequence
			return
		}
	}
	j.follow = append(j.follow, journal.FollowUp{
		FollowUpSnapshot: snapshot, Number: uint64(len(j.follow) + 1), First: sequence, Last: sequence,
	})
}

func (j *fakeJournal) pick(wanted func(journal.FollowUp) bool) []journal.FollowUp {
	j.mu.Lock()
	defer j.mu.Unlock()
	var picked []journal.FollowUp
	for _, f := range j.follow {
		if wanted(f) {
			picked = append(picked, f)
		}
	}
	return picked
}

func (j *fakeJournal) OpenFollowUps(context.Context) ([]journal.FollowUp, error) {
	return j.pick(func(f journal.FollowUp) bool { return f.Open }), nil
}

func (j *fakeJournal) LastFollowUps(_ context.Context, n int) ([]journal.FollowUp, error) {
	all := j.pick(func(journal.FollowUp) bool { return true })
	slices.Reverse(all)
	return all[:min(n, len(all))], nil
}

func (j *fakeJournal) FollowUpsOf(_ context.Context, order journal.OrderID) ([]journal.FollowUp, error) {
	return j.pick(func(f journal.FollowUp) bool { return f.OrderID == order }), nil
}

func (j *fakeJournal) FindFollowUp(_ context.Context, id journal.FollowUpID) (journal.FollowUp, error) {
	found := j.pick(func(f journal.FollowUp) bool { return f.ID == id })
	if len(found) == 0 {
		return journal.FollowUp{}, journal.ErrNotFound
	}
	return found[0], nil
}

func (j *fakeJournal) FindLabel(ctx context.Context, label string) (journal.Sale, error) {
	j.mu.Lock()
	until := j.searching
	j.mu.Unlock()
	if err := j.wait(ctx, until); err != nil {
		return journal.Sale{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.sales) - 1; i >= 0; i-- {
		if slices.Contains(agent.SaleLabels(j.sales[i].State), label) {
			return j.sales[i], nil
		}
	}
	return journal.Sale{}, journal.ErrNotFound
}

// fakeCloud answers what is sent to it the way its script says. It remembers payments as the cloud does.
type fakeCloud struct {
	mu       sync.Mutex
	results  chan *message.PaymentResult
	follow   chan *message.FollowUpResult
	found    chan *message.OrderFound
	refusals chan *message.Refusal
	// answerFollow and answerLookup answer those; nil does not.
	answerFollow func(*message.FollowUpRequested, int) *message.FollowUpResult
	answerLookup func(*message.OrderLookup, int) *message.OrderFound
	answer       func(sent sent) *message.PaymentResult // nil: no answer
	sent         []sent
	secrets      map[uint64][]byte
	stopped      string
	// offline and lastError are what Status says of the connection.
	offline   bool
	lastError string
	// clockOffset is what the till is told of its clock.
	clockOffset time.Duration
	// heardAt is when the till last heard it.
	heardAt time.Time
}

// sent is one record that reached the cloud.
type sent struct {
	kind     record.Type
	sequence uint64
	order    []byte
	payment  *message.PaymentRequested // nil unless it is one
	followUp *message.FollowUpRequested
	lookup   *message.OrderLookup
	secret   string
	times    int // how often this record came, from 1
}

func newFakeCloud(answer func(sent) *message.PaymentResult) *fakeCloud {
	return &fakeCloud{
		results: make(chan *message.PaymentResult, 64), refusals: make(chan *message.Refusal, 8),
		follow: make(chan *message.FollowUpResult, 64), found: make(chan *message.OrderFound, 8),
		answer: answer, secrets: make(map[uint64][]byte),
	}
}

func (c *fakeCloud) SendNow(rec record.Record, secret []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, header, err := record.Parse(rec)
	if err != nil {
		return err
	}
	if secret != nil {
		c.secrets[header.Sequence] = slices.Clone(secret)
	}
	s := sent{kind: header.Type, sequence: header.Sequence, secret: string(c.secrets[header.Sequence]), times: 1}
	switch header.Type {
	case record.PaymentRequested:
		s.payment = &message.PaymentRequested{}
		if err := proto.Unmarshal(rec.Body(), s.payment); err != nil {
			return err
		}
		s.order = s.payment.GetOrderId()
	case record.FollowUpRequested:
		s.followUp = &message.FollowUpRequested{}
		if err := proto.Unmarshal(rec.Body(), s.followUp); err != nil {
			return err
		}
	case record.OrderLookup:
		s.lookup = &message.OrderLookup{}
		if err := proto.Unmarshal(rec.Body(), s.lookup); err != nil {
			return err
		}
	default:
		var reversal message.ReversalRequested
		if err := proto.Unmarshal(rec.Body(), &reversal); err != nil {
			return err
		}
		s.order = reversal.GetOrderId()
	}
	for _, before := range c.sent {
		if before.sequence == s.sequence {
			s.times++
		}
	}
	c.sent = append(c.sent, s)
	c.reply(s)
	return nil
}

// reply sends what the script says.
func (c *fakeCloud) reply(s sent) {
	switch {
	case s.followUp != nil:
		if c.answerFollow == nil {
			return
		}
		if result := c.answerFollow(s.followUp, s.times); result != nil {
			c.follow <- result
		}
	case s.lookup != nil:
		if c.answerLookup == nil {
			return
		}
		if found := c.answerLookup(s.lookup, s.times); found != nil {
			c.found <- found
		}
	default:
		if result := c.answer(s); result != nil {
			c.results <- result
		}
	}
}

// say changes what the cloud answers from now on.
func (c *fakeCloud) say(answer func(sent) *message.PaymentResult) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// change alters what the script looks at.
func (c *fakeCloud) change(apply func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	apply()
}

func (c *fakeCloud) ClockOffset() time.Duration { return c.clockOffset }

func (c *fakeCloud) Forget(sequence uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.secrets[sequence])
	delete(c.secrets, sequence)
}

func (c *fakeCloud) Status() uplink.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uplink.Status{
		Connected: !c.offline, Broker: "broker:8883", Epoch: 1, Stopped: c.stopped, LastError: c.lastError,
		HeardAt: c.heardAt, HeardSteady: c.heardAt,
	}
}

func (c *fakeCloud) Results() <-chan *message.PaymentResult { return c.results }
func (c *fakeCloud) Refusals() <-chan *message.Refusal      { return c.refusals }

func (c *fakeCloud) FollowUpResults() <-chan *message.FollowUpResult { return c.follow }
func (c *fakeCloud) OrdersFound() <-chan *message.OrderFound         { return c.found }

func (c *fakeCloud) count(kind record.Type) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, s := range c.sent {
		if s.kind == kind {
			n++
		}
	}
	return n
}

func (c *fakeCloud) secretsKept() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.secrets)
}

// result is an answer to a payment of ¥12.50.
func result(s sent, stage message.Stage, outcome message.Outcome, revision uint32) *message.PaymentResult {
	return &message.PaymentResult{
		OrderId: s.order, Stage: stage, Outcome: outcome, Revision: revision, Amount: 1250, Currency: "CNY",
		Reference: "260501000001", Authorisation: "A1B2C3", PayerOperator: "工商银行", WalletMasked: "001234******5678",
		DecidedAt: time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC).UnixMicro(),
	}
}

func approve(s sent) *message.PaymentResult {
	return result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_APPROVED, 1)
}

func decline(s sent) *message.PaymentResult {
	r := result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_DECLINED, 1)
	r.Reason = message.Reason_REASON_INSUFFICIENT_FUNDS
	return r
}

func silence(sent) *message.PaymentResult { return nil }

var terminal = record.Terminal([]byte("10000001"))

func config() agent.Config {
	c := agent.DefaultConfig()
	c.Version, c.Terminal = "1.0", terminal
	c.Merchant = agent.Merchant{Name: "幸福小吃店", ID: "102290053110001", Acquirer: "收单机构"}
	c.Device = &message.TerminalBlock{SerialNumber: "YT0001"}
	c.CheckBase = "https://check.example"
	return c
}

// shop is a running till with its devices and its cloud.
type shop struct {
	journal *fakeJournal
	cloud   *fakeCloud
	scanner *drivertest.Scanner
	reader  *drivertest.CardReader
	printer *drivertest.Printer
	issuers *hardwallet.Pool
	limits  *fakeLimits // nil: nothing is accepted offline
	feed    *station.Feed
	till    station.Desk
	// identity signs the ends of shifts; config is the till's unless it is nil.
	identity *sign.Key
	config   *agent.Config
	stop     func()
}

func opener[T any](device T) agent.Opener[T] {
	return func(context.Context) (agent.Opened[T], error) {
		return agent.Opened[T]{Device: device, Close: func() error { return nil }}, nil
	}
}

func newShop(answer func(sent) *message.PaymentResult) *shop {
	return &shop{
		journal: newFakeJournal(), cloud: newFakeCloud(answer), scanner: drivertest.NewScanner(),
		reader: drivertest.NewCardReader(), printer: drivertest.NewPrinter(),
	}
}

// open starts the till; opening again after stop is a restart.
func (s *shop) open(t *testing.T) {
	t.Helper()
	s.openWith(t, opener[drivers.Scanner](s.scanner), opener[drivers.CardReader](s.reader), opener[drivers.Printer](s.printer))
}

func (s *shop) openWith(
	t *testing.T, scanner agent.Opener[drivers.Scanner], reader agent.Opener[drivers.CardReader], printer agent.Opener[drivers.Printer],
) {
	t.Helper()
	s.feed = station.NewFeed(time.Now())
	chosen := config()
	if s.config != nil {
		chosen = *s.config
	}
	parts := agent.Parts{
		Identity: s.identity,
		Journal:  s.journal, Uplink: s.cloud, Scanner: scanner, Reader: reader, Printer: printer, Issuers: s.issuers,
		Clock: time.Now, Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if s.limits != nil {
		parts.Offline = &agent.OfflineParts{Journal: s.journal, Answers: s.limits, Steady: time.Now}
	}
	a, err := agent.New(chosen, parts, s.feed)
	require.NoError(t, err)
	s.till = a.Till()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-ended)
	}
	t.Cleanup(s.stop)
}

func yuan(minor int64) money.Money { return money.Money{Minor: minor, Currency: money.CNY} }

// unmarshal reads a record's body.
func unmarshal[M proto.Message](t *testing.T, r record.Record, body M) M {
	t.Helper()
	require.NoError(t, proto.Unmarshal(r.Body(), body))
	return body
}
