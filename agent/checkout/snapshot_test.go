package checkout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// drawTime is a time as the journal keeps it: microseconds, or none.
func drawTime(t *rapid.T, name string) time.Time {
	micros := rapid.Int64Range(0, 4e15).Draw(t, name)
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// drawOrder is another order's id, or none.
func drawOrder(t *rapid.T, name string) checkout.OrderID {
	if rapid.Bool().Draw(t, name) {
		return checkout.OrderID{}
	}
	return checkout.OrderID(rapid.SliceOfN(rapid.ByteRange(1, 255), 16, 16).Draw(t, name))
}

func drawSale(t *rapid.T) checkout.Sale {
	sale := checkout.Sale{
		OrderID: checkout.OrderID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "order")),
		State:   checkout.State(rapid.IntRange(int(checkout.Waiting), int(checkout.NotHonoured)).Draw(t, "state")),
		Method:  message.Method(rapid.IntRange(0, 3).Draw(t, "method")),
		Amount:  money.Money{Minor: rapid.Int64().Draw(t, "amount"), Currency: money.CNY},
		Cashier: rapid.StringN(0, 20, 60).Draw(t, "cashier"), Note: rapid.StringN(0, 60, 300).Draw(t, "note"),
		Batch: rapid.Uint32().Draw(t, "batch"), Voucher: rapid.Uint32().Draw(t, "voucher"),
		Origin: checkout.Origin{
			Key:    rapid.StringN(0, 20, checkout.KeyMax).Draw(t, "key"),
			Digest: [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest")),
		},
		Supersedes: drawOrder(t, "supersedes"), SupersededBy: drawOrder(t, "superseded by"),
		CodeTail: rapid.StringMatching(`[0-9]{0,6}`).Draw(t, "tail"),
		Card: checkout.Card{
			Nonce: [8]byte(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "nonce")), At: drawTime(t, "card"),
			Wallet:  hardwallet.WalletID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "wallet")),
			Counter: rapid.Uint32().Draw(t, "counter"), Silent: rapid.Bool().Draw(t, "silent"),
			Transaction: rapid.SliceOfN(rapid.Byte(), 1, 500).Draw(t, "transaction"),
		},
		StartedAt: drawTime(t, "started"), RequestedAt: drawTime(t, "requested"), HeardAt: drawTime(t, "heard"),
		AskedAt: drawTime(t, "asked"), Deadline: drawTime(t, "deadline"),
		PaymentSequence: rapid.Uint64().Draw(t, "payment"), ReversalSequence: rapid.Uint64().Draw(t, "reversal"),
		Reversal:         message.Reason(rapid.IntRange(0, 14).Draw(t, "reason")),
		ReversalRecorded: rapid.Bool().Draw(t, "recorded"), ReversalBy: rapid.StringN(0, 20, 60).Draw(t, "by"),
		UnknownShown: rapid.Bool().Draw(t, "unknown"), Offline: rapid.Bool().Draw(t, "offline"),
		Unprinted: checkout.Copies(rapid.IntRange(0, 15).Draw(t, "unprinted")),
		Altered:   checkout.Copies(rapid.IntRange(0, 3).Draw(t, "altered")),
	}
	if rapid.Bool().Draw(t, "order") {
		sale.Order = checkout.ShopOrder{
			Reference: rapid.StringN(0, 20, 64).Draw(t, "order reference"), SettledBy: rapid.StringN(0, 20, 60).Draw(t, "settled by"),
			Within:   time.Duration(rapid.IntRange(1, int(checkout.AcceptMax/time.Second)).Draw(t, "within")) * time.Second,
			Standing: checkout.OrderStanding(rapid.IntRange(0, 5).Draw(t, "order standing")), Until: drawTime(t, "until"),
		}
	}
	if rapid.Bool().Draw(t, "result") {
		sale.Result = answer(sale, message.Stage_STAGE_QUERYING, message.Outcome_OUTCOME_UNKNOWN, 3)
	}
	return sale
}

func TestSnapshotRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawSale(t)
		b, err := want.MarshalBinary()
		require.NoError(t, err)
		var got checkout.Sale
		require.NoError(t, got.UnmarshalBinary(b))
		require.True(t, proto.Equal(want.Result, got.Result))
		want.Result, got.Result = nil, nil
		require.Equal(t, want, got)
	})
}

func TestSnapshotBounds(t *testing.T) {
	sale := checkout.Sale{State: checkout.Waiting, Amount: money.Money{Minor: 1, Currency: money.CNY}}
	t.Run("ErrSnapshotForAFieldTooLong", func(t *testing.T) {
		long := sale
		long.Note = strings.Repeat("x", 5000)
		_, err := long.MarshalBinary()
		require.ErrorIs(t, err, checkout.ErrSnapshot)
	})
	t.Run("SmallWhenTheSaleIs", func(t *testing.T) {
		b, err := sale.MarshalBinary()
		require.NoError(t, err)
		require.Less(t, len(b), 128)
	})
	t.Run("ErrSnapshotForEveryTruncation", func(t *testing.T) {
		b, err := sale.MarshalBinary()
		require.NoError(t, err)
		for size := range b {
			var got checkout.Sale
			require.ErrorIs(t, got.UnmarshalBinary(b[:size]), checkout.ErrSnapshot)
		}
		var got checkout.Sale
		require.ErrorIs(t, got.UnmarshalBinary(append(b, 0)), checkout.ErrSnapshot)
	})
	t.Run("ErrSnapshotForAnotherVersionOrState", func(t *testing.T) {
		for offset, value := range map[int]byte{0: 2, 1: byte(checkout.NotHonoured) + 1} {
			b, err := sale.MarshalBinary()
			require.NoError(t, err)
			b[offset] = value
			var got checkout.Sale
			require.ErrorIs(t, got.UnmarshalBinary(b), checkout.ErrSnapshot)
		}
	})
	t.Run("ErrSnapshotForAnUnknownCurrency", func(t *testing.T) {
		other := sale
		other.Amount.Currency.Code = "XXX"
		b, err := other.MarshalBinary()
		require.NoError(t, err)
		var got checkout.Sale
		err = got.UnmarshalBinary(b)
		require.ErrorIs(t, err, checkout.ErrSnapshot)
		require.ErrorIs(t, err, money.ErrUnknownCurrency)
	})
}

func FuzzSnapshot(f *testing.F) {
	sale := checkout.Sale{State: checkout.Querying, Amount: money.Money{Minor: 1250, Currency: money.CNY}, Note: "桌号 8"}
	sale.Result = answer(sale, message.Stage_STAGE_QUERYING, message.Outcome_OUTCOME_UNKNOWN, 3)
	b, err := sale.MarshalBinary()
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var got checkout.Sale
		if err := got.UnmarshalBinary(b); err != nil {
			require.ErrorIs(t, err, checkout.ErrSnapshot)
			return
		}
		again, err := got.MarshalBinary()
		require.NoError(t, err)
		var same checkout.Sale
		require.NoError(t, same.UnmarshalBinary(again))
	})
}
