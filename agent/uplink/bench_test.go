package uplink_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

const backlog = 100_000

// offlineTill has signed in once and then collected a backlog.
func offlineTill(b *testing.B) (*cloud, *till) {
	authority := enrolmenttest.NewAuthority(b)
	server := startBroker(b, authority, -1, &admission{})
	c := newCloud(b)
	c.attach(server)
	tl := newTill(b, authority, address(server))
	tl.config.Timings = uplink.DefaultConfig().Timings
	tl.run()
	tl.until("signed in", func(s uplink.Status) bool { return s.Epoch == 1 && s.Unsent == 0 })
	tl.stop()
	entries := make([]journal.Entry, 500)
	for i := range entries {
		entries[i] = journal.Entry{Type: record.OutcomeShown, Body: &message.OutcomeShown{
			OrderId: make([]byte, 16), Outcome: message.Outcome_OUTCOME_APPROVED, Result: &message.PaymentResult{
				OrderId: make([]byte, 16), Amount: 1250, Currency: "CNY", Reference: "123456789012",
				Authorisation: "A1B2C3", OperatorCode: "01002", PayerOperator: "01002", WalletMasked: "002123****4567",
			},
		}}
	}
	for range backlog / len(entries) {
		tl.add(entries...)
	}
	return c, tl
}

// BenchmarkDrain is 100,000 records after a reconnect, the broker and a cloud that opens and verifies on the same
// processors; sales go on meanwhile.
func BenchmarkDrain(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		c, tl := offlineTill(b)
		b.StartTimer()
		start := time.Now()
		tl.run()
		var took []time.Duration
		for n := byte(0); tl.uplink.Status().Unsent > 0; n++ {
			select {
			case <-tl.uplink.Results():
			default:
			}
			began := time.Now()
			r := tl.add(payment(n))[0]
			if tl.uplink.SendNow(r, []byte("280012345678901234")) != nil {
				continue // not connected yet
			}
			<-tl.uplink.Results()
			took = append(took, time.Since(began))
			tl.uplink.Forget(sequence(b, r))
			time.Sleep(20 * time.Millisecond) // the next customer
		}
		b.ReportMetric(backlog/time.Since(start).Seconds(), "records/s")
		slices.Sort(took)
		require.NotEmpty(b, took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds()), "sale-p50-µs")
		b.ReportMetric(float64(took[len(took)-1].Microseconds()), "sale-max-µs")
		tl.stop()
		c.set(func() { require.GreaterOrEqual(b, c.high, uint64(backlog)) })
	}
}

// BenchmarkPayment is commit, send, answer, with nothing else going on.
func BenchmarkPayment(b *testing.B) {
	_, _, tl := world(b)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tl.journal.Run(ctx) }()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		r := tl.pay(1, "280012345678901234")
		<-tl.uplink.Results()
		took = append(took, time.Since(began))
		tl.uplink.Forget(sequence(b, r))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	cancel()
	require.NoError(b, <-done)
}
