package sign_test

import (
	"encoding/hex"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/protocol/sign"
)

func TestParsePublicKey(t *testing.T) {
	point := newKey(t).Public().Bytes()
	t.Run("OK", func(t *testing.T) {
		key, err := sign.ParsePublicKey(point[:])
		require.NoError(t, err)
		require.Equal(t, point, key.Bytes())
		require.False(t, key.IsZero())
	})
	t.Run("ErrInvalidKey on another form or length", func(t *testing.T) {
		compressed := append([]byte{2}, point[1:33]...)
		for _, bytes := range [][]byte{nil, point[:64], append(point[:], 0), compressed, make([]byte, 65)} {
			_, err := sign.ParsePublicKey(bytes)
			require.ErrorIs(t, err, sign.ErrInvalidKey)
		}
		hybrid := point
		hybrid[0] = 6
		_, err := sign.ParsePublicKey(hybrid[:])
		require.ErrorIs(t, err, sign.ErrInvalidKey)
	})
	t.Run("ErrInvalidKey off the curve", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			bent := point
			bit := rapid.IntRange(8, 65*8-1).Draw(t, "bit")
			bent[bit/8] ^= 1 << (bit % 8)
			_, err := sign.ParsePublicKey(bent[:])
			require.ErrorIs(t, err, sign.ErrInvalidKey)
		})
	})
	t.Run("ErrInvalidKey on a coordinate of p or more", func(t *testing.T) {
		prime, err := hex.DecodeString("fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff")
		require.NoError(t, err)
		big := append([]byte{4}, prime...)
		_, err = sign.ParsePublicKey(append(big, point[33:]...))
		require.ErrorIs(t, err, sign.ErrInvalidKey)
	})
}

func TestFingerprint(t *testing.T) {
	key := newKey(t).Public()
	point := key.Bytes()
	sum := sm3.Sum(point[:])
	require.Equal(t, hex.EncodeToString(sum[:8]), key.Fingerprint().String())
	require.Equal(t, "sm2:"+key.Fingerprint().String(), key.String())
	require.NotEqual(t, key.Fingerprint(), newKey(t).Public().Fingerprint())
}
