package bank

import (
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Query tells how an order stands. Errors: ErrOrderConflict, ErrDaybook.
func (b *Bank) Query(inquiry operator.Inquiry, rule Rule) (operator.Answer, error) {
	return b.answered(deed{Query: &inquiry, Rule: rule}, func() (operator.Answer, error) { return b.query(inquiry, rule) })
}

func (b *Bank) query(inquiry operator.Inquiry, rule Rule) (operator.Answer, error) {
	now := b.now
	entry, err := b.find(inquiry, now)
	if err != nil {
		return operator.Answer{}, err
	}
	if entry == nil || rule.Do == DoNotFound || (entry.hidden && entry.phase == phasePending) {
		return operator.Answer{OrderID: inquiry.OrderID, Status: operator.StatusNotFound, At: now}, nil
	}
	return b.answer(entry, now), nil
}

// Reverse takes an order back. One it has never seen is remembered as reversed and refused when it comes.
// Errors: ErrOrderConflict, ErrFull, ErrDaybook.
func (b *Bank) Reverse(inquiry operator.Inquiry, rule Rule) (operator.Answer, error) {
	return b.answered(deed{Reverse: &inquiry, Rule: rule}, func() (operator.Answer, error) { return b.reverse(inquiry, rule) })
}

func (b *Bank) reverse(inquiry operator.Inquiry, rule Rule) (operator.Answer, error) {
	now := b.now
	entry, err := b.find(inquiry, now)
	if err != nil {
		return operator.Answer{}, err
	}
	if rule.Do == DoRefuseReversal {
		return b.refusal(inquiry, entry, operator.StatusReversalRefused, rule, now), nil
	}
	if rule.Do == DoLieDone && entry != nil && entry.phase == phaseApproved {
		entry.phase = phaseReversed // and nothing goes back
		return b.answer(entry, now), nil
	}
	if entry == nil {
		if len(b.orders) >= ordersMax {
			return operator.Answer{}, ErrFull
		}
		entry = &order{id: inquiry.OrderID, merchant: inquiry.Merchant, amount: inquiry.Amount, currency: inquiry.Currency, phase: phaseReversed}
		b.orders[inquiry.OrderID] = entry
		return b.answer(entry, now), nil
	}
	if entry.followed() {
		// A part of it went back already, or may: only follow-ups can tell how much is left.
		return b.refusal(inquiry, entry, operator.StatusReversalRefused, rule, now), nil
	}
	switch entry.phase {
	case phaseApproved:
		b.credit(entry)
		entry.phase = phaseReversed
	case phaseHeld:
		b.setFree(entry)
		entry.phase = phaseReversed
	case phasePending, phaseOpen:
		entry.phase = phaseReversed
	case phaseDeclined, phaseReversed, phaseRefunded:
		// Nothing is left to take back; the answer says how the order stands.
	}
	return b.answer(entry, now), nil
}

// Refund sends an approved order's money back once. Errors: ErrOrderConflict, ErrDaybook.
func (b *Bank) Refund(inquiry operator.Inquiry, rule Rule) (operator.Answer, error) {
	return b.answered(deed{Refund: &inquiry, Rule: rule}, func() (operator.Answer, error) { return b.refund(inquiry, rule) })
}

func (b *Bank) refund(inquiry operator.Inquiry, rule Rule) (operator.Answer, error) {
	now := b.now
	entry, err := b.find(inquiry, now)
	if err != nil {
		return operator.Answer{}, err
	}
	if rule.Do == DoRefuseRefund || entry == nil || entry.followed() {
		return b.refusal(inquiry, entry, operator.StatusRefundRefused, rule, now), nil
	}
	if rule.Do == DoLieDone && entry.phase == phaseApproved {
		entry.phase = phaseRefunded
		return b.answer(entry, now), nil
	}
	switch entry.phase {
	case phaseApproved:
		b.credit(entry)
		entry.phase = phaseRefunded
	case phaseHeld:
		b.setFree(entry)
		entry.phase = phaseRefunded
	case phaseReversed, phaseRefunded:
		// The money is back already.
	case phasePending, phaseOpen, phaseDeclined:
		return b.refusal(inquiry, entry, operator.StatusRefundRefused, rule, now), nil
	}
	return b.answer(entry, now), nil
}

// find returns the order, settled, or nil.
func (b *Bank) find(inquiry operator.Inquiry, now time.Time) (*order, error) {
	entry := b.orders[inquiry.OrderID]
	if entry == nil {
		return nil, nil
	}
	if entry.amount != inquiry.Amount || entry.currency != inquiry.Currency || entry.merchant != inquiry.Merchant {
		return nil, ErrOrderConflict
	}
	b.settle(entry, now)
	return entry, nil
}

func (b *Bank) refusal(inquiry operator.Inquiry, entry *order, status operator.Status, rule Rule, now time.Time) operator.Answer {
	answer := operator.Answer{OrderID: inquiry.OrderID, Status: status, Reason: rule.reason(), At: now}
	if entry != nil {
		answer.Amount, answer.Currency, answer.Reference = entry.amount, entry.currency, entry.reference
	}
	return answer
}

// answer states how the order stands.
func (b *Bank) answer(entry *order, now time.Time) operator.Answer {
	answer := operator.Answer{OrderID: entry.id, Amount: entry.amount, Currency: entry.currency, Reference: entry.reference, At: now}
	if entry.wallet != "" {
		answer.PayerOperator, answer.WalletMasked = b.config.Operator, Mask(entry.wallet)
	}
	if entry.phase == phaseApproved && entry.lie != 0 {
		answer.Status, answer.Reason = entry.lie, operator.ReasonOther
		return answer
	}
	switch entry.phase {
	case phasePending:
		answer.Status = operator.StatusAwaitingPassword
	case phaseOpen:
		answer.Status, answer.ShownCode = operator.StatusAwaitingCustomer, entry.shownCode
	case phaseApproved, phaseHeld:
		answer.Status, answer.AuthCode = operator.StatusApproved, entry.authCode
	case phaseDeclined:
		answer.Status, answer.Reason = operator.StatusDeclined, entry.reason
	case phaseReversed:
		answer.Status = operator.StatusReversed
	case phaseRefunded:
		answer.Status = operator.StatusRefunded
	}
	return answer
}

// Mask hides the middle of a wallet id: the first 6 and the last 4 digits stay.
func Mask(wallet string) string {
	if len(wallet) != 16 {
		return ""
	}
	return wallet[:6] + "******" + wallet[12:]
}
