package service

import (
	"errors"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// Result is how a payment stands, as its terminal is told.
func Result(p payment.Payment) *message.PaymentResult {
	result := &message.PaymentResult{OrderId: p.OrderID[:], Outcome: message.Outcome(p.Outcome()), Stage: stage(p.State),
		Reason: message.Reason(p.Reason), Amount: p.Amount, Currency: p.Currency, Reference: p.Reference,
		Authorisation: p.AuthCode, OperatorCode: p.Operator, PayerOperator: p.PayerOperator,
		WalletMasked: p.WalletMasked, ShownCode: p.ShownCode, DecidedAt: micros(p.DecidedAt), Refunded: p.Refunded(),
		Revision: p.Revision}
	if p.State.Outcome() == payment.OutcomeUnknown {
		result.NextAt = micros(p.GiveUpAt)
		if p.State == payment.Reversing {
			result.NextAt = micros(p.NextAt)
		}
	}
	if p.State == payment.AwaitingCustomer {
		result.ShownCodeExpires = micros(p.GiveUpAt)
	}
	return result
}

func stage(state payment.State) message.Stage {
	switch state {
	case payment.Created, payment.Authorising:
		return message.Stage_STAGE_AUTHORISING
	case payment.AwaitingPassword:
		return message.Stage_STAGE_AWAITING_PASSWORD
	case payment.AwaitingCustomer:
		return message.Stage_STAGE_AWAITING_CUSTOMER
	case payment.Querying:
		return message.Stage_STAGE_QUERYING
	case payment.Reversing:
		return message.Stage_STAGE_REVERSING
	default:
		return message.Stage_STAGE_FINAL
	}
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// answer tells a payment's terminal how it stands. What it says is durable: the caller runs it after the commit.
func (s *Service) answer(a *active) {
	a.mu.Lock()
	p := a.p
	a.mu.Unlock()
	s.send(p)
}

// answerStored tells how a payment stands, from memory or from the store, to the terminal that made it and no other.
func (s *Service) answerStored(id operator.OrderID, asking record.Terminal) {
	row, err := s.config.Store.Payment(s.ctx, store.OrderID(id))
	if err != nil {
		if !errors.Is(err, store.ErrNotFound) && s.ctx.Err() == nil {
			s.config.Logger.Error("read payment for its terminal", "order", id.String(), "cause", err)
		}
		return
	}
	if row.Terminal != asking {
		s.config.Logger.Warn("order id of another terminal", "order", id.String(), "terminal", asking.String())
		s.tellRefused(asking, &message.PaymentRequested{OrderId: id[:]}, operator.ReasonDuplicate)
		return
	}
	stored, err := load(row)
	if err != nil {
		s.config.Logger.Error("read payment for its terminal", "order", id.String(), "cause", err)
		return
	}
	s.send(stored.p)
}

func (s *Service) send(p payment.Payment) {
	terminal, err := record.ParseTerminal(p.Terminal)
	if err == nil {
		err = s.config.Answers.Send(s.ctx, terminal, record.PaymentResult, Result(p))
	}
	if err != nil && s.ctx.Err() == nil {
		s.config.Logger.Warn("send result", "order", p.OrderID.String(), "cause", err)
	}
}

// tellRefused answers a request for which there is no payment: declined, nothing was sent to anybody.
func (s *Service) tellRefused(terminal record.Terminal, body *message.PaymentRequested, reason operator.Reason) {
	result := &message.PaymentResult{OrderId: body.GetOrderId(), Outcome: message.Outcome_OUTCOME_DECLINED,
		Stage: message.Stage_STAGE_FINAL, Reason: message.Reason(reason), Amount: body.GetAmount(),
		Currency: body.GetCurrency(), DecidedAt: s.config.Clock().UnixMicro(), Revision: 1}
	if err := s.config.Answers.Send(s.ctx, terminal, record.PaymentResult, result); err != nil && s.ctx.Err() == nil {
		s.config.Logger.Warn("send refusal", "terminal", terminal.String(), "cause", err)
	}
}
