package agent

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
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
		CardDebited: s.CardDebited(),
		Offline:     s.Offline, ShopOrder: s.Order.Reference,
	}
	switch s.Order.Standing {
	case message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED, message.OrderStanding_ORDER_STANDING_GONE_BACK:
		slip.Outcome = receipt.NotAccepted
	}
	if slip.Wallet == "" && s.Offline {
		slip.Wallet = s.Card.Wallet.Masked()
	}
	if slip.Operator == "" {
		slip.Operator = r.GetOperatorCode()
	}
	if s.Hold {
		slip.Transaction = receipt.Hold
		if standing := s.Standing(); standing.GetHoldExpires() != 0 && slip.Outcome == receipt.Approved {
			slip.Expires = time.UnixMicro(standing.GetHoldExpires())
		}
	}
	if slip.Outcome != receipt.Approved && slip.Outcome != receipt.NotAccepted {
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
	case checkout.Approved, checkout.ApprovedOffline, checkout.NotHonoured: // the sale stands, whoever bears the loss
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
	return strings.TrimSuffix(base, "/") + "/r/" + crockford().EncodeToString(id[:])
}

// followUpSlip is the slip of something done with an order.
type followUpSlip followup.FollowUp

var _ printable = followUpSlip{}

func (s followUpSlip) name() slog.Attr { return slog.Any("follow-up", s.ID) }

func (s followUpSlip) slip(t *till, reprint bool) receipt.Slip {
	return t.followUpSlip(followup.FollowUp(s), reprint)
}

func (s followUpSlip) printed(ctx context.Context, t *till, report checkout.Printed) {
	h, err := t.findFollowUp(ctx, s.ID)
	if err != nil {
		t.logger.ErrorContext(ctx, "printed follow-up not found", "follow-up", s.ID, "error", err)
		return
	}
	// An error is in the log, and the report is kept for being tried again.
	_ = t.giveFollowUp(ctx, h, followup.Printed{Printed: report})
}

// followUpSlip is what stands on a follow-up's slip. Its QR code leads to the order, which shows what was done with it.
func (t *till) followUpSlip(f followup.FollowUp, reprint bool) receipt.Slip {
	payment, result := f.Original.GetPayment(), f.Result
	slip := receipt.Slip{
		Merchant: t.config.Merchant.Name, MerchantID: t.config.Merchant.ID, Acquirer: t.config.Merchant.Acquirer,
		Terminal: t.config.Terminal.String(), Cashier: f.Cashier,
		Operator: payment.GetPayerOperator(), Wallet: payment.GetWalletMasked(),
		Transaction: transactionOf(f.Kind), Outcome: followUpOutcome(f.State),
		Batch: fmt.Sprintf("%06d", f.Batch), Voucher: fmt.Sprintf("%06d", f.Voucher), Reference: result.GetReference(),
		At: f.RequestedAt, Amount: f.Moved(), Note: f.Note, Order: f.Order().String(),
		CheckAddress: checkAddress(t.config.CheckBase, f.Order()), Reprint: reprint, Original: t.originalOf(f.Original),
		Offline: f.Offline,
	}
	if slip.Operator == "" {
		slip.Operator = payment.GetOperatorCode()
	}
	if decided := result.GetDecidedAt(); decided != 0 {
		slip.At = time.UnixMicro(decided)
	}
	if slip.Amount.Minor == 0 {
		slip.Amount = slip.Original.Amount // of a cancel or undo that is not definite nobody here knows the amount
	}
	if f.State == followup.Declined || f.State == followup.NotCarriedOut {
		slip.Reason = f.Reason().Chinese
	}
	if standing := f.Standing(); f.Outcome() == message.Outcome_OUTCOME_APPROVED && standing != nil {
		t.standingOnSlip(&slip, standing)
	}
	return slip
}

// standingOnSlip says how the order stands afterwards.
func (t *till) standingOnSlip(slip *receipt.Slip, standing *message.Standing) {
	sum := func(minor int64) *money.Money {
		return &money.Money{Minor: max(0, minor), Currency: t.config.Currency}
	}
	switch slip.Transaction {
	case receipt.Void, receipt.Refund, receipt.Sale:
		slip.Left = sum(standing.GetPaid() - standing.GetRefunded())
		if standing.GetClosed() && !standing.GetHold() {
			slip.Left = sum(0)
		}
		if standing.GetHold() { // what was held is not what can go back
			slip.Completed = sum(standing.GetPaid())
		}
		return
	}
	slip.Completed, slip.Left = sum(standing.GetPaid()), sum(standing.GetHeld()-standing.GetPaid())
	if standing.GetClosed() {
		slip.Left = sum(0)
	} else if expires := standing.GetHoldExpires(); expires != 0 {
		slip.Expires = time.UnixMicro(expires)
	}
}

// originalOf is what a slip says of the order.
func (t *till) originalOf(order *message.OrderFound) *receipt.Original {
	payment := order.GetPayment()
	original := &receipt.Original{
		Reference: payment.GetReference(), Authorisation: payment.GetAuthorisation(),
		Amount: money.Money{Minor: payment.GetAmount(), Currency: t.config.Currency},
	}
	if order.GetTerminal() != t.config.Terminal.String() {
		original.Terminal = order.GetTerminal()
	}
	if order.GetVoucher() != 0 {
		original.Batch, original.Voucher = fmt.Sprintf("%06d", order.GetBatch()), fmt.Sprintf("%06d", order.GetVoucher())
	}
	if at := order.GetRequestedAt(); at != 0 {
		original.At = time.UnixMicro(at)
	}
	return original
}

func transactionOf(kind followup.Kind) receipt.Transaction {
	switch kind {
	case message.FollowUp_FOLLOW_UP_VOID:
		return receipt.Void
	case message.FollowUp_FOLLOW_UP_REFUND:
		return receipt.Refund
	case message.FollowUp_FOLLOW_UP_TOP_UP:
		return receipt.HoldTopUp
	case message.FollowUp_FOLLOW_UP_COMPLETE:
		return receipt.HoldCompletion
	case message.FollowUp_FOLLOW_UP_CANCEL:
		return receipt.HoldCancel
	default:
		return receipt.CompletionUndo
	}
}

func followUpOutcome(state followup.State) receipt.Outcome {
	switch state {
	case followup.Approved, followup.TakenOffline:
		return receipt.Approved
	case followup.Declined, followup.NotCarriedOut:
		return receipt.Declined
	default:
		return receipt.Unknown
	}
}
