package sign

import (
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
)

// SignatureSize is the length of a signature: r and s as 32 big-endian bytes each. Unlike DER every pair has exactly
// one encoding, so a signature cannot be re-encoded into a second valid form.
const SignatureSize = 64

// Verify reports whether sig is the signature of message by pub under the identity uid (DefaultUID when empty).
//
// emmansun/gmsm's amd64 assembly is fast but has rejected valid signatures on processors with BMI2 (its issue 560), and
// a rejected card payment is money in doubt. Every rejection is therefore judged again by tjfoc/gmsm, which shares no
// arithmetic with it; an acceptance stands. Forged signatures cost both checks.
func Verify(pub PublicKey, uid string, message []byte, sig []byte) bool {
	uid, err := identity(uid)
	if err != nil || pub.IsZero() || len(sig) != SignatureSize {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:scalarSize]), new(big.Int).SetBytes(sig[scalarSize:])
	if !inRange(r) || !inRange(s) {
		return false
	}
	digest, err := messageDigest(pub, uid, message)
	if err != nil {
		return false
	}
	return verifyDigest(pub, digest, r, s)
}

// verifyDigest asks the fast library and, when it says no, the second one. r and s are in range.
func verifyDigest(pub PublicKey, digest []byte, r, s *big.Int) bool {
	if pub.fast != nil {
		encoded, err := asn1.Marshal(derSignature{R: r, S: s})
		if err == nil && sm2.VerifyASN1(pub.fast, digest, encoded) {
			return true
		}
	}
	return secondVerify(pub, digest, r, s)
}

// derSignature is the ASN.1 form the libraries speak (GM/T 0009-2023, 7.3).
type derSignature struct{ R, S *big.Int }

// splitDER turns a library's DER signature into r‖s.
func splitDER(encoded []byte) ([SignatureSize]byte, error) {
	var pair derSignature
	rest, err := asn1.Unmarshal(encoded, &pair)
	if err != nil {
		return [SignatureSize]byte{}, fmt.Errorf("parse signature: %w", err)
	}
	if len(rest) != 0 || !inRange(pair.R) || !inRange(pair.S) {
		return [SignatureSize]byte{}, fmt.Errorf("parse signature: %w", ErrSelfCheck)
	}
	var signature [SignatureSize]byte
	pair.R.FillBytes(signature[:scalarSize])
	pair.S.FillBytes(signature[scalarSize:])
	return signature, nil
}
