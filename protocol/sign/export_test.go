package sign

import "math/big"

// VerifyDigest opens the pre-hashed check to the vectors that give only e.
func VerifyDigest(pub PublicKey, digest, r, s []byte) bool {
	return verifyDigest(pub, digest, new(big.Int).SetBytes(r), new(big.Int).SetBytes(s))
}

// SecondVerify opens the second opinion alone.
func SecondVerify(pub PublicKey, digest, r, s []byte) bool {
	return secondVerify(pub, digest, new(big.Int).SetBytes(r), new(big.Int).SetBytes(s))
}

// WithoutFast returns the key as it is when the fast library would not take the point.
func WithoutFast(pub PublicKey) PublicKey {
	pub.fast = nil
	return pub
}

// MessageDigest opens the computation of e.
func MessageDigest(pub PublicKey, uid string, message []byte) ([]byte, error) {
	return messageDigest(pub, uid, message)
}
