package sign

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
)

// Labels of the two PEM blocks (RFC 7468, 10 and 13).
const (
	privateLabel = "PRIVATE KEY"
	publicLabel  = "PUBLIC KEY"
)

// ErrPEM marks bytes that are not exactly one PEM block of the wanted kind holding an SM2 key.
var ErrPEM = errors.New("sign: not an SM2 key in PEM")

// algorithm is the AlgorithmIdentifier of an SM2 key: id-ecPublicKey with the curve's OID as its parameter.
type algorithm struct {
	Algorithm asn1.ObjectIdentifier
	Curve     asn1.ObjectIdentifier
}

// privateInfo is PKCS #8 PrivateKeyInfo (RFC 5208, 5).
type privateInfo struct {
	Version   int
	Algorithm algorithm
	Key       []byte
}

// ecPrivate is ECPrivateKey (RFC 5915, 3).
type ecPrivate struct {
	Version int
	Key     []byte
	Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	Public  asn1.BitString        `asn1:"optional,explicit,tag:1"`
}

// publicInfo is SubjectPublicKeyInfo (RFC 5480, 2).
type publicInfo struct {
	Algorithm algorithm
	Point     asn1.BitString
}

// sm2Algorithm returns the identifier of SM2 keys: 1.2.840.10045.2.1 on curve 1.2.156.10197.1.301.
func sm2Algorithm() algorithm {
	return algorithm{
		Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1},
		Curve:     asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301},
	}
}

// isSM2 reports whether a names the SM2 curve.
func (a algorithm) isSM2() bool {
	want := sm2Algorithm()
	return a.Algorithm.Equal(want.Algorithm) && a.Curve.Equal(want.Curve)
}

// MarshalPEM returns the key pair as an unencrypted PKCS #8 block; the caller keeps it in a file of mode 0600.
func (k *Key) MarshalPEM() ([]byte, error) {
	inner, err := asn1.Marshal(ecPrivate{Version: 1, Key: k.scalar[:], Public: asn1.BitString{Bytes: k.public.raw[:], BitLength: PublicKeySize * 8}})
	if err != nil {
		return nil, fmt.Errorf("marshal private key: %w", err)
	}
	outer, err := asn1.Marshal(privateInfo{Algorithm: sm2Algorithm(), Key: inner})
	if err != nil {
		return nil, fmt.Errorf("marshal private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateLabel, Bytes: outer}), nil
}

// ParseKeyPEM reads a PKCS #8 block as MarshalPEM and `openssl genpkey` write it. Errors: ErrPEM, ErrInvalidKey.
func ParseKeyPEM(text []byte) (*Key, error) {
	der, err := onlyBlock(text, privateLabel)
	if err != nil {
		return nil, err
	}
	var outer privateInfo
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) != 0 || !outer.Algorithm.isSM2() {
		return nil, fmt.Errorf("%w: no PKCS #8 SM2 key", ErrPEM)
	}
	var inner ecPrivate
	if rest, err := asn1.Unmarshal(outer.Key, &inner); err != nil || len(rest) != 0 || inner.Version != 1 {
		return nil, fmt.Errorf("%w: no EC private key", ErrPEM)
	}
	if len(inner.Key) != scalarSize {
		return nil, fmt.Errorf("%w: private key of %d bytes", ErrInvalidKey, len(inner.Key))
	}
	key, err := keyFromScalar(inner.Key)
	if err != nil {
		return nil, err
	}
	if len(inner.Public.Bytes) != 0 && !bytes.Equal(inner.Public.Bytes, key.public.raw[:]) {
		return nil, fmt.Errorf("%w: halves do not belong together", ErrInvalidKey)
	}
	return key, nil
}

// MarshalPEM returns the public key as a SubjectPublicKeyInfo block.
func (p PublicKey) MarshalPEM() ([]byte, error) {
	if p.IsZero() {
		return nil, ErrInvalidKey
	}
	der, err := asn1.Marshal(publicInfo{Algorithm: sm2Algorithm(), Point: asn1.BitString{Bytes: p.raw[:], BitLength: PublicKeySize * 8}})
	if err != nil {
		return nil, fmt.Errorf("marshal public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicLabel, Bytes: der}), nil
}

// ParsePublicKeyPEM reads a SubjectPublicKeyInfo block with an uncompressed point. Errors: ErrPEM, ErrInvalidKey.
func ParsePublicKeyPEM(text []byte) (PublicKey, error) {
	der, err := onlyBlock(text, publicLabel)
	if err != nil {
		return PublicKey{}, err
	}
	var info publicInfo
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) != 0 || !info.Algorithm.isSM2() {
		return PublicKey{}, fmt.Errorf("%w: no SM2 public key", ErrPEM)
	}
	return ParsePublicKey(info.Point.Bytes)
}

// onlyBlock returns the content of text's single PEM block, which must carry label.
func onlyBlock(text []byte, label string) ([]byte, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != label || len(bytes.TrimSpace(rest)) != 0 {
		return nil, fmt.Errorf("%w: want one block %q", ErrPEM, label)
	}
	return block.Bytes, nil
}
