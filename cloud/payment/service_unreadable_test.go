package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// TestFollowUpThatCannotBeReadHoldsUpNoOther: somebody is told of it, and the others are taken up, by the sweep as well as at
// the start.
func TestFollowUpThatCannotBeReadHoldsUpNoOther(t *testing.T) {
	for name, missing := range map[string]bool{"its record is no follow-up": false, "its record is missing": true} {
		t.Run(name, func(t *testing.T) {
			o := paid(t)
			sequence := o.next + 1000
			if !missing {
				r := o.pay(2) // some other record
				o.called(o.icbc, "authorise").says(operator.StatusDeclined, operator.ReasonCodeInvalid)
				o.told(declined)
				sequence = r.Header.Sequence
			}
			waiting := func(n byte, sequence uint64) {
				require.NoError(t, o.store.Commit(t.Context(), store.Change{FollowUps: []store.FollowUp{{ID: store.FollowUpID(followUpID(n)),
					Order: store.OrderID(orderOf(1)), Terminal: till, Sequence: sequence, State: store.FollowUpWaiting, At: opening}}}))
			}
			waiting(1, sequence)
			for n, take := range map[byte]func(){2: func() { o.service.Sweep(t.Context()) }, 3: o.restart} {
				body := asks(n, refunds, 100)
				r := o.verified(record.FollowUpRequested, body)
				change, _ := o.service.FollowUps().Consume(t.Context(), r, nil)
				change.Records = append(change.Records, store.Record{Terminal: till, Sequence: r.Header.Sequence, Bytes: r.Record})
				require.NoError(t, o.store.Commit(t.Context(), change)) // and the process is gone before its order looks at it
				take()
				o.called(o.icbc, "refund").done()
				o.heard(approved)
				require.Contains(t, o.alarmKinds(), "unreadable")
			}
		})
	}
}

// TestPaymentThatCannotBeReadHoldsUpNoOther: the start goes on without it, and so does its timer.
func TestPaymentThatCannotBeReadHoldsUpNoOther(t *testing.T) {
	o := newOffice(t)
	o.pay(9)
	o.called(o.icbc, "authorise")
	require.NoError(t, o.store.Commit(t.Context(), store.Change{Payments: []store.Payment{{Order: store.OrderID(orderOf(1)),
		Terminal: till, Sequence: 99, Merchant: merchantID, Reference: "000000000099", Revision: 1, NextAt: opening, UpdatedAt: opening, Blob: []byte("?")}}}))
	o.restart()
	o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
	o.told(approved)
	require.Equal(t, []string{"unreadable"}, o.alarmKinds())
	o.service.Sweep(t.Context()) // sets its time, and then it is read in vain
	o.clock.advance(time.Minute)
	o.pay(8)
	o.called(o.icbc, "authorise").says(operator.StatusDeclined, operator.ReasonCodeInvalid)
	o.told(declined)
	require.Equal(t, []string{"unreadable"}, o.alarmKinds(), "and told of once")
}
