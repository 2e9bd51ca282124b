package hardwallet

import (
	"encoding/binary"
	"fmt"

	"github.com/yuantill/yuantill/protocol/sign"
)

// Tags of the answer to SELECT. The template 6F and the tags 84 and A5 are those of ISO/IEC 7816-4; inside A5 the tags
// are the profile's.
const (
	tagTemplate    = 0x6F
	tagAID         = 0x84
	tagProprietary = 0xA5
	tagVersion     = 0x80
	tagWallet      = 0x81
	tagLevel       = 0x82
	tagType        = 0x83
	tagKey         = 0x84
	tagIssuer      = 0x85
	tagSignature   = 0x86
	tagTapLimit    = 0x87
	tagTapCount    = 0x88
	tagExpiry      = 0x89
	tagCounter     = 0x8A
	tagCurrency    = 0x8B
)

// fieldMax bounds the data objects read from one list.
const fieldMax = 32

// Wallet is what a card says of itself when selected.
type Wallet struct {
	Certificate Certificate
	// Counter is the counter of the card's latest payment, 0 before the first.
	Counter uint32
	// issuers is the pool that Open checked the certificate against, which is not done again for every transaction.
	issuers *Pool
}

// MarshalBinary returns the answer to SELECT without status bytes. Error: ErrMalformed.
func (w Wallet) MarshalBinary() ([]byte, error) {
	c := w.Certificate
	if err := c.Validate(); err != nil {
		return nil, err
	}
	key := c.Key.Bytes()
	var fields []byte
	fields = appendField(fields, tagVersion, []byte{Version})
	fields = appendField(fields, tagWallet, c.Wallet[:])
	fields = appendField(fields, tagLevel, []byte{c.Level})
	fields = appendField(fields, tagType, []byte{c.Type})
	fields = appendField(fields, tagKey, key[:])
	fields = appendField(fields, tagIssuer, c.Issuer[:])
	fields = appendField(fields, tagSignature, c.Signature[:])
	fields = appendField(fields, tagTapLimit, binary.BigEndian.AppendUint64(nil, uint64(c.TapLimit)))
	fields = appendField(fields, tagTapCount, binary.BigEndian.AppendUint16(nil, c.TapCount))
	fields = appendField(fields, tagExpiry, binary.BigEndian.AppendUint64(nil, uint64(c.Expiry)))
	fields = appendField(fields, tagCounter, binary.BigEndian.AppendUint32(nil, w.Counter))
	fields = appendField(fields, tagCurrency, []byte(c.Currency))
	inner := appendField(appendField(nil, tagAID, AID()), tagProprietary, fields)
	return appendField(nil, tagTemplate, inner), nil
}

// UnmarshalBinary reads the answer to SELECT without status bytes. Unknown tags are passed over. It checks form only.
// Errors: ErrMalformed, ErrVersion.
func (w *Wallet) UnmarshalBinary(b []byte) error {
	template, err := parseFields(b)
	if err != nil {
		return err
	}
	inner, err := parseFields(template[tagTemplate])
	if err != nil {
		return err
	}
	if string(inner[tagAID]) != string(AID()) {
		return fmt.Errorf("%w: another application answered", ErrMalformed)
	}
	fields, err := parseFields(inner[tagProprietary])
	if err != nil {
		return err
	}
	if version := fields[tagVersion]; len(version) != 1 || version[0] != Version {
		return fmt.Errorf("%w %x", ErrVersion, version)
	}
	certificate, err := fields.certificate()
	if err != nil {
		return err
	}
	counter, err := fields.sized(tagCounter, 4)
	if err != nil {
		return err
	}
	*w = Wallet{Certificate: certificate, Counter: binary.BigEndian.Uint32(counter)}
	return nil
}

// fieldList is a list of data objects by tag.
type fieldList map[byte][]byte

// certificate puts the fields in the order of the binary form and reads that.
func (f fieldList) certificate() (Certificate, error) {
	b := make([]byte, 0, certificateSize)
	for _, field := range []struct {
		tag  byte
		size int
	}{
		{tagWallet, walletIDSize},
		{tagLevel, 1},
		{tagType, 1},
		{tagKey, sign.PublicKeySize},
		{tagCurrency, currencySize},
		{tagTapLimit, 8},
		{tagTapCount, 2},
		{tagExpiry, 8},
		{tagIssuer, 8},
		{tagSignature, sign.SignatureSize},
	} {
		value, err := f.sized(field.tag, field.size)
		if err != nil {
			return Certificate{}, err
		}
		b = append(b, value...)
	}
	return parseCertificate(b)
}

// sized returns a field of exactly size bytes.
func (f fieldList) sized(tag byte, size int) ([]byte, error) {
	value, present := f[tag]
	if !present || len(value) != size {
		return nil, fmt.Errorf("%w: field %02X of %d bytes instead of %d", ErrMalformed, tag, len(value), size)
	}
	return value, nil
}

// appendField adds a data object with a one-byte tag and the shortest length field; values stay below 256 bytes.
func appendField(b []byte, tag byte, value []byte) []byte {
	b = append(b, tag)
	if len(value) >= 0x80 {
		b = append(b, 0x81)
	}
	b = append(b, byte(len(value)))
	return append(b, value...)
}

// parseFields reads a list of data objects with one-byte tags and lengths below 256. A tag may appear once only: with
// two values, two readers could disagree on what was signed.
func parseFields(b []byte) (fieldList, error) {
	fields := make(fieldList)
	for len(b) > 0 {
		if len(fields) == fieldMax || len(b) < 2 || b[0]&0x1F == 0x1F {
			return nil, fmt.Errorf("%w: list of fields", ErrMalformed)
		}
		tag, size, rest := b[0], int(b[1]), b[2:]
		if size >= 0x80 {
			if size != 0x81 || len(rest) == 0 || rest[0] < 0x80 {
				return nil, fmt.Errorf("%w: length of field %02X", ErrMalformed, tag)
			}
			size, rest = int(rest[0]), rest[1:]
		}
		if _, twice := fields[tag]; twice || size > len(rest) {
			return nil, fmt.Errorf("%w: field %02X", ErrMalformed, tag)
		}
		fields[tag], b = rest[:size], rest[size:]
	}
	return fields, nil
}
