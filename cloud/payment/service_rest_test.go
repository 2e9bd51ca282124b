package payment_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// rests waits until no payment is in memory.
func (o *office) rests() {
	o.t.Helper()
	require.Eventually(o.t, func() bool { return o.service.Open() == 0 }, patience, time.Millisecond)
}

// restsOf is the same for what a bank that is down is asked: the time that ran on while a call was on its way may have brought
// the next one near, which has to come and fail too.
func (o *office) restsOf(b *bank) {
	o.t.Helper()
	require.Eventually(o.t, func() bool {
		select {
		case call := <-b.calls:
			call.fails(unknown(call.name))
		default:
		}
		if o.service.Open() == 0 {
			return true
		}
		o.clock.advance(time.Second)
		return false
	}, patience, 20*time.Millisecond)
}

// TestReversedRestsBetweenItsLooks: it is looked at for two hours, and is in memory only then.
func TestReversedRestsBetweenItsLooks(t *testing.T) {
	for name, restarts := range map[string]bool{"in one life": false, "over restarts": true} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.pay(1)
			o.called(o.icbc, "authorise").fails(unknown("authorise"))
			o.cancel(1)
			o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
			o.ends(message.Outcome_OUTCOME_REVERSED)
			o.rests()
			if restarts {
				o.restart()
				o.rests()
			}
			began, looks, rested := o.clock.Now(), 0, 0
			require.Eventually(t, func() bool {
				o.clock.advance(20 * time.Second)
				if o.service.Open() == 0 {
					rested++
				}
				for ; len(o.icbc.calls) > 0; looks++ {
					(<-o.icbc.calls).says(operator.StatusReversed, operator.ReasonNone)
				}
				open, err := o.store.OpenPayments(t.Context(), store.OrderID{}, 10)
				return err == nil && len(open) == 0
			}, 4*patience, time.Millisecond)
			require.GreaterOrEqual(t, looks, 3)
			require.Greater(t, rested, 100, "nearly all the time")
			require.GreaterOrEqual(t, o.clock.Now().Sub(began), 110*time.Minute)
		})
	}
}

// TestDeadOperatorsPaymentsRest: what is asked for again and again is in memory only when it is.
func TestDeadOperatorsPaymentsRest(t *testing.T) {
	t.Run("taken back", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		o.called(o.icbc, "authorise").fails(unknown("authorise"))
		o.cancel(1)
		for range 8 {
			o.calledInTime(o.icbc, "reverse").fails(unknown("reverse"))
		}
		o.restsOf(o.icbc)
		o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
		o.ends(message.Outcome_OUTCOME_REVERSED)
	})
	t.Run("signed", func(t *testing.T) {
		o, c := newOffice(t), newCards(t)
		card := c.paid(orderOf(1), 1250, 7, 1)
		o.tap(o.tapped(1, card, nil))
		o.called(o.icbc, "authorise").fails(unknown("authorise"))
		o.cancel(1)
		for range 5 {
			o.calledInTime(o.icbc, "authorise").fails(unknown("authorise"))
		}
		o.restsOf(o.icbc)
		again := o.calledInTime(o.icbc, "authorise")
		require.Equal(t, card, again.request.Card)
		again.says(operator.StatusApproved, operator.ReasonNone)
		o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
		o.ends(message.Outcome_OUTCOME_REVERSED)
	})
	t.Run("offline", func(t *testing.T) {
		o, c := newOffice(t), newCards(t)
		o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
		for range 5 {
			o.calledInTime(o.icbc, "authorise").fails(unknown("authorise"))
		}
		o.restsOf(o.icbc)
		o.calledInTime(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(message.Outcome_OUTCOME_APPROVED)
	})
	t.Run("answered when it rests", func(t *testing.T) {
		o, c := newOffice(t), newCards(t)
		o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
		for range 4 {
			o.calledInTime(o.icbc, "authorise").fails(unknown("authorise"))
		}
		late := o.calledInTime(o.icbc, "authorise")
		o.restsOf(o.icbc)
		late.says(operator.StatusApproved, operator.ReasonNone)
		o.told(message.Outcome_OUTCOME_APPROVED)
	})
}

// TestDeadOperatorHoldsUpNobodyElse: when it has as many payments in memory as it may, others are asked, or nobody.
func TestDeadOperatorHoldsUpNobodyElse(t *testing.T) {
	o := newOffice(t)
	ask := func(n uint32, terminal record.Terminal, merchant string) payment.Payment {
		body := o.request(1)
		body.MerchantId = merchant
		binary.BigEndian.PutUint32(body.OrderId[10:], n)
		change, _ := o.service.Requests().Consume(t.Context(), o.verifiedOf(terminal, merchant, record.PaymentRequested, body), []byte(code))
		require.Len(t, change.Payments, 1)
		var p payment.Payment
		require.NoError(t, p.UnmarshalBinary(change.Payments[0].Blob))
		return p
	}
	for n := range uint32(payment.OpenMax) {
		ask(n, foreignTill, otherID) // has ICBC only, which does not answer
	}
	p := ask(payment.OpenMax, foreignTill, otherID)
	require.Equal(t, payment.Declined, p.State)
	require.Equal(t, operator.ReasonOperatorUnavailable, p.Reason)
	p = ask(payment.OpenMax+1, till, merchantID)
	require.Equal(t, "ABC", p.Operator)
	require.Equal(t, payment.Authorising, p.State)
}

// slowStore lets what was stored be known only when the test says so.
type slowStore struct {
	payment.Store
	mu   sync.Mutex
	gate chan struct{} // guarded by mu; closed when it is open
}

func (s *slowStore) Submit(ctx context.Context, change store.Change, done func(error)) error {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	return s.Store.Submit(ctx, change, func(err error) {
		go func() {
			<-gate
			done(err)
		}()
	})
}

// shut closes the gate and returns what opens it.
func (s *slowStore) shut() (open func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.gate = gate
	return func() { close(gate) }
}

// droppedEvents tells of each event that was dropped.
type droppedEvents struct {
	slog.Handler
	dropped chan struct{}
}

func (d droppedEvents) Enabled(context.Context, slog.Level) bool { return true }

func (d droppedEvents) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "event dropped" {
		d.dropped <- struct{}{}
	}
	return nil
}

// TestTickThatIsDroppedComesAgain: while the store is slow, a payment is asked about so often that its tick finds no place. It
// is asked about on all the same.
func TestTickThatIsDroppedComesAgain(t *testing.T) {
	o := newOffice(t)
	var slow *slowStore
	dropped := make(chan struct{}, 10)
	o.begins(func(config *payment.ServiceConfig) {
		open := make(chan struct{})
		close(open)
		slow = &slowStore{Store: config.Store, gate: open}
		config.Store, config.Logger = slow, slog.New(droppedEvents{slog.DiscardHandler, dropped})
	})
	r := o.pay(1)
	o.called(o.icbc, "authorise").fails(unknown("authorise"))
	query := o.called(o.icbc, "query")
	open := slow.shut()
	query.answer <- bankAnswer{answer: operator.Answer{OrderID: query.request.OrderID, Status: operator.StatusApproved, Amount: 1}}
	require.Eventually(t, func() bool { return len(o.alarmKinds()) == 1 }, patience, time.Millisecond)
	for range 64 {
		o.service.Requests().Again(t.Context(), r, nil)
	}
	o.clock.advance(3 * time.Second)
	select {
	case <-dropped:
	case <-time.After(patience):
		require.FailNow(t, "the tick found a place")
	}
	open()
	for range 64 {
		o.told(message.Outcome_OUTCOME_UNKNOWN)
	}
	o.clock.advance(30 * time.Second)
	o.told(message.Outcome_OUTCOME_UNKNOWN) // that was due
	o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
}
