package station

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
)

// TestReprintIsToldOfSalesAndFollowUps, copy by copy, and left out where none was asked for.
func TestReprintIsToldOfSalesAndFollowUps(t *testing.T) {
	const merchant, customer = message.ReceiptPrinted_COPY_MERCHANT, message.ReceiptPrinted_COPY_CUSTOMER
	asked := func(r checkout.Reprint, copy message.ReceiptPrinted_Copy) checkout.Reprint {
		r.Ask(copy)
		return r
	}
	reported := func(r checkout.Reprint, copy message.ReceiptPrinted_Copy, result message.ReceiptPrinted_Result) checkout.Reprint {
		r.Report(checkout.Printed{Copy: copy, Result: result, Reprint: true})
		return r
	}
	const done, notStarted, unsure = message.ReceiptPrinted_RESULT_DONE, message.ReceiptPrinted_RESULT_NOT_STARTED,
		message.ReceiptPrinted_RESULT_UNCONFIRMED
	both := asked(asked(checkout.Reprint{}, merchant), customer)
	torn := reported(reported(both, merchant, done), customer, unsure)
	twice := reported(asked(asked(checkout.Reprint{}, merchant), merchant), merchant, done)
	for want, state := range map[string]checkout.Reprint{
		`null`:                                {},
		`{"waiting":["merchant","customer"]}`: both,
		`{"waiting":["customer"],"not_printed":["merchant"]}`: reported(both, merchant, notStarted),
		`{"printed":["merchant"],"unconfirmed":["customer"]}`: torn,
		`{"waiting":["customer"],"printed":["merchant"]}`:     asked(torn, customer),
		`{"printed":["merchant"],"not_printed":["customer"]}`: reported(asked(torn, customer), customer, notStarted),
		`{"waiting":["merchant"],"printed":["merchant"]}`:     twice,
		`{"not_printed":["merchant"]}`:                        reported(twice, merchant, notStarted),
	} {
		sale := NewSale(checkout.View{Reprint: state}, time.Time{})
		done := newFollowUp(followup.View{Reprint: state}, time.Time{})
		for _, told := range []*Reprint{sale.Reprint, done.Reprint} {
			got, err := json.Marshal(told)
			require.NoError(t, err)
			require.Equal(t, want, string(got))
		}
	}
	first := torn
	first.Report(checkout.Printed{Copy: customer, Result: done})
	require.Equal(t, torn, first, "a first copy's report says nothing of a reprint")
	require.Equal(t, torn, reported(torn, merchant, notStarted), "nor does one that nobody waits for")
}
