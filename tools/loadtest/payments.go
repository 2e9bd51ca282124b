package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
	"github.com/yuantill/yuantill/tools/loadtest/journalfile"
	"github.com/yuantill/yuantill/tools/loadtest/terminal"
	"github.com/yuantill/yuantill/tools/shop"
)

// What the payments benchmark does.
const (
	paymentsTerminals = 200
	paymentsTotal     = 40_000
	paymentsTimeout   = 2 * time.Minute
	paymentsAmount    = 1_250 // fen
)

// errNotApproved says that a payment of the load came to something else.
var errNotApproved = errors.New("loadtest: payment not approved")

// payer is one terminal that takes one payment after another.
type payer struct {
	terminal *terminal.Terminal
	journal  *journalfile.File
	results  chan *message.PaymentResult
	merchant string
}

func (p *payer) result(result *message.PaymentResult) {
	if result.GetStage() != message.Stage_STAGE_FINAL {
		return
	}
	select {
	case p.results <- result:
	default: // a result repeated after it was taken
	}
}

// pay takes one payment: request durable, sent, final result, result durable, sent.
func (p *payer) pay(ctx context.Context, voucher uint32, code string) error {
	order := uuid.Must(uuid.NewV7())
	request, err := p.commit(ctx, record.PaymentRequested, &message.PaymentRequested{OrderId: order[:],
		Method: message.Method_METHOD_CODE, Amount: paymentsAmount, Currency: "CNY", MerchantId: p.merchant, Batch: 1,
		Voucher: voucher, Cashier: "01", CodeTail: code[len(code)-6:], GiveUp: time.Now().Add(45 * time.Second).UnixMicro(),
		Terminal: &message.TerminalBlock{DeviceType: "till", SerialNumber: p.terminal.ID.String()}})
	if err != nil {
		return err
	}
	if err := p.publish(topic.Now, []byte(code), request); err != nil {
		return err
	}
	select {
	case result := <-p.results:
		if result.GetOutcome() != message.Outcome_OUTCOME_APPROVED || string(result.GetOrderId()) != string(order[:]) {
			return fmt.Errorf("%w: %v %v", errNotApproved, result.GetOutcome(), result.GetReason())
		}
		shown, err := p.commit(ctx, record.OutcomeShown, &message.OutcomeShown{OrderId: order[:], Outcome: result.GetOutcome(), Result: result})
		if err != nil {
			return err
		}
		return p.publish(topic.Up, nil, shown)
	case <-ctx.Done():
		return fmt.Errorf("wait for result: %w", ctx.Err())
	}
}

func (p *payer) commit(ctx context.Context, kind record.Type, body proto.Message) (record.Record, error) {
	r, err := p.terminal.Make(kind, body)
	if err != nil {
		return nil, err
	}
	return r, p.journal.Append(ctx, p.terminal.ID, r)
}

func (p *payer) publish(lane topic.Lane, secret []byte, r record.Record) error {
	batch, err := p.terminal.Batch(secret, r)
	if err != nil {
		return err
	}
	p.terminal.Publish(lane, batch)
	return nil
}

// payments measures complete online payments: durable at both ends, a zero-latency operator over HTTPS.
func payments(ctx context.Context, options shop.Options, r *report) (err error) {
	options.Enrolments = paymentsTerminals
	s, err := shop.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	ctx, cancel := context.WithTimeout(ctx, paymentsTimeout)
	defer cancel()
	journal, err := journalfile.Open(filepath.Join(s.Dir, "load.journal"))
	if err != nil {
		return err
	}
	defer journal.Close()
	payers, err := dialPayers(ctx, s, journal)
	if err != nil {
		return err
	}
	defer func() {
		for _, one := range payers {
			one.terminal.Close()
		}
	}()
	if _, _, err := paymentsRun(ctx, payers, paymentsTotal/20, 0); err != nil { // warm-up: connections, tables, caches
		return err
	}
	before, err := usageNow()
	if err != nil {
		return err
	}
	rate, samples, err := paymentsRun(ctx, payers, paymentsTotal, paymentsTotal)
	if err != nil {
		return err
	}
	after, err := usageNow()
	if err != nil {
		return err
	}
	return errors.Join(
		r.add(figure{Name: "payments.rate", Value: rate, Unit: "1/s", Count: paymentsTotal}),
		r.add(figure{Name: "payments.p99", Value: milliseconds(percentile(samples, 0.99)), Unit: "ms", Count: len(samples)}),
		r.add(figure{Name: "payments.cpu_cloud", Value: after.since(before, "yuantill-cloud", len(samples)), Unit: "us", Count: len(samples)}),
		r.add(figure{Name: "payments.cpu_operator", Value: after.since(before, "fakeoperator", len(samples)), Unit: "us", Count: len(samples)}),
		r.add(figure{Name: "payments.cpu_load", Value: after.since(before, loadName, len(samples)), Unit: "us", Count: len(samples)}))
}

func dialPayers(ctx context.Context, s *shop.Shop, journal *journalfile.File) ([]*payer, error) {
	payers := make([]*payer, len(s.Enrolments))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, path := range s.Enrolments {
		group.Go(func() error {
			one := &payer{journal: journal, results: make(chan *message.PaymentResult, 1), merchant: s.Merchant}
			t, first, err := terminal.Dial(ctx, path, s.Broker, terminal.Handlers{
				Acknowledged: func(*message.Acknowledgement) {}, Result: one.result})
			if err != nil {
				return fmt.Errorf("dial terminal %d: %w", i, err)
			}
			one.terminal, payers[i] = t, one
			if err := journal.Append(ctx, t.ID, first); err != nil {
				return err
			}
			return one.publish(topic.Up, nil, first)
		})
	}
	return payers, group.Wait()
}

// paymentsRun shares the payments among the payers; codes are numbered from firstCode, as each pays only once.
func paymentsRun(ctx context.Context, payers []*payer, total, firstCode int) (rate float64, samples []time.Duration, err error) {
	each := total / len(payers)
	took := make([][]time.Duration, len(payers))
	failures := make(chan error, len(payers))
	var wait sync.WaitGroup
	begun := time.Now()
	for i, one := range payers {
		wait.Go(func() {
			for n := range each {
				start := time.Now()
				if err := one.pay(ctx, uint32(n+1), paymentCode(firstCode+i*each+n)); err != nil {
					failures <- err
					return
				}
				took[i] = append(took[i], time.Since(start))
			}
		})
	}
	wait.Wait()
	elapsed := time.Since(begun)
	select {
	case err := <-failures:
		return 0, nil, err
	default:
	}
	for _, some := range took {
		samples = append(samples, some...)
	}
	return float64(len(samples)) / elapsed.Seconds(), samples, nil
}

// paymentCode returns a customer's one-time code: 19 digits that begin with 01, different for each n.
func paymentCode(n int) string { return fmt.Sprintf("01%017d", n) }

// orderID returns 16 bytes that differ for each n.
func orderID(n int) []byte { return binary.BigEndian.AppendUint64(make([]byte, 8), uint64(n)) }
