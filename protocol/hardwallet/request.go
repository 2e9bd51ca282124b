package hardwallet

import (
	"encoding/binary"
	"fmt"
)

// Lengths of a request's text fields in bytes; shorter values are padded with spaces on the right.
const (
	orderSize    = 16
	merchantSize = 15
	terminalSize = 8
	nonceSize    = 8
)

// RequestSize is the length of a request's binary form.
const RequestSize = orderSize + 8 + currencySize + merchantSize + terminalSize + 8 + nonceSize

// Request is what a terminal asks a card to pay. A terminal stores it before the card sees it and repeats exactly these
// bytes when it has to ask again.
type Request struct {
	// Order is the order id, never used for a second sale.
	Order [orderSize]byte
	// Amount is in minor units, more than 0.
	Amount int64
	// Currency is an ISO 4217 code.
	Currency string
	// Merchant and Terminal are printable ASCII of 1 to 15 and 1 to 8 bytes.
	Merchant, Terminal string
	// Time is the terminal's clock in Unix seconds.
	Time int64
	// Nonce is random.
	Nonce [nonceSize]byte
}

// Validate checks the fields' form. Error: ErrMalformed.
func (r Request) Validate() error {
	switch {
	case r.Order == [orderSize]byte{}:
		return fmt.Errorf("%w: no order id", ErrMalformed)
	case r.Amount <= 0:
		return fmt.Errorf("%w: amount %d", ErrMalformed, r.Amount)
	case !isCurrency(r.Currency):
		return fmt.Errorf("%w: request currency", ErrMalformed)
	case !isName(r.Merchant, merchantSize):
		return fmt.Errorf("%w: merchant id", ErrMalformed)
	case !isName(r.Terminal, terminalSize):
		return fmt.Errorf("%w: terminal id", ErrMalformed)
	case r.Time <= 0:
		return fmt.Errorf("%w: time %d", ErrMalformed, r.Time)
	}
	return nil
}

// MarshalBinary returns RequestSize bytes. Error: ErrMalformed.
func (r Request) MarshalBinary() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return r.appendBinary(make([]byte, 0, RequestSize)), nil
}

// appendBinary adds a valid request's bytes.
func (r Request) appendBinary(b []byte) []byte {
	b = append(b, r.Order[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Amount))
	b = append(b, r.Currency...)
	b = append(b, fmt.Sprintf("%-*s%-*s", merchantSize, r.Merchant, terminalSize, r.Terminal)...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Time))
	return append(b, r.Nonce[:]...)
}

// UnmarshalBinary reads RequestSize bytes. Error: ErrMalformed.
func (r *Request) UnmarshalBinary(b []byte) error {
	if len(b) != RequestSize {
		return fmt.Errorf("%w: request of %d bytes", ErrMalformed, len(b))
	}
	parsed := Request{
		Order:    [orderSize]byte(b[0:16]),
		Amount:   int64(binary.BigEndian.Uint64(b[16:24])),
		Currency: string(b[24:27]),
		Merchant: trimPadding(b[27:42]),
		Terminal: trimPadding(b[42:50]),
		Time:     int64(binary.BigEndian.Uint64(b[50:58])),
		Nonce:    [nonceSize]byte(b[58:66]),
	}
	if err := parsed.Validate(); err != nil {
		return err
	}
	*r = parsed
	return nil
}

// sameSale reports whether both ask for the same money on the same order; time and nonce may differ.
func (r Request) sameSale(other Request) bool {
	r.Time, r.Nonce = other.Time, other.Nonce
	return r == other
}

// trimPadding removes the spaces at the end.
func trimPadding(b []byte) string {
	end := len(b)
	for end > 0 && b[end-1] == ' ' {
		end--
	}
	return string(b[:end])
}

// isName reports whether text is 1 to size printable ASCII characters not ending in the padding character.
func isName(text string, size int) bool {
	if len(text) == 0 || len(text) > size || text[len(text)-1] == ' ' {
		return false
	}
	for _, c := range []byte(text) {
		if c < 0x20 || c > 0x7E {
			return false
		}
	}
	return true
}
