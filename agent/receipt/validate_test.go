package receipt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/protocol/money"
)

func TestValidateOK(t *testing.T) {
	require.NoError(t, sale().Validate())
	for _, outcome := range []receipt.Outcome{receipt.Declined, receipt.Unknown, receipt.Reversed} {
		require.NoError(t, unsettled(outcome).Validate(), "an operator that did not answer must not stop the slip")
	}
	longest := sale()
	longest.Merchant = strings.Repeat("店", 40)
	require.NoError(t, longest.Validate())
}

func TestValidateErrField(t *testing.T) {
	for name, test := range map[string]struct {
		field string
		spoil func(*receipt.Slip)
	}{
		"MerchantMissing":    {"merchant", func(s *receipt.Slip) { s.Merchant = " " }},
		"MerchantTooLong":    {"merchant", func(s *receipt.Slip) { s.Merchant = strings.Repeat("店", 41) }},
		"MerchantIDShort":    {"merchant id", func(s *receipt.Slip) { s.MerchantID = "10533015411000" }},
		"MerchantIDLetters":  {"merchant id", func(s *receipt.Slip) { s.MerchantID = "10533015411000X" }},
		"TerminalSign":       {"terminal", func(s *receipt.Slip) { s.Terminal = "3301-042" }},
		"CashierMissing":     {"cashier", func(s *receipt.Slip) { s.Cashier = "" }},
		"AcquirerMissing":    {"acquirer", func(s *receipt.Slip) { s.Acquirer = "" }},
		"OperatorMissing":    {"operator", func(s *receipt.Slip) { s.Operator = "" }},
		"OperatorBroken":     {"operator", func(s *receipt.Slip) { s.Operator = "\xff" }},
		"WalletInFull":       {"wallet", func(s *receipt.Slip) { s.Wallet = "0021234567891234" }},
		"WalletHalfMasked":   {"wallet", func(s *receipt.Slip) { s.Wallet = "00212345**891234" }},
		"WalletMissing":      {"wallet", func(s *receipt.Slip) { s.Wallet = "" }},
		"TransactionUnknown": {"transaction", func(s *receipt.Slip) { s.Transaction = 9 }},
		"OriginalVoucher": {"original voucher", func(s *receipt.Slip) {
			s.Original = &receipt.Original{Voucher: "12", Amount: s.Amount}
		}},
		"OriginalAmount":     {"original amount", func(s *receipt.Slip) { s.Original = &receipt.Original{} }},
		"LeftBelowZero":      {"left", func(s *receipt.Slip) { s.Left = &money.Money{Minor: -1, Currency: money.CNY} }},
		"TransactionMissing": {"transaction", func(s *receipt.Slip) { s.Transaction = 0 }},
		"BatchLong":          {"batch", func(s *receipt.Slip) { s.Batch = "0000017" }},
		"VoucherMissing":     {"voucher", func(s *receipt.Slip) { s.Voucher = "" }},
		"ReferenceMissing":   {"reference", func(s *receipt.Slip) { s.Reference = "" }},
		"AuthorisationShort": {"authorisation", func(s *receipt.Slip) { s.Authorisation = "A1" }},
		"AmountZero":         {"amount", func(s *receipt.Slip) { s.Amount.Minor = 0 }},
		"AmountNegative":     {"amount", func(s *receipt.Slip) { s.Amount.Minor = -1 }},
		"AmountNoCurrency":   {"amount", func(s *receipt.Slip) { s.Amount = money.Money{Minor: 1} }},
		"NoteTooLong":        {"note", func(s *receipt.Slip) { s.Note = strings.Repeat("注", 101) }},
		"OrderMissing":       {"order", func(s *receipt.Slip) { s.Order = "" }},
		"OrderChinese":       {"order", func(s *receipt.Slip) { s.Order = "订单1" }},
		"AddressScheme":      {"check address", func(s *receipt.Slip) { s.CheckAddress = "javascript:alert(1)" }},
		"AddressTooLong":     {"check address", func(s *receipt.Slip) { s.CheckAddress += strings.Repeat("a", 200) }},
		"OutcomeUnset":       {"outcome", func(s *receipt.Slip) { s.Outcome = 0 }},
		"OutcomeBeyond":      {"outcome", func(s *receipt.Slip) { s.Outcome = 6 }},
		"ReasonTooLong":      {"reason", func(s *receipt.Slip) { s.Reason = strings.Repeat("因", 101) }},
		"TimeMissing":        {"time", func(s *receipt.Slip) { s.At = time.Time{} }},
	} {
		t.Run(name, func(t *testing.T) {
			slip := sale()
			test.spoil(&slip)
			_, err := receipt.Compose(slip, receipt.MerchantCopy)
			require.ErrorIs(t, err, receipt.ErrSlip)
			var field *receipt.FieldError
			require.ErrorAs(t, err, &field)
			require.Equal(t, test.field, field.Field)
			require.NotContains(t, err.Error(), "0021234567891234", "a wallet id never gets into an error")
		})
	}
}

func TestMaskedWallets(t *testing.T) {
	for wallet, masked := range map[string]bool{
		"002123******1234": true, "******": true, "0021234567891234": false, "002123*****1234": false, "": false,
	} {
		slip := sale()
		slip.Wallet = wallet
		require.Equal(t, masked, slip.Validate() == nil, wallet)
	}
}
