package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

func (o *office) looksUp(terminal record.Terminal, merchant string, body *message.OrderLookup) *message.OrderFound {
	o.t.Helper()
	body.LookupId = followUpID(99)
	r := o.verifiedOf(terminal, merchant, record.OrderLookup, body)
	require.NoError(o.t, o.take(o.service.Lookups(), r, nil))
	var first *message.OrderFound
	for _, again := range []bool{false, true} {
		if again {
			o.service.Lookups().Again(o.t.Context(), r, nil)
		}
		select {
		case found := <-o.outbox.found:
			require.Equal(o.t, body.GetLookupId(), found.GetLookupId())
			if again {
				require.True(o.t, proto.Equal(first, found))
			}
			first = found
		case <-time.After(patience):
			require.FailNow(o.t, "no answer to the lookup")
		}
	}
	return first
}

func TestServiceLooksUp(t *testing.T) {
	o := paid(t)
	o.idle()
	row, err := o.store.Payment(t.Context(), store.OrderID(orderOf(1)))
	require.NoError(t, err)
	byNumber := &message.OrderLookup{Reference: row.Reference}
	t.Run("ByReference", func(t *testing.T) {
		found := o.looksUp(secondTill, merchantID, byNumber)
		require.True(t, found.GetFound())
		require.Equal(t, orderOf(1), found.GetPayment().GetOrderId())
		require.Equal(t, approved, found.GetPayment().GetOutcome())
		require.EqualValues(t, 1250, found.GetPayment().GetStanding().GetPaid())
		require.Equal(t, message.Method_METHOD_CODE, found.GetMethod())
		require.Equal(t, till.String(), found.GetTerminal())
		require.EqualValues(t, 1, found.GetBatch())
		require.EqualValues(t, 1, found.GetVoucher())
		require.Equal(t, opening.UnixMicro(), found.GetRequestedAt())
	})
	t.Run("ByOrder", func(t *testing.T) {
		require.True(t, o.looksUp(till, merchantID, &message.OrderLookup{OrderId: orderOf(1)}).GetFound())
	})
	t.Run("NotFound", func(t *testing.T) {
		for _, body := range []*message.OrderLookup{{OrderId: orderOf(2)}, {Reference: "999999999999"}, {Reference: "12"}, {}} {
			found := o.looksUp(till, merchantID, body)
			require.False(t, found.GetFound())
			require.Nil(t, found.GetPayment())
		}
	})
	t.Run("AnotherMerchants", func(t *testing.T) {
		require.False(t, o.looksUp(foreignTill, otherID, byNumber).GetFound())
		require.False(t, o.looksUp(foreignTill, otherID, &message.OrderLookup{OrderId: orderOf(1)}).GetFound())
	})
	t.Run("StillOpen", func(t *testing.T) {
		o.pay(2)
		call := o.called(o.icbc, "authorise")
		row, err := o.store.Payment(t.Context(), store.OrderID(orderOf(2)))
		require.NoError(t, err)
		found := o.looksUp(till, merchantID, &message.OrderLookup{Reference: row.Reference})
		require.Equal(t, open, found.GetPayment().GetOutcome())
		require.Nil(t, found.GetPayment().GetStanding())
		call.says(operator.StatusApproved, operator.ReasonNone)
		o.told(approved)
	})
	require.Equal(t, uint8(payment.Approved), row.State)
	require.Empty(t, o.icbc.calls, "a lookup moves nothing")
}
