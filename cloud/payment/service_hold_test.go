package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// held returns an office in which 1250 are held under order 1.
func held(t *testing.T, change func(*message.PaymentRequested)) *office {
	o := newOffice(t)
	body := o.request(1)
	body.Hold = true
	if change != nil {
		change(body)
	}
	require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
	call := o.called(o.icbc, "hold")
	require.True(t, call.request.Hold)
	require.Equal(t, code, call.request.Code)
	call.says(operator.StatusApproved, operator.ReasonNone)
	standing := o.told(approved).GetStanding()
	require.True(t, standing.GetHold())
	require.EqualValues(t, 1250, standing.GetHeld())
	require.NotZero(t, standing.GetHoldExpires())
	return o
}

func TestServiceHolds(t *testing.T) {
	t.Run("CompletedInParts", func(t *testing.T) {
		o := held(t, nil)
		require.Zero(t, o.books(), "nothing is paid")
		require.EqualValues(t, 1250, o.balance("hold/ICBC"))
		require.EqualValues(t, -1250, o.balance("held/"+merchantID))
		o.idle()
		o.follow(asks(1, topsUp, 750))
		o.called(o.icbc, "top_up").done()
		require.EqualValues(t, 2000, o.heard(approved).GetStanding().GetHeld())
		o.follow(asks(2, completes, 1500))
		o.called(o.icbc, "complete").done()
		require.EqualValues(t, 1500, o.heard(approved).GetStanding().GetPaid())
		require.EqualValues(t, 1500, o.books())
		undo := asks(3, message.FollowUp_FOLLOW_UP_UNDO, 0)
		undo.Undoes = followUpID(2)
		o.follow(undo)
		call := o.called(o.icbc, "undo")
		require.Equal(t, operator.FollowUpID(followUpID(2)), call.followUp.Undoes)
		call.done()
		o.heard(approved)
		require.Zero(t, o.books())
		require.EqualValues(t, 2000, o.balance("hold/ICBC"))
		last := asks(4, completes, 1200)
		last.Last = true
		o.follow(last)
		call = o.called(o.icbc, "complete")
		require.True(t, call.followUp.Last)
		call.done()
		require.True(t, o.heard(approved).GetStanding().GetClosed())
		require.EqualValues(t, 1200, o.books())
		require.Zero(t, o.balance("hold/ICBC"))
		o.follow(asks(5, cancels, 0))
		require.Equal(t, message.Reason_REASON_HOLD_ENDED, o.heard(declined).GetReason())
		o.follow(asks(6, refunds, 1200))
		o.called(o.icbc, "refund").done()
		o.heard(approved)
		require.Zero(t, o.books())
		require.Zero(t, o.balance("fees"))
		o.idle()
	})
	t.Run("ExpiresByItself", func(t *testing.T) {
		o := held(t, func(m *message.PaymentRequested) { m.HoldExpires = opening.Add(2 * time.Hour).UnixMicro() })
		o.idle() // it rests until its end comes near
		require.Eventually(t, func() bool { o.clock.advance(time.Minute); return len(o.icbc.calls) > 0 }, patience, time.Millisecond)
		require.False(t, o.clock.Now().Before(opening.Add(2*time.Hour)))
		call := o.called(o.icbc, "cancel")
		require.EqualValues(t, 1250, call.followUp.Amount)
		call.done()
		result := o.told(approved)
		require.True(t, result.GetStanding().GetClosed(), "the terminal hears that it is over")
		require.Equal(t, result.GetRevision(), result.GetStanding().GetRevision())
		require.Zero(t, o.balance("hold/ICBC"))
		require.Zero(t, o.books())
		o.idle()
	})
	t.Run("ExpiresThoughAskedForShortlyBefore", func(t *testing.T) {
		// What was asked brought the hold into memory before the sweep did, which then took it to have its time.
		o := held(t, func(m *message.PaymentRequested) { m.HoldExpires = opening.Add(14 * time.Minute).UnixMicro() })
		o.idle()
		o.clock.advance(270 * time.Second)
		o.follow(asks(1, completes, 99_999_999))
		o.heard(declined)
		require.Eventually(t, func() bool { o.clock.advance(time.Minute); return len(o.icbc.calls) > 0 }, patience, time.Millisecond)
		o.called(o.icbc, "cancel").done()
		require.True(t, o.told(approved).GetStanding().GetClosed())
		require.Zero(t, o.balance("hold/ICBC"))
	})
	t.Run("ExpiresAfterARestart", func(t *testing.T) {
		o := held(t, func(m *message.PaymentRequested) { m.HoldExpires = opening.Add(2 * time.Hour).UnixMicro() })
		o.stop()
		o.clock.advance(3 * time.Hour)
		o.restart()
		o.called(o.icbc, "cancel").done()
		require.True(t, o.told(approved).GetStanding().GetClosed())
	})
	t.Run("MerchantsPlan", func(t *testing.T) {
		o := newOffice(t)
		shop, err := o.store.Merchant(t.Context(), merchantID)
		require.NoError(t, err)
		shop.CompletionPercent, shop.HoldDays = 115, 3
		require.NoError(t, o.store.Commit(t.Context(), store.Change{Merchants: []store.Merchant{shop}}))
		body := o.request(1)
		body.Hold = true
		require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
		o.called(o.icbc, "hold").says(operator.StatusApproved, operator.ReasonNone)
		require.Equal(t, opening.AddDate(0, 0, 3).UnixMicro(), o.told(approved).GetStanding().GetHoldExpires())
		o.follow(asks(1, completes, 1438))
		require.Equal(t, message.Reason_REASON_LIMIT_EXCEEDED, o.heard(declined).GetReason())
		o.follow(asks(2, completes, 1437))
		o.called(o.icbc, "complete").done()
		require.EqualValues(t, 1437, o.heard(approved).GetStanding().GetPaid())
		require.EqualValues(t, 1437, o.books())
		require.Zero(t, o.balance("hold/ICBC"), "no more is taken from it than was held")
	})
	t.Run("UndecidedIsTakenBack", func(t *testing.T) {
		o := newOffice(t)
		body := o.request(1)
		body.Hold = true
		require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
		o.called(o.icbc, "hold").fails(unknown("hold"))
		o.called(o.icbc, "query").says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
		o.clock.advance(16 * time.Second)
		o.cancel(1)
		o.told(open)
		o.called(o.icbc, "reverse").says(operator.StatusReversed, operator.ReasonNone)
		o.told(reversed)
		require.Zero(t, o.balance("hold/ICBC"))
		require.Zero(t, o.books())
	})
	t.Run("OnlyWithWhoHolds", func(t *testing.T) {
		o := newOfficeWith(t, func(o *office) map[string]operator.Connector {
			return map[string]operator.Connector{"ICBC": plain{o.icbc}, "ABC": o.abc}
		})
		body := o.request(1)
		body.Hold = true
		require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
		o.called(o.abc, "hold").says(operator.StatusApproved, operator.ReasonNone)
		require.Equal(t, "ABC", o.told(approved).GetOperatorCode())
	})
	t.Run("EndsBeforeItBegins", func(t *testing.T) {
		o := newOffice(t)
		body := o.request(1)
		body.Hold, body.HoldExpires = true, opening.UnixMicro()
		require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
		require.Equal(t, message.Reason_REASON_INVALID_REQUEST, o.told(declined).GetReason())
	})
}

// plain is a connector that can do no more than it must.
type plain struct{ operator.Connector }
