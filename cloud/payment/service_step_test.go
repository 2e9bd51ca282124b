package payment_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// TestOfflineHoldIsDeclined: a terminal takes payments by itself and no holds; one that says otherwise is not presented.
func TestOfflineHoldIsDeclined(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	body := o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual))
	body.Hold = true
	o.tap(body)
	require.Equal(t, message.Reason_REASON_INVALID_REQUEST, o.told(message.Outcome_OUTCOME_DECLINED).GetReason())
	require.Equal(t, []string{"offline-lost"}, o.alarmKinds())
	o.nobodyAsked()
}

// TestStepThatCannotBeMade: what an operator said for certain cannot be kept, as of an offline hold that an earlier program
// took. Somebody is told.
func TestStepThatCannotBeMade(t *testing.T) {
	o := newOffice(t)
	p, err := payment.New(payment.Payment{OrderID: operator.OrderID(orderOf(1)), Terminal: till.String(), Sequence: 1,
		Merchant: merchantID, Method: operator.MethodTap, Amount: 1250, Currency: "CNY", Operator: "ICBC",
		Reference: "000000000001", Hold: true, HoldCap: 100}, opening)
	require.NoError(t, err)
	p.Offline = true
	o.keeps(p)
	o.restart()
	o.called(o.icbc, "hold").says(operator.StatusApproved, operator.ReasonNone)
	require.Eventually(t, func() bool { return slices.Contains(o.alarmKinds(), "payment-step-failed") }, patience, time.Millisecond)
}

// keeps stores a payment with its record, as if it had come.
func (o *office) keeps(p payment.Payment) {
	o.t.Helper()
	blob, err := p.MarshalBinary()
	require.NoError(o.t, err)
	r := o.verified(record.PaymentRequested, &message.PaymentRequested{OrderId: p.OrderID[:]})
	require.NoError(o.t, o.store.Commit(o.t.Context(), store.Change{
		Records: []store.Record{{Terminal: till, Sequence: r.Header.Sequence, Bytes: r.Record}},
		Payments: []store.Payment{{Order: store.OrderID(p.OrderID), Terminal: till, Sequence: r.Header.Sequence, Merchant: p.Merchant,
			Reference: p.Reference, Revision: 1, State: uint8(p.State), NextAt: p.NextAt, UpdatedAt: opening, Blob: blob}}}))
}
