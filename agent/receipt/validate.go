package receipt

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/yuantill/yuantill/protocol/money"
)

// ErrSlip marks a slip that must not be printed; the *FieldError around it names the field.
var ErrSlip = errors.New("receipt: invalid slip")

// FieldError says which field of a slip is wrong, and how. It never holds the field's value.
type FieldError struct {
	Field, Problem string
}

// Error returns "receipt: invalid slip: field: problem".
func (e *FieldError) Error() string { return fmt.Sprintf("%v: %s: %s", ErrSlip, e.Field, e.Problem) }

// Unwrap returns ErrSlip.
func (e *FieldError) Unwrap() error { return ErrSlip }

const (
	merchantMax = 40
	nameMax     = 40
	noteMax     = 100
	orderMax    = 64
	addressMax  = 200
	walletShown = 6 + 4
	maskStars   = 6
)

// Validate returns a *FieldError for the first field that cannot stand on a receipt.
func (s Slip) Validate() error {
	// What an operator answers is known for certain only of an approved payment, and not yet of one taken offline.
	approved := s.Outcome == Approved
	answered := approved && !s.Offline
	checks := []struct {
		field   string
		problem string
	}{
		{"merchant", words(s.Merchant, merchantMax, true)},
		{"merchant id", code(s.MerchantID, 15, true, digit)},
		{"terminal", code(s.Terminal, 8, true, letterOrDigit)},
		{"cashier", words(s.Cashier, nameMax, true)},
		{"acquirer", words(s.Acquirer, nameMax, true)},
		{"operator", words(s.Operator, nameMax, answered)},
		{"wallet", wallet(s.Wallet, approved)},
		{"transaction", oneOf(uint8(s.Transaction), uint8(transactionLast))},
		{"batch", code(s.Batch, 6, true, digit)},
		{"voucher", code(s.Voucher, 6, true, digit)},
		{"reference", code(s.Reference, 12, answered, letterOrDigit)},
		{"authorisation", code(s.Authorisation, 6, answered && s.Original == nil, letterOrDigit)},
		{"amount", amount(s.Amount.Minor, s.Amount.Currency.Code)},
		{"note", words(s.Note, noteMax, false)},
		{"order", order(s.Order)},
		{"shop's order", words(s.ShopOrder, orderMax, false)},
		{"check address", address(s.CheckAddress)},
		{"outcome", oneOf(uint8(s.Outcome), uint8(NotAccepted))},
		{"reason", words(s.Reason, noteMax, false)},
	}
	for _, check := range checks {
		if check.problem != "" {
			return &FieldError{Field: check.field, Problem: check.problem}
		}
	}
	if s.At.IsZero() {
		return &FieldError{Field: "time", Problem: "missing"}
	}
	return s.validateFollowUp()
}

// validateFollowUp checks what only the slip of something done with an order has.
func (s Slip) validateFollowUp() error {
	if o := s.Original; o != nil {
		for _, check := range []struct{ field, problem string }{
			{"original terminal", code(o.Terminal, 8, false, letterOrDigit)},
			{"original batch", code(o.Batch, 6, false, digit)},
			{"original voucher", code(o.Voucher, 6, false, digit)},
			{"original reference", code(o.Reference, 12, false, letterOrDigit)},
			{"original authorisation", code(o.Authorisation, 6, false, letterOrDigit)},
			{"original amount", amount(o.Amount.Minor, o.Amount.Currency.Code)},
		} {
			if check.problem != "" {
				return &FieldError{Field: check.field, Problem: check.problem}
			}
		}
	}
	for _, sum := range []struct {
		field  string
		amount *money.Money
	}{{"left", s.Left}, {"completed", s.Completed}} {
		if sum.amount != nil && (sum.amount.Minor < 0 || sum.amount.Currency.Code == "") {
			return &FieldError{Field: sum.field, Problem: "negative or without a currency"}
		}
	}
	return nil
}

func words(text string, longest int, needed bool) string {
	switch length := utf8.RuneCountInString(text); {
	case needed && strings.TrimSpace(text) == "":
		return "missing"
	case length > longest:
		return fmt.Sprintf("%d characters, more than %d", length, longest)
	case !utf8.ValidString(text):
		return "not UTF-8"
	default:
		return ""
	}
}

func code(text string, length int, needed bool, allowed func(byte) bool) string {
	if text == "" && !needed {
		return ""
	}
	if len(text) != length {
		return fmt.Sprintf("%d characters, not %d", len(text), length)
	}
	for i := range len(text) {
		if !allowed(text[i]) {
			return "a character that does not belong"
		}
	}
	return ""
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

func letterOrDigit(b byte) bool {
	return digit(b) || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z')
}

// wallet refuses anything that shows more of a wallet id than the mask does.
func wallet(text string, needed bool) string {
	stars := strings.Repeat("*", maskStars)
	switch {
	case text == "" && !needed, text == stars:
		return ""
	case len(text) != walletShown+maskStars || text[6:6+maskStars] != stars || strings.Count(text, "*") != maskStars:
		return "not masked"
	default:
		return ""
	}
}

func amount(minor int64, currency string) string {
	switch {
	case currency == "":
		return "without a currency"
	case minor <= 0:
		return "not positive"
	default:
		return ""
	}
}

func order(text string) string {
	if len(text) == 0 || len(text) > orderMax {
		return fmt.Sprintf("%d characters outside 1 to %d", len(text), orderMax)
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return "a character that does not belong"
		}
	}
	return ""
}

// IsAddress reports whether a slip may have the text as its check address.
func IsAddress(text string) bool { return text != "" && address(text) == "" }

func address(text string) string {
	if text == "" {
		return ""
	}
	parsed, err := url.Parse(text)
	switch {
	case err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http"):
		return "no web address"
	case len(text) > addressMax:
		return fmt.Sprintf("%d bytes, more than %d", len(text), addressMax)
	default:
		return ""
	}
}

func oneOf(value, last uint8) string {
	if value < 1 || value > last {
		return "unknown value"
	}
	return ""
}
