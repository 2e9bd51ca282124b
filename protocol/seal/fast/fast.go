// Package fast offers the same SM4 and SM3 as seal.Portable from a library with processor-specific code, for the
// cloud, where opening envelopes is a measurable part of the load.
package fast

import (
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"github.com/yuantill/yuantill/protocol/seal"
)

// Engine returns the fast engine. Its blocks hold no scratch space and may be shared.
func Engine() seal.Engine {
	return seal.Engine{
		NewBlock: sm4.NewCipher,
		Sum: func(parts ...[]byte) seal.Hash {
			if len(parts) == 1 {
				return sm3.Sum(parts[0])
			}
			digest := sm3.New()
			for _, part := range parts {
				_, _ = digest.Write(part) // never fails
			}
			var sum seal.Hash
			digest.Sum(sum[:0])
			return sum
		},
		Shared: true,
	}
}
