package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
)

// A query that was asked while the outcome was open is answered, or given up, when the payment has ended and is being
// taken back. What goes on must not be forgotten over it: found by tools/simulate, seed 1684.
func TestAnswerFromBeforeTheEndForgetsNothing(t *testing.T) {
	o := newOffice(t)
	o.pay(1)
	first := o.called(o.icbc, "authorise")
	o.clock.advance(4500 * time.Millisecond)
	slow := o.called(o.icbc, "query")
	o.told(message.Outcome_OUTCOME_UNKNOWN)
	o.clock.advance(3 * time.Second)
	o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
	o.clock.advance(15 * time.Second)
	require.Eventually(t, func() bool { return o.service.Open() == 0 }, patience, time.Millisecond)

	o.cancel(1)
	o.told(message.Outcome_OUTCOME_UNKNOWN)
	reverse := o.called(o.icbc, "reverse")
	slow.fails(unknown("query"))
	first.fails(unknown("authorise"))
	require.Never(t, func() bool { return o.service.Open() == 0 }, 50*time.Millisecond, time.Millisecond)
	reverse.fails(unknown("reverse"))
	o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_REVERSED)
	require.Zero(t, o.books())
}
