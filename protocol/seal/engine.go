// Package seal holds the product's SM4 and SM3: the tag of a record (CMAC), the envelope (GCM), key derivation and
// the self-test that a process passes before it touches money. Keys and bytes come in, tags and sealed bytes leave.
package seal

import (
	"crypto/cipher"
	"errors"
	"fmt"

	"github.com/tjfoc/gmsm/sm3"
	"github.com/tjfoc/gmsm/sm4"
)

// Sizes in bytes.
const (
	KeySize  = 16
	TagSize  = 16
	HashSize = 32
)

// ErrOpen marks bytes that do not open under the key: forged, damaged, or sealed by somebody else.
var ErrOpen = errors.New("seal: envelope does not open")

// Hash is an SM3 digest.
type Hash [HashSize]byte

// Engine makes the primitives. The terminal uses Portable; the cloud may use seal/fast.
type Engine struct {
	// NewBlock returns SM4 under a 16-byte key.
	NewBlock func(key []byte) (cipher.Block, error)
	// Sum returns the SM3 digest of the parts one after another.
	Sum func(parts ...[]byte) Hash
	// Shared says that one block may serve several goroutines.
	Shared bool
}

// Portable is tjfoc/gmsm behind the standard library's modes. Its block keeps scratch space, so every operation gets
// a block of its own (0.3 µs); its Sum(prefix) is wrong, so only Sum(nil) is used.
func Portable() Engine {
	return Engine{
		NewBlock: sm4.NewCipher,
		Sum: func(parts ...[]byte) Hash {
			digest := sm3.New()
			for _, part := range parts {
				_, _ = digest.Write(part) // never fails
			}
			return Hash(digest.Sum(nil))
		},
	}
}

// newBlock panics on a key of the wrong size: keys are checked where they enter.
func (e Engine) newBlock(key []byte) cipher.Block {
	block, err := e.NewBlock(key)
	if err != nil {
		panic(fmt.Sprintf("seal: make block: %v", err))
	}
	return block
}
