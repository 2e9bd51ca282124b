package seal_test

import (
	"crypto/cipher"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

// vector is one entry of testdata/sm.json; its fields are hexadecimal.
type vector struct {
	Alg, Key, IV, AAD, Plaintext, Ciphertext, Tag, MAC, Source string
}

func engines() map[string]seal.Engine {
	return map[string]seal.Engine{"Portable": seal.Portable(), "Fast": fast.Engine()}
}

func loadVectors(t *testing.T) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/sm.json")
	require.NoError(t, err)
	var vectors []vector
	require.NoError(t, json.Unmarshal(text, &vectors))
	return vectors
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}

// TestVectors runs every vector that concerns this package: the block, the modes the standard library puts over it,
// CMAC and SM3. CCM and CBC-MAC are not used by the product; SM2 is package sign's.
func TestVectors(t *testing.T) {
	ran := map[string]int{}
	for name, engine := range engines() {
		for _, v := range loadVectors(t) {
			t.Run(name+"/"+v.Alg, func(t *testing.T) {
				got, want, known := compute(t, engine, v)
				if !known {
					return
				}
				ran[v.Alg]++
				require.Equal(t, want, hex.EncodeToString(got), v.Source)
			})
		}
	}
	require.Equal(t, map[string]int{"SM4-ECB": 12, "SM4-ECB-x1000000": 2, "SM4-CBC": 6, "SM4-CTR": 2,
		"SM4-GCM": 2, "SM4-CMAC": 6, "SM3": 4}, ran, "each vector runs on both engines")
}

func compute(t *testing.T, engine seal.Engine, v vector) (got []byte, want string, known bool) {
	t.Helper()
	key, plaintext := unhex(t, v.Key), unhex(t, v.Plaintext)
	out := make([]byte, len(plaintext))
	switch v.Alg {
	case "SM4-ECB":
		block := newBlock(t, engine, key)
		for i := 0; i < len(plaintext); i += 16 {
			block.Encrypt(out[i:], plaintext[i:])
		}
		return out, v.Ciphertext, true
	case "SM4-ECB-x1000000":
		block := newBlock(t, engine, key)
		copy(out, plaintext)
		for range 1_000_000 {
			block.Encrypt(out, out)
		}
		return out, v.Ciphertext, true
	case "SM4-CBC":
		cipher.NewCBCEncrypter(newBlock(t, engine, key), unhex(t, v.IV)).CryptBlocks(out, plaintext)
		return out, v.Ciphertext, true
	case "SM4-CTR":
		cipher.NewCTR(newBlock(t, engine, key), unhex(t, v.IV)).XORKeyStream(out, plaintext)
		return out, v.Ciphertext, true
	case "SM4-GCM":
		aead, err := cipher.NewGCM(newBlock(t, engine, key))
		require.NoError(t, err)
		sealed := aead.Seal(nil, unhex(t, v.IV), plaintext, unhex(t, v.AAD))
		return sealed, v.Ciphertext + v.Tag, true
	case "SM4-CMAC":
		tag := seal.NewMAC(engine, key).Tag(plaintext)
		return tag[:], v.MAC, true
	case "SM3":
		sum := engine.Sum(plaintext)
		return sum[:], v.MAC, true
	default:
		return nil, "", false
	}
}

func newBlock(t *testing.T, engine seal.Engine, key []byte) cipher.Block {
	t.Helper()
	block, err := engine.NewBlock(key)
	require.NoError(t, err)
	return block
}
