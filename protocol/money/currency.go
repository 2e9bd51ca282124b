package money

import "fmt"

// Kind tells fiat currencies from stablecoins.
type Kind uint8

// The kinds of currency.
const (
	Fiat Kind = iota + 1
	Stablecoin
)

// Currency is an entry of the registry. Scale is the number of decimals of its minor unit (ISO 4217 for fiat).
type Currency struct {
	Code   string
	Scale  int
	Symbol string
	Kind   Kind
}

// CNY is the renminbi, digital or not; its minor unit is the fen.
var CNY = Currency{Code: "CNY", Scale: 2, Symbol: "¥", Kind: Fiat}

// Lookup returns the registry's entry for a code, or ErrUnknownCurrency.
func Lookup(code string) (Currency, error) {
	switch code {
	case "CNY":
		return CNY, nil
	case "HKD":
		return Currency{Code: "HKD", Scale: 2, Symbol: "HK$", Kind: Fiat}, nil
	case "MOP":
		return Currency{Code: "MOP", Scale: 2, Symbol: "MOP$", Kind: Fiat}, nil
	case "USD":
		return Currency{Code: "USD", Scale: 2, Symbol: "US$", Kind: Fiat}, nil
	case "EUR":
		return Currency{Code: "EUR", Scale: 2, Symbol: "€", Kind: Fiat}, nil
	case "JPY":
		return Currency{Code: "JPY", Scale: 0, Symbol: "JP¥", Kind: Fiat}, nil
	case "USDC", "EURC":
		return Currency{Code: code, Scale: 6, Kind: Stablecoin}, nil
	default:
		return Currency{}, fmt.Errorf("%w: %q", ErrUnknownCurrency, code)
	}
}

// TenderAllowed reports whether a merchant of the jurisdiction (ISO 3166 alpha-2) may take the currency as tender.
// Mainland merchants never take stablecoins (银发〔2026〕42号, requirement T3); EU merchants take those of an issuer
// authorised there. Everything that is not listed is refused.
func TenderAllowed(currency Currency, jurisdiction string) bool {
	if currency.Kind == Fiat {
		return true
	}
	switch jurisdiction {
	case "AT", "BE", "DE", "ES", "FI", "FR", "IE", "IT", "LU", "NL", "PT":
		return currency.Code == "USDC" || currency.Code == "EURC"
	default:
		return false
	}
}
