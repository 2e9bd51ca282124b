package hardwallet_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/hardwallet"
)

func TestWalletBinary(t *testing.T) {
	s := newShop(t)
	wallet := hardwallet.Wallet{Certificate: s.card.certificate, Counter: 7}
	data, err := wallet.MarshalBinary()
	require.NoError(t, err)

	t.Run("comes back", func(t *testing.T) {
		var back hardwallet.Wallet
		require.NoError(t, back.UnmarshalBinary(data))
		require.NoError(t, back.Certificate.Verify(s.pool))
		require.Equal(t, uint32(7), back.Counter)
	})
	t.Run("fits one normal PN532 frame", func(t *testing.T) {
		require.LessOrEqual(t, len(data)+2, 252)
	})
	t.Run("an unknown field is passed over", func(t *testing.T) {
		more := append([]byte(nil), data...)
		more = append(more, 0x9E, 1, 0xFF) // after A5, still inside 6F
		more[2] += 3
		more[len(more)-3] = 0xC1
		var back hardwallet.Wallet
		require.NoError(t, back.UnmarshalBinary(more))
	})
	t.Run("ErrMalformed", func(t *testing.T) {
		twice := append([]byte(nil), data...)
		twice = append(twice, 0x84, 0)
		twice[2] += 2
		long := append([]byte{0x6F, 0x82, 0}, data[2:]...)
		for name, bad := range map[string][]byte{
			"nothing":          nil,
			"cut short":        data[:100],
			"field twice":      twice,
			"two-byte length":  long,
			"two-byte tag":     {0x9F, 0x38, 0},
			"tag only":         {0x6F},
			"padded length":    {0x6F, 0x81, 0x01, 0x00},
			"another AID":      bytes.Replace(data, []byte("YTILL"), []byte("YTALL"), 1),
			"too many":         manyFields(),
			"counter is short": bytes.Replace(data, []byte{0x8A, 4, 0, 0, 0, 7}, []byte{0x8A, 3, 0, 0, 7, 0xC0, 0}[:6], 1),
		} {
			var back hardwallet.Wallet
			require.ErrorIs(t, back.UnmarshalBinary(bad), hardwallet.ErrMalformed, name)
		}
	})
	t.Run("ErrVersion", func(t *testing.T) {
		var back hardwallet.Wallet
		other := bytes.Replace(data, []byte{0x80, 1, 1}, []byte{0x80, 1, 2}, 1)
		require.ErrorIs(t, back.UnmarshalBinary(other), hardwallet.ErrVersion)
	})
	t.Run("ErrMalformed instead of bytes for invalid fields", func(t *testing.T) {
		_, err := hardwallet.Wallet{}.MarshalBinary()
		require.ErrorIs(t, err, hardwallet.ErrMalformed)
	})
}

// manyFields is a list of 40 empty fields with tags of their own.
func manyFields() []byte {
	var list []byte
	for tag := byte(0x40); len(list) < 80; tag++ {
		if tag&0x1F != 0x1F {
			list = append(list, tag, 0)
		}
	}
	return list
}

func FuzzWallet(f *testing.F) {
	data, err := hardwallet.Wallet{Certificate: newShop(f).card.certificate}.MarshalBinary()
	require.NoError(f, err)
	f.Add(data)
	f.Add(manyFields())
	f.Fuzz(func(t *testing.T, data []byte) {
		var parsed hardwallet.Wallet
		if parsed.UnmarshalBinary(data) != nil {
			return
		}
		again, err := parsed.MarshalBinary()
		require.NoError(t, err)
		var back hardwallet.Wallet
		require.NoError(t, back.UnmarshalBinary(again))
		require.Equal(t, parsed.Counter, back.Counter)
		require.Equal(t, parsed.Certificate.SignedBytes(), back.Certificate.SignedBytes())
	})
}

// FuzzAnswers feeds a terminal arbitrary answers: it never panics, never takes a payment that does not verify, and
// leaves no doubt unspoken once PAY is out.
func FuzzAnswers(f *testing.F) {
	s := newShop(f)
	selected, err := hardwallet.Wallet{Certificate: s.card.certificate}.MarshalBinary()
	require.NoError(f, err)
	selected = append(selected, 0x90, 0x00)
	f.Add(selected, []byte{0x94, 0x01}, []byte{0x6A, 0x88})
	f.Add(selected, append(make([]byte, hardwallet.DebitSize), 0x90, 0x00), []byte{0x90, 0x00})
	f.Add([]byte{0x6A, 0x82}, []byte{}, []byte{})
	f.Add(selected, []byte{0x94, 0x06}, append(make([]byte, hardwallet.RequestSize+hardwallet.DebitSize), 0x90, 0x00))
	f.Fuzz(func(t *testing.T, selection, pay, get []byte) {
		replay := &card{answer: map[byte][]byte{
			hardwallet.InstructionSelect: selection, hardwallet.InstructionPay: pay, hardwallet.InstructionGet: get,
		}}
		transaction, err := hardwallet.Pay(t.Context(), replay, s.pool, request(1, 1250))
		if err == nil {
			require.NoError(t, transaction.Verify(s.pool))
			require.Equal(t, request(1, 1250).Order, transaction.Request.Order)
		}
		transaction, err = hardwallet.Recover(t.Context(), replay, s.pool, hardwallet.Pending{Request: request(1, 1250)})
		if err == nil {
			require.NoError(t, transaction.Verify(s.pool))
		}
	})
}
