package seal

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// Direction separates the nonces of the streams that share an envelope key.
type Direction uint32

// The directions. A secret travels beside the record it belongs to and has that record's sequence, so it has a
// direction of its own.
const (
	Up     Direction = 1
	Down   Direction = 2
	Secret Direction = 3
)

// Envelope is SM4-GCM under one epoch's TEK with the nonce direction[32] ‖ sequence[64] and a full tag. The same
// direction and sequence must never seal other bytes: commit first, then seal what was committed.
type Envelope struct {
	engine Engine
	key    [KeySize]byte
	aead   cipher.AEAD // nil unless the engine's blocks may be shared
}

// NewEnvelope returns the envelope under a key of KeySize bytes.
func NewEnvelope(engine Engine, key []byte) *Envelope {
	e := &Envelope{engine: engine, key: [KeySize]byte(key)}
	if engine.Shared {
		e.aead = e.newAEAD()
	}
	return e
}

func (e *Envelope) newAEAD() cipher.AEAD {
	aead, err := cipher.NewGCM(e.engine.newBlock(e.key[:]))
	if err != nil {
		panic(fmt.Sprintf("seal: make GCM: %v", err)) // only for a block that is not 16 bytes
	}
	return aead
}

func (e *Envelope) cipher() cipher.AEAD {
	if e.aead != nil {
		return e.aead
	}
	return e.newAEAD()
}

func nonce(direction Direction, sequence uint64) []byte {
	n := make([]byte, 0, 12)
	n = binary.BigEndian.AppendUint32(n, uint32(direction))
	return binary.BigEndian.AppendUint64(n, sequence)
}

// Seal appends the sealed plaintext, TagSize bytes longer, to dst.
func (e *Envelope) Seal(dst []byte, direction Direction, sequence uint64, header, plaintext []byte) []byte {
	return e.cipher().Seal(dst, nonce(direction, sequence), plaintext, header)
}

// Open appends the opened bytes to dst, or returns ErrOpen.
func (e *Envelope) Open(dst []byte, direction Direction, sequence uint64, header, sealed []byte) ([]byte, error) {
	plaintext, err := e.cipher().Open(dst, nonce(direction, sequence), sealed, header)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}
