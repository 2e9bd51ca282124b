package sign

import (
	"crypto/ecdsa"
	"encoding/hex"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// PublicKeySize is the length of an uncompressed point: 04 ‖ X ‖ Y.
const PublicKeySize = 65

// uncompressedPoint is the first byte of an uncompressed point.
const uncompressedPoint = 0x04

// PublicKey is a point on the SM2 curve. The zero value verifies nothing. Copies share no mutable state.
type PublicKey struct {
	raw [PublicKeySize]byte
	// fast is the same point for emmansun/gmsm; nil when its arithmetic would not take a point that ours accepts, in
	// which case the second opinion decides alone.
	fast *ecdsa.PublicKey
}

// ParsePublicKey reads an uncompressed point of 65 bytes and checks that it lies on the curve. Error: ErrInvalidKey.
func ParsePublicKey(point []byte) (PublicKey, error) {
	if len(point) != PublicKeySize {
		return PublicKey{}, fmt.Errorf("%w: %d bytes instead of %d", ErrInvalidKey, len(point), PublicKeySize)
	}
	if point[0] != uncompressedPoint {
		return PublicKey{}, fmt.Errorf("%w: point form %02x", ErrInvalidKey, point[0])
	}
	if !onCurve(point[1:33], point[33:]) {
		return PublicKey{}, fmt.Errorf("%w: not on the curve", ErrInvalidKey)
	}
	key := PublicKey{raw: [PublicKeySize]byte(point)}
	if fast, err := sm2.NewPublicKey(point); err == nil {
		key.fast = fast
	}
	return key, nil
}

// Bytes returns the uncompressed point.
func (p PublicKey) Bytes() [PublicKeySize]byte { return p.raw }

// IsZero reports whether p holds no key.
func (p PublicKey) IsZero() bool { return p.raw[0] == 0 }

// Equal reports whether both are the same point.
func (p PublicKey) Equal(other PublicKey) bool { return p.raw == other.raw }

// Fingerprint names a public key: the first 8 bytes of the SM3 of its uncompressed point. It is a name to look a key
// up by and resists accidents; a trust decision compares whole keys.
type Fingerprint [8]byte

// Fingerprint returns the key's name.
func (p PublicKey) Fingerprint() Fingerprint {
	sum := sm3.Sum(p.raw[:])
	return Fingerprint(sum[:8])
}

// String returns 16 lower-case hexadecimal digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// String returns the fingerprint.
func (p PublicKey) String() string { return "sm2:" + p.Fingerprint().String() }
