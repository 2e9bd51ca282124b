package payment_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// tightStore has the room that it is told to have. As the real one it begins nothing without.
type tightStore struct {
	payment.Store
	has atomic.Uint32
}

func (s *tightStore) Room() store.Room { return store.Room(s.has.Load()) }

func (s *tightStore) set(room store.Room) { s.has.Store(uint32(room)) }

func newTightOffice(t *testing.T) (*office, *tightStore) {
	o := newOffice(t)
	var tight *tightStore
	o.begins(func(config *payment.ServiceConfig) {
		tight = &tightStore{Store: config.Store}
		config.Store = tight
	})
	return o, tight
}

// none checks that nothing was asked of an operator.
func (o *office) none() {
	o.t.Helper()
	o.idle()
	require.Empty(o.t, o.icbc.calls)
	require.Empty(o.t, o.abc.calls)
}

// TestDeclinedWithoutRoom: while nothing may begin, a request is declined at once and for good. It is durable as such with
// its record: when the record comes again, and there is room, nothing is begun for it.
func TestDeclinedWithoutRoom(t *testing.T) {
	o, tight := newTightOffice(t)
	tight.set(store.RoomToDecline)
	r := o.pay(1)
	require.Equal(t, message.Reason_REASON_OPERATOR_UNAVAILABLE, o.told(message.Outcome_OUTCOME_DECLINED).GetReason())
	o.service.Requests().Again(t.Context(), r, []byte(code))
	require.Equal(t, message.Reason_REASON_OPERATOR_UNAVAILABLE, o.told(message.Outcome_OUTCOME_DECLINED).GetReason(), "the same answer")
	tight.set(store.RoomToBegin)
	o.service.Requests().Again(t.Context(), r, []byte(code))
	o.told(message.Outcome_OUTCOME_DECLINED)
	_, err := o.store.Payment(t.Context(), store.OrderID(orderOf(1)))
	require.ErrorIs(t, err, store.ErrNotFound)
	o.cancel(1)
	o.told(message.Outcome_OUTCOME_REVERSED)
	o.none()

	o.pay(2)
	o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
	require.EqualValues(t, 1250, o.books())
}

// TestDeclinedWithoutRoomAcrossARestart: what was declined stays so.
func TestDeclinedWithoutRoomAcrossARestart(t *testing.T) {
	o, tight := newTightOffice(t)
	tight.set(store.RoomToDecline)
	r := o.pay(1)
	o.told(message.Outcome_OUTCOME_DECLINED)
	o.restart()
	o.service.Requests().Again(t.Context(), r, []byte(code))
	o.told(message.Outcome_OUTCOME_DECLINED)
	o.none()
}

// TestWhatIsNotDeclinedWithoutRoom: a decline would be no answer to what a card has signed, and cannot be stored behind the
// last quarter.
func TestWhatIsNotDeclinedWithoutRoom(t *testing.T) {
	t.Run("AFollowUpOfWhatIsPaid", func(t *testing.T) {
		o, tight := newTightOffice(t)
		o.pay(1)
		call := o.called(o.icbc, "authorise")
		tight.set(store.RoomToDecline)
		call.says(operator.StatusApproved, operator.ReasonNone)
		o.told(message.Outcome_OUTCOME_APPROVED)
		require.EqualValues(t, 1250, o.books(), "what was begun ends")
	})
	for name, c := range map[string]struct {
		room store.Room
		body func(o *office) *message.PaymentRequested
	}{
		"ACardHasSigned": {store.RoomToDecline, func(o *office) *message.PaymentRequested {
			return o.tapped(1, newCards(o.t).paid(orderOf(1), 1250, 7, 1), nil)
		}},
		"NoRoomForADecline": {store.RoomToEnd, func(o *office) *message.PaymentRequested { return o.request(1) }},
	} {
		t.Run(name, func(t *testing.T) {
			o, tight := newTightOffice(t)
			tight.set(c.room)
			r := o.verified(record.PaymentRequested, c.body(o))
			change, _ := o.service.Requests().Consume(context.Background(), r, []byte(code))
			require.Len(t, change.Payments, 1, "the store refuses it with its record, and the terminal keeps it")
		})
	}
}
