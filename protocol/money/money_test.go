package money_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/protocol/money"
)

func TestParse(t *testing.T) {
	yen, err := money.Lookup("JPY")
	require.NoError(t, err)
	usdc, err := money.Lookup("USDC")
	require.NoError(t, err)
	for text, want := range map[string]int64{"0": 0, "12.5": 1250, "12.50": 1250, "0.01": 1, "-3": -300, "007": 700,
		"92233720368547758.07": math.MaxInt64} {
		t.Run("OK "+text, func(t *testing.T) {
			got, err := money.Parse(text, money.CNY)
			require.NoError(t, err)
			require.Equal(t, want, got.Minor)
		})
	}
	for text, want := range map[string]error{"": money.ErrSyntax, ".": money.ErrSyntax, "1.": money.ErrSyntax,
		".5": money.ErrSyntax, "+1": money.ErrSyntax, "--1": money.ErrSyntax, "1e3": money.ErrSyntax,
		"1,000": money.ErrSyntax, "１": money.ErrSyntax, " 1": money.ErrSyntax, "1.005": money.ErrTooFine,
		"92233720368547758.08": money.ErrOverflow} {
		t.Run("refuses "+text, func(t *testing.T) {
			_, err := money.Parse(text, money.CNY)
			require.ErrorIs(t, err, want)
		})
	}
	t.Run("ErrTooFine by the currency's scale", func(t *testing.T) {
		_, err := money.Parse("1.5", yen)
		require.ErrorIs(t, err, money.ErrTooFine)
		got, err := money.Parse("1.000001", usdc)
		require.NoError(t, err)
		require.Equal(t, int64(1_000_001), got.Minor)
	})
}

func TestString(t *testing.T) {
	for code, cases := range map[string]map[int64]string{
		"CNY": {0: "0.00", 5: "0.05", 1250: "12.50", -5: "-0.05", math.MinInt64: "-92233720368547758.08"},
		"JPY": {0: "0", 120: "120", -1: "-1"},
	} {
		for minor, want := range cases {
			amount, err := money.Of(minor, code)
			require.NoError(t, err)
			require.Equal(t, want, amount.String())
		}
	}
	require.Equal(t, "¥12.50", money.Money{Minor: 1250, Currency: money.CNY}.Display())
	coin, err := money.Of(1, "USDC")
	require.NoError(t, err)
	require.Equal(t, "USDC 0.000001", coin.Display())
}

func TestParseReadsWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom([]string{"CNY", "JPY", "USDC"}).Draw(t, "code")
		amount, err := money.Of(rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(t, "minor"), code)
		require.NoError(t, err)
		back, err := money.Parse(amount.String(), amount.Currency)
		require.NoError(t, err)
		require.Equal(t, amount, back)
	})
}

func TestArithmetic(t *testing.T) {
	most := money.Money{Minor: math.MaxInt64, Currency: money.CNY}
	least := money.Money{Minor: math.MinInt64, Currency: money.CNY}
	one := money.Money{Minor: 1, Currency: money.CNY}
	t.Run("OK", func(t *testing.T) {
		sum, err := one.Add(one)
		require.NoError(t, err)
		require.Equal(t, int64(2), sum.Minor)
	})
	t.Run("ErrOverflow", func(t *testing.T) {
		_, err := most.Add(one)
		require.ErrorIs(t, err, money.ErrOverflow)
		_, err = least.Add(money.Money{Minor: -1, Currency: money.CNY})
		require.ErrorIs(t, err, money.ErrOverflow)
	})
	t.Run("ErrCurrencyMismatch", func(t *testing.T) {
		dollar, err := money.Of(1, "USD")
		require.NoError(t, err)
		_, err = one.Add(dollar)
		require.ErrorIs(t, err, money.ErrCurrencyMismatch)
	})
}

func TestTenderAllowed(t *testing.T) {
	usdc, err := money.Lookup("USDC")
	require.NoError(t, err)
	_, err = money.Lookup("USDT")
	require.ErrorIs(t, err, money.ErrUnknownCurrency)
	require.True(t, money.TenderAllowed(money.CNY, "CN"))
	require.False(t, money.TenderAllowed(usdc, "CN"), "no stablecoin for a mainland merchant")
	require.True(t, money.TenderAllowed(usdc, "DE"))
	require.False(t, money.TenderAllowed(usdc, ""), "what is not listed is refused")
}
