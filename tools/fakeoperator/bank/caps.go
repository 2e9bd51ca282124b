package bank

import (
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// usualClass is a wallet that nobody gave another class: verified and bound to a bank account.
const usualClass = 2

// chinaOffset is China's one time zone: its days are the operator's.
const chinaOffset = 8 * 60 * 60

// usage is what a wallet did in one of China's days.
type usage struct {
	day   string // such as "2026-11-23"
	spent int64
	free  int // payments without verification
	wrong int // answers in a row
}

func dayOf(now time.Time) string {
	return now.In(time.FixedZone("UTC+8", chinaOffset)).Format(time.DateOnly)
}

// open begins a new day or year when one has begun.
func (w *wallet) open(now time.Time) {
	day := dayOf(now)
	if w.today.day == day {
		return
	}
	if len(w.today.day) < 4 || w.today.day[:4] != day[:4] {
		w.year = 0
	}
	w.today = usage{day: day}
}

// locked reports whether wrong answers have locked the wallet for the day.
func (w *wallet) locked(now time.Time) bool {
	w.open(now)
	return w.today.wrong >= triesMax
}

// over reports whether the caps of the wallet's class do not let it pay the order. A hard wallet has held to its own.
func (b *Bank) over(entry *order, now time.Time) bool {
	if b.config.Caps == nil || entry.method == operator.MethodTap {
		return false
	}
	account := b.account(entry.wallet)
	account.open(now)
	class := b.config.Caps.Class(account.class)
	for _, bound := range []struct{ has, most int64 }{
		{entry.amount, class.PaymentMax},
		{account.today.spent + entry.amount, class.DayMax},
		{account.year + entry.amount, class.YearMax},
		{account.today.spent + entry.amount, b.config.Caps.Barcode.DayMax()},
	} {
		if bound.most != 0 && bound.has > bound.most {
			return true
		}
	}
	return false
}

// used counts what a wallet paid.
func (w *wallet) used(entry *order, now time.Time) {
	w.open(now)
	w.today.spent += entry.amount
	w.year += entry.amount
	if !entry.verified {
		w.today.free++
	}
}

type setClass struct {
	Payer string `json:"payer"`
	Class int    `json:"class"`
}

// SetClass gives a wallet another class, 1 to 4. Errors: ErrInvalidWallet, ErrDaybook.
func (b *Bank) SetClass(payer string, class int) error {
	if !isWallet(payer) || class < 1 || class > 4 {
		return ErrInvalidWallet
	}
	return b.durably(deed{Class: &setClass{payer, class}}, func() { b.account(payer).class = class })
}
