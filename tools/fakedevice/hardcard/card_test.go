package hardcard_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// contact carries APDUs straight to a card.
type contact struct{ *hardcard.Card }

func (c contact) Exchange(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.Card.Exchange(command), nil
}

type bench struct {
	card *hardcard.Card
	pool *hardwallet.Pool
}

func newBench(t testing.TB, options hardcard.Options) bench {
	t.Helper()
	issuer, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	pool, err := hardwallet.NewPool(issuer.Public())
	require.NoError(t, err)
	if options.Wallet == "" {
		options.Wallet = "0011223344556677"
	}
	card, err := hardcard.Mint(issuer, options)
	require.NoError(t, err)
	return bench{card: card, pool: pool}
}

func request(order byte, amount int64) hardwallet.Request {
	return hardwallet.Request{
		Order: [16]byte{order + 1}, Amount: amount, Currency: "CNY", Merchant: "898110259410001", Terminal: "T0000001",
		Time: 1_800_000_000, Nonce: [8]byte{order},
	}
}

func (b bench) pay(t testing.TB, r hardwallet.Request) (hardwallet.Transaction, error) {
	t.Helper()
	b.card.Reset()
	return hardwallet.Pay(t.Context(), contact{b.card}, b.pool, r)
}

func TestPay(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		b := newBench(t, hardcard.Options{Balance: 10_000})
		got, err := b.pay(t, request(1, 1250))
		require.NoError(t, err)
		require.NoError(t, got.Verify(b.pool))
		require.Equal(t, int64(8750), b.card.Balance())
		require.Equal(t, uint32(1), b.card.Counter())
	})
	t.Run("again is the same transaction", func(t *testing.T) {
		b := newBench(t, hardcard.Options{Balance: 10_000})
		first, err := b.pay(t, request(1, 1250))
		require.NoError(t, err)
		second, err := b.pay(t, request(1, 1250))
		require.NoError(t, err)
		require.Equal(t, first, second)
		require.Equal(t, int64(8750), b.card.Balance())
	})
	t.Run("ErrOrderConflict", func(t *testing.T) {
		b := newBench(t, hardcard.Options{Balance: 10_000})
		_, err := b.pay(t, request(1, 1250))
		require.NoError(t, err)
		_, err = b.pay(t, request(1, 1251))
		require.ErrorIs(t, err, hardwallet.ErrOrderConflict)
	})
	t.Run("ErrInsufficient", func(t *testing.T) {
		b := newBench(t, hardcard.Options{Balance: 99})
		_, err := b.pay(t, request(1, 100))
		require.ErrorIs(t, err, hardwallet.ErrInsufficient)
		require.Equal(t, int64(99), b.card.Balance())
	})
	t.Run("ErrBlocked until unblocked", func(t *testing.T) {
		b := newBench(t, hardcard.Options{Balance: 10_000})
		require.NoError(t, b.card.Block(true))
		_, err := b.pay(t, request(1, 1))
		require.ErrorIs(t, err, hardwallet.ErrBlocked)
		require.NoError(t, b.card.Block(false))
		_, err = b.pay(t, request(1, 1))
		require.NoError(t, err)
	})
	t.Run("ErrTapsUsedUp until connected", func(t *testing.T) {
		b := newBench(t, hardcard.Options{Balance: 10_000, TapCount: 2})
		for i := range byte(2) {
			_, err := b.pay(t, request(i, 1))
			require.NoError(t, err)
		}
		_, err := b.pay(t, request(2, 1))
		require.ErrorIs(t, err, hardwallet.ErrTapsUsedUp)
		require.NoError(t, b.card.Connect(500))
		_, err = b.pay(t, request(2, 1))
		require.NoError(t, err)
		require.Equal(t, int64(10_497), b.card.Balance())
	})
	t.Run("recovered by another tap", func(t *testing.T) {
		b := newBench(t, hardcard.Options{Balance: 10_000})
		paid, err := b.pay(t, request(1, 1250))
		require.NoError(t, err)
		b.card.Reset()
		pending := hardwallet.Pending{Request: request(1, 1250), Wallet: b.card.Wallet()}
		got, err := hardwallet.Recover(t.Context(), contact{b.card}, b.pool, pending)
		require.NoError(t, err)
		require.Equal(t, paid, got)
		pending.Request = request(2, 1)
		_, err = hardwallet.Recover(t.Context(), contact{b.card}, b.pool, pending)
		require.ErrorIs(t, err, hardwallet.ErrNotPaid)
	})
}

// TestCardGuardsItself sends what our own terminal never would.
func TestCardGuardsItself(t *testing.T) {
	b := newBench(t, hardcard.Options{Balance: 100_000, TapLimit: 5000, Expiry: 1_900_000_000})
	selection := append([]byte{0x00, 0xA4, 0x04, 0x00, 9}, hardwallet.AID()...)
	payment := func(change func(*hardwallet.Request)) []byte {
		r := request(1, 100)
		change(&r)
		body, err := r.MarshalBinary()
		require.NoError(t, err)
		return append(append([]byte{0x80, 0x50, 0, 0, byte(len(body))}, body...), 0)
	}
	same := func(*hardwallet.Request) {}
	for name, c := range map[string]struct {
		command  []byte
		unselect bool
		want     hardwallet.Status
	}{
		"half an APDU":             {[]byte{0x80, 0x50}, false, hardwallet.StatusWrongLength},
		"another class":            {[]byte{0x90, 0x50, 0, 0}, false, hardwallet.StatusUnknownClass},
		"another instruction":      {[]byte{0x80, 0x51, 0, 0}, false, hardwallet.StatusUnknownInstruction},
		"another application":      {[]byte{0x00, 0xA4, 4, 0, 1, 0xF0}, false, hardwallet.StatusNoApplication},
		"select by file id":        {[]byte{0x00, 0xA4, 0, 0}, false, hardwallet.StatusWrongParameters},
		"PAY before SELECT":        {payment(same), true, hardwallet.StatusNotSelected},
		"GET before SELECT":        {[]byte{0x80, 0x52, 0, 0, 0}, true, hardwallet.StatusNotSelected},
		"PAY with parameters":      {append([]byte{0x80, 0x50, 1}, payment(same)[3:]...), false, hardwallet.StatusWrongParameters},
		"PAY cut short":            {[]byte{0x80, 0x50, 0, 0, 1, 1}, false, hardwallet.StatusWrongLength},
		"PAY of nothing":           {append([]byte{0x80, 0x50, 0, 0, 66}, make([]byte, 66)...), false, hardwallet.StatusWrongData},
		"over the limit":           {payment(func(r *hardwallet.Request) { r.Amount = 5001 }), false, hardwallet.StatusOverLimit},
		"expired":                  {payment(func(r *hardwallet.Request) { r.Time = 1_900_000_000 }), false, hardwallet.StatusExpired},
		"another currency":         {payment(func(r *hardwallet.Request) { r.Currency = "USD" }), false, hardwallet.StatusCurrency},
		"GET of an empty log":      {[]byte{0x80, 0x52, 0, 0, 0}, false, hardwallet.StatusNoTransaction},
		"GET by unknown order":     {append([]byte{0x80, 0x52, 1, 0, 16}, make([]byte, 16)...), false, hardwallet.StatusNoTransaction},
		"GET by half an order":     {append([]byte{0x80, 0x52, 1, 0, 8}, make([]byte, 8)...), false, hardwallet.StatusWrongLength},
		"GET last with an order":   {[]byte{0x80, 0x52, 0, 0, 1, 1}, false, hardwallet.StatusWrongLength},
		"GET with other parameter": {[]byte{0x80, 0x52, 2, 0, 0}, false, hardwallet.StatusWrongParameters},
	} {
		t.Run(name, func(t *testing.T) {
			b.card.Reset()
			if !c.unselect {
				answer := b.card.Exchange(selection)
				require.Equal(t, []byte{0x90, 0x00}, answer[len(answer)-2:])
			}
			require.Equal(t, []byte{byte(c.want >> 8), byte(c.want)}, b.card.Exchange(c.command))
			require.Equal(t, int64(100_000), b.card.Balance())
		})
	}
	t.Run("GET last", func(t *testing.T) {
		paid, err := b.pay(t, request(1, 100))
		require.NoError(t, err)
		answer := b.card.Exchange([]byte{0x80, 0x52, 0, 0, 0})
		require.Len(t, answer, hardwallet.RequestSize+hardwallet.DebitSize+2)
		require.Equal(t, paid.Request.Order[:], answer[:16])
	})
}

func TestMintRefuses(t *testing.T) {
	issuer, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	for name, options := range map[string]hardcard.Options{
		"wallet id":        {Wallet: "12"},
		"negative balance": {Wallet: "0011223344556677", Balance: -1},
		"negative limit":   {Wallet: "0011223344556677", TapLimit: -1},
		"no such folder":   {Wallet: "0011223344556677", Path: filepath.Join(t.TempDir(), "none", "card.json")},
		"no randomness":    {Wallet: "0011223344556677", Random: errorReader{}},
	} {
		_, err := hardcard.Mint(issuer, options)
		require.Error(t, err, name)
	}
	b := newBench(t, hardcard.Options{Balance: 10})
	require.Error(t, b.card.Connect(-11))
	require.Error(t, b.card.Connect(1<<63-1))
	require.Equal(t, int64(10), b.card.Balance())
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errors.New("no randomness") }

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.json")
	b := newBench(t, hardcard.Options{Balance: 10_000, Path: path})
	paid, err := b.pay(t, request(1, 1250))
	require.NoError(t, err)

	t.Run("the card comes back as it was", func(t *testing.T) {
		back, err := hardcard.Load(path)
		require.NoError(t, err)
		require.Equal(t, int64(8750), back.Balance())
		require.Equal(t, b.card.Certificate(), back.Certificate())
		again, err := (bench{card: back, pool: b.pool}).pay(t, request(1, 1250))
		require.NoError(t, err)
		require.Equal(t, paid, again, "no second debit after a restart")
	})
	t.Run("only its owner may read it", func(t *testing.T) {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	})
	t.Run("nothing is debited when the file cannot be written", func(t *testing.T) {
		require.NoError(t, os.Mkdir(path+".new", 0o700))
		_, err := b.pay(t, request(2, 100))
		var unknown *hardwallet.UnknownOutcomeError
		require.ErrorAs(t, err, &unknown)
		require.Equal(t, int64(8750), b.card.Balance())
		require.NoError(t, os.Remove(path+".new"))
		_, err = hardwallet.Recover(t.Context(), contact{b.card}, b.pool, unknown.Pending)
		require.ErrorIs(t, err, hardwallet.ErrNotPaid)
	})
	t.Run("ErrFile", func(t *testing.T) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		other := filepath.Join(t.TempDir(), "other.json")
		_ = newBench(t, hardcard.Options{Path: other})
		for name, bad := range map[string]string{
			"empty": "", "cut short": string(text[:len(text)/2]), "unknown field": `{"colour":"red"}`, "no key": `{"balance":1}`,
		} {
			require.NoError(t, os.WriteFile(other, []byte(bad), 0o600))
			_, err := hardcard.Load(other)
			require.ErrorIs(t, err, hardcard.ErrFile, name)
		}
		_, err = hardcard.Load(filepath.Join(t.TempDir(), "none"))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestMintDefaults(t *testing.T) {
	c := newBench(t, hardcard.Options{}).card.Certificate()
	require.Equal(t, int64(50_000), c.TapLimit, "¥500 a tap")
	require.Equal(t, uint16(10), c.TapCount)
	require.Equal(t, "CNY", c.Currency)
	require.Equal(t, uint8(hardwallet.TypeHardware), c.Type)
	require.Equal(t, "2035-01-01", time.Unix(c.Expiry, 0).UTC().Format(time.DateOnly))
}

// TestCrashWhileSaving leaves behind what a power cut while the new file is written leaves behind.
func TestCrashWhileSaving(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.json")
	b := newBench(t, hardcard.Options{Balance: 10_000, Path: path})
	_, err := b.pay(t, request(1, 100))
	require.NoError(t, err)
	for _, half := range []string{"", `{"key":`, strings.Repeat("x", 5000)} {
		require.NoError(t, os.WriteFile(path+".new", []byte(half), 0o600))
		back, err := hardcard.Load(path)
		require.NoError(t, err, "the old file stands until the new one is whole")
		require.Equal(t, int64(9900), back.Balance())
	}
	back, err := hardcard.Load(path)
	require.NoError(t, err)
	_, err = bench{card: back, pool: b.pool}.pay(t, request(2, 100))
	require.NoError(t, err)
	again, err := hardcard.Load(path)
	require.NoError(t, err)
	require.Equal(t, int64(9800), again.Balance())
}

// TestFileOutOfRange edits single fields of a good file.
func TestFileOutOfRange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.json")
	b := newBench(t, hardcard.Options{Balance: 10_000, Path: path})
	_, err := b.pay(t, request(1, 100))
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	other, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	otherPEM, err := other.MarshalPEM()
	require.NoError(t, err)
	edit := func(t *testing.T, change func(map[string]any)) (*hardcard.Card, error) {
		var document map[string]any
		require.NoError(t, json.Unmarshal(text, &document))
		change(document)
		edited, err := json.Marshal(document)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, edited, 0o600))
		return hardcard.Load(path)
	}
	for name, change := range map[string]func(map[string]any){
		"negative balance":      func(d map[string]any) { d["balance"] = -1 },
		"log beyond counter":    func(d map[string]any) { d["counter"] = 0 },
		"another key":           func(d map[string]any) { d["key"] = string(otherPEM) },
		"certificate cut short": func(d map[string]any) { d["certificate"] = "AAAA" },
		"log entry cut short":   func(d map[string]any) { d["log"] = []string{"AAAA"} },
	} {
		t.Run("ErrFile, "+name, func(t *testing.T) {
			_, err := edit(t, change)
			require.ErrorIs(t, err, hardcard.ErrFile)
		})
	}
	t.Run("the counter never wraps", func(t *testing.T) {
		card, err := edit(t, func(d map[string]any) { d["counter"] = uint32(math.MaxUint32) })
		require.NoError(t, err)
		_, err = bench{card: card, pool: b.pool}.pay(t, request(2, 100))
		require.ErrorIs(t, err, hardwallet.ErrTapsUsedUp)
	})
}

// TestConcurrentUse taps, connects and looks from several goroutines at once.
func TestConcurrentUse(t *testing.T) {
	const payers, payments = 4, 10
	b := newBench(t, hardcard.Options{Balance: 100_000, TapCount: 1000})
	var wait sync.WaitGroup
	for payer := range payers {
		wait.Go(func() {
			for i := range payments {
				r := request(byte(payer*payments+i), 100)
				_, _ = hardwallet.Pay(context.Background(), contact{b.card}, b.pool, r)
				_ = b.card.Connect(0)
			}
		})
	}
	wait.Wait()
	require.Equal(t, uint32(payers*payments), b.card.Counter())
	require.Equal(t, int64(100_000-payers*payments*100), b.card.Balance())
}

// TestBooksBalance pays random amounts on random orders: what the card lost is what its transactions say.
func TestBooksBalance(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t, hardcard.Options{Balance: 100_000, TapCount: 1000})
		debits := map[uint32]int64{}
		for range rapid.IntRange(1, 20).Draw(rt, "payments") {
			r := request(rapid.ByteRange(0, 7).Draw(rt, "order"), rapid.Int64Range(1, 60_000).Draw(rt, "amount"))
			if got, err := b.pay(t, r); err == nil {
				debits[got.Debit.Counter] = got.Request.Amount
			}
		}
		total := int64(0)
		for _, amount := range debits {
			total += amount
		}
		require.Equal(rt, int64(100_000)-total, b.card.Balance())
		require.Equal(rt, int(b.card.Counter()), len(debits))
	})
}
