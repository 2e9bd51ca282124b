package keyring_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/keyring"
)

// FuzzParseState: no bytes make it panic; what it takes is in rising order.
func FuzzParseState(f *testing.F) {
	f.Add([]byte(`{"version":1,"terminal":"10000001","epochs":[]}`))
	f.Add([]byte(`{"version":1,"terminal":"10000001","epochs":[{"epoch":1,"terminal_nonce":` +
		`"00112233445566778899aabbccddeeff","cloud_nonce":"00112233445566778899aabbccddeeff","opened_at":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		epochs, err := keyring.ParseState(text, terminal)
		if err != nil {
			require.ErrorIs(t, err, keyring.ErrState)
			return
		}
		last := uint32(0)
		for _, epoch := range epochs {
			require.Greater(t, epoch.Number, last)
			last = epoch.Number
		}
	})
}
