package bank

import (
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// triesMax is how many wrong answers lock a wallet for the day.
const triesMax = 3

// verifyFor is how long a verification waits for the customer, unless the configuration says otherwise.
const verifyFor = time.Minute

var (
	// ErrNoVerification says that no order waits for this customer, or not with this amount: an answer counts for the
	// order and amount it was asked for and for nothing else.
	ErrNoVerification = errors.New("bank: no verification waits for this order and amount")
	// ErrInvalidAnswer marks a factor or an answer that there is not.
	ErrInvalidAnswer = errors.New("bank: invalid verification answer")
)

// Verification is what the customer does when asked to prove who they are.
type Verification struct {
	OrderID operator.OrderID
	Amount  int64  // as the customer's phone shows it; minor units
	Factor  string // "password", "finger" or "face"
	Answer  string // "right", "wrong" or "leave"
}

func (v Verification) validate() error {
	switch v.Factor {
	case "password", "finger", "face":
	default:
		return fmt.Errorf("%w: factor %q", ErrInvalidAnswer, v.Factor)
	}
	switch v.Answer {
	case "right", "wrong", "leave":
		return nil
	default:
		return fmt.Errorf("%w: answer %q", ErrInvalidAnswer, v.Answer)
	}
}

// Verify plays the customer's answer. Errors: ErrInvalidAnswer, ErrNoVerification, ErrDaybook.
func (b *Bank) Verify(v Verification) error {
	if err := v.validate(); err != nil {
		return err
	}
	_, err := b.answered(deed{Verify: &v}, func() (operator.Answer, error) { return operator.Answer{}, b.verify(v) })
	return err
}

func (b *Bank) verify(v Verification) error {
	now := b.now
	entry := b.orders[v.OrderID]
	if entry == nil {
		return ErrNoVerification
	}
	b.settle(entry, now)
	if !entry.verifying || entry.phase != phasePending || entry.amount != v.Amount {
		return ErrNoVerification
	}
	account := b.account(entry.wallet)
	account.open(now)
	switch v.Answer {
	case "leave":
		entry.decline(operator.ReasonCustomerCancelled)
	case "wrong":
		if account.today.wrong++; account.today.wrong >= triesMax {
			entry.decline(operator.ReasonVerificationFailed)
		}
	default:
		if account.locked(now) { // by answers to another order meanwhile
			entry.decline(operator.ReasonWalletBlocked)
			return nil
		}
		account.today.wrong = 0
		entry.verified = true
		b.debit(entry)
	}
	return nil
}

// ask makes the order wait for the customer's verification when the sender or the operator's own rule wants one, or
// declines it. It reports whether it did either.
func (b *Bank) ask(entry *order, now time.Time) bool {
	account := b.account(entry.wallet)
	account.open(now)
	if account.locked(now) {
		entry.decline(operator.ReasonWalletBlocked)
		return true
	}
	often := b.config.NoPasswordCount > 0 && account.today.free >= b.config.NoPasswordCount
	switch {
	case entry.method == operator.MethodTap && entry.mustVerify:
		entry.decline(operator.ReasonLimitExceeded) // a hard wallet has no way to verify its holder
		return true
	case entry.method == operator.MethodTap || !entry.mustVerify && !often:
		return false
	}
	wait := b.config.VerifyFor
	if wait == 0 {
		wait = verifyFor
	}
	entry.phase, entry.verifying, entry.readyAt, entry.then = phasePending, true, now.Add(wait), EndTimedOut
	return true
}
