package payment_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
)

// kept returns order 1 as the store has it.
func (o *office) kept() payment.Payment {
	o.t.Helper()
	row, err := o.store.Payment(o.t.Context(), store.OrderID(orderOf(1)))
	require.NoError(o.t, err)
	var p payment.Payment
	require.NoError(o.t, p.UnmarshalBinary(row.Blob))
	return p
}

// hyperswitch#3751: the processor's answer to a refund was lost; what came later changed the refund's state only, and the
// number that the processor had given it was never known. Whoever brings the answer, the number comes with it.
func TestReferenceOfAPursuedFollowUp(t *testing.T) {
	for name, lose := range map[string]func(o *office) *bankCall{
		"AskedAgain": func(o *office) *bankCall {
			o.called(o.icbc, "refund").fails(unknown("refund"))
			o.heard(open)
			return o.calledInTime(o.icbc, "refund") // a timer that is about to be set would miss a time that passes but once
		},
		"AskedByTheNextProcess": func(o *office) *bankCall {
			o.called(o.icbc, "refund")
			o.restart()
			return o.called(o.icbc, "refund")
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := paid(t)
			o.follow(asks(1, refunds, 250))
			lose(o).done()
			o.heard(approved)
			o.idle()
			f, known := o.kept().FollowUp(operator.FollowUpID(followUpID(1)))
			require.True(t, known)
			require.Equal(t, payment.Done, f.Status)
			require.Equal(t, "F-1", f.OperatorReference)
		})
	}
}

// TestReferenceOfAPursuedPayment is the same for the payment itself: its answer was lost, and asking for it finds the rest.
func TestReferenceOfAPursuedPayment(t *testing.T) {
	o := newOffice(t)
	o.pay(1)
	o.called(o.icbc, "authorise").fails(unknown("authorise"))
	o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
	o.told(approved)
	o.idle()
	p := o.kept()
	require.Equal(t, "R-1", p.OperatorReference)
	require.Equal(t, "A1B2C3", p.AuthCode)
}
