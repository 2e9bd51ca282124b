package scanner

import (
	"strings"
	"unicode/utf8"
)

// Kind says what a scanned text is.
type Kind uint8

// The kinds of code.
const (
	Unknown  Kind = iota
	ECNY          // payment code of a digital yuan wallet: 19 digits starting 01
	WeChat        // payment code: 18 digits starting 10 to 15
	Alipay        // payment code: 16 to 24 digits starting 25 to 30
	UnionPay      // payment code: 19 digits starting 62
	EAN13         // article number of 13 digits with a correct check digit
	EAN8          // article number of 8 digits with a correct check digit
)

// String returns the kind's name for logs.
func (k Kind) String() string {
	switch k {
	case Unknown:
		return "unknown"
	case ECNY:
		return "e-CNY"
	case WeChat:
		return "WeChat"
	case Alipay:
		return "Alipay"
	case UnionPay:
		return "UnionPay"
	case EAN13:
		return "EAN-13"
	case EAN8:
		return "EAN-8"
	default:
		return "invalid"
	}
}

// Payment reports whether k is a customer's payment code, of whatever wallet.
func (k Kind) Payment() bool {
	return k == ECNY || k == WeChat || k == Alipay || k == UnionPay
}

// Code is a scanned text and what it is. It holds a secret when Kind.Payment: log it by String only.
type Code struct {
	Kind Kind
	Text string
}

const (
	// maskedShown is how many characters a masked code still shows.
	maskedShown = 4
	// maskedMin is the shortest code that shows any: fewer hidden than shown would be no mask.
	maskedMin = 3 * maskedShown
	// tailLength is what the notice 银发〔2021〕259号 asks a terminal to report of a payment code.
	tailLength = 6
)

// Classify says what text is by its digits and length alone, the same for the same text always.
//
// No text fits two kinds: the first two digits of the four wallets differ, so 18 digits starting 28 are Alipay's and
// never WeChat's, and no payment code is as short as an article number. What comes close to a kind without fitting it is
// Unknown, such as an article number with a wrong check digit, or 20 digits starting 01.
func Classify(text string) Code {
	return Code{Kind: kindOf(text), Text: text}
}

func kindOf(text string) Kind {
	const shortest = 8
	if len(text) < shortest || !digitsOnly(text) {
		return Unknown
	}
	first, length := text[:2], len(text)
	switch {
	case length == 13 && checked(text):
		return EAN13
	case length == 8 && checked(text):
		return EAN8
	case length == 18 && first >= "10" && first <= "15":
		return WeChat
	case length == 19 && first == "01":
		return ECNY
	case length == 19 && first == "62":
		return UnionPay
	case length >= 16 && length <= 24 && first >= "25" && first <= "30":
		return Alipay
	default:
		return Unknown
	}
}

func digitsOnly(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// checked verifies the last digit as GS1 General Specifications 7.9.1 compute it: from the right, digits weigh 1 and 3
// in turn and the sum is a multiple of ten.
func checked(digits string) bool {
	sum, weight := 0, 1
	for i := len(digits) - 1; i >= 0; i-- {
		sum += int(digits[i]-'0') * weight
		weight = 4 - weight
	}
	return sum%10 == 0
}

// Masked returns text with all but its last four characters replaced by stars, and all of them when it is so short that
// four would tell too much. It keeps the number of characters.
func Masked(text string) string {
	length := utf8.RuneCountInString(text)
	if length < maskedMin {
		return strings.Repeat("*", length)
	}
	return strings.Repeat("*", length-maskedShown) + last(text, maskedShown)
}

// Tail returns the last six digits of a payment code, for the terminal block of a payment, and nothing for other kinds.
func (c Code) Tail() string {
	if !c.Kind.Payment() {
		return ""
	}
	return last(c.Text, tailLength)
}

// String returns the kind and the masked text, fit for a log.
func (c Code) String() string { return c.Kind.String() + " " + Masked(c.Text) }

// last returns the last n characters of text, which has at least as many.
func last(text string, n int) string {
	at := len(text)
	for range n {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	return text[at:]
}
