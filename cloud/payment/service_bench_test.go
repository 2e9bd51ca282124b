package payment_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// quickBank approves at once.
type quickBank struct{}

func (quickBank) Authorise(_ context.Context, r operator.Request) (operator.Answer, error) {
	return operator.Answer{OrderID: r.OrderID, Status: operator.StatusApproved, Amount: r.Amount, Currency: r.Currency,
		Reference: "R-1", AuthCode: "A1B2C3", PayerOperator: "CCB", WalletMasked: "001234******5678"}, nil
}

func (b quickBank) Query(ctx context.Context, i operator.Inquiry) (operator.Answer, error) {
	return b.Authorise(ctx, operator.Request{OrderID: i.OrderID, Amount: i.Amount, Currency: i.Currency})
}

func (quickBank) Reverse(_ context.Context, i operator.Inquiry) (operator.Answer, error) {
	return operator.Answer{OrderID: i.OrderID, Status: operator.StatusReversed}, nil
}

// counting counts definite answers.
type counting struct{ wait *sync.WaitGroup }

func (c counting) Send(context.Context, record.Terminal, record.Type, proto.Message) error {
	c.wait.Done()
	return nil
}

// BenchmarkPayments is what a payment costs without network and crypto: two commits, the machine, the books.
func BenchmarkPayments(b *testing.B) {
	logger := slog.New(slog.DiscardHandler)
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "cloud.db"), sqlite.DefaultOptions(logger))
	require.NoError(b, err)
	defer func() { require.NoError(b, s.Close()) }()
	require.NoError(b, s.Commit(b.Context(), store.Change{
		Terminals: []store.Terminal{{ID: till, Merchant: merchantID, State: store.TerminalActive}},
		Merchants: []store.Merchant{{ID: merchantID, Name: "王记早点", Operators: []string{"ICBC"}, FeeBasisPoints: 10, Jurisdiction: "CN"}}}))
	known, err := registry.Default()
	require.NoError(b, err)
	machine, err := payment.NewMachine(payment.DefaultTiming())
	require.NoError(b, err)
	var answered sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	service, err := payment.NewService(ctx, payment.ServiceConfig{Machine: machine, Store: s, Merchants: cached{s}.load(b), Registry: known,
		Operators: map[string]operator.Connector{"ICBC": quickBank{}}, Answers: counting{&answered}, Clock: payment.SystemClock{},
		Logger: logger, Metrics: prometheus.NewRegistry()})
	require.NoError(b, err)
	done := make(chan error, 1)
	go func() { done <- service.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(b, <-done)
	}()
	requests := make([]collector.Verified, b.N)
	for i := range requests {
		requests[i] = benchRequest(b, uint64(i)+1)
	}
	const window = 200 // terminals that wait for their answer
	open := make(chan struct{}, window)
	b.ResetTimer()
	begun := time.Now()
	for i := range requests {
		open <- struct{}{}
		answered.Add(1)
		change, told := service.Requests().Consume(ctx, requests[i], []byte(code))
		change.Records = append(change.Records, store.Record{Terminal: till, Sequence: uint64(i) + 1, Bytes: requests[i].Record})
		require.NoError(b, s.Submit(ctx, change, func(err error) {
			told(err)
			<-open
		}))
	}
	answered.Wait()
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "payments/s")
}

// cached keeps the one merchant in memory, as the directory does.
type cached struct{ store payment.Merchants }

type oneMerchant struct{ shop store.Merchant }

func (m oneMerchant) Merchant(context.Context, string) (store.Merchant, error) { return m.shop, nil }

func (c cached) load(b *testing.B) payment.Merchants {
	shop, err := c.store.Merchant(b.Context(), merchantID)
	require.NoError(b, err)
	return oneMerchant{shop}
}

func benchRequest(b *testing.B, n uint64) collector.Verified {
	order := orderOf(0)
	binary.BigEndian.PutUint64(order[8:], n)
	body, err := proto.Marshal(&message.PaymentRequested{OrderId: order, Method: message.Method_METHOD_CODE, Amount: 1250, Currency: "CNY",
		MerchantId: merchantID, Batch: 1, Voucher: 1, CodeTail: code[len(code)-6:]})
	require.NoError(b, err)
	header := record.Header{Direction: seal.Up, Type: record.PaymentRequested, Epoch: 1, Sequence: n, Time: time.Now(), Terminal: till}
	r, err := record.Build(seal.NewMAC(seal.Portable(), make([]byte, seal.KeySize)), header, body)
	require.NoError(b, err)
	return collector.Verified{Terminal: store.Terminal{ID: till, Merchant: merchantID}, Header: header, Record: r}
}
