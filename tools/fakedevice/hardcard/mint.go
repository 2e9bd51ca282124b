package hardcard

import (
	"crypto/rand"
	"fmt"
	"io"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
)

// Defaults of a minted card: those of the hard wallets in the press, ¥500 a tap and 10 taps between connections.
const (
	tapLimitDefault = 500_00
	tapCountDefault = 10
	levelDefault    = 4
	currencyDefault = "CNY"
	// expiryDefault is 2035-01-01 00:00 UTC; a card has no clock to count from.
	expiryDefault = 2_051_222_400
)

// Options describe a card to mint.
type Options struct {
	// Wallet is the id's 16 digits, starting with 00.
	Wallet string
	// Balance is in minor units.
	Balance int64
	// Level 1 to 4; 0 counts as 4.
	Level uint8
	// TapLimit in minor units; 0 counts as 50,000.
	TapLimit int64
	// TapCount between connections; 0 counts as 10.
	TapCount uint16
	// Expiry in Unix seconds; 0 counts as 2035-01-01.
	Expiry int64
	// Currency is ISO 4217; empty counts as CNY.
	Currency string
	// Path is the file that keeps the card; empty keeps it in memory.
	Path string
	// Random gives the card's key; nil counts as the system's randomness.
	Random io.Reader
}

// Mint makes a card with a key of its own and a certificate by issuer, and writes its file. Errors:
// hardwallet.ErrMalformed, a negative balance, those of writing the file.
func Mint(issuer *sign.Key, options Options) (*Card, error) {
	options = options.withDefaults()
	if options.Balance < 0 {
		return nil, fmt.Errorf("mint card: balance %d", options.Balance)
	}
	wallet, err := hardwallet.ParseWalletID(options.Wallet)
	if err != nil {
		return nil, fmt.Errorf("mint card: %w", err)
	}
	key, err := sign.NewKey(options.Random)
	if err != nil {
		return nil, fmt.Errorf("mint card: %w", err)
	}
	certificate, err := hardwallet.Certificate{
		Wallet: wallet, Level: options.Level, Type: hardwallet.TypeHardware, Key: key.Public(), Currency: options.Currency,
		TapLimit: options.TapLimit, TapCount: options.TapCount, Expiry: options.Expiry,
	}.Issue(issuer)
	if err != nil {
		return nil, fmt.Errorf("mint card: %w", err)
	}
	card := &Card{key: key, certificate: certificate, path: options.Path}
	err = card.change(func(s *state) error {
		s.balance = options.Balance
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("mint card: %w", err)
	}
	return card, nil
}

func (o Options) withDefaults() Options {
	if o.Level == 0 {
		o.Level = levelDefault
	}
	if o.TapLimit == 0 {
		o.TapLimit = tapLimitDefault
	}
	if o.TapCount == 0 {
		o.TapCount = tapCountDefault
	}
	if o.Expiry == 0 {
		o.Expiry = expiryDefault
	}
	if o.Currency == "" {
		o.Currency = currencyDefault
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	return o
}
