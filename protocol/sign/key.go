// Package sign makes and checks SM2 signatures over SM3 (GB/T 32918.2): a message and a key enter, 64 bytes r‖s leave.
// These signatures convince third parties; the tags of package seal convince only the holder of the same SM4 key.
package sign

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm2"
)

// DefaultUID is the signer identity used where the parties agreed on none (GM/T 0009-2023, 7).
const DefaultUID = "1234567812345678"

// uidMax is the longest identity: its length in bits travels as 16 bits in ZA (GB/T 32918.2, 5.5).
const uidMax = 8191

// scalarSize is the length of a private key, of r and of s in bytes.
const scalarSize = 32

// Bounds of the loops below. A draw misses with probability 2⁻³², a signature misses its own check about once in a
// million on the processors of emmansun/gmsm issue 560, so reaching a bound means a broken machine.
const (
	keyDrawMax     = 16
	signAttemptMax = 3
)

var (
	// ErrInvalidKey marks bytes that are no SM2 key: wrong length, out of range, not on the curve, or a private and a
	// public half that do not belong together.
	ErrInvalidKey = errors.New("sign: invalid key")
	// ErrInvalidUID marks a signer identity longer than 8,191 bytes.
	ErrInvalidUID = errors.New("sign: invalid uid")
	// ErrSelfCheck marks a machine that made several wrong signatures in a row; nothing it signs can be trusted.
	ErrSelfCheck = errors.New("sign: own signature does not verify")
)

// Key is an SM2 key pair. It is safe for concurrent use and never prints its private half.
type Key struct {
	private *sm2.PrivateKey
	public  PublicKey
	scalar  [scalarSize]byte
}

// NewKey draws a key pair. The same bytes from random give the same key. Errors: those of random, ErrInvalidKey when
// random keeps giving values out of range.
func NewKey(random io.Reader) (*Key, error) {
	var scalar [scalarSize]byte
	defer clear(scalar[:])
	for range keyDrawMax {
		if _, err := io.ReadFull(random, scalar[:]); err != nil {
			return nil, fmt.Errorf("draw key: %w", err)
		}
		if key, err := keyFromScalar(scalar[:]); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("draw key: %w", ErrInvalidKey)
}

// keyFromScalar builds the pair for a private key in [1, n-2] and checks the public half with independent arithmetic:
// a wrongly computed public key would make every later signature worthless.
func keyFromScalar(scalar []byte) (*Key, error) {
	private, err := sm2.NewPrivateKey(scalar)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidKey, err)
	}
	public, err := ParsePublicKey(secondPublic(scalar))
	if err != nil {
		return nil, err
	}
	if public.fast == nil || !private.PublicKey.Equal(public.fast) {
		return nil, fmt.Errorf("%w: halves do not belong together", ErrInvalidKey)
	}
	return &Key{private: private, public: public, scalar: [scalarSize]byte(scalar)}, nil
}

// Public returns the public half.
func (k *Key) Public() PublicKey { return k.public }

// String returns the public key's fingerprint, so that a key in a log line gives nothing away.
func (k *Key) String() string { return "sm2:" + k.public.Fingerprint().String() }

// GoString does the same for %#v.
func (k *Key) GoString() string { return k.String() }

// Sign signs message under the identity uid (DefaultUID when empty). The nonce is derived from the key, the message
// and fresh randomness, so a bad random source does not give the key away. The result is not checked: use it where the
// receiver's refusal costs a retry only, and SignChecked where a wrong signature would cost money. Error: ErrInvalidUID.
func (k *Key) Sign(uid string, message []byte) ([SignatureSize]byte, error) {
	uid, err := identity(uid)
	if err != nil {
		return [SignatureSize]byte{}, err
	}
	digest, err := sm2.CalculateSM2Hash(k.public.fast, message, []byte(uid))
	if err != nil {
		return [SignatureSize]byte{}, fmt.Errorf("hash message: %w", err)
	}
	encoded, err := sm2.SignASN1(rand.Reader, k.private, digest, nil)
	if err != nil {
		return [SignatureSize]byte{}, fmt.Errorf("sign message: %w", err)
	}
	return splitDER(encoded)
}

// SignChecked signs as Sign does and verifies the result before handing it out, drawing a new nonce when it is wrong.
// A card that has debited itself, or a shift close that nobody can ask for again, must not carry a signature that no
// verifier accepts; the check costs about as much as the signature twice over. Errors: those of Sign, ErrSelfCheck.
func (k *Key) SignChecked(uid string, message []byte) ([SignatureSize]byte, error) {
	for range signAttemptMax {
		signature, err := k.Sign(uid, message)
		if err != nil {
			return [SignatureSize]byte{}, err
		}
		if Verify(k.public, uid, message, signature[:]) {
			return signature, nil
		}
	}
	return [SignatureSize]byte{}, ErrSelfCheck
}

// identity applies the default and the length bound to uid.
func identity(uid string) (string, error) {
	if len(uid) > uidMax {
		return "", fmt.Errorf("%w: %d bytes", ErrInvalidUID, len(uid))
	}
	if uid == "" {
		return DefaultUID, nil
	}
	return uid, nil
}
