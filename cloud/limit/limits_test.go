package limit_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/limit"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func terms(t *testing.T) plan.Offline {
	plans, err := plan.Default()
	require.NoError(t, err)
	return plans.For("", "").Offline
}

func given(t *testing.T, terms plan.Offline, blocked ...store.BlockedWallet) *message.OfflineLimits {
	l, err := limit.New(terms, blocked)
	require.NoError(t, err)
	require.Len(t, l.GetLimitsId(), 16)
	return l
}

func TestNew(t *testing.T) {
	l := given(t, terms(t))
	require.Equal(t, int64(500_00), l.GetPaymentMax())
	require.Equal(t, uint32(10), l.GetWalletCountMax())
	require.Equal(t, "CNY", l.GetCurrency())
	require.Equal(t, l.GetLimitsId(), given(t, terms(t)).GetLimitsId(), "the same limits are named the same")
	other := terms(t)
	other.PaymentMax--
	require.NotEqual(t, l.GetLimitsId(), given(t, other).GetLimitsId())
	one, two := store.BlockedWallet{Wallet: seal.Hash{1}}, store.BlockedWallet{Wallet: seal.Hash{2}}
	require.NotEqual(t, l.GetLimitsId(), given(t, terms(t), one).GetLimitsId())
	require.Equal(t, given(t, terms(t), one, two).GetLimitsId(), given(t, terms(t), two, one).GetLimitsId())
	require.True(t, bytes.Equal(one.Wallet[:], given(t, terms(t), one).GetBlockedWallets()[0]))
	t.Run("fits into a record", func(t *testing.T) {
		many := make([]store.BlockedWallet, 2000)
		for i := range many {
			many[i].Wallet = seal.Hash{byte(i), byte(i >> 8)}
		}
		l := given(t, terms(t), many...)
		body, err := proto.Marshal(l)
		require.NoError(t, err)
		require.Less(t, len(body), record.BodyMax-record.Overhead, "the whole answer is kept in a record of the terminal")
		require.Len(t, l.GetBlockedWallets(), 900)
	})
}

func TestExceeded(t *testing.T) {
	l := given(t, terms(t))
	fair := limit.Taking{Amount: 500_00, Total: 20_000_00, Count: 200, Since: noon, At: noon.Add(24*time.Hour - 1),
		Sum: limit.Sum{Amount: 20_000_00, Count: 200, WalletAmount: 5_000_00, WalletCount: 10}}
	require.Empty(t, limit.Exceeded(l, fair), "all bounds are included")
	for name, change := range map[string]func(*limit.Taking){
		"payment_max":              func(t *limit.Taking) { t.Amount++ },
		"wallet_max":               func(t *limit.Taking) { t.Sum.WalletAmount++ },
		"wallet_count_max":         func(t *limit.Taking) { t.Sum.WalletCount++ },
		"terminal_max: 2000001":    func(t *limit.Taking) { t.Total++ },
		"terminal_max: 2000002":    func(t *limit.Taking) { t.Sum.Amount += 2 },
		"terminal_count_max: 201":  func(t *limit.Taking) { t.Count++ },
		"terminal_count_max: 202":  func(t *limit.Taking) { t.Sum.Count += 2 },
		"terminal_max: 2000000 ab": func(t *limit.Taking) { t.At = noon.Add(24 * time.Hour) },
		"hours_max":                func(t *limit.Taking) { t.At, t.Total, t.Sum.Amount = noon.Add(720*time.Hour+1), 0, 0 },
	} {
		taking := fair
		change(&taking)
		passed := limit.Exceeded(l, taking)
		require.Len(t, passed, 1, name)
		require.Contains(t, passed[0], name)
	}
	back := fair
	back.At = noon.Add(-time.Hour)
	require.Empty(t, limit.Exceeded(l, back), "a clock that was set back is no finding")
}
