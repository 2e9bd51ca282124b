package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

func followUpID(n byte) []byte {
	return []byte{0xf0, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, n}
}

// asks returns what a terminal asks to be done with order 1.
func asks(n byte, kind message.FollowUp, amount int64) *message.FollowUpRequested {
	return &message.FollowUpRequested{FollowUpId: followUpID(n), OrderId: orderOf(1), Kind: kind, Amount: amount, Currency: "CNY",
		MerchantId: merchantID, Batch: 1, Voucher: uint32(n)}
}

const (
	voids     = message.FollowUp_FOLLOW_UP_VOID
	refunds   = message.FollowUp_FOLLOW_UP_REFUND
	topsUp    = message.FollowUp_FOLLOW_UP_TOP_UP
	completes = message.FollowUp_FOLLOW_UP_COMPLETE
	cancels   = message.FollowUp_FOLLOW_UP_CANCEL
)

// follow lets the first terminal ask.
func (o *office) follow(body *message.FollowUpRequested) collector.Verified {
	o.t.Helper()
	r := o.verified(record.FollowUpRequested, body)
	require.NoError(o.t, o.take(o.service.FollowUps(), r, nil))
	return r
}

// heard returns the next follow-up result.
func (o *office) heard(outcome message.Outcome) told {
	o.t.Helper()
	select {
	case r := <-o.outbox.followUps:
		require.Equal(o.t, outcome, r.GetOutcome(), r.FollowUpResult)
		return r
	case <-time.After(patience):
		require.FailNow(o.t, "no follow-up result")
		return told{}
	}
}

func (c *bankCall) done() {
	f := c.followUp
	c.answer <- bankAnswer{followUp: operator.FollowUpAnswer{ID: f.ID, OrderID: f.OrderID, Status: operator.FollowUpDone, Amount: f.Amount,
		Currency: f.Currency, Reference: "F-1"}}
}

func (c *bankCall) refuses(reason operator.Reason) {
	c.answer <- bankAnswer{followUp: operator.FollowUpAnswer{ID: c.followUp.ID, OrderID: c.followUp.OrderID, Status: operator.FollowUpRefused, Reason: reason}}
}

// paid returns an office in which order 1 of 1250 is approved.
func paid(t *testing.T) *office {
	o := newOffice(t)
	o.pay(1)
	o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
	o.told(approved)
	return o
}

func (o *office) balance(account string) int64 {
	o.t.Helper()
	balances, err := o.store.Balances(o.t.Context())
	require.NoError(o.t, err)
	for _, b := range balances {
		if b.Account == account {
			return b.Amount
		}
	}
	return 0
}

// idle waits until nothing is in memory.
func (o *office) idle() {
	o.t.Helper()
	require.Eventually(o.t, func() bool { return o.service.Open() == 0 }, patience, time.Millisecond)
}

func TestServiceRefunds(t *testing.T) {
	t.Run("InPartsByAnyTerminal", func(t *testing.T) {
		o := paid(t)
		r := o.verifiedOf(secondTill, merchantID, record.FollowUpRequested, asks(1, refunds, 250))
		require.NoError(t, o.take(o.service.FollowUps(), r, nil))
		call := o.called(o.icbc, "refund")
		require.Equal(t, operator.FollowUp{ID: operator.FollowUpID(followUpID(1)), OrderID: operator.OrderID(orderOf(1)), Merchant: merchantID,
			Kind: operator.KindRefund, Amount: 250, Currency: "CNY"}, call.followUp)
		row, err := o.store.FollowUp(t.Context(), store.FollowUpID(followUpID(1)))
		require.NoError(t, err)
		require.Equal(t, store.FollowUpTaken, row.State, "stored before the call left")
		o.follow(asks(2, refunds, 1001))
		require.Equal(t, message.Reason_REASON_LIMIT_EXCEEDED, o.heard(declined).GetReason())
		call.done()
		first := o.heard(approved)
		require.Equal(t, secondTill, first.terminal)
		require.Len(t, first.GetReference(), 12)
		require.EqualValues(t, 250, first.GetAmount())
		require.Equal(t, "ICBC", first.GetOperatorCode())
		require.EqualValues(t, 1250, first.GetStanding().GetPaid())
		require.EqualValues(t, 250, first.GetStanding().GetRefunded())
		require.EqualValues(t, 1000, o.books())
		o.follow(asks(3, refunds, 1000))
		o.called(o.icbc, "refund").done()
		second := o.heard(approved).GetStanding()
		require.EqualValues(t, 1250, second.GetRefunded())
		require.Greater(t, second.GetRevision(), first.GetStanding().GetRevision(), "the terminal sees which is the newer")
		require.Zero(t, o.books())
		require.Zero(t, o.balance("merchant/"+merchantID))
		require.Zero(t, o.balance("fees"), "the whole fee went back")
		o.idle()

		o.service.FollowUps().Again(t.Context(), r, nil)
		again := o.heard(approved)
		require.Equal(t, first.GetRevision(), again.GetRevision())
		require.Equal(t, first.GetReference(), again.GetReference())
		require.EqualValues(t, 1250, again.GetStanding().GetRefunded())
		require.Equal(t, second.GetRevision(), again.GetStanding().GetRevision())
		require.Empty(t, o.icbc.calls)
		o.idle()
	})
	t.Run("Void", func(t *testing.T) {
		o := paid(t)
		other := asks(1, voids, 0)
		other.Batch = 2
		o.follow(other)
		require.Equal(t, message.Reason_REASON_SHIFT_CLOSED, o.heard(declined).GetReason())
		o.follow(asks(2, voids, 1250))
		o.called(o.icbc, "void").done()
		result := o.heard(approved)
		require.True(t, result.GetStanding().GetClosed())
		require.EqualValues(t, 1250, result.GetAmount())
		require.Zero(t, o.books())
		o.follow(asks(3, refunds, 1))
		require.Equal(t, message.Reason_REASON_LIMIT_EXCEEDED, o.heard(declined).GetReason())
	})
	t.Run("PursuedAcrossARestart", func(t *testing.T) {
		o := paid(t)
		r := o.follow(asks(1, refunds, 250))
		o.called(o.icbc, "refund").fails(unknown("refund"))
		require.NotZero(t, o.heard(open).GetNextAt())
		o.clock.advance(5 * time.Second)
		o.called(o.icbc, "refund").fails(&operator.NotSentError{Operation: "refund", Cause: errBroken})
		o.calledInTime(o.icbc, "refund") // and the process dies
		o.restart()
		second := o.called(o.icbc, "refund")
		require.Equal(t, operator.FollowUpID(followUpID(1)), second.followUp.ID, "under the same id")
		o.service.FollowUps().Again(t.Context(), r, nil)
		o.heard(open)
		second.done()
		o.heard(approved)
		require.EqualValues(t, 1000, o.books())
		o.idle()
	})
	t.Run("RefusedFreesTheAmount", func(t *testing.T) {
		o := paid(t)
		r := o.follow(asks(1, refunds, 1250))
		o.called(o.icbc, "refund").refuses(operator.ReasonWalletBlocked)
		result := o.heard(declined)
		require.Equal(t, message.Reason_REASON_WALLET_BLOCKED, result.GetReason())
		require.Zero(t, result.GetStanding().GetRefunded())
		o.idle()
		o.service.FollowUps().Again(t.Context(), r, nil)
		require.Equal(t, message.Reason_REASON_WALLET_BLOCKED, o.heard(declined).GetReason(), "it stays refused")
		o.follow(asks(2, refunds, 1250))
		o.called(o.icbc, "refund").done()
		o.heard(approved)
		require.Zero(t, o.books())
	})
	t.Run("StoredButNotLookedAtBeforeTheProcessDied", func(t *testing.T) {
		o := paid(t)
		o.idle()
		r := o.verified(record.FollowUpRequested, asks(1, refunds, 250))
		change, _ := o.service.FollowUps().Consume(t.Context(), r, nil)
		change.Records = append(change.Records, store.Record{Terminal: till, Sequence: r.Header.Sequence, Bytes: r.Record})
		require.NoError(t, o.store.Commit(t.Context(), change))
		o.restart()
		o.called(o.icbc, "refund").done()
		o.heard(approved)
		require.EqualValues(t, 1000, o.books())
	})
	t.Run("OfTheTerminalsOwnOfflinePaymentWaitsForIt", func(t *testing.T) {
		o := newOffice(t)
		body := asks(1, refunds, 250)
		body.Offline = true
		r := o.follow(body)
		o.pay(1)
		call := o.called(o.icbc, "authorise")
		o.service.FollowUps().Again(t.Context(), r, nil)
		call.says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		require.Eventually(t, func() bool { o.clock.advance(time.Minute); return len(o.icbc.calls) > 0 }, patience, time.Millisecond)
		o.called(o.icbc, "refund").done()
		// A later sweep may have found it still waiting, and had the terminal told that it is under way.
		require.Eventually(t, func() bool { return (<-o.outbox.followUps).GetOutcome() == approved }, patience, time.Millisecond)
		require.EqualValues(t, 1000, o.books())
	})
	t.Run("ReversalTakesOnlyTheRest", func(t *testing.T) {
		o := paid(t)
		o.follow(asks(1, refunds, 250))
		o.called(o.icbc, "refund").done()
		o.heard(approved)
		o.cancel(1)
		require.True(t, o.told(reversed).GetRefunded())
		rest := o.called(o.icbc, "refund")
		require.EqualValues(t, 1000, rest.followUp.Amount)
		o.follow(asks(2, refunds, 1))
		require.Equal(t, message.Reason_REASON_NOT_PAID, o.heard(declined).GetReason())
		rest.done()
		require.Equal(t, message.Stage_STAGE_FINAL, o.told(reversed).GetStage())
		require.Zero(t, o.books())
		require.Empty(t, o.icbc.calls, "the operator was not asked to reverse")
		o.idle()
	})
}

// measured returns the sum of a metric over the labels that fit.
func (o *office) measured(name string, labels map[string]string) float64 {
	o.t.Helper()
	families, err := o.metrics.Gather()
	require.NoError(o.t, err)
	var sum float64
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			fits := 0
			for _, pair := range metric.GetLabel() {
				if labels[pair.GetName()] == pair.GetValue() {
					fits++
				}
			}
			if fits == len(labels) {
				sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func TestServiceMeasuresFollowUps(t *testing.T) {
	const total, underWay = "yuantill_payment_follow_ups_total", "yuantill_payment_follow_ups_under_way"
	o := paid(t)
	o.follow(asks(1, refunds, 250))
	o.called(o.icbc, "refund").done()
	o.heard(approved)
	o.follow(asks(2, refunds, 5000))
	o.heard(declined)
	o.follow(asks(3, refunds, 100))
	o.called(o.icbc, "refund").refuses(operator.ReasonWalletBlocked)
	o.heard(declined)
	body := asks(4, refunds, 1)
	body.OrderId = orderOf(9)
	o.follow(body)
	o.heard(declined)
	require.InDelta(t, 1, o.measured(total, map[string]string{"kind": "refund", "outcome": "approved"}), 0)
	require.InDelta(t, 3, o.measured(total, map[string]string{"kind": "refund", "outcome": "declined"}), 0)
	o.follow(asks(5, refunds, 7))
	o.called(o.icbc, "refund")
	require.InDelta(t, 1, o.measured(underWay, nil), 0)
	o.restart()
	call := o.called(o.icbc, "refund")
	require.InDelta(t, 1, o.measured(underWay, nil), 0)
	call.done()
	o.heard(approved)
	require.InDelta(t, 0, o.measured(underWay, nil), 0)
}

func TestServiceFollowUpGuards(t *testing.T) {
	t.Run("Declined", func(t *testing.T) {
		for name, c := range map[string]struct {
			change func(*message.FollowUpRequested)
			reason message.Reason
		}{
			"UnknownOrder":  {func(m *message.FollowUpRequested) { m.OrderId = orderOf(9) }, message.Reason_REASON_UNKNOWN_ORDER},
			"OtherMerchant": {func(m *message.FollowUpRequested) { m.MerchantId = otherID }, message.Reason_REASON_TERMINAL_NOT_ALLOWED},
			"NoKind":        {func(m *message.FollowUpRequested) { m.Kind = 0 }, message.Reason_REASON_INVALID_REQUEST},
			"StrangeKind":   {func(m *message.FollowUpRequested) { m.Kind = -250 }, message.Reason_REASON_INVALID_REQUEST},
			"HoldKind":      {func(m *message.FollowUpRequested) { m.Kind = completes }, message.Reason_REASON_INVALID_REQUEST},
			"Currency":      {func(m *message.FollowUpRequested) { m.Currency = "HKD" }, message.Reason_REASON_INVALID_REQUEST},
			"NoID":          {func(m *message.FollowUpRequested) { m.FollowUpId = nil }, message.Reason_REASON_INVALID_REQUEST},
			"IDOfAnOrder":   {func(m *message.FollowUpRequested) { m.FollowUpId = orderOf(1) }, message.Reason_REASON_INVALID_REQUEST},
		} {
			t.Run(name, func(t *testing.T) {
				o := paid(t)
				body := asks(1, refunds, 250)
				c.change(body)
				r := o.follow(body)
				require.Equal(t, c.reason, o.heard(declined).GetReason())
				o.service.FollowUps().Again(t.Context(), r, nil)
				require.Equal(t, c.reason, o.heard(declined).GetReason(), "it stays declined")
				require.Empty(t, o.icbc.calls)
				o.idle()
				o.restart()
				require.Empty(t, o.outbox.followUps)
				require.EqualValues(t, 1250, o.books())
			})
		}
	})
	t.Run("AnotherMerchantsOrder", func(t *testing.T) {
		o := paid(t)
		body := asks(1, refunds, 250)
		body.MerchantId = otherID
		r := o.verifiedOf(foreignTill, otherID, record.FollowUpRequested, body)
		require.NoError(t, o.take(o.service.FollowUps(), r, nil))
		result := o.heard(declined)
		require.Equal(t, message.Reason_REASON_UNKNOWN_ORDER, result.GetReason())
		require.Equal(t, foreignTill, result.terminal)
		require.Nil(t, result.GetStanding(), "and hears nothing of it")
		o.idle()
	})
	t.Run("NotPaidYet", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		call := o.called(o.icbc, "authorise")
		r := o.follow(asks(1, refunds, 250))
		require.Equal(t, message.Reason_REASON_NOT_PAID, o.heard(declined).GetReason())
		call.says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		o.service.FollowUps().Again(t.Context(), r, nil)
		require.Equal(t, message.Reason_REASON_NOT_PAID, o.heard(declined).GetReason(), "what was declined stays declined")
		require.Empty(t, o.icbc.calls)
	})
	t.Run("IDUsedTwice", func(t *testing.T) {
		o := paid(t)
		o.follow(asks(1, refunds, 250))
		o.called(o.icbc, "refund").done()
		first := o.heard(approved)
		r := o.verifiedOf(secondTill, merchantID, record.FollowUpRequested, asks(1, refunds, 700))
		require.NoError(t, o.take(o.service.FollowUps(), r, nil))
		second := o.heard(approved)
		require.Equal(t, secondTill, second.terminal)
		require.EqualValues(t, 250, second.GetAmount(), "it gets the result of the first")
		require.Equal(t, first.GetReference(), second.GetReference())
		require.Contains(t, o.alarmKinds(), "follow-up-reused")
		o.service.FollowUps().Again(t.Context(), r, nil)
		require.EqualValues(t, 250, o.heard(approved).GetAmount())
		foreign := asks(1, refunds, 5)
		foreign.MerchantId = otherID
		r = o.verifiedOf(foreignTill, otherID, record.FollowUpRequested, foreign)
		require.NoError(t, o.take(o.service.FollowUps(), r, nil))
		require.Equal(t, message.Reason_REASON_UNKNOWN_ORDER, o.heard(declined).GetReason(), "another merchant hears nothing of it")
		require.Empty(t, o.icbc.calls)
		require.EqualValues(t, 1000, o.books())
	})
	t.Run("DeclinedIDUsedTwice", func(t *testing.T) {
		o := paid(t)
		o.follow(asks(1, refunds, 2000))
		require.Equal(t, message.Reason_REASON_LIMIT_EXCEEDED, o.heard(declined).GetReason())
		o.follow(asks(1, refunds, 5))
		result := o.heard(declined)
		require.Equal(t, message.Reason_REASON_LIMIT_EXCEEDED, result.GetReason())
		require.EqualValues(t, 2000, result.GetAmount())
		require.Contains(t, o.alarmKinds(), "follow-up-reused")
	})
	t.Run("AskedManyTimesAtOnce", func(t *testing.T) {
		o := paid(t)
		r := o.follow(asks(1, refunds, 250))
		for range 20 {
			o.service.FollowUps().Again(t.Context(), r, nil)
		}
		o.called(o.icbc, "refund").done()
		require.Eventually(t, func() bool { return (<-o.outbox.followUps).GetOutcome() == approved }, patience, time.Millisecond)
		o.idle()
		require.Empty(t, o.icbc.calls, "one call")
		require.EqualValues(t, 1000, o.books())
	})
}

// TestServiceForgottenPayment: what happens late to a payment that has left memory is pursued like everything else.
func TestServiceForgottenPayment(t *testing.T) {
	t.Run("LateApprovalOfADeclinedOne", func(t *testing.T) {
		o := newOffice(t)
		o.pay(1)
		slow := o.called(o.icbc, "authorise")
		o.clock.advance(4500 * time.Millisecond)
		o.told(open)
		o.called(o.icbc, "query").says(operator.StatusDeclined, operator.ReasonInsufficientFunds)
		o.told(declined)
		o.idle()
		slow.says(operator.StatusApproved, operator.ReasonNone)
		require.True(t, o.told(reversed).GetRefunded())
		o.called(o.icbc, "refund").fails(unknown("refund"))
		o.calledInTime(o.icbc, "refund").says(operator.StatusRefunded, operator.ReasonNone)
		o.told(reversed)
		require.Zero(t, o.books())
	})
	t.Run("ForeignReversalLeavesNothingInMemory", func(t *testing.T) {
		o := paid(t)
		o.idle()
		r := o.verifiedOf(secondTill, merchantID, record.ReversalRequested, &message.ReversalRequested{OrderId: orderOf(1)})
		require.NoError(t, o.take(o.service.Reversals(), r, nil))
		require.Eventually(t, func() bool { return len(o.alarmKinds()) == 1 }, patience, time.Millisecond)
		o.idle()
	})
}
