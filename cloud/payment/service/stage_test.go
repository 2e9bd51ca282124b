package service_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/payment/service"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

const (
	patience   = 10 * time.Second
	merchantID = "105290054110001"
	code       = "0112345678903456789"
)

var terminalID = record.Terminal([]byte("10000001"))

// clock is the test's time; it moves when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// asked is one call that reached the scripted operator.
type asked struct {
	operation string
	request   operator.Request
	order     operator.OrderID
	answer    chan<- said
}

// said is what the test lets the operator answer.
type said struct {
	answer operator.Answer
	err    error
}

// scripted is an operator whose every answer the test gives by hand.
type scripted struct{ calls chan asked }

func (s scripted) ask(ctx context.Context, operation string, r operator.Request, order operator.OrderID) (operator.Answer, error) {
	answer := make(chan said, 1)
	select {
	case s.calls <- asked{operation, r, order, answer}:
	case <-ctx.Done():
		return operator.Answer{}, &operator.UnknownOutcomeError{Operation: operation, Cause: ctx.Err()}
	}
	select {
	case one := <-answer:
		return one.answer, one.err
	case <-ctx.Done():
		return operator.Answer{}, &operator.UnknownOutcomeError{Operation: operation, Cause: ctx.Err()}
	}
}

func (s scripted) Authorise(ctx context.Context, r operator.Request) (operator.Answer, error) {
	return s.ask(ctx, "authorise", r, r.OrderID)
}
func (s scripted) Order(ctx context.Context, r operator.Request) (operator.Answer, error) {
	return s.ask(ctx, "order", r, r.OrderID)
}
func (s scripted) Query(ctx context.Context, i operator.Inquiry) (operator.Answer, error) {
	return s.ask(ctx, "query", operator.Request{}, i.OrderID)
}
func (s scripted) Reverse(ctx context.Context, i operator.Inquiry) (operator.Answer, error) {
	return s.ask(ctx, "reverse", operator.Request{}, i.OrderID)
}
func (s scripted) Refund(ctx context.Context, i operator.Inquiry) (operator.Answer, error) {
	return s.ask(ctx, "refund", operator.Request{}, i.OrderID)
}

// mailbox takes what terminals are sent.
type mailbox struct{ results chan *message.PaymentResult }

func (m mailbox) Send(_ context.Context, _ record.Terminal, kind record.Type, body proto.Message) error {
	if result, ok := body.(*message.PaymentResult); ok && kind == record.PaymentResult {
		m.results <- result
	}
	return nil
}

type merchants struct{}

func (merchants) Merchant(_ context.Context, id string) (store.Merchant, error) {
	if id != merchantID {
		return store.Merchant{}, store.ErrNotFound
	}
	return store.Merchant{ID: merchantID, Name: "早点铺", Operators: []string{"ICBC", "ABC"}, FeeBasisPoints: 10, Jurisdiction: "CN"}, nil
}

// stage is a service with a real store, a scripted operator and a clock in the test's hand.
type stage struct {
	t        *testing.T
	path     string
	clock    *clock
	calls    chan asked
	results  chan *message.PaymentResult
	store    *sqlite.Store
	service  *service.Service
	cancel   context.CancelFunc
	ended    chan error
	sequence uint64
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, path: filepath.Join(t.TempDir(), "cloud.db"), calls: make(chan asked, 100),
		results: make(chan *message.PaymentResult, 100),
		clock:   &clock{now: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}}
	s.start()
	require.NoError(t, s.store.Commit(t.Context(), store.Change{
		Merchants: []store.Merchant{{ID: merchantID, Name: "早点铺", Operators: []string{"ICBC"}, Jurisdiction: "CN"}},
		Terminals: []store.Terminal{{ID: terminalID, Merchant: merchantID, SerialNumber: "SN1", KeyVersion: 1, State: store.TerminalActive}}}))
	t.Cleanup(s.stop)
	return s
}

func (s *stage) start() {
	s.t.Helper()
	var err error
	s.store, err = sqlite.Open(context.Background(), s.path, sqlite.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(s.t, err)
	operators, err := registry.Default()
	require.NoError(s.t, err)
	machine, err := payment.NewMachine(payment.DefaultTiming())
	require.NoError(s.t, err)
	s.service, err = service.New(service.Config{Machine: machine, Store: s.store, Merchants: merchants{}, Registry: operators,
		Connectors: map[string]operator.Connector{"ICBC": scripted{s.calls}}, Answers: mailbox{s.results},
		Clock: s.clock.read, Logger: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.ended = cancel, make(chan error, 1)
	require.NoError(s.t, s.service.Recover(ctx))
	go func() { s.ended <- s.service.Run(ctx) }()
}

func (s *stage) stop() {
	if s.service == nil {
		return
	}
	s.cancel()
	require.NoError(s.t, <-s.ended)
	require.NoError(s.t, s.store.Close())
	s.service = nil
}

func (s *stage) order() []byte { id := uuid.Must(uuid.NewV7()); return id[:] }

func (s *stage) request(order []byte, change func(*message.PaymentRequested)) *message.PaymentRequested {
	body := &message.PaymentRequested{OrderId: order, Method: message.Method_METHOD_CODE, Amount: 1250, Currency: "CNY",
		MerchantId: merchantID, Batch: 1, Voucher: 1, CodeTail: code[13:], GiveUp: s.clock.read().Add(45 * time.Second).UnixMicro()}
	if change != nil {
		change(body)
	}
	return body
}

// deliver does what the collector does with a new record: consume, commit, tell.
func (s *stage) deliver(consumer collector.Consumer, kind record.Type, body proto.Message, secret string) collector.Verified {
	s.t.Helper()
	s.sequence++
	r := s.verified(kind, s.sequence, body)
	change, told := consumer.Consume(s.t.Context(), r, []byte(secret))
	change.Records = append(change.Records, store.Record{Terminal: terminalID, Sequence: s.sequence, Bytes: r.Record, ReceivedAt: s.clock.read()})
	err := s.store.Commit(s.t.Context(), change)
	if told != nil {
		told(err)
	}
	require.NoError(s.t, err)
	return r
}

func (s *stage) verified(kind record.Type, sequence uint64, body proto.Message) collector.Verified {
	s.t.Helper()
	encoded, err := proto.Marshal(body)
	require.NoError(s.t, err)
	header := record.Header{Direction: seal.Up, Type: kind, KeyVersion: 1, Epoch: 1, Sequence: sequence, Time: s.clock.read(), Terminal: terminalID}
	r, err := record.Build(seal.NewMAC(fast.Engine(), make([]byte, seal.KeySize)), header, encoded)
	require.NoError(s.t, err)
	return collector.Verified{Terminal: store.Terminal{ID: terminalID, Merchant: merchantID}, Header: header, Record: r}
}

func (s *stage) pay(order []byte) collector.Verified {
	s.t.Helper()
	return s.deliver(service.Requests{Service: s.service}, record.PaymentRequested, s.request(order, nil), code)
}

func (s *stage) reverse(order []byte) collector.Verified {
	s.t.Helper()
	return s.deliver(service.Reversals{Service: s.service}, record.ReversalRequested,
		&message.ReversalRequested{OrderId: order, Reason: message.Reason_REASON_CASHIER_CANCELLED}, "")
}

// asks waits for the next call and checks what it is.
func (s *stage) asks(operation string) asked {
	s.t.Helper()
	select {
	case call := <-s.calls:
		require.Equal(s.t, operation, call.operation)
		return call
	case <-time.After(patience):
		s.t.Fatalf("no %s reached the operator", operation)
		return asked{}
	}
}

func (s *stage) asksNothing() {
	s.t.Helper()
	select {
	case call := <-s.calls:
		s.t.Fatalf("%s reached the operator", call.operation)
	case <-time.After(100 * time.Millisecond):
	}
}

// told waits for the next result with the outcome and stage.
func (s *stage) told(outcome message.Outcome, stage message.Stage) *message.PaymentResult {
	s.t.Helper()
	select {
	case result := <-s.results:
		require.Equal(s.t, outcome.String()+" "+stage.String(), result.GetOutcome().String()+" "+result.GetStage().String())
		return result
	case <-time.After(patience):
		s.t.Fatalf("the terminal was not told %v", outcome)
		return nil
	}
}

// pass moves the clock and has the timers look at it.
func (s *stage) pass(d time.Duration) {
	s.clock.advance(d)
	s.service.Wake()
}

func approved(order operator.OrderID) said {
	return said{answer: operator.Answer{OrderID: order, Status: operator.StatusApproved, Amount: 1250, Currency: "CNY",
		Reference: "OP1", AuthCode: "A1B2C3", PayerOperator: "ICBC", WalletMasked: "001200******3456"}}
}

func status(order operator.OrderID, s operator.Status) said {
	return said{answer: operator.Answer{OrderID: order, Status: s, Amount: 1250, Currency: "CNY"}}
}

func unknown() said { return said{err: &operator.UnknownOutcomeError{Operation: "authorise"}} }
