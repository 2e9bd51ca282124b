package sign_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/sign"
)

func BenchmarkSign(b *testing.B) {
	key, message := newKey(b), make([]byte, 200)
	for b.Loop() {
		_, err := key.Sign("bench", message)
		require.NoError(b, err)
	}
}

func BenchmarkSignChecked(b *testing.B) {
	key, message := newKey(b), make([]byte, 200)
	for b.Loop() {
		_, err := key.SignChecked("bench", message)
		require.NoError(b, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	key, message := newKey(b), make([]byte, 200)
	signature, err := key.Sign("bench", message)
	require.NoError(b, err)
	for b.Loop() {
		require.True(b, sign.Verify(key.Public(), "bench", message, signature[:]))
	}
}

// BenchmarkVerifyForged shows what a forged signature costs: both libraries.
func BenchmarkVerifyForged(b *testing.B) {
	key, message := newKey(b), make([]byte, 200)
	signature, err := key.Sign("bench", message)
	require.NoError(b, err)
	message[0] = 1
	for b.Loop() {
		require.False(b, sign.Verify(key.Public(), "bench", message, signature[:]))
	}
}
