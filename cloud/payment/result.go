package payment

import (
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
)

// result is what the terminal is told of a payment.
func result(p Payment) *message.PaymentResult {
	return &message.PaymentResult{
		OrderId:          p.OrderID[:],
		Outcome:          message.Outcome(p.Outcome()),
		Stage:            stage(p.State),
		Reason:           message.Reason(p.Reason),
		Amount:           p.Amount,
		Currency:         p.Currency,
		Reference:        p.Reference,
		Authorisation:    p.AuthCode,
		OperatorCode:     p.Operator,
		PayerOperator:    p.PayerOperator,
		WalletMasked:     p.WalletMasked,
		ShownCode:        p.ShownCode,
		ShownCodeExpires: shownUntil(p),
		DecidedAt:        protocolTime(p.DecidedAt),
		NextAt:           nextAt(p),
		Refunded:         p.Refunded(),
		Revision:         p.Revision,
		Standing:         standing(p),
	}
}

// standing is what the terminal is told of an order once it was approved.
func standing(p Payment) *message.Standing {
	if !p.Stands() {
		return nil
	}
	s := p.Standing()
	return &message.Standing{Paid: s.Paid, Refunded: s.Refunded, Held: s.Held, HoldExpires: protocolTime(s.HoldExpires),
		Closed: s.Closed, Hold: s.Hold, Revision: p.Revision}
}

// followUpResult is what the terminal that asked is told of a follow-up.
func followUpResult(p Payment, f FollowUp) *message.FollowUpResult {
	r := &message.FollowUpResult{FollowUpId: f.ID[:], OrderId: p.OrderID[:], Kind: message.FollowUp(f.Kind),
		Outcome: message.Outcome(f.Status.Outcome()), Reason: message.Reason(f.Reason), Amount: f.Amount, Currency: p.Currency,
		Reference: f.Reference, OperatorCode: p.Operator, DecidedAt: protocolTime(f.DecidedAt), Revision: f.Revision,
		Standing: standing(p)}
	if f.Status == UnderWay {
		r.NextAt = protocolTime(f.NextAt)
	}
	return r
}

// stage says what is going on; only an unknown outcome has a stage before the last.
func stage(s State) message.Stage {
	switch s {
	case Created, Authorising:
		return message.Stage_STAGE_AUTHORISING
	case AwaitingPassword:
		return message.Stage_STAGE_AWAITING_PASSWORD
	case AwaitingCustomer:
		return message.Stage_STAGE_AWAITING_CUSTOMER
	case Querying:
		return message.Stage_STAGE_QUERYING
	case Reversing:
		return message.Stage_STAGE_REVERSING
	default:
		return message.Stage_STAGE_FINAL
	}
}

// nextAt is when more will be known at the latest, for a payment whose outcome is open.
func nextAt(p Payment) int64 {
	if p.Outcome() != OutcomeUnknown {
		return 0
	}
	return protocolTime(p.NextAt)
}

// shownUntil is how long a shown code may still be paid.
func shownUntil(p Payment) int64 {
	if p.State != AwaitingCustomer {
		return 0
	}
	return protocolTime(p.GiveUpAt)
}

// declinedFollowUp is what the terminal is told of a follow-up that was declined at once.
func declinedFollowUp(body *message.FollowUpRequested, reason operator.Reason, at time.Time) *message.FollowUpResult {
	return &message.FollowUpResult{FollowUpId: body.GetFollowUpId(), OrderId: body.GetOrderId(), Kind: body.GetKind(),
		Outcome: message.Outcome_OUTCOME_DECLINED, Reason: message.Reason(reason), Amount: body.GetAmount(),
		Currency: body.GetCurrency(), DecidedAt: protocolTime(at), Revision: 1}
}

func protocolTime(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
