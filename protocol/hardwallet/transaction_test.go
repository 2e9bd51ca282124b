package hardwallet_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
)

func paidTransaction(t testing.TB) (shop, hardwallet.Transaction) {
	t.Helper()
	s := newShop(t)
	transaction, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1250))
	require.NoError(t, err)
	return s, transaction
}

func TestTransactionBinary(t *testing.T) {
	s, transaction := paidTransaction(t)
	data, err := transaction.MarshalBinary()
	require.NoError(t, err)

	t.Run("comes back and verifies", func(t *testing.T) {
		require.Len(t, data, hardwallet.TransactionSize)
		require.Equal(t, 323, hardwallet.TransactionSize, "HARDWALLET.md names this size")
		var back hardwallet.Transaction
		require.NoError(t, back.UnmarshalBinary(data))
		require.NoError(t, back.Verify(s.pool))
		again, err := back.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, data, again)
	})
	t.Run("no changed bit passes", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) {
			bent := append([]byte(nil), data...)
			bit := rapid.IntRange(0, len(bent)*8-1).Draw(rt, "bit")
			bent[bit/8] ^= 1 << (bit % 8)
			var back hardwallet.Transaction
			if back.UnmarshalBinary(bent) == nil {
				require.Error(rt, back.Verify(s.pool), "bit %d", bit)
			}
		})
	})
	t.Run("ErrMalformed on another length or magic", func(t *testing.T) {
		var back hardwallet.Transaction
		for _, bytes := range [][]byte{nil, data[:len(data)-1], append(append([]byte(nil), data...), 0), append([]byte("XXXX"), data[4:]...)} {
			require.ErrorIs(t, back.UnmarshalBinary(bytes), hardwallet.ErrMalformed)
		}
	})
	t.Run("ErrVersion", func(t *testing.T) {
		other := append([]byte(nil), data...)
		other[4] = 2
		var back hardwallet.Transaction
		require.ErrorIs(t, back.UnmarshalBinary(other), hardwallet.ErrVersion)
	})
	t.Run("ErrMalformed instead of bytes for invalid fields", func(t *testing.T) {
		_, err := hardwallet.Transaction{}.MarshalBinary()
		require.ErrorIs(t, err, hardwallet.ErrMalformed)
		_, err = hardwallet.Transaction{Certificate: transaction.Certificate}.MarshalBinary()
		require.ErrorIs(t, err, hardwallet.ErrMalformed)
	})
}

func TestTransactionVerify(t *testing.T) {
	s, good := paidTransaction(t)
	stranger := newShop(t)
	resign := func(change func(*hardwallet.Transaction)) hardwallet.Transaction {
		changed := good
		change(&changed)
		signed, err := changed.Sign(s.card.key)
		require.NoError(t, err)
		return signed
	}
	for name, c := range map[string]struct {
		transaction hardwallet.Transaction
		pool        *hardwallet.Pool
		want        error
	}{
		"OK":                    {good, s.pool, nil},
		"ErrUnknownIssuer":      {good, stranger.pool, hardwallet.ErrUnknownIssuer},
		"ErrSignature":          {hardwallet.Transaction{Certificate: good.Certificate, Request: request(2, 1), Debit: good.Debit}, s.pool, hardwallet.ErrSignature},
		"ErrOverLimit":          {resign(func(t *hardwallet.Transaction) { t.Request.Amount = 50_001 }), s.pool, hardwallet.ErrOverLimit},
		"ErrExpired":            {resign(func(t *hardwallet.Transaction) { t.Request.Time = expiry }), s.pool, hardwallet.ErrExpired},
		"ErrCurrency":           {resign(func(t *hardwallet.Transaction) { t.Request.Currency = "HKD" }), s.pool, hardwallet.ErrCurrency},
		"ErrMalformed, amount":  {resign(func(t *hardwallet.Transaction) { t.Request.Amount = -1 }), s.pool, hardwallet.ErrMalformed},
		"ErrMalformed, counter": {resign(func(t *hardwallet.Transaction) { t.Debit.Counter = 0 }), s.pool, hardwallet.ErrMalformed},
		"ErrMalformed, balance": {resign(func(t *hardwallet.Transaction) { t.Debit.Balance = -1 }), s.pool, hardwallet.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, c.transaction.Verify(c.pool), c.want)
		})
	}
	t.Run("another card's certificate does not fit", func(t *testing.T) {
		swapped := good
		swapped.Certificate = mint(t, s.issuer, "0099999999999999").certificate
		require.ErrorIs(t, swapped.Verify(s.pool), hardwallet.ErrSignature)
	})
}

func TestCertificateValidate(t *testing.T) {
	good := newShop(t).card.certificate
	require.NoError(t, good.Validate())
	for name, spoil := range map[string]func(*hardwallet.Certificate){
		"wallet":     func(c *hardwallet.Certificate) { c.Wallet[0] = '1' },
		"level 0":    func(c *hardwallet.Certificate) { c.Level = 0 },
		"level 5":    func(c *hardwallet.Certificate) { c.Level = 5 },
		"type 0":     func(c *hardwallet.Certificate) { c.Type = 0 },
		"type 11":    func(c *hardwallet.Certificate) { c.Type = 11 },
		"no key":     func(c *hardwallet.Certificate) { c.Key = sign.PublicKey{} },
		"currency":   func(c *hardwallet.Certificate) { c.Currency = "cny" },
		"no limit":   func(c *hardwallet.Certificate) { c.TapLimit = 0 },
		"no expiry":  func(c *hardwallet.Certificate) { c.Expiry = 0 },
		"minus limi": func(c *hardwallet.Certificate) { c.TapLimit = -5 },
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			spoil(&bad)
			require.ErrorIs(t, bad.Validate(), hardwallet.ErrMalformed)
			issuer := newShop(t).issuer
			_, err := bad.Issue(issuer)
			require.ErrorIs(t, err, hardwallet.ErrMalformed)
		})
	}
}

func TestCertificateBinary(t *testing.T) {
	s := newShop(t)
	data, err := s.card.certificate.MarshalBinary()
	require.NoError(t, err)
	require.Len(t, data, 176)
	var back hardwallet.Certificate
	require.NoError(t, back.UnmarshalBinary(data))
	require.NoError(t, back.Verify(s.pool))
	require.ErrorIs(t, back.UnmarshalBinary(data[1:]), hardwallet.ErrMalformed)
	data[17] = 0
	require.ErrorIs(t, back.UnmarshalBinary(data), hardwallet.ErrMalformed)
	_, err = hardwallet.Certificate{}.MarshalBinary()
	require.ErrorIs(t, err, hardwallet.ErrMalformed)
}

func TestPool(t *testing.T) {
	s := newShop(t)
	_, err := hardwallet.NewPool(sign.PublicKey{})
	require.ErrorIs(t, err, hardwallet.ErrMalformed)
	_, err = hardwallet.NewPool(make([]sign.PublicKey, 257)...)
	require.ErrorIs(t, err, hardwallet.ErrMalformed)
	_, err = hardwallet.NewPool(s.issuer.Public(), s.issuer.Public())
	require.NoError(t, err, "the same key twice is one issuer")
}

func TestRequestBinary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := request(rapid.Byte().Draw(t, "order"), rapid.Int64Range(1, 1<<62).Draw(t, "amount"))
		r.Merchant = rapid.StringMatching(`[!-~]([ -~]{0,13}[!-~])?`).Draw(t, "merchant")
		r.Terminal = rapid.StringMatching(`[!-~]([ -~]{0,6}[!-~])?`).Draw(t, "terminal")
		data, err := r.MarshalBinary()
		require.NoError(t, err)
		require.Len(t, data, hardwallet.RequestSize)
		var back hardwallet.Request
		require.NoError(t, back.UnmarshalBinary(data))
		require.Equal(t, r, back)
	})
	for name, spoil := range map[string]func(*hardwallet.Request){
		"order":          func(r *hardwallet.Request) { r.Order = [16]byte{} },
		"amount":         func(r *hardwallet.Request) { r.Amount = 0 },
		"currency":       func(r *hardwallet.Request) { r.Currency = "CN" },
		"merchant":       func(r *hardwallet.Request) { r.Merchant = strings.Repeat("1", 16) },
		"merchant space": func(r *hardwallet.Request) { r.Merchant = "shop " },
		"terminal":       func(r *hardwallet.Request) { r.Terminal = "收银1" },
		"time":           func(r *hardwallet.Request) { r.Time = 0 },
	} {
		t.Run("ErrMalformed, "+name, func(t *testing.T) {
			r := request(1, 1)
			spoil(&r)
			_, err := r.MarshalBinary()
			require.ErrorIs(t, err, hardwallet.ErrMalformed)
		})
	}
}

func TestWalletIDIsMasked(t *testing.T) {
	wallet, err := hardwallet.ParseWalletID("0011223344556677")
	require.NoError(t, err)
	require.Equal(t, "0011223344556677", wallet.Digits())
	_, transaction := paidTransaction(t)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		for _, value := range []any{wallet, hardwallet.Pending{Wallet: wallet}, transaction} {
			text := fmt.Sprintf(format, value)
			require.NotContains(t, text, "0011223344556677")
			require.NotContains(t, text, "30303131")
			require.NotContains(t, text, "48 48 49 49")
		}
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("tap", "wallet", wallet)
	require.Contains(t, log.String(), "001122******6677")
	require.Empty(t, hardwallet.WalletID{}.Masked())
	for _, digits := range []string{"", "001122334455667", "1011223344556677", "00112233445566x7", "00112233445566778"} {
		_, err := hardwallet.ParseWalletID(digits)
		require.ErrorIs(t, err, hardwallet.ErrMalformed)
	}
}

func FuzzTransaction(f *testing.F) {
	_, transaction := paidTransaction(f)
	data, err := transaction.MarshalBinary()
	require.NoError(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		var parsed hardwallet.Transaction
		if parsed.UnmarshalBinary(data) != nil {
			return
		}
		back, err := parsed.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, data, back)
	})
}

func BenchmarkTransactionVerify(b *testing.B) {
	s, transaction := paidTransaction(b)
	for b.Loop() {
		require.NoError(b, transaction.Verify(s.pool))
	}
}
