package hardwallet

import (
	"encoding/binary"
	"fmt"

	"github.com/yuantill/yuantill/protocol/sign"
)

// Bounds of the certificate's fields.
const (
	levelMin, levelMax = 1, 4 // WL01 to WL04
	typeMax            = 10   // WT01 to WT10
	TypeHardware       = 3    // WT03
	currencySize       = 3
)

// certificateLabel opens the bytes an issuer signs and keeps them apart from every other signed bytes.
const certificateLabel = "YTHW\x01CRT"

// certificateSize is the length of a certificate's binary form, issuer and signature included.
const certificateSize = walletIDSize + 1 + 1 + sign.PublicKeySize + currencySize + 8 + 2 + 8 + 8 + sign.SignatureSize

// Certificate is an issuer's word about a card: whose key it is and what it may spend.
type Certificate struct {
	Wallet WalletID
	// Level is the wallet level, 1 to 4 for WL01 to WL04.
	Level uint8
	// Type is the wallet type, 3 for WT03 hardware.
	Type uint8
	// Key checks the card's signatures.
	Key sign.PublicKey
	// Currency is the only one the card pays in, ISO 4217.
	Currency string
	// TapLimit is the most one payment may be, in minor units.
	TapLimit int64
	// TapCount is how many payments the card makes before its holder must connect it.
	TapCount uint16
	// Expiry is the Unix second from which the card pays no more.
	Expiry int64
	// Issuer names the issuer's key.
	Issuer sign.Fingerprint
	// Signature is the issuer's over SignedBytes under IssuerUID.
	Signature [sign.SignatureSize]byte
}

// Issue signs the certificate as issuer and returns it. Errors: ErrMalformed, those of sign.Key.SignChecked.
func (c Certificate) Issue(issuer *sign.Key) (Certificate, error) {
	c.Issuer = issuer.Public().Fingerprint()
	if err := c.Validate(); err != nil {
		return Certificate{}, err
	}
	signature, err := issuer.SignChecked(IssuerUID, c.SignedBytes())
	if err != nil {
		return Certificate{}, fmt.Errorf("sign certificate: %w", err)
	}
	c.Signature = signature
	return c, nil
}

// Validate checks the fields' form, not the signature. Error: ErrMalformed.
func (c Certificate) Validate() error {
	if _, err := ParseWalletID(c.Wallet.Digits()); err != nil {
		return err
	}
	switch {
	case c.Level < levelMin || c.Level > levelMax:
		return fmt.Errorf("%w: wallet level %d", ErrMalformed, c.Level)
	case c.Type == 0 || c.Type > typeMax:
		return fmt.Errorf("%w: wallet type %d", ErrMalformed, c.Type)
	case c.Key.IsZero():
		return fmt.Errorf("%w: no card key", ErrMalformed)
	case !isCurrency(c.Currency):
		return fmt.Errorf("%w: card currency", ErrMalformed)
	case c.TapLimit <= 0:
		return fmt.Errorf("%w: tap limit %d", ErrMalformed, c.TapLimit)
	case c.Expiry <= 0:
		return fmt.Errorf("%w: expiry %d", ErrMalformed, c.Expiry)
	}
	return nil
}

// SignedBytes returns what the issuer signs: the label, the issuer's key id and the fields in the order of the type.
func (c Certificate) SignedBytes() []byte {
	b := make([]byte, 0, len(certificateLabel)+certificateSize)
	b = append(b, certificateLabel...)
	b = append(b, c.Issuer[:]...)
	return c.appendFields(b)
}

// MarshalBinary returns the 176 bytes that stand in a transaction. Error: ErrMalformed.
func (c Certificate) MarshalBinary() ([]byte, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c.appendBinary(make([]byte, 0, certificateSize)), nil
}

// UnmarshalBinary reads them back and checks the form; Verify checks the signature. Error: ErrMalformed.
func (c *Certificate) UnmarshalBinary(b []byte) error {
	if len(b) != certificateSize {
		return fmt.Errorf("%w: certificate of %d bytes", ErrMalformed, len(b))
	}
	parsed, err := parseCertificate(b)
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// appendFields adds the signed fields but the issuer's key id.
func (c Certificate) appendFields(b []byte) []byte {
	key := c.Key.Bytes()
	b = append(b, c.Wallet[:]...)
	b = append(b, c.Level, c.Type)
	b = append(b, key[:]...)
	b = append(b, c.Currency...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.TapLimit))
	b = binary.BigEndian.AppendUint16(b, c.TapCount)
	return binary.BigEndian.AppendUint64(b, uint64(c.Expiry))
}

// appendBinary adds the form used inside a transaction: the signed fields, the issuer's key id, the signature.
func (c Certificate) appendBinary(b []byte) []byte {
	b = c.appendFields(b)
	b = append(b, c.Issuer[:]...)
	return append(b, c.Signature[:]...)
}

// parseCertificate reads certificateSize bytes.
func parseCertificate(b []byte) (Certificate, error) {
	key, err := sign.ParsePublicKey(b[18:83])
	if err != nil {
		return Certificate{}, fmt.Errorf("%w: card key: %w", ErrMalformed, err)
	}
	c := Certificate{
		Wallet:    WalletID(b[0:16]),
		Level:     b[16],
		Type:      b[17],
		Key:       key,
		Currency:  string(b[83:86]),
		TapLimit:  int64(binary.BigEndian.Uint64(b[86:94])),
		TapCount:  binary.BigEndian.Uint16(b[94:96]),
		Expiry:    int64(binary.BigEndian.Uint64(b[96:104])),
		Issuer:    sign.Fingerprint(b[104:112]),
		Signature: [sign.SignatureSize]byte(b[112:176]),
	}
	return c, c.Validate()
}

// Verify checks form and issuer signature. Errors: ErrMalformed, ErrUnknownIssuer, ErrCertificate.
func (c Certificate) Verify(issuers *Pool) error {
	if err := c.Validate(); err != nil {
		return err
	}
	key, known := issuers.key(c.Issuer)
	if !known {
		return fmt.Errorf("%w %s", ErrUnknownIssuer, c.Issuer)
	}
	if !sign.Verify(key, IssuerUID, c.SignedBytes(), c.Signature[:]) {
		return ErrCertificate
	}
	return nil
}

// isCurrency reports whether code is three capital letters.
func isCurrency(code string) bool {
	if len(code) != currencySize {
		return false
	}
	for _, c := range []byte(code) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}
