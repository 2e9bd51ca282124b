package sign_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/protocol/sign"
)

// orderHex is n, the order of the SM2 base point (GB/T 32918.5, A.1).
const orderHex = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123"

type vector struct {
	Alg, E, Plaintext, Private, Public, R, S, Source, UID string
}

func vectors(t testing.TB, algorithm string) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/sm2.json")
	require.NoError(t, err)
	var all, kept []vector
	require.NoError(t, json.Unmarshal(data, &all))
	for _, v := range all {
		if v.Alg == algorithm {
			kept = append(kept, v)
		}
	}
	require.NotEmpty(t, kept)
	return kept
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	require.NoError(t, err)
	return data
}

func newKey(t testing.TB) *sign.Key {
	t.Helper()
	key, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	return key
}

func TestStandardVector(t *testing.T) {
	for _, v := range vectors(t, "SM2-SIGN-SM3") {
		pub, err := sign.ParsePublicKey(unhex(t, v.Public))
		require.NoError(t, err)
		uid, message := string(unhex(t, v.UID)), unhex(t, v.Plaintext)
		signature := append(unhex(t, v.R), unhex(t, v.S)...)

		t.Run("digest equals e", func(t *testing.T) {
			digest, err := sign.MessageDigest(pub, uid, message)
			require.NoError(t, err)
			require.Equal(t, v.E, hex.EncodeToString(digest))
		})
		t.Run("signature verifies", func(t *testing.T) {
			require.True(t, sign.Verify(pub, uid, message, signature))
			require.True(t, sign.Verify(pub, "", message, signature), "the vector uses the default identity")
			require.True(t, sign.Verify(sign.WithoutFast(pub), uid, message, signature), "second opinion alone")
		})
		t.Run("private key gives the public key", func(t *testing.T) {
			key, err := sign.NewKey(bytes.NewReader(unhex(t, v.Private)))
			require.NoError(t, err)
			require.True(t, pub.Equal(key.Public()))
		})
	}
}

// TestSecondOpinion holds the vector that emmansun/gmsm's amd64 assembly has rejected (issue 560).
func TestSecondOpinion(t *testing.T) {
	for _, v := range vectors(t, "SM2-VERIFY-PREHASHED") {
		pub, err := sign.ParsePublicKey(unhex(t, v.Public))
		require.NoError(t, err)
		e, r, s := unhex(t, v.E), unhex(t, v.R), unhex(t, v.S)
		require.True(t, sign.VerifyDigest(pub, e, r, s), v.Source)
		require.True(t, sign.SecondVerify(pub, e, r, s), v.Source)
		e[31] = 1
		require.False(t, sign.VerifyDigest(pub, e, r, s), "another digest")
	}
}

func TestSignThenVerify(t *testing.T) {
	key, other := newKey(t), newKey(t)
	rapid.Check(t, func(t *rapid.T) {
		uid := rapid.StringN(0, 20, 40).Draw(t, "uid")
		message := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "message")
		signature, err := key.Sign(uid, message)
		require.NoError(t, err)
		require.True(t, sign.Verify(key.Public(), uid, message, signature[:]))
		require.False(t, sign.Verify(key.Public(), uid+"x", message, signature[:]), "another identity")
		require.False(t, sign.Verify(key.Public(), uid, append(message, 0), signature[:]), "another message")
		require.False(t, sign.Verify(other.Public(), uid, message, signature[:]), "another key")
		bit := rapid.IntRange(0, 511).Draw(t, "bit")
		signature[bit/8] ^= 1 << (bit % 8)
		require.False(t, sign.Verify(key.Public(), uid, message, signature[:]), "a flipped bit")
	})
}

func TestSignChecked(t *testing.T) {
	key := newKey(t)
	first, err := key.SignChecked("card", []byte("pay"))
	require.NoError(t, err)
	second, err := key.SignChecked("card", []byte("pay"))
	require.NoError(t, err)
	require.NotEqual(t, first, second, "every signature has a nonce of its own")
	require.True(t, sign.Verify(key.Public(), "card", []byte("pay"), first[:]))

	_, err = key.SignChecked(strings.Repeat("x", 8192), nil)
	require.ErrorIs(t, err, sign.ErrInvalidUID)
}

func TestVerifyRefusesMalformedSignatures(t *testing.T) {
	key := newKey(t)
	message := []byte("amount 1.00")
	good, err := key.Sign("", message)
	require.NoError(t, err)
	order := unhex(t, orderHex)
	zero := make([]byte, 32)
	r, s := good[:32], good[32:]
	complement := new(big.Int).Sub(new(big.Int).SetBytes(order), new(big.Int).SetBytes(r)).FillBytes(make([]byte, 32))

	for name, signature := range map[string][]byte{
		"empty":        nil,
		"short":        good[:63],
		"long":         append(good[:], 0),
		"zero r":       append(bytes.Clone(zero), s...),
		"zero s":       append(bytes.Clone(r), zero...),
		"r is n":       append(bytes.Clone(order), s...),
		"s is n":       append(bytes.Clone(r), order...),
		"r + s is n":   append(bytes.Clone(r), complement...),
		"halves apart": append(bytes.Clone(s), r...),
	} {
		t.Run(name, func(t *testing.T) {
			require.False(t, sign.Verify(key.Public(), "", message, signature))
			require.False(t, sign.Verify(sign.WithoutFast(key.Public()), "", message, signature))
		})
	}
	require.True(t, sign.Verify(key.Public(), "", message, good[:]), "the untouched signature still verifies")
	require.False(t, sign.Verify(sign.PublicKey{}, "", message, good[:]), "zero key")
	require.False(t, sign.Verify(key.Public(), strings.Repeat("x", 8192), message, good[:]), "over-long identity")
}

func TestNewKey(t *testing.T) {
	t.Run("same randomness gives the same key", func(t *testing.T) {
		seed := bytes.Repeat([]byte{7}, 32)
		a, err := sign.NewKey(bytes.NewReader(seed))
		require.NoError(t, err)
		b, err := sign.NewKey(bytes.NewReader(seed))
		require.NoError(t, err)
		require.True(t, a.Public().Equal(b.Public()))
	})
	t.Run("skips values out of range", func(t *testing.T) {
		source := append(make([]byte, 32), unhex(t, orderHex)...)
		source = append(source, bytes.Repeat([]byte{1}, 32)...)
		key, err := sign.NewKey(bytes.NewReader(source))
		require.NoError(t, err)
		want, err := sign.NewKey(bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
		require.NoError(t, err)
		require.True(t, key.Public().Equal(want.Public()))
	})
	t.Run("ErrInvalidKey when randomness is broken", func(t *testing.T) {
		_, err := sign.NewKey(bytes.NewReader(make([]byte, 4096)))
		require.ErrorIs(t, err, sign.ErrInvalidKey)
	})
	t.Run("error when randomness runs out", func(t *testing.T) {
		_, err := sign.NewKey(bytes.NewReader([]byte{1}))
		require.Error(t, err)
	})
	t.Run("prints no secret", func(t *testing.T) {
		seed := bytes.Repeat([]byte{0xAB}, 32)
		key, err := sign.NewKey(bytes.NewReader(seed))
		require.NoError(t, err)
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			text := strings.ToLower(fmt.Sprintf(format, key))
			require.NotContains(t, text, "abababab")
			require.NotContains(t, text, "171 171 171")
			require.Contains(t, text, key.Public().Fingerprint().String())
		}
	})
}
