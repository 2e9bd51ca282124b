package bank

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// percentWhole is the completion cap where Config names none.
const percentWhole = 100

// followUp is one entry of an order's history after its approval.
type followUp struct {
	request   operator.FollowUp
	digest    [32]byte
	order     *order // nil when the order is not known
	status    operator.FollowUpStatus
	reason    operator.Reason
	reference string
	readyAt   time.Time
	freed     int64 // of a completion: what it took from what is held
	undone    bool
	asked     int
}

// FollowUp carries out what follows an approval, by rules of its own; the same one again gets the same answer. Errors:
// ErrOrderConflict, ErrFull, ErrDaybook.
func (b *Bank) FollowUp(request operator.FollowUp, rule Rule) (answer operator.FollowUpAnswer, err error) {
	if failed := b.durably(deed{Follow: &request, Rule: rule}, func() { answer, err = b.follow(request, rule) }); failed != nil {
		return operator.FollowUpAnswer{}, failed
	}
	return answer, err
}

func (b *Bank) follow(request operator.FollowUp, rule Rule) (operator.FollowUpAnswer, error) {
	now, digest := b.now, digestOfFollowUp(request)
	if known := b.followUps[request.ID]; known != nil {
		known.asked++
		b.settleFollowUp(known, now)
		if known.digest != digest {
			return operator.FollowUpAnswer{}, ErrOrderConflict
		}
		return known.answer(now), nil
	}
	if len(b.followUps) >= ordersMax {
		return operator.FollowUpAnswer{}, ErrFull
	}
	b.sequence++
	entry := &followUp{request: request, digest: digest, order: b.orders[request.OrderID], asked: 1, status: operator.FollowUpPending,
		reference: fmt.Sprintf("%sF%013d", b.config.Operator, b.sequence)}
	b.followUps[request.ID] = entry
	if entry.order != nil {
		b.settle(entry.order, now)
		entry.order.followUps = append(entry.order.followUps, entry)
	}
	switch rule.Do {
	case DoDecline, DoRefuseRefund:
		entry.refuse(rule.reason())
	case DoLieDone: // and nothing moves
		entry.status = operator.FollowUpDone
	case DoLate, DoPassword:
		entry.readyAt = now.Add(rule.delay())
	default:
		b.decide(entry)
	}
	return entry.answer(now), nil
}

func (f *followUp) refuse(reason operator.Reason) {
	f.status, f.reason = operator.FollowUpRefused, reason
}

func (f *followUp) answer(now time.Time) operator.FollowUpAnswer {
	answer := operator.FollowUpAnswer{ID: f.request.ID, OrderID: f.request.OrderID, Status: f.status, Reason: f.reason,
		Reference: f.reference, At: now}
	if f.status == operator.FollowUpDone {
		answer.Amount, answer.Currency = f.request.Amount, f.request.Currency
	}
	return answer
}

// settleFollowUp decides a pending one whose time has come.
func (b *Bank) settleFollowUp(entry *followUp, now time.Time) {
	if entry.status == operator.FollowUpPending && !now.Before(entry.readyAt) {
		b.decide(entry)
	}
}

// decide applies the operator's own limits and moves the money.
func (b *Bank) decide(f *followUp) {
	reason := b.objection(f)
	if reason == operator.ReasonNone {
		reason = b.carryOut(f)
	}
	if reason != operator.ReasonNone {
		f.refuse(reason)
		return
	}
	f.status = operator.FollowUpDone
}

func (b *Bank) objection(f *followUp) operator.Reason {
	o, r := f.order, f.request
	switch {
	case o == nil || o.merchant != r.Merchant:
		return operator.ReasonUnknownOrder
	case o.phase != phaseApproved && o.phase != phaseHeld:
		return operator.ReasonNotPaid
	case o.currency != r.Currency || r.Amount <= 0:
		return operator.ReasonInvalidRequest
	case o.hold && r.Kind == operator.KindVoid || !o.hold && r.Kind > operator.KindRefund:
		return operator.ReasonInvalidRequest
	case r.Kind > operator.KindRefund && o.ended:
		return operator.ReasonHoldEnded
	default:
		return operator.ReasonNone
	}
}

func (b *Bank) carryOut(f *followUp) operator.Reason {
	switch f.request.Kind {
	case operator.KindVoid, operator.KindRefund:
		return b.giveBack(f)
	case operator.KindTopUp:
		return b.topUp(f)
	case operator.KindComplete:
		return b.complete(f)
	case operator.KindCancel:
		return b.cancel(f)
	default:
		return b.undo(f)
	}
}

// giveBack refunds; never more than was paid, whatever anybody asks.
func (b *Bank) giveBack(f *followUp) operator.Reason {
	o, amount := f.order, f.request.Amount
	if amount > o.debited-o.credited || f.request.Kind == operator.KindVoid && (o.credited != 0 || amount != o.debited) {
		return operator.ReasonLimitExceeded
	}
	b.account(o.wallet).balance += amount
	o.credited += amount
	b.moved(o, f, operator.LineReturn, amount, f.reference)
	return operator.ReasonNone
}

func (b *Bank) topUp(f *followUp) operator.Reason {
	account := b.account(f.order.wallet)
	if account.balance-account.held < f.request.Amount {
		return operator.ReasonInsufficientFunds
	}
	account.held += f.request.Amount
	f.order.held += f.request.Amount
	f.order.heldInAll += f.request.Amount
	return operator.ReasonNone
}

// complete debits the wallet out of what is held; what goes beyond it must be there besides.
func (b *Bank) complete(f *followUp) operator.Reason {
	o, amount := f.order, f.request.Amount
	percent := b.config.CompletionPercent
	if percent == 0 {
		percent = percentWhole
	}
	if o.completed+amount > o.heldInAll*percent/percentWhole {
		return operator.ReasonLimitExceeded
	}
	account, taken := b.account(o.wallet), min(amount, o.held)
	if account.balance-account.held < amount-taken {
		return operator.ReasonInsufficientFunds
	}
	if f.request.Last {
		taken, o.ended = o.held, true
	}
	f.freed = taken
	account.held -= taken
	account.balance -= amount
	o.held -= taken
	o.debited += amount
	o.completed += amount
	b.moved(o, f, operator.LineCompletion, amount, f.reference)
	return operator.ReasonNone
}

func (b *Bank) cancel(f *followUp) operator.Reason {
	if f.request.Amount != f.order.held {
		return operator.ReasonInvalidRequest
	}
	b.setFree(f.order)
	f.order.ended = true
	return operator.ReasonNone
}

// undo puts a completion back as a whole; the amount is held again.
func (b *Bank) undo(f *followUp) operator.Reason {
	completion := b.followUps[f.request.Undoes]
	switch {
	case completion == nil || completion.order != f.order || completion.request.Kind != operator.KindComplete ||
		f.request.Amount != completion.request.Amount:
		return operator.ReasonInvalidRequest
	case completion.status != operator.FollowUpDone:
		return operator.ReasonNotPaid
	case completion.undone || f.request.Amount > f.order.debited-f.order.credited:
		return operator.ReasonLimitExceeded
	}
	completion.undone = true
	account, o := b.account(f.order.wallet), f.order
	account.balance += f.request.Amount
	account.held += completion.freed
	o.credited += f.request.Amount
	b.moved(o, f, operator.LineReturn, f.request.Amount, f.reference)
	o.completed -= f.request.Amount
	o.held += completion.freed
	return operator.ReasonNone
}

// hold sets the amount aside in the wallet, or declines for want of money.
func (b *Bank) hold(entry *order) {
	account := b.account(entry.wallet)
	if account.balance-account.held < entry.amount && entry.method != operator.MethodTap {
		entry.decline(operator.ReasonInsufficientFunds)
		return
	}
	account.held += entry.amount
	entry.held, entry.heldInAll, entry.phase = entry.amount, entry.amount, phaseHeld
	entry.authorised()
}

// setFree gives the wallet what is still held of the order.
func (b *Bank) setFree(entry *order) {
	b.account(entry.wallet).held -= entry.held
	entry.held = 0
}

// followed reports whether something was carried out after the approval, or may be, or was disputed.
func (o *order) followed() bool {
	if o.disputed > 0 {
		return true
	}
	for _, f := range o.followUps {
		if f.status != operator.FollowUpRefused {
			return true
		}
	}
	return false
}

func digestOfFollowUp(request operator.FollowUp) [32]byte {
	hash := sha256.New()
	hash.Write(request.OrderID[:])
	hash.Write(request.Undoes[:])
	hash.Write(binary.BigEndian.AppendUint64(nil, uint64(request.Amount)))
	hash.Write([]byte(strings.Join([]string{request.Merchant, request.Kind.String(), request.Currency, fmt.Sprint(request.Last)}, "\x00")))
	return [32]byte(hash.Sum(nil))
}
