package payment_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
)

// fullStore has no room for the first booking after full was set.
type fullStore struct {
	payment.Store
	full atomic.Bool
}

func (s *fullStore) Submit(ctx context.Context, change store.Change, done func(error)) error {
	if len(change.Entries) > 0 && s.full.CompareAndSwap(true, false) {
		return store.ErrFull
	}
	return s.Store.Submit(ctx, change, done)
}

// TestPayerIsCountedOncePerPayment: a step that is made again, because the store was full, is one payment of its payer.
func TestPayerIsCountedOncePerPayment(t *testing.T) {
	plans, err := plan.Load(strings.Replace(plan.Document(), "no_password_count = 10", "no_password_count = 5", 1))
	require.NoError(t, err)
	o := newOffice(t)
	var full *fullStore
	o.begins(func(config *payment.ServiceConfig) {
		full = &fullStore{Store: config.Store}
		config.Store, config.Plans = full, plans
	})
	for n := byte(1); n <= 6; n++ {
		require.Empty(t, o.alarmKinds())
		o.pay(n)
		full.full.Store(true)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		require.Eventually(t, func() bool { o.clock.advance(100 * time.Millisecond); return len(o.answers) > 0 }, patience, time.Millisecond)
		o.told(approved)
	}
	require.Equal(t, []string{"no-password-count"}, o.alarmKinds())
}

// TestWhomTheOperatorAskedIsNotCounted: an operator that asks for the password by itself, because of its own count, does what
// it should, and nobody is told.
func TestWhomTheOperatorAskedIsNotCounted(t *testing.T) {
	plans, err := plan.Load(strings.Replace(plan.Document(), "no_password_count = 10", "no_password_count = 5", 1))
	require.NoError(t, err)
	o := newOffice(t)
	o.begins(func(config *payment.ServiceConfig) { config.Plans = plans })
	pays := func(n byte) {
		o.pay(n)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
	}
	for n := byte(1); n <= 5; n++ {
		pays(n)
	}
	o.pay(6)
	o.called(o.icbc, "authorise").says(operator.StatusAwaitingPassword, operator.ReasonNone)
	require.Equal(t, message.Stage_STAGE_AWAITING_PASSWORD, o.told(open).GetStage())
	o.calledInTime(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
	o.told(approved)
	require.Empty(t, o.alarmKinds())
	o.pay(7)
	call := <-o.icbc.calls
	for ; call.name != "authorise"; call = <-o.icbc.calls { // the clock ran on until the answer: it may have been asked twice
		call.fails(unknown(call.name))
	}
	call.says(operator.StatusApproved, operator.ReasonNone)
	o.told(approved)
	require.Equal(t, []string{"no-password-count"}, o.alarmKinds(), "one that is let through all the same is told of")
}
