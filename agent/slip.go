package agent

import (
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/receipt"
)

// slip is what stands on the sale's receipt. The same sale gives the same slip whenever it is printed.
func (t *till) slip(s checkout.Sale, reprint bool) receipt.Slip {
	r := s.Result
	slip := receipt.Slip{
		Merchant: t.config.Merchant.Name, MerchantID: t.config.Merchant.ID, Acquirer: t.config.Merchant.Acquirer,
		Terminal: t.config.Terminal.String(), Cashier: s.Cashier,
		Operator: r.GetPayerOperator(), Wallet: r.GetWalletMasked(),
		Transaction: receipt.Sale, Outcome: slipOutcome(s.State),
		Batch: fmt.Sprintf("%06d", s.Batch), Voucher: fmt.Sprintf("%06d", s.Voucher),
		Reference: r.GetReference(), Authorisation: r.GetAuthorisation(),
		At: slipTime(s), Amount: s.Amount, Note: s.Note, Order: s.OrderID.String(),
		CheckAddress: checkAddress(t.config.CheckBase, s.OrderID), Reprint: reprint, CardInDoubt: s.CardInDoubt(),
	}
	if slip.Operator == "" {
		slip.Operator = r.GetOperatorCode()
	}
	if slip.Outcome != receipt.Approved {
		reason := r.GetReason()
		if reason == 0 {
			reason = s.Reversal
		}
		slip.Reason = catalogue.Reason(reason).Chinese
	}
	return slip
}

func slipOutcome(state checkout.State) receipt.Outcome {
	switch state {
	case checkout.Approved:
		return receipt.Approved
	case checkout.Declined:
		return receipt.Declined
	case checkout.Reversed:
		return receipt.Reversed
	default:
		return receipt.Unknown
	}
}

// slipTime is when the outcome became definite, by the cloud's clock; without one, when the payment was asked for.
func slipTime(s checkout.Sale) time.Time {
	if decided := s.Result.GetDecidedAt(); decided != 0 {
		return time.UnixMicro(decided)
	}
	return s.RequestedAt
}

// checkAddress is where anyone can check the receipt: the order id in Crockford's base 32.
func checkAddress(base string, id checkout.OrderID) string {
	if base == "" {
		return ""
	}
	crockford := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
	return strings.TrimSuffix(base, "/") + "/r/" + crockford.EncodeToString(id[:])
}
