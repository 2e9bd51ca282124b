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
	report := func(copy message.ReceiptPrinted_Copy, result message.ReceiptPrinted_Result) checkout.Printed {
		return checkout.Printed{Copy: copy, Result: result, Reprint: true}
	}
	const merchant, customer = message.ReceiptPrinted_COPY_MERCHANT, message.ReceiptPrinted_COPY_CUSTOMER
	both := checkout.Reprint{}.Asked(merchant).Asked(customer)
	torn := both.Reported(report(merchant, message.ReceiptPrinted_RESULT_DONE)).Reported(report(customer, message.ReceiptPrinted_RESULT_UNCONFIRMED))
	for want, state := range map[string]checkout.Reprint{
		`null`:                                {},
		`{"waiting":["merchant","customer"]}`: both,
		`{"waiting":["customer"],"not_printed":["merchant"]}`: both.Reported(report(merchant, message.ReceiptPrinted_RESULT_NOT_STARTED)),
		`{"printed":["merchant"],"unconfirmed":["customer"]}`: torn,
		`{"waiting":["customer"],"printed":["merchant"]}`:     torn.Asked(customer),
		`{"printed":["merchant"],"not_printed":["customer"]}`: torn.Asked(customer).Reported(report(customer, message.ReceiptPrinted_RESULT_NOT_STARTED)),
		`{"waiting":["merchant"]}`:                            checkout.Reprint{}.Asked(merchant).Asked(merchant).Reported(report(merchant, message.ReceiptPrinted_RESULT_DONE)).Asked(merchant),
	} {
		sale := NewSale(checkout.View{Reprint: state}, time.Time{})
		done := newFollowUp(followup.View{Reprint: state}, time.Time{})
		for _, told := range []*Reprint{sale.Reprint, done.Reprint} {
			got, err := json.Marshal(told)
			require.NoError(t, err)
			require.Equal(t, want, string(got))
		}
	}
	require.Equal(t, torn, torn.Reported(checkout.Printed{Copy: customer, Result: message.ReceiptPrinted_RESULT_DONE}),
		"a first copy's report says nothing of a reprint")
}
