package payment_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// later gives a message the field of a later version.
func later(m proto.Message, number protowire.Number) {
	m.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), 1))
}

// TestServiceDeclinesWhatItDoesNotUnderstand plays the mixture of versions that could cost money: one that knew no holds, or
// no cap, and debited.
func TestServiceDeclinesWhatItDoesNotUnderstand(t *testing.T) {
	t.Run("APayment", func(t *testing.T) {
		o := newOffice(t)
		body := o.request(1)
		later(body, message.InformationalFrom-1)
		r := o.verified(record.PaymentRequested, body)
		require.NoError(t, o.take(o.service.Requests(), r, []byte(code)))
		require.Equal(t, message.Reason_REASON_INVALID_REQUEST, o.told(declined).GetReason())
		require.Empty(t, o.icbc.calls, "no operator is asked")
		require.Equal(t, []string{"newer-terminal"}, o.alarmKinds())
		o.service.Requests().Again(t.Context(), r, []byte(code))
		require.Equal(t, message.Reason_REASON_INVALID_REQUEST, o.told(declined).GetReason())
		require.Empty(t, o.icbc.calls)
	})
	t.Run("NotWhatIsInformational", func(t *testing.T) {
		o := newOffice(t)
		body := o.request(1)
		later(body, message.InformationalFrom)
		require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		require.Empty(t, o.alarmKinds())
	})
	t.Run("NotWhatHappenedOffline", func(t *testing.T) {
		o, c := newOffice(t), newCards(t)
		body := o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual))
		later(body.GetOffline(), message.InformationalFrom-1)
		o.tap(body)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		require.EqualValues(t, 1250, o.books())
		require.Equal(t, []string{"newer-terminal"}, o.alarmKinds(), "somebody is told all the same")
	})
	t.Run("WhatACardHasSignedGoesBack", func(t *testing.T) {
		o, c := newOffice(t), newCards(t)
		body := o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), nil)
		later(body, message.InformationalFrom-1)
		o.tap(body)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.calledInTime(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
		o.ends(reversed)
		require.Zero(t, o.books())
		require.Contains(t, o.alarmKinds(), "newer-terminal")
	})
	t.Run("AFollowUp", func(t *testing.T) {
		o := paid(t)
		asked := asks(1, refunds, 250)
		later(asked, message.InformationalFrom-1)
		o.follow(asked)
		require.Equal(t, message.Reason_REASON_INVALID_REQUEST, o.heard(declined).GetReason())
		require.Equal(t, []string{"newer-terminal"}, o.alarmKinds())
		require.EqualValues(t, 1250, o.books())
		_, err := o.store.FollowUp(t.Context(), store.FollowUpID(asked.GetFollowUpId()))
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}
