package offline

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/protocol/hardwallet"
)

// Stop is the limit that stops a payment.
type Stop uint8

// The limits, in the order in which they are looked at.
const (
	Allowed       Stop = iota
	NoLimits           // the cloud gave none, or in another currency
	NoClock            // nobody knows how long the cloud has not been heard
	TooLong            // it was not heard for too long
	WalletBlocked      // the cloud blocked the wallet
	WalletCloned       // the wallet's counter was taken already: two cards with one identity
	OverPayment        // one payment's limit
	OverWallet         // one wallet's total
	OverWalletCount
	OverTerminal // the terminal's total, which shrinks with the hours
	OverTerminalCount
)

// String returns the limit's name for logs.
func (s Stop) String() string {
	switch s {
	case Allowed:
		return "allowed"
	case NoLimits:
		return "no-limits"
	case NoClock:
		return "no-clock"
	case TooLong:
		return "too-long"
	case WalletBlocked:
		return "wallet-blocked"
	case WalletCloned:
		return "wallet-cloned"
	case OverPayment:
		return "payment-max"
	case OverWallet:
		return "wallet-max"
	case OverWalletCount:
		return "wallet-count-max"
	case OverTerminal:
		return "terminal-max"
	case OverTerminalCount:
		return "terminal-count-max"
	default:
		return fmt.Sprintf("stop-%d", uint8(s))
	}
}

// LogValue is the limit's name.
func (s Stop) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Wish is a payment that is to be accepted.
type Wish struct {
	Wallet   hardwallet.WalletID
	Counter  uint32 // the payment's own: one above what the wallet says before it pays
	Amount   int64  // minor units
	Currency string
}

// Judge says whether the limits hold with this payment, all bounds included.
func (l Limits) Judge(taken *Taken, age Age, wish Wish) Stop {
	unheard, known := age.Unheard()
	switch {
	case l.ID == [idSize]byte{} || wish.Currency != l.Currency || wish.Amount <= 0:
		return NoLimits
	case !known:
		return NoClock
	case unheard > l.Within:
		return TooLong
	case l.Blocks(wish.Wallet):
		return WalletBlocked
	case wish.Amount > l.PaymentMax:
		return OverPayment
	}
	amount, count, counter := taken.of(wish.Wallet)
	total, all := taken.Total()
	switch {
	case count > 0 && wish.Counter <= counter:
		return WalletCloned
	// Differences and not sums: none can overflow.
	case amount > l.WalletMax-wish.Amount:
		return OverWallet
	case count >= l.WalletCountMax:
		return OverWalletCount
	case total > l.Total(unheard)-wish.Amount:
		return OverTerminal
	case all >= l.TerminalCountMax:
		return OverTerminalCount
	default:
		return Allowed
	}
}

// Left is what a till may still accept by itself.
type Left struct {
	Stop   Stop // Allowed while something is left
	Amount int64
	Count  int
	// For is how long anything is accepted from now on without the cloud.
	For time.Duration
}

// Left says what is left now: money, payments and time.
func (l Limits) Left(taken *Taken, age Age) Left {
	unheard, known := age.Unheard()
	total, count := taken.Total()
	left := Left{Amount: max(l.Total(unheard)-total, 0), Count: max(l.TerminalCountMax-count, 0), For: l.lasts(unheard)}
	switch {
	case l.ID == [idSize]byte{}:
		left.Stop = NoLimits
	case !known:
		left.Stop = NoClock
	case unheard > l.Within:
		left.Stop = TooLong
	case left.Amount == 0:
		left.Stop = OverTerminal
	case left.Count == 0:
		left.Stop = OverTerminalCount
	default:
		return left
	}
	return Left{Stop: left.Stop}
}

// lasts is the time until nothing is accepted any more, be it because a share of nothing begins.
func (l Limits) lasts(unheard time.Duration) time.Duration {
	end := l.Within
	for _, s := range l.Shares {
		if s.Percent == 0 {
			end = min(end, s.From)
		}
	}
	return max(end-unheard, 0)
}
