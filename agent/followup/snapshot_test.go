package followup_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

func drawFollowUp(t *rapid.T) followup.FollowUp {
	f := followup.FollowUp{
		ID: followup.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")), Kind: followup.Kind(rapid.IntRange(0, 6).Draw(t, "kind")),
		State:    followup.State(rapid.IntRange(int(followup.Asking), int(followup.NotCarriedOut)).Draw(t, "state")),
		Original: original(), Amount: money.Money{Minor: rapid.Int64().Draw(t, "amount"), Currency: money.CNY},
		Undoes: followup.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "undoes")), Last: rapid.Bool().Draw(t, "last"),
		Offline: rapid.Bool().Draw(t, "offline"),
		Cashier: rapid.StringN(0, 20, 60).Draw(t, "cashier"), Note: rapid.StringN(0, 60, 300).Draw(t, "note"),
		Batch: rapid.Uint32().Draw(t, "batch"), Voucher: rapid.Uint32().Draw(t, "voucher"),
		Origin:      checkout.Origin{Key: rapid.StringN(0, 20, checkout.KeyMax).Draw(t, "key"), Digest: [32]byte{1, 2}},
		RequestedAt: time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "requested")).UTC(),
		AskedAt:     time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "asked")).UTC(),

		RequestSequence: rapid.Uint64().Draw(t, "sequence"), UnknownShown: rapid.Bool().Draw(t, "unknown"),
		Unprinted: checkout.Copies(rapid.IntRange(0, 3).Draw(t, "unprinted")),
		Altered:   checkout.Copies(rapid.IntRange(0, 3).Draw(t, "altered")),
	}
	if rapid.Bool().Draw(t, "result") {
		f.Result = answer(f, message.Outcome_OUTCOME_UNKNOWN, 3)
	}
	return f
}

func TestSnapshotRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawFollowUp(t)
		b, err := want.MarshalBinary()
		require.NoError(t, err)
		var got followup.FollowUp
		require.NoError(t, got.UnmarshalBinary(b))
		require.True(t, proto.Equal(want.Result, got.Result))
		require.True(t, proto.Equal(want.Original, got.Original))
		want.Result, got.Result, want.Original, got.Original = nil, nil, nil, nil
		require.Equal(t, want, got)
	})
}

func TestSnapshotBounds(t *testing.T) {
	w := newWorld()
	w.give(started(message.FollowUp_FOLLOW_UP_REFUND, money.Money{Minor: 1, Currency: money.CNY}))
	b, err := w.followUp.MarshalBinary()
	require.NoError(t, err)
	var got followup.FollowUp
	t.Run("ErrSnapshotForAFieldTooLong", func(t *testing.T) {
		long := w.followUp
		long.Note = strings.Repeat("x", 5000)
		_, err := long.MarshalBinary()
		require.ErrorIs(t, err, followup.ErrSnapshot)
	})
	t.Run("ErrSnapshotForEveryTruncation", func(t *testing.T) {
		for size := range b {
			require.ErrorIs(t, got.UnmarshalBinary(b[:size]), followup.ErrSnapshot)
		}
		require.ErrorIs(t, got.UnmarshalBinary(append(b[:len(b):len(b)], 0)), followup.ErrSnapshot)
	})
	t.Run("ErrSnapshotForAnotherVersionOrState", func(t *testing.T) {
		for offset, value := range map[int]byte{0: 2, 1: byte(followup.NotCarriedOut) + 1} {
			other := append([]byte(nil), b...)
			other[offset] = value
			require.ErrorIs(t, got.UnmarshalBinary(other), followup.ErrSnapshot)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	w := newWorld()
	w.give(started(message.FollowUp_FOLLOW_UP_VOID, money.Money{Minor: 10000, Currency: money.CNY}))
	b, err := w.followUp.MarshalBinary()
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var got followup.FollowUp
		if err := got.UnmarshalBinary(b); err != nil {
			require.ErrorIs(t, err, followup.ErrSnapshot)
			return
		}
		again, err := got.MarshalBinary()
		require.NoError(t, err)
		var same followup.FollowUp
		require.NoError(t, same.UnmarshalBinary(again))
	})
}
