package sign

import (
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm3"
	second "github.com/tjfoc/gmsm/sm2"
)

// inRange reports whether v is in [1, n-1].
func inRange(v *big.Int) bool {
	return v.Sign() > 0 && v.Cmp(second.P256Sm2().Params().N) < 0
}

// onCurve checks y² = x³ + ax + b mod p with math/big: neither library's field arithmetic is trusted with the question
// that decides whether a key may be used at all. a is p-3, as for every curve of elliptic.CurveParams.
func onCurve(xBytes, yBytes []byte) bool {
	params := second.P256Sm2().Params()
	x, y := new(big.Int).SetBytes(xBytes), new(big.Int).SetBytes(yBytes)
	if x.Cmp(params.P) >= 0 || y.Cmp(params.P) >= 0 {
		return false
	}
	left := new(big.Int).Mul(y, y)
	right := new(big.Int).Mul(x, x)
	right.Sub(right, big.NewInt(3))
	right.Mul(right, x)
	right.Add(right, params.B)
	return left.Sub(left, right).Mod(left, params.P).Sign() == 0
}

// secondPublic derives the uncompressed public point of a private key in range with tjfoc/gmsm.
func secondPublic(scalar []byte) []byte {
	x, y := second.P256Sm2().ScalarBaseMult(scalar) //nolint:staticcheck // SA1019 points to crypto/ecdh, which has no SM2
	point := make([]byte, PublicKeySize)
	point[0] = uncompressedPoint
	x.FillBytes(point[1:33])
	y.FillBytes(point[33:])
	return point
}

// secondVerify is tjfoc/gmsm's check. Its known traps are closed by the callers: r and s come from fixed-size fields and
// are in range, and the point is on the curve.
func secondVerify(pub PublicKey, digest []byte, r, s *big.Int) bool {
	key := &second.PublicKey{
		Curve: second.P256Sm2(),
		X:     new(big.Int).SetBytes(pub.raw[1:33]),
		Y:     new(big.Int).SetBytes(pub.raw[33:]),
	}
	return second.Verify(key, digest, r, s)
}

// messageDigest is e = SM3(ZA ‖ M) with ZA = SM3(ENTL ‖ uid ‖ a ‖ b ‖ G ‖ P) (GB/T 32918.2, 5.5 and 6.1), computed here
// because it must not depend on the fast library having taken the point.
func messageDigest(pub PublicKey, uid string, message []byte) ([]byte, error) {
	if len(uid) > uidMax {
		return nil, fmt.Errorf("%w: %d bytes", ErrInvalidUID, len(uid))
	}
	params := second.P256Sm2().Params()
	bits := len(uid) * 8
	var field [scalarSize]byte
	hash := sm3.New()
	hash.Write([]byte{byte(bits >> 8), byte(bits)})
	hash.Write([]byte(uid))
	a := new(big.Int).Sub(params.P, big.NewInt(3))
	for _, v := range []*big.Int{a, params.B, params.Gx, params.Gy} {
		hash.Write(v.FillBytes(field[:]))
	}
	hash.Write(pub.raw[1:])
	za := hash.Sum(nil)
	hash.Reset()
	hash.Write(za)
	hash.Write(message)
	return hash.Sum(nil), nil
}
