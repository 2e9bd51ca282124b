package payment_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
)

func TestServiceNeverBooksTwice(t *testing.T) {
	o := newOffice(t)
	o.pay(1)
	call := o.called(o.icbc, "authorise")
	booked, err := ledger.Booking{Order: store.OrderID(orderOf(1)), Operator: "ICBC", Merchant: merchantID, Amount: 1250,
		Currency: "CNY", At: opening}.Entry(store.EntrySale)
	require.NoError(t, err)
	require.NoError(t, o.store.Commit(t.Context(), store.Change{Entries: []store.Entry{booked}}))
	call.says(operator.StatusApproved, operator.ReasonNone)
	o.told(approved)
	require.Contains(t, o.alarmKinds(), "entry-exists")
	require.EqualValues(t, 1250, o.books(), "once, and somebody is told")
}

func TestServiceReferences(t *testing.T) {
	o := newOffice(t)
	seen := map[string]bool{}
	for n := range byte(6) {
		o.pay(n + 1)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		reference := o.told(approved).GetReference()
		require.Len(t, reference, 12)
		require.False(t, seen[reference], "numbers on receipts do not come twice, not even after a restart")
		seen[reference] = true
		if n%2 == 1 {
			o.restart()
		}
	}
}

func TestServiceRecoversMany(t *testing.T) {
	o := newOffice(t)
	const count = 30
	for n := range byte(count) {
		o.pay(n + 1)
		o.called(o.icbc, "authorise")
	}
	o.restart()
	require.Equal(t, count, o.service.Open())
	for range count {
		o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
	}
	for range count {
		o.told(approved)
	}
	require.EqualValues(t, count*1250, o.books())
}

func TestLaneBounds(t *testing.T) {
	lane := payment.NewLane(quickBank{})
	for range payment.CallsMax {
		require.NoError(t, lane.Take(t.Context()))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, lane.Take(ended), "nobody waits for ever behind an operator that hangs")
	waiting := make(chan error, 1)
	go func() { waiting <- lane.Take(context.Background()) }()
	lane.Leave()
	require.NoError(t, <-waiting)
}

func TestTimers(t *testing.T) {
	clock := &handClock{now: opening, waiters: make(map[chan time.Time]time.Time)}
	due := make(chan store.OrderID, 10)
	timers := payment.NewTimers(clock, func(order store.OrderID) { due <- order })
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := payment.RunTimers(timers, ctx); err != nil {
			t.Error(err)
		}
	})
	a, b, c := store.OrderID{1}, store.OrderID{2}, store.OrderID{3}
	payment.SetTime(timers, a, opening.Add(3*time.Second))
	payment.SetTime(timers, b, opening.Add(2*time.Second))
	payment.SetTime(timers, c, opening.Add(time.Second))
	payment.SetTime(timers, c, opening.Add(10*time.Second)) // put off
	payment.SetTime(timers, a, opening.Add(time.Second))    // brought forward
	advance := func(want store.OrderID) {
		t.Helper()
		require.Eventually(t, func() bool { clock.advance(500 * time.Millisecond); return len(due) > 0 }, patience, time.Millisecond)
		require.Equal(t, want, <-due)
	}
	advance(a)
	advance(b)
	payment.ClearTime(timers, c)
	payment.ClearTime(timers, c) // harmless
	clock.advance(time.Minute)
	payment.SetTime(timers, b, clock.Now())
	require.Equal(t, b, <-due, "what is due already comes at once, and what was cleared never")
	cancel()
	running.Wait()
	require.Empty(t, due)
}
