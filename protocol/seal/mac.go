package seal

import (
	"crypto/cipher"
	"crypto/subtle"
)

// Tag is an SM4-CMAC.
type Tag [TagSize]byte

// MAC computes SM4-CMAC (RFC 4493 over the SM4 block; GB/T 15852.1 MAC algorithm 5) under one key. It may be used by
// several goroutines.
type MAC struct {
	engine Engine
	key    [KeySize]byte
	block  cipher.Block // nil unless the engine's blocks may be shared
	k1, k2 [TagSize]byte
}

// NewMAC returns a MAC under a key of KeySize bytes.
func NewMAC(engine Engine, key []byte) *MAC {
	m := &MAC{engine: engine, key: [KeySize]byte(key)}
	block := engine.newBlock(m.key[:])
	var zero [TagSize]byte
	block.Encrypt(m.k1[:], zero[:])
	double(&m.k1)
	m.k2 = m.k1
	double(&m.k2)
	if engine.Shared {
		m.block = block
	}
	return m
}

// double multiplies by x in GF(2^128) (RFC 4493, section 2.3).
func double(b *[TagSize]byte) {
	carry := b[0] >> 7
	for i := 0; i < TagSize-1; i++ {
		b[i] = b[i]<<1 | b[i+1]>>7
	}
	b[TagSize-1] = b[TagSize-1]<<1 ^ 0x87*carry
}

// Tag returns the tag of the parts one after another.
func (m *MAC) Tag(parts ...[]byte) Tag {
	block := m.block
	if block == nil {
		block = m.engine.newBlock(m.key[:])
	}
	var state Tag
	fill := 0 // bytes of the current block already mixed in; the last block waits for its subkey
	for _, part := range parts {
		for len(part) > 0 {
			if fill == TagSize {
				block.Encrypt(state[:], state[:])
				fill = 0
			}
			n := subtle.XORBytes(state[fill:], state[fill:], part)
			fill += n
			part = part[n:]
		}
	}
	if fill == TagSize {
		subtle.XORBytes(state[:], state[:], m.k1[:])
	} else {
		state[fill] ^= 0x80
		subtle.XORBytes(state[:], state[:], m.k2[:])
	}
	block.Encrypt(state[:], state[:])
	return state
}

// Verify reports in constant time whether tag is the tag of the parts.
func (m *MAC) Verify(tag []byte, parts ...[]byte) bool {
	want := m.Tag(parts...)
	return subtle.ConstantTimeCompare(want[:], tag) == 1
}
