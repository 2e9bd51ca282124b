package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
)

func disputeOf(reference string, amount int64) payment.Dispute {
	return payment.Dispute{Operator: "ICBC", Reference: reference, Amount: amount, Currency: "CNY"}
}

// dispute hands a dispute of order 1 over until its payment has decided.
func (o *office) dispute(d payment.Dispute) (booked bool) {
	o.t.Helper()
	require.Eventually(o.t, func() bool {
		decided, is, err := o.service.Dispute(o.t.Context(), operator.OrderID(orderOf(1)), d)
		require.NoError(o.t, err)
		booked = is
		return decided
	}, patience, time.Millisecond)
	return booked
}

// TestDisputesAndRefundsShareOneLimit is hyperswitch-control-center#4109: whose bank gave him his money back gets none from the
// merchant besides.
func TestDisputesAndRefundsShareOneLimit(t *testing.T) {
	o := paid(t) // 1250
	require.True(t, o.dispute(disputeOf("D1", 1000)))
	require.True(t, o.dispute(disputeOf("D1", 1000)), "stated again it is the same")
	require.EqualValues(t, 250, o.balance("operator/ICBC"))
	o.follow(asks(1, refunds, 251))
	require.Equal(t, message.Reason_REASON_LIMIT_EXCEEDED, o.heard(message.Outcome_OUTCOME_DECLINED).GetReason())
	o.follow(asks(2, voids, 0))
	o.heard(message.Outcome_OUTCOME_DECLINED)
	o.follow(asks(3, refunds, 250))
	o.called(o.icbc, "refund").done()
	o.heard(message.Outcome_OUTCOME_APPROVED)
	require.False(t, o.dispute(disputeOf("D2", 1)), "nothing is left: it is kept and not booked")
	require.Zero(t, o.balance("operator/ICBC"))
	require.Zero(t, o.balance("fees"), "all of the fee went back")
	entries, err := o.store.Entries(t.Context(), store.OrderID(orderOf(1)))
	require.NoError(t, err)
	require.Len(t, entries, 3)
	require.Equal(t, store.EntryDispute, entries[1].Kind)
}

// TestDisputeWaitsForWhatIsOpen: it is decided only when that is definite.
func TestDisputeWaitsForWhatIsOpen(t *testing.T) {
	o := paid(t)
	o.follow(asks(1, refunds, 1000))
	call := o.called(o.icbc, "refund")
	decided, _, err := o.service.Dispute(t.Context(), operator.OrderID(orderOf(1)), disputeOf("D1", 500))
	require.NoError(t, err)
	require.False(t, decided)
	call.refuses(operator.ReasonLimitExceeded)
	o.heard(message.Outcome_OUTCOME_DECLINED)
	require.True(t, o.dispute(disputeOf("D1", 500)))
	require.EqualValues(t, 750, o.balance("operator/ICBC"))
}

func TestDisputeOfNothingOfOurs(t *testing.T) {
	o := paid(t)
	for name, d := range map[string]payment.Dispute{
		"AnotherOperator": {Operator: "CCB", Reference: "D1", Amount: 5, Currency: "CNY"},
		"AnotherCurrency": {Operator: "ICBC", Reference: "D1", Amount: 5, Currency: "HKD"},
		"NoAmount":        {Operator: "ICBC", Reference: "D1", Currency: "CNY"},
		"MoreThanPaid":    disputeOf("D1", 1251),
	} {
		t.Run(name, func(t *testing.T) { require.False(t, o.dispute(d)) })
	}
	decided, booked, err := o.service.Dispute(t.Context(), operator.OrderID{9}, disputeOf("D1", 5))
	require.NoError(t, err)
	require.True(t, decided)
	require.False(t, booked)
	for n := range 10 {
		require.Equal(t, n < 7, o.dispute(disputeOf("E"+string(rune('0'+n)), 1)), "a bound on what one payment keeps")
	}
	require.EqualValues(t, 1243, o.balance("operator/ICBC"))
}
