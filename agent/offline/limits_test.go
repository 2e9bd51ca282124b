package offline_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/offline"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
)

var noon = time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)

func wallet(last string) hardwallet.WalletID {
	id := hardwallet.WalletID([]byte("0002000012345600"))
	copy(id[16-len(last):], last)
	return id
}

// given are the trade's defaults: ¥500 a payment, 10 taps a wallet, ¥20,000 and 200 payments a terminal.
func given() *message.OfflineLimits {
	return &message.OfflineLimits{
		LimitsId: bytes.Repeat([]byte{7}, 16), PaymentMax: 500_00, WalletMax: 2_000_00, WalletCountMax: 10,
		TerminalMax: 20_000_01, TerminalCountMax: 200, Currency: "CNY", GivenAt: noon.UnixMicro(), HoursMax: 720,
		Shares: []*message.OfflineShare{{Hours: 24, Percent: 50}, {Hours: 168, Percent: 10}},
	}
}

func parse(t *testing.T, m *message.OfflineLimits) offline.Limits {
	t.Helper()
	l, err := offline.Parse(m)
	require.NoError(t, err)
	return l
}

func TestParse(t *testing.T) {
	l := parse(t, given())
	require.Equal(t, 720*time.Hour, l.Within)
	for name, spoil := range map[string]func(*message.OfflineLimits){
		"short id":            func(m *message.OfflineLimits) { m.LimitsId = []byte{1} },
		"no currency":         func(m *message.OfflineLimits) { m.Currency = "" },
		"negative payment":    func(m *message.OfflineLimits) { m.PaymentMax = -1 },
		"negative wallet":     func(m *message.OfflineLimits) { m.WalletMax = -1 },
		"negative total":      func(m *message.OfflineLimits) { m.TerminalMax = -1 },
		"total that overruns": func(m *message.OfflineLimits) { m.TerminalMax = 1 << 62 },
		"721 hours":           func(m *message.OfflineLimits) { m.HoursMax = 721 },
		"negative hours":      func(m *message.OfflineLimits) { m.HoursMax = -1 },
		"1001 payments":       func(m *message.OfflineLimits) { m.TerminalCountMax = 1001 },
		"1001 of a wallet":    func(m *message.OfflineLimits) { m.WalletCountMax = 1001 },
		"a share that grows":  func(m *message.OfflineLimits) { m.Shares[1].Percent = 51 },
		"a share above all":   func(m *message.OfflineLimits) { m.Shares[0].Percent = 101 },
		"the same hours":      func(m *message.OfflineLimits) { m.Shares[1].Hours = 24 },
		"shares beyond 720 h": func(m *message.OfflineLimits) { m.Shares[1].Hours = 721 },
		"a short wallet":      func(m *message.OfflineLimits) { m.BlockedWallets = [][]byte{{1}} },
		"many wallets":        func(m *message.OfflineLimits) { m.BlockedWallets = make([][]byte, 1001) },
		"many shares":         func(m *message.OfflineLimits) { m.Shares = make([]*message.OfflineShare, 33) },
	} {
		t.Run("ErrLimits on "+name, func(t *testing.T) {
			m := proto.Clone(given()).(*message.OfflineLimits)
			spoil(m)
			_, err := offline.Parse(m)
			require.ErrorIs(t, err, offline.ErrLimits)
		})
	}
}

func TestTotalShrinksWithHours(t *testing.T) {
	l := parse(t, given())
	for _, c := range []struct {
		unheard time.Duration
		want    int64
	}{
		{0, 20_000_01}, {24*time.Hour - 1, 20_000_01},
		{24 * time.Hour, 10_000_00}, // half of it, rounded down
		{168*time.Hour - 1, 10_000_00}, {168 * time.Hour, 2_000_00},
		{720 * time.Hour, 2_000_00}, {720*time.Hour + 1, 0},
	} {
		require.Equal(t, c.want, l.Total(c.unheard), c.unheard)
	}
}

// wish is a payment of the wallet's n-th number.
func wish(amount int64, id hardwallet.WalletID, n uint32) offline.Wish {
	return offline.Wish{Wallet: id, Counter: n, Amount: amount, Currency: "CNY"}
}

func TestJudge(t *testing.T) {
	one, two := wallet("01"), wallet("02")
	fresh := offline.Heard(at(noon)).At(at(noon))
	many := func(n int, amount int64, id hardwallet.WalletID) *offline.Taken {
		taken := &offline.Taken{}
		for i := range n {
			taken.Add(offline.Payment{Sequence: uint64(i + 1), Wallet: id, Counter: uint32(i + 1), Amount: amount})
		}
		return taken
	}
	blocked := given()
	digest := offline.WalletDigest(one)
	blocked.BlockedWallets = [][]byte{digest[:]}
	few := given()
	few.TerminalCountMax, few.WalletMax, few.WalletCountMax = 12, 20_000_00, 200
	for _, c := range []struct {
		name   string
		limits offline.Limits
		taken  *offline.Taken
		age    offline.Age
		wish   offline.Wish
		want   offline.Stop
	}{
		{"no limits", offline.Limits{}, &offline.Taken{}, fresh, wish(1, one, 1), offline.NoLimits},
		{"another currency", parse(t, given()), &offline.Taken{}, fresh,
			offline.Wish{Wallet: one, Counter: 1, Amount: 1, Currency: "HKD"}, offline.NoLimits},
		{"never heard", parse(t, given()), &offline.Taken{}, offline.Age{}, wish(1, one, 1), offline.NoClock},
		{"720 hours", parse(t, given()), &offline.Taken{}, offline.Heard(at(noon)).At(at(noon.Add(720 * time.Hour))), wish(1, one, 1), offline.Allowed},
		{"more than 720 hours", parse(t, given()), &offline.Taken{}, offline.Heard(at(noon)).At(at(noon.Add(720*time.Hour + 1))),
			wish(1, one, 1), offline.TooLong},
		{"one payment's limit", parse(t, given()), &offline.Taken{}, fresh, wish(500_00, one, 1), offline.Allowed},
		{"a fen above it", parse(t, given()), &offline.Taken{}, fresh, wish(500_01, one, 1), offline.OverPayment},
		{"blocked", parse(t, blocked), &offline.Taken{}, fresh, wish(1, one, 1), offline.WalletBlocked},
		{"another than the blocked", parse(t, blocked), &offline.Taken{}, fresh, wish(1, two, 1), offline.Allowed},
		{"one wallet's total", parse(t, given()), many(4, 400_00, one), fresh, wish(400_00, one, 5), offline.Allowed},
		{"a fen above it", parse(t, given()), many(4, 400_00, one), fresh, wish(400_01, one, 5), offline.OverWallet},
		{"another wallet's", parse(t, given()), many(4, 400_00, one), fresh, wish(400_01, two, 1), offline.Allowed},
		{"the tenth of a wallet", parse(t, given()), many(9, 1_00, one), fresh, wish(1_00, one, 10), offline.Allowed},
		{"the eleventh", parse(t, given()), many(10, 1_00, one), fresh, wish(1_00, one, 11), offline.OverWalletCount},
		{"a number again", parse(t, given()), many(3, 1_00, one), fresh, wish(1_00, one, 3), offline.WalletCloned},
		{"the terminal's total", parse(t, few), many(11, 400_00, one), offline.Heard(at(noon)).At(at(noon.Add(168 * time.Hour))),
			wish(1, two, 1), offline.OverTerminal},
		{"the terminal's twelfth", parse(t, few), many(11, 1_00, one), fresh, wish(1_00, two, 1), offline.Allowed},
		{"the thirteenth", parse(t, few), many(12, 1_00, one), fresh, wish(1_00, two, 1), offline.OverTerminalCount},
		{"half of the total", parse(t, few), many(10, 950_00, one), offline.Heard(at(noon)).At(at(noon.Add(24 * time.Hour))),
			wish(500_00, two, 1), offline.Allowed},
		{"a fen above half", parse(t, few), many(10, 950_01, one), offline.Heard(at(noon)).At(at(noon.Add(24 * time.Hour))),
			wish(499_91, two, 1), offline.OverTerminal},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want.String(), c.limits.Judge(c.taken, c.age, c.wish).String())
		})
	}
}

func TestLeft(t *testing.T) {
	l := parse(t, given())
	taken := &offline.Taken{}
	require.Equal(t, offline.Left{Amount: 20_000_01, Count: 200, For: 720 * time.Hour},
		l.Left(taken, offline.Heard(at(noon)).At(at(noon))))
	taken.Add(offline.Payment{Sequence: 1, Wallet: wallet("01"), Counter: 1, Amount: 9_000_00})
	require.Equal(t, offline.Left{Amount: 1_000_00, Count: 199, For: 696 * time.Hour},
		l.Left(taken, offline.Heard(at(noon)).At(at(noon.Add(24*time.Hour)))))
	require.Equal(t, offline.Left{Stop: offline.OverTerminal}, l.Left(taken, offline.Heard(at(noon)).At(at(noon.Add(168*time.Hour)))))
	require.Equal(t, offline.Left{Stop: offline.TooLong}, l.Left(taken, offline.Heard(at(noon)).At(at(noon.Add(721*time.Hour)))))
	require.Equal(t, offline.Left{Stop: offline.NoClock}, l.Left(taken, offline.Age{}))
	require.Equal(t, offline.Left{Stop: offline.NoLimits}, offline.Limits{}.Left(taken, offline.Heard(at(noon))))
	ends := given()
	ends.Shares = append(ends.Shares, &message.OfflineShare{Hours: 200, Percent: 0})
	require.Equal(t, 176*time.Hour, parse(t, ends).Left(taken, offline.Heard(at(noon)).At(at(noon.Add(24*time.Hour)))).For)
}

func TestSettle(t *testing.T) {
	taken := &offline.Taken{}
	for n := range uint64(4) {
		taken.Add(offline.Payment{Sequence: n + 1, Wallet: wallet("01"), Counter: uint32(n + 1), Amount: 1 << n})
	}
	taken.Settle(noon, func(p offline.Payment) bool { return p.Sequence > 2 })
	amount, count := taken.Total()
	require.Equal(t, int64(4+8), amount)
	require.Equal(t, 2, count)
}

// TestRefusedCountsForADay: the cloud counts what no operator honoured for a day; a till that counted less would take what is
// not owed to it.
func TestRefusedCountsForADay(t *testing.T) {
	taken := &offline.Taken{}
	for n := range byte(3) {
		taken.Add(offline.Payment{Order: [16]byte{n}, Sequence: uint64(n) + 1, Wallet: wallet("01"), Counter: uint32(n), Amount: 1 << n})
	}
	none := func(offline.Payment) bool { return false }
	taken.Refuse([16]byte{1}, noon)
	taken.Refuse([16]byte{1}, noon.Add(time.Hour)) // heard again
	taken.Settle(noon.Add(24*time.Hour-1), none)
	amount, count := taken.Total()
	require.Equal(t, []int64{2, 1}, []int64{amount, int64(count)})
	require.True(t, taken.Has([16]byte{1}))
	require.False(t, taken.Has([16]byte{2}))
	taken.Settle(noon.Add(24*time.Hour), none)
	_, count = taken.Total()
	require.Zero(t, count)
}

// TestTakenMoves: a payment that was handed in anew is the same payment, under its new record.
func TestTakenMoves(t *testing.T) {
	var taken offline.Taken
	one := offline.Payment{Sequence: 3, Wallet: wallet("1"), Counter: 4, Amount: 500}
	taken.Move(0, one)
	anew := one
	anew.Sequence = 9
	taken.Move(3, anew)
	amount, count := taken.Total()
	require.Equal(t, []int64{500, 1}, []int64{amount, int64(count)})
	taken.Settle(noon, func(p offline.Payment) bool { return p.Sequence == 9 })
	_, count = taken.Total()
	require.Equal(t, 1, count, "it waits by its new record")
	taken.Settle(noon, func(offline.Payment) bool { return false })
	taken.Move(3, anew) // the first was not counted any more
	_, count = taken.Total()
	require.Equal(t, 1, count)
}
