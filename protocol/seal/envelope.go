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

// Envelope is SM4-GCM with the nonce direction[32] ‖ sequence[64] and a full tag, each header under a key of its own:
// CMAC(TEK, header). The rule is to commit first and then to seal what was committed, so that a direction and sequence
// seal the same bytes for ever; the key of its own keeps a terminal whose journal was restored from an old copy, and
// which therefore breaks that rule, from sealing two records under one key and nonce.
type Envelope struct {
	engine Engine
	derive *MAC
}

// NewEnvelope returns the envelope under a TEK of KeySize bytes.
func NewEnvelope(engine Engine, key []byte) *Envelope {
	return &Envelope{engine: engine, derive: NewMAC(engine, key)}
}

// cipher returns GCM under the header's key.
func (e *Envelope) cipher(header []byte) cipher.AEAD {
	key := e.derive.Tag(header)
	return newGCM(e.engine.newBlock(key[:]))
}

func newGCM(block cipher.Block) cipher.AEAD {
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(fmt.Sprintf("seal: make GCM: %v", err)) // only for a block that is not 16 bytes
	}
	return aead
}

func nonce(direction Direction, sequence uint64) []byte {
	n := make([]byte, 0, 12)
	n = binary.BigEndian.AppendUint32(n, uint32(direction))
	return binary.BigEndian.AppendUint64(n, sequence)
}

// Seal appends the sealed plaintext, TagSize bytes longer, to dst.
func (e *Envelope) Seal(dst []byte, direction Direction, sequence uint64, header, plaintext []byte) []byte {
	return e.cipher(header).Seal(dst, nonce(direction, sequence), plaintext, header)
}

// Open appends the opened bytes to dst, or returns ErrOpen.
func (e *Envelope) Open(dst []byte, direction Direction, sequence uint64, header, sealed []byte) ([]byte, error) {
	plaintext, err := e.cipher(header).Open(dst, nonce(direction, sequence), sealed, header)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}
