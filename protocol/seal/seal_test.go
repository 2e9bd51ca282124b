package seal_test

import (
	"crypto/cipher"
	"crypto/subtle"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

func TestSelfTest(t *testing.T) {
	for name, engine := range engines() {
		t.Run(name+"/OK", func(t *testing.T) { require.NoError(t, seal.SelfTest(engine)) })
	}
	t.Run("ErrSelfTest on a wrong block", func(t *testing.T) {
		engine := seal.Portable()
		right := engine.NewBlock
		engine.NewBlock = func(key []byte) (cipher.Block, error) {
			wrong := append([]byte{key[0] ^ 1}, key[1:]...)
			return right(wrong)
		}
		require.ErrorIs(t, seal.SelfTest(engine), seal.ErrSelfTest)
	})
	t.Run("ErrSelfTest on a wrong hash", func(t *testing.T) {
		engine := fast.Engine()
		right := engine.Sum
		engine.Sum = func(parts ...[]byte) seal.Hash { return right(parts[0]) }
		require.ErrorIs(t, seal.SelfTest(engine), seal.ErrSelfTest)
	})
}

func TestMAC(t *testing.T) {
	key := make([]byte, seal.KeySize)
	t.Run("does not depend on how the message is cut", rapid.MakeCheck(func(t *rapid.T) {
		message := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "message")
		cut := rapid.IntRange(0, len(message)).Draw(t, "cut")
		whole := seal.NewMAC(seal.Portable(), key).Tag(message)
		parts := seal.NewMAC(fast.Engine(), key).Tag(message[:cut], message[cut:])
		if whole != parts {
			t.Fatalf("tag of %d bytes cut at %d differs", len(message), cut)
		}
	}))
	t.Run("Verify refuses a flipped bit and a short tag", func(t *testing.T) {
		mac := seal.NewMAC(seal.Portable(), key)
		tag := mac.Tag([]byte("12.50"))
		require.True(t, mac.Verify(tag[:], []byte("12.50")))
		require.False(t, mac.Verify(tag[:15], []byte("12.50")))
		tag[15] ^= 1
		require.False(t, mac.Verify(tag[:], []byte("12.50")))
	})
}

func TestEnvelope(t *testing.T) {
	key := []byte("0123456789abcdef")
	header, body := []byte("header"), []byte("body")
	portable, quick := seal.NewEnvelope(seal.Portable(), key), seal.NewEnvelope(fast.Engine(), key)
	sealed := portable.Seal(nil, seal.Up, 42, header, body)
	t.Run("both engines agree", func(t *testing.T) {
		require.Equal(t, sealed, quick.Seal(nil, seal.Up, 42, header, body))
		opened, err := quick.Open(nil, seal.Up, 42, header, sealed)
		require.NoError(t, err)
		require.Equal(t, body, opened)
	})
	t.Run("sealing again repeats the bytes", func(t *testing.T) {
		require.Equal(t, sealed, portable.Seal(nil, seal.Up, 42, header, body))
	})
	t.Run("another record under the same sequence shares no key stream", func(t *testing.T) {
		// What a terminal does whose journal was restored: the same sequence, another record. The headers differ.
		first := portable.Seal(nil, seal.Secret, 42, []byte("header A"), []byte("0112345678903456789"))
		second := portable.Seal(nil, seal.Secret, 42, []byte("header B"), []byte("0199999999999999999"))
		sealedXOR, plainXOR := make([]byte, 19), make([]byte, 19)
		subtle.XORBytes(sealedXOR, first[:19], second[:19])
		subtle.XORBytes(plainXOR, []byte("0112345678903456789"), []byte("0199999999999999999"))
		require.NotEqual(t, plainXOR, sealedXOR)
	})
	for name, open := range map[string]func() error{
		"ErrOpen under another direction": func() error { _, err := portable.Open(nil, seal.Down, 42, header, sealed); return err },
		"ErrOpen under another sequence":  func() error { _, err := portable.Open(nil, seal.Up, 43, header, sealed); return err },
		"ErrOpen under another header":    func() error { _, err := portable.Open(nil, seal.Up, 42, body, sealed); return err },
		"ErrOpen on a short tag":          func() error { _, err := portable.Open(nil, seal.Up, 42, header, sealed[:19]); return err },
		"ErrOpen on nothing":              func() error { _, err := portable.Open(nil, seal.Up, 42, header, nil); return err },
	} {
		t.Run(name, func(t *testing.T) { require.ErrorIs(t, open(), seal.ErrOpen) })
	}
}

// TestSharedUse holds the trap of the portable engine's block, which keeps scratch space: two goroutines through one
// MAC and one envelope must never see each other's bytes.
func TestSharedUse(t *testing.T) {
	for name, engine := range engines() {
		t.Run(name, func(t *testing.T) {
			key := []byte("0123456789abcdef")
			mac, envelope := seal.NewMAC(engine, key), seal.NewEnvelope(engine, key)
			message := []byte("a message of more than one block")
			wantTag, wantSealed := mac.Tag(message), envelope.Seal(nil, seal.Up, 1, nil, message)
			var wait sync.WaitGroup
			wrong := make([]int, 4)
			for worker := range wrong {
				wait.Go(func() {
					for range 2_000 {
						if mac.Tag(message) != wantTag || string(envelope.Seal(nil, seal.Up, 1, nil, message)) != string(wantSealed) {
							wrong[worker]++
						}
					}
				})
			}
			wait.Wait()
			require.Equal(t, make([]int, 4), wrong)
		})
	}
}

func TestDeriveKeys(t *testing.T) {
	tmk := seal.TerminalKey(seal.Portable(), make([]byte, seal.KeySize), "10000001", 1)
	var terminalNonce, cloudNonce [seal.NonceSize]byte
	keys := seal.DeriveKeys(seal.Portable(), tmk, 3, terminalNonce, cloudNonce)
	same := seal.DeriveKeys(fast.Engine(), tmk, 3, terminalNonce, cloudNonce)
	message := []byte("record")
	t.Run("both sides derive the same", func(t *testing.T) {
		require.Equal(t, keys.Record.Tag(message), same.Record.Tag(message))
		require.Equal(t, keys.Answer.Tag(message), same.Answer.Tag(message))
		require.Equal(t, keys.PIN, same.PIN)
		require.Equal(t, keys.RecordCheckValue(), same.RecordCheckValue())
	})
	t.Run("each purpose has a key of its own", func(t *testing.T) {
		require.NotEqual(t, keys.Record.Tag(message), keys.Answer.Tag(message))
	})
	t.Run("another epoch, nonce or terminal has other keys", func(t *testing.T) {
		tag := keys.Record.Tag(message)
		require.NotEqual(t, tag, seal.DeriveKeys(seal.Portable(), tmk, 4, terminalNonce, cloudNonce).Record.Tag(message))
		cloudNonce[0] = 1
		require.NotEqual(t, tag, seal.DeriveKeys(seal.Portable(), tmk, 3, terminalNonce, cloudNonce).Record.Tag(message))
		require.NotEqual(t, tmk, seal.TerminalKey(seal.Portable(), make([]byte, seal.KeySize), "10000002", 1))
		require.NotEqual(t, tmk, seal.TerminalKey(seal.Portable(), make([]byte, seal.KeySize), "10000001", 2))
	})
}

func BenchmarkEnvelopeOpen400(b *testing.B) {
	for name, engine := range engines() {
		b.Run(name, func(b *testing.B) {
			envelope := seal.NewEnvelope(engine, make([]byte, seal.KeySize))
			sealed := envelope.Seal(nil, seal.Up, 1, nil, make([]byte, 400))
			buffer := make([]byte, 0, 512)
			for b.Loop() {
				if _, err := envelope.Open(buffer, seal.Up, 1, nil, sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMAC400(b *testing.B) {
	for name, engine := range engines() {
		b.Run(name, func(b *testing.B) {
			mac, message := seal.NewMAC(engine, make([]byte, seal.KeySize)), make([]byte, 400)
			for b.Loop() {
				mac.Tag(message)
			}
		})
	}
}

func BenchmarkSum400(b *testing.B) {
	for name, engine := range engines() {
		b.Run(name, func(b *testing.B) {
			message := make([]byte, 400)
			for b.Loop() {
				engine.Sum(message[:32], message)
			}
		})
	}
}
