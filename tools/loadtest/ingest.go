package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
	"github.com/yuantill/yuantill/tools/loadtest/terminal"
	"github.com/yuantill/yuantill/tools/shop"
)

// What the ingest benchmark sends.
const (
	ingestTerminals = 100
	ingestBatched   = 400_000 // records, ingestBatch a message
	ingestBatch     = 50
	ingestSingle    = 100_000 // records, one a message
	// ingestWindow is how many records a terminal keeps in flight; it is also what the real uplink allows itself.
	ingestWindow  = 1_000
	ingestTimeout = 2 * time.Minute
)

// sender is one terminal of the ingest benchmark with its messages sealed beforehand.
type sender struct {
	terminal *terminal.Terminal
	messages [][]byte
	perMsg   uint64
	first    uint64 // sequence before the first message
	acked    atomic.Uint64
	news     chan struct{} // holds one token when acked has risen
}

func (s *sender) acknowledged(ack *message.Acknowledgement) {
	if ack.GetHighWater() > s.acked.Load() {
		s.acked.Store(ack.GetHighWater())
		select {
		case s.news <- struct{}{}:
		default: // the token of an earlier rise is still there
		}
	}
}

// waitFor blocks until everything up to the sequence has been acknowledged.
func (s *sender) waitFor(ctx context.Context, sequence uint64) error {
	for s.acked.Load() < sequence {
		select {
		case <-s.news:
		case <-ctx.Done():
			return fmt.Errorf("wait for record %d of %s, at %d: %w", sequence, s.terminal.ID, s.acked.Load(), ctx.Err())
		}
	}
	return nil
}

// send publishes all messages within the window and waits for the last acknowledgement.
func (s *sender) send(ctx context.Context) error {
	sent := s.first
	for _, m := range s.messages {
		sent += s.perMsg
		if sent > s.first+ingestWindow {
			if err := s.waitFor(ctx, sent-ingestWindow); err != nil {
				return err
			}
		}
		s.terminal.Publish(topic.Up, m)
	}
	return s.waitFor(ctx, sent)
}

// ingest measures records accepted end to end: envelope opened, tag and chain verified, committed, acknowledged.
func ingest(ctx context.Context, options shop.Options, r *report) (err error) {
	options.Enrolments = ingestTerminals
	s, err := shop.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	ctx, cancel := context.WithTimeout(ctx, ingestTimeout)
	defer cancel()
	senders, err := dialSenders(ctx, s)
	if err != nil {
		return err
	}
	defer func() {
		for _, one := range senders {
			one.terminal.Close()
		}
	}()
	for _, run := range []struct {
		name   string
		total  int
		perMsg int
	}{{"ingest.rate", ingestBatched, ingestBatch}, {"ingest.single", ingestSingle, 1}} {
		rate, err := ingestRun(ctx, senders, run.total, run.perMsg)
		if err != nil {
			return fmt.Errorf("measure %s: %w", run.name, err)
		}
		if err := r.add(figure{Name: run.name, Value: rate, Unit: "1/s", Count: run.total}); err != nil {
			return err
		}
	}
	return verifyIngest(ctx, s)
}

var errIngest = errors.New("loadtest: what was acknowledged is not what is stored")

// verifyIngest asks the cloud for what it has: a rate counts only when every record is in the books, once.
func verifyIngest(ctx context.Context, s *shop.Shop) error {
	stats, err := s.Stats(ctx)
	if err != nil {
		return err
	}
	want := uint64(ingestBatched + ingestSingle + ingestTerminals) // and each terminal's epoch-opened
	if stats.Records != want || stats.Gaps != 0 || stats.Quarantined != 0 {
		return fmt.Errorf("%w: %+v instead of %d records", errIngest, stats, want)
	}
	return nil
}

func dialSenders(ctx context.Context, s *shop.Shop) ([]*sender, error) {
	senders := make([]*sender, len(s.Enrolments))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for i, path := range s.Enrolments {
		group.Go(func() error {
			one := &sender{news: make(chan struct{}, 1)}
			t, first, err := terminal.Dial(ctx, path, s.Broker, terminal.Handlers{
				Acknowledged: one.acknowledged, Result: func(*message.PaymentResult) {}})
			if err != nil {
				return fmt.Errorf("dial terminal %d: %w", i, err)
			}
			one.terminal = t
			senders[i] = one
			batch, err := t.Batch(nil, first)
			if err != nil {
				return err
			}
			t.Publish(topic.Up, batch)
			return one.waitFor(ctx, t.Last())
		})
	}
	return senders, group.Wait()
}

func ingestRun(ctx context.Context, senders []*sender, total, perMsg int) (float64, error) {
	for _, one := range senders {
		if err := one.prepare(total/len(senders), perMsg); err != nil {
			return 0, err
		}
	}
	var wait sync.WaitGroup
	failures := make(chan error, len(senders))
	begun := time.Now()
	for _, one := range senders {
		wait.Go(func() {
			if err := one.send(ctx); err != nil {
				failures <- err
			}
		})
	}
	wait.Wait()
	took := time.Since(begun)
	select {
	case err := <-failures:
		return 0, err
	default:
		return float64(total) / took.Seconds(), nil
	}
}

// prepare seals count records into messages of perMsg. The body is an outcome-shown record, what a till sends most.
func (s *sender) prepare(count, perMsg int) error {
	s.first, s.perMsg, s.messages = s.terminal.Last(), uint64(perMsg), make([][]byte, 0, count/perMsg)
	batch := make([]record.Record, 0, perMsg)
	for i := range count {
		r, err := s.terminal.Make(record.OutcomeShown, &message.OutcomeShown{OrderId: orderID(i),
			Outcome: message.Outcome_OUTCOME_APPROVED, Result: &message.PaymentResult{OrderId: orderID(i),
				Outcome: message.Outcome_OUTCOME_APPROVED, Stage: message.Stage_STAGE_FINAL, Amount: int64(i + 1),
				Currency: "CNY", Reference: "261123000001", Authorisation: "A1B2C3", OperatorCode: "ICBC",
				WalletMasked: "001200******3456", Revision: 2}})
		if err != nil {
			return err
		}
		if batch = append(batch, r); len(batch) == perMsg {
			m, err := s.terminal.Batch(nil, batch...)
			if err != nil {
				return err
			}
			s.messages, batch = append(s.messages, m), batch[:0]
		}
	}
	return nil
}
