// Package money holds amounts as int64 minor units with their currency. Text comes in and goes out as decimal
// strings; nothing here or elsewhere in the product is a floating-point number.
package money

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The errors of this package.
var (
	ErrOverflow         = errors.New("money: amount out of range")
	ErrSyntax           = errors.New("money: not a decimal amount")
	ErrTooFine          = errors.New("money: more decimals than the currency has")
	ErrUnknownCurrency  = errors.New("money: unknown currency")
	ErrCurrencyMismatch = errors.New("money: currencies differ")
)

// AmountMax is the most that one payment may come to, in minor units of any currency (SPEC.md 8).
const AmountMax = int64(1_000_000_000_000)

// Money is an amount in the minor units of a currency, such as 1250 fen for ¥12.50. It may be negative (a posting).
type Money struct {
	Minor    int64
	Currency Currency
}

// Of returns minor units of the currency with the given code, or ErrUnknownCurrency.
func Of(minor int64, code string) (Money, error) {
	currency, err := Lookup(code)
	if err != nil {
		return Money{}, err
	}
	return Money{Minor: minor, Currency: currency}, nil
}

// Parse reads a decimal such as "12.5" or "-0.05" in the given currency. It takes neither signs other than a leading
// minus, nor exponents, grouping, or a decimal finer than the currency's scale.
func Parse(text string, currency Currency) (Money, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if !allDigits(whole) || (hasPoint && !allDigits(fraction)) {
		return Money{}, fmt.Errorf("%w: %q", ErrSyntax, text)
	}
	if len(fraction) > currency.Scale {
		return Money{}, fmt.Errorf("%w: %q in %s", ErrTooFine, text, currency.Code)
	}
	fraction += strings.Repeat("0", currency.Scale-len(fraction))
	minor, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return Money{}, fmt.Errorf("%w: %q", ErrOverflow, text)
	}
	if negative {
		minor = -minor
	}
	return Money{Minor: minor, Currency: currency}, nil
}

func allDigits(text string) bool {
	for _, r := range text {
		if r < '0' || r > '9' {
			return false
		}
	}
	return text != ""
}

// String returns the amount with all its decimals and no symbol, such as "12.50".
func (m Money) String() string {
	sign, magnitude := "", uint64(m.Minor)
	if m.Minor < 0 {
		sign, magnitude = "-", -uint64(m.Minor)
	}
	digits := strconv.FormatUint(magnitude, 10)
	scale := m.Currency.Scale
	if scale == 0 {
		return sign + digits
	}
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale+1-len(digits)) + digits
	}
	point := len(digits) - scale
	return sign + digits[:point] + "." + digits[point:]
}

// Display returns the amount with its symbol or code in front, such as "¥12.50" or "USDC 1.000000".
func (m Money) Display() string {
	if m.Currency.Symbol == "" {
		return m.Currency.Code + " " + m.String()
	}
	return m.Currency.Symbol + m.String()
}

// Add returns the sum, or ErrCurrencyMismatch or ErrOverflow.
func (m Money) Add(other Money) (Money, error) {
	if m.Currency != other.Currency {
		return Money{}, fmt.Errorf("%w: %s and %s", ErrCurrencyMismatch, m.Currency.Code, other.Currency.Code)
	}
	sum := m.Minor + other.Minor
	if (other.Minor > 0 && sum < m.Minor) || (other.Minor < 0 && sum > m.Minor) {
		return Money{}, ErrOverflow
	}
	return Money{Minor: sum, Currency: m.Currency}, nil
}
