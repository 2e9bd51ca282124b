package payment_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

const (
	patience   = 30 * time.Second // a disk that others keep busy takes seconds for a commit
	merchantID = "301310053110001"
	otherID    = "301310053110002"
	code       = "0100000000000123456"
)

var (
	till        = record.Terminal([]byte("10000001"))
	secondTill  = record.Terminal([]byte("10000002")) // of the same merchant
	foreignTill = record.Terminal([]byte("20000001")) // of the other one
	opening     = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	errBroken   = errors.New("connection broken")
)

// handClock is moved by hand; whoever waits for it is woken when its time has come.
type handClock struct {
	mu      sync.Mutex
	now     time.Time
	waiters map[chan time.Time]time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiter := make(chan time.Time, 1)
	if d <= 0 {
		waiter <- c.now
		return waiter
	}
	c.waiters[waiter] = c.now.Add(d)
	return waiter
}

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for waiter, at := range c.waiters {
		if !at.After(c.now) {
			waiter <- c.now
			delete(c.waiters, waiter)
		}
	}
}

// bank is an operator whose answers the test gives.
type bank struct {
	code  string
	calls chan *bankCall
}

type bankCall struct {
	name     string
	request  operator.Request
	followUp operator.FollowUp
	answer   chan bankAnswer
}

type bankAnswer struct {
	answer   operator.Answer
	followUp operator.FollowUpAnswer
	err      error
}

func (b *bank) call(ctx context.Context, name string, r operator.Request) (operator.Answer, error) {
	c := &bankCall{name: name, request: r, answer: make(chan bankAnswer, 1)}
	b.calls <- c
	select {
	case a := <-c.answer:
		return a.answer, a.err
	case <-ctx.Done():
		return operator.Answer{}, &operator.UnknownOutcomeError{Operation: name, Cause: ctx.Err()}
	}
}

func (b *bank) Authorise(ctx context.Context, r operator.Request) (operator.Answer, error) {
	return b.call(ctx, "authorise", r)
}

func (b *bank) Query(ctx context.Context, i operator.Inquiry) (operator.Answer, error) {
	return b.call(ctx, "query", operator.Request{OrderID: i.OrderID, Amount: i.Amount})
}

func (b *bank) Reverse(ctx context.Context, i operator.Inquiry) (operator.Answer, error) {
	return b.call(ctx, "reverse", operator.Request{OrderID: i.OrderID, Amount: i.Amount})
}

func (b *bank) Refund(ctx context.Context, i operator.Inquiry) (operator.Answer, error) {
	return b.call(ctx, "refund", operator.Request{OrderID: i.OrderID, Amount: i.Amount})
}

func (b *bank) Hold(ctx context.Context, r operator.Request) (operator.Answer, error) {
	return b.call(ctx, "hold", r)
}

func (b *bank) FollowUp(ctx context.Context, f operator.FollowUp) (operator.FollowUpAnswer, error) {
	c := &bankCall{name: f.Kind.String(), followUp: f, answer: make(chan bankAnswer, 1)}
	b.calls <- c
	select {
	case a := <-c.answer:
		return a.followUp, a.err
	case <-ctx.Done():
		return operator.FollowUpAnswer{}, &operator.UnknownOutcomeError{Operation: c.name, Cause: ctx.Err()}
	}
}

func (b *bank) Order(ctx context.Context, r operator.Request) (operator.Answer, error) {
	return b.call(ctx, "order", r)
}

// answers collects what terminals are told of payments, outbox of everything.
type answers chan *message.PaymentResult

type outbox struct {
	answers
	followUps chan told
	found     chan *message.OrderFound
}

// told is what a terminal hears of a follow-up.
type told struct {
	terminal record.Terminal
	*message.FollowUpResult
}

func (o outbox) Send(_ context.Context, terminal record.Terminal, _ record.Type, body proto.Message) error {
	switch b := body.(type) {
	case *message.PaymentResult:
		o.answers <- b
	case *message.FollowUpResult:
		o.followUps <- told{terminal, b}
	case *message.OrderFound:
		o.found <- b
	}
	return nil
}

// office is a payment service over a real store with two banks.
type office struct {
	t       *testing.T
	path    string
	clock   *handClock
	store   *sqlite.Store
	icbc    *bank
	abc     *bank
	answers answers
	outbox  outbox
	metrics *prometheus.Registry
	service *payment.Service
	stop    func()
	next    uint64
	// connectors are those of the service.
	connectors map[string]operator.Connector
	// change alters the configuration of the next start; nil for nothing.
	change func(*payment.ServiceConfig)
}

func newOffice(t *testing.T) *office {
	return newOfficeWith(t, func(o *office) map[string]operator.Connector {
		return map[string]operator.Connector{"ICBC": o.icbc, "ABC": o.abc}
	})
}

func newOfficeWith(t *testing.T, connectors func(*office) map[string]operator.Connector) *office {
	o := &office{t: t, path: filepath.Join(t.TempDir(), "cloud.db"),
		clock: &handClock{now: opening, waiters: make(map[chan time.Time]time.Time)},
		icbc:  &bank{code: "ICBC", calls: make(chan *bankCall, 100)}, abc: &bank{code: "ABC", calls: make(chan *bankCall, 100)}}
	o.connectors = connectors(o)
	o.start()
	require.NoError(t, o.store.Commit(t.Context(), store.Change{
		Terminals: []store.Terminal{{ID: till, Merchant: merchantID, State: store.TerminalActive},
			{ID: secondTill, Merchant: merchantID, State: store.TerminalActive}, {ID: foreignTill, Merchant: otherID, State: store.TerminalActive}},
		Merchants: []store.Merchant{{ID: merchantID, Name: "王记早点", Operators: []string{"ICBC", "ABC"}, FeeBasisPoints: 10, Jurisdiction: "CN"},
			{ID: otherID, Name: "李记", Operators: []string{"ICBC"}, Jurisdiction: "CN"}},
	}))
	t.Cleanup(func() { o.stop() })
	return o
}

func (o *office) start() {
	t := o.t
	logger := slog.New(slog.DiscardHandler)
	var err error
	o.store, err = sqlite.Open(context.Background(), o.path, sqlite.Options{Logger: logger})
	require.NoError(t, err)
	known, err := registry.Default()
	require.NoError(t, err)
	machine, err := payment.NewMachine(payment.DefaultTiming())
	require.NoError(t, err)
	o.answers = make(answers, 1000)
	o.outbox = outbox{answers: o.answers, followUps: make(chan told, 1000), found: make(chan *message.OrderFound, 1000)}
	o.metrics = prometheus.NewRegistry()
	ctx, cancel := context.WithCancel(context.Background())
	config := payment.ServiceConfig{Machine: machine, Store: o.store, Merchants: o.store,
		Registry: known, Operators: o.connectors, Answers: o.outbox,
		Clock: o.clock, Logger: logger, Metrics: o.metrics}
	if o.change != nil {
		o.change(&config)
	}
	o.service, err = payment.NewService(ctx, config)
	require.NoError(t, err)
	require.NoError(t, o.service.Recover(ctx))
	done := make(chan error, 1)
	go func() { done <- o.service.Run(ctx) }()
	var once sync.Once
	o.stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-done)
			require.NoError(t, o.store.Close())
		})
	}
}

// restart ends the process and starts another on the same store. Calls in flight are lost.
func (o *office) restart() {
	o.stop()
	for _, b := range []*bank{o.icbc, o.abc} {
		b.calls = make(chan *bankCall, 100)
	}
	o.start()
}

func orderOf(n byte) []byte {
	return []byte{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, n}
}

func (o *office) request(n byte) *message.PaymentRequested {
	return &message.PaymentRequested{OrderId: orderOf(n), Method: message.Method_METHOD_CODE, Amount: 1250, Currency: "CNY",
		MerchantId: merchantID, Batch: 1, Voucher: uint32(n), CodeTail: code[len(code)-6:],
		GiveUp: o.clock.Now().Add(45 * time.Second).UnixMicro()}
}

// verified is a record as the collector hands it over.
func (o *office) verified(kind record.Type, body proto.Message) collector.Verified {
	return o.verifiedOf(till, merchantID, kind, body)
}

func (o *office) verifiedOf(terminal record.Terminal, merchant string, kind record.Type, body proto.Message) collector.Verified {
	content, err := proto.Marshal(body)
	require.NoError(o.t, err)
	o.next++
	header := record.Header{Direction: seal.Up, Type: kind, Epoch: 1, Sequence: o.next, Time: o.clock.Now(), Terminal: terminal}
	r, err := record.Build(seal.NewMAC(seal.Portable(), make([]byte, seal.KeySize)), header, content)
	require.NoError(o.t, err)
	return collector.Verified{Terminal: store.Terminal{ID: terminal, Merchant: merchant}, Header: header, Record: r}
}

// take does what the collector does: record and change in one commit, then what follows.
func (o *office) take(consumer collector.Consumer, r collector.Verified, secret []byte) error {
	change, told := consumer.Consume(o.t.Context(), r, secret)
	change.Records = append(change.Records, store.Record{Terminal: r.Terminal.ID, Sequence: r.Header.Sequence, Bytes: r.Record})
	err := o.store.Commit(o.t.Context(), change)
	if told != nil {
		told(err)
	}
	return err
}

// pay requests a payment and returns its record.
func (o *office) pay(n byte) collector.Verified {
	o.t.Helper()
	r := o.verified(record.PaymentRequested, o.request(n))
	require.NoError(o.t, o.take(o.service.Requests(), r, []byte(code)))
	return r
}

func (o *office) cancel(n byte) {
	o.t.Helper()
	r := o.verified(record.ReversalRequested, &message.ReversalRequested{OrderId: orderOf(n), Reason: message.Reason_REASON_CASHIER_CANCELLED})
	require.NoError(o.t, o.take(o.service.Reversals(), r, nil))
}

// called returns the next call to a bank.
func (o *office) called(b *bank, name string) *bankCall {
	o.t.Helper()
	select {
	case c := <-b.calls:
		require.Equal(o.t, name, c.name)
		return c
	case <-time.After(patience):
		require.FailNow(o.t, "no call", name)
		return nil
	}
}

func (c *bankCall) says(status operator.Status, reason operator.Reason) {
	a := operator.Answer{OrderID: c.request.OrderID, Status: status, Reason: reason, Amount: 1250, Currency: "CNY"}
	if status == operator.StatusApproved {
		a.Reference, a.AuthCode, a.PayerOperator, a.WalletMasked = "R-1", "A1B2C3", "CCB", "001234******5678"
	}
	c.answer <- bankAnswer{answer: a}
}

func (c *bankCall) fails(err error) { c.answer <- bankAnswer{err: err} }

// told returns the next answer to the terminal.
func (o *office) told(outcome message.Outcome) *message.PaymentResult {
	o.t.Helper()
	select {
	case r := <-o.answers:
		require.Equal(o.t, outcome, r.GetOutcome(), r)
		return r
	case <-time.After(patience):
		require.FailNow(o.t, "no answer")
		return nil
	}
}

// books checks that the ledger agrees with the payments and returns the operator's account.
func (o *office) books() int64 {
	o.t.Helper()
	checker, err := ledger.NewChecker(ledger.Config{Books: o.store, Standings: payment.Standings(), Clock: o.clock.Now,
		Logger: slog.New(slog.DiscardHandler), Every: time.Hour})
	require.NoError(o.t, err)
	report, err := checker.Check(o.t.Context())
	require.NoError(o.t, err)
	require.True(o.t, report.Balanced(), report.Findings)
	balances, err := o.store.Balances(o.t.Context())
	require.NoError(o.t, err)
	for _, b := range balances {
		if b.Account == "operator/ICBC" {
			return b.Amount
		}
	}
	return 0
}

func (o *office) alarmKinds() []string {
	rows, err := o.store.Alarms(o.t.Context(), 100)
	require.NoError(o.t, err)
	var kinds []string
	for _, row := range rows {
		kinds = append(kinds, row.Kind)
	}
	slices.Sort(kinds)
	return kinds
}

func unknown(name string) error {
	return &operator.UnknownOutcomeError{Operation: name, Cause: errBroken}
}
