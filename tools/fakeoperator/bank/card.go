package bank

import (
	"fmt"

	"github.com/yuantill/yuantill/protocol/hardwallet"
)

// HardWallets checks transactions of our open hard-wallet profile.
type HardWallets struct {
	issuers *hardwallet.Pool
}

var _ CardVerifier = HardWallets{}

// NewHardWallets trusts the cards of these issuers.
func NewHardWallets(issuers *hardwallet.Pool) HardWallets { return HardWallets{issuers: issuers} }

// Verify checks the issuer's certificate, the card's signature and its limits. Errors: those of
// hardwallet.Transaction.Verify and UnmarshalBinary.
func (h HardWallets) Verify(transaction []byte) (CardPayment, error) {
	var paid hardwallet.Transaction
	if err := paid.UnmarshalBinary(transaction); err != nil {
		return CardPayment{}, fmt.Errorf("read card transaction: %w", err)
	}
	if err := paid.Verify(h.issuers); err != nil {
		return CardPayment{}, fmt.Errorf("verify card transaction: %w", err)
	}
	return CardPayment{Wallet: paid.Certificate.Wallet.Digits(), OrderID: paid.Request.Order, Merchant: paid.Request.Merchant,
		Terminal: paid.Request.Terminal, Amount: paid.Request.Amount, Currency: paid.Request.Currency, Counter: paid.Debit.Counter}, nil
}
