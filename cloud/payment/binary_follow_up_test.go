package payment_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
)

// storedBefore is an approved payment as programs before follow-ups stored it.
const storedBefore = "0101020300000000000000000000000000060100010107c8d0077d0a0a0000000280a0c782d5bbb00680a0c782d5bbb00680a9c183d5bbb006000000" +
	"80ae959fd5bbb006000854303030303030310f31303232393030353831323030303103434e5904494342430c30303030303030303030343202523106" +
	"31323334353603434342103030303230302a2a2a2a2a2a35363738000103414243"

// followedPayment is a hold with every kind of follow-up that a hold can have, in every status.
func followedPayment(t require.TestingT) payment.Payment {
	p := newPayment(t, func(p *payment.Payment) { p.Hold, p.HoldCap, p.Batch, p.Voucher = true, 115, 3, 17 })
	p.State, p.Debit, p.HoldUntil, p.NextAt = payment.Held, payment.DebitHold, start().Add(time.Hour), start().Add(time.Minute)
	completed := payment.FollowUp{ID: numbered(1), Kind: operator.KindComplete, Status: payment.Done, Amount: 500, Freed: 400, Fee: 1,
		Last: true, Terminal: "T0000002", Sequence: 1 << 39, Reference: "000000000101", OperatorReference: "R-7", CreatedAt: start(),
		DecidedAt: start().Add(time.Second), Attempts: 2, Revision: 3}
	undone := refund(2, 500)
	undone.Kind, undone.Status, undone.Undoes, undone.NextAt = operator.KindUndo, payment.UnderWay, completed.ID, start().Add(5*time.Second)
	refused := refund(3, 70)
	refused.Status, refused.Reason = payment.Refused, operator.ReasonWalletBlocked
	own := payment.FollowUp{ID: operator.FollowUpID{9}, Kind: operator.KindCancel, Status: payment.UnderWay, Amount: 1, Round: 2}
	p.FollowUps = []payment.FollowUp{completed, undone, refused, own}
	return p
}

func TestBinaryFormOfFollowUps(t *testing.T) {
	p := followedPayment(t)
	stored, err := p.MarshalBinary()
	require.NoError(t, err)
	t.Run("OK", func(t *testing.T) {
		var again payment.Payment
		require.NoError(t, again.UnmarshalBinary(stored))
		require.Equal(t, p, again)
	})
	t.Run("ErrMalformedOnEveryCut", func(t *testing.T) {
		for size := range stored {
			require.Error(t, new(payment.Payment).UnmarshalBinary(stored[:size]), "cut to %d bytes", size)
		}
	})
	for name, spoil := range map[string]func(*payment.Payment){
		"NoID":        func(p *payment.Payment) { p.FollowUps[0].ID = operator.FollowUpID{} },
		"NoKind":      func(p *payment.Payment) { p.FollowUps[0].Kind = 0 },
		"NoStatus":    func(p *payment.Payment) { p.FollowUps[0].Status = 0 },
		"NoAmount":    func(p *payment.Payment) { p.FollowUps[0].Amount = 0 },
		"HighFee":     func(p *payment.Payment) { p.FollowUps[0].Fee = 501 },
		"NoReference": func(p *payment.Payment) { p.FollowUps[0].Reference = "" },
		"TooMany":     func(p *payment.Payment) { p.FollowUps = make([]payment.FollowUp, payment.FollowUpsMax+5) },
	} {
		t.Run("ErrInvalidPaymentOn"+name, func(t *testing.T) {
			spoiled := followedPayment(t)
			spoil(&spoiled)
			_, err := spoiled.MarshalBinary()
			require.ErrorIs(t, err, payment.ErrInvalidPayment)
		})
	}
}

// TestBinaryFormBefore: what an earlier program stored is read, goes on, and is stored in the new form.
func TestBinaryFormBefore(t *testing.T) {
	old, err := hex.DecodeString(storedBefore)
	require.NoError(t, err)
	var p payment.Payment
	require.NoError(t, p.UnmarshalBinary(old))
	want := newPayment(t, func(p *payment.Payment) { p.GiveUpAt = start().Add(30 * time.Second) })
	machine := newMachine(t)
	want, _ = machine.Step(want, payment.Event{Kind: payment.EventRequested}, start())
	want, _ = machine.Step(want, payment.Event{Kind: payment.EventAnswer, Call: payment.CallAuthorise, Operator: "ICBC",
		Answer: statement(want, operator.StatusApproved)}, start().Add(time.Second))
	require.Equal(t, want, p)
	requireStorable(t, p)

	asked := &payment.Asked{FollowUp: refund(1, p.Amount), Currency: "CNY", Batch: 1}
	p, effects := machine.Step(p, payment.Event{Kind: payment.EventFollowUpRequested, Asked: asked}, start().Add(time.Hour))
	require.Contains(t, describe(p, effects), "follow-up@ICBC/1", "an old payment can be refunded")
	asked.Kind, asked.ID = operator.KindVoid, numbered(2)
	_, effects = machine.Step(p, payment.Event{Kind: payment.EventFollowUpRequested, Asked: asked}, start().Add(time.Hour))
	require.NotContains(t, describe(p, effects), "take", "its shift is not known, so it cannot be voided")
	for size := range old {
		require.Error(t, new(payment.Payment).UnmarshalBinary(old[:size]))
	}
}
