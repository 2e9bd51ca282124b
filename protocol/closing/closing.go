// Package closing is what a shift's end is signed over (SPEC.md 7.9): a shift-closed message and the terminal's identity
// key enter, the signature leaves; a record's body and the public key enter, the verified message leaves.
package closing

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
)

// The methods that a shift's lines are summed up by.
const (
	Code       = "code"
	Tap        = "tap"
	Shown      = "shown"
	OfflineTap = "offline-tap"
	Hold       = "hold"
	Other      = "other" // refunds of orders that another terminal took
	Cash       = "cash"
)

const (
	// identity is the signer's identity of GB/T 32918.2, 5.5.
	identity = "yuantill-shift"
	// domain begins what is signed.
	domain = "yuantill shift 1"
	// signatureField is the number of ShiftClosed's signature.
	signatureField = 17
)

var (
	// ErrMalformed marks bytes that are no shift-closed message.
	ErrMalformed = errors.New("closing: malformed")
	// ErrSignature marks a signature that is not this terminal's over these bytes.
	ErrSignature = errors.New("closing: signature does not verify")
)

// Methods are all methods in the order in which lines stand.
func Methods() []string { return []string{Code, Tap, Shown, OfflineTap, Hold, Other, Cash} }

// MethodOf is the line that a payment belongs to (SPEC.md 7.9.3).
func MethodOf(m *message.PaymentRequested) string {
	switch {
	case m.GetHold():
		return Hold
	case m.GetOffline() != nil:
		return OfflineTap
	case m.GetMethod() == message.Method_METHOD_CODE:
		return Code
	case m.GetMethod() == message.Method_METHOD_TAP:
		return Tap
	case m.GetMethod() == message.Method_METHOD_SHOWN:
		return Shown
	default:
		return Other
	}
}

// Sign sets the message's signature. Errors: those of sign.Key.SignChecked.
func Sign(key *sign.Key, terminal record.Terminal, closed *message.ShiftClosed) error {
	closed.Signature = nil
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(closed)
	if err != nil {
		return fmt.Errorf("encode shift: %w", err)
	}
	signed, _, err := Signed(terminal, body)
	if err != nil {
		return err
	}
	signature, err := key.SignChecked(identity, signed)
	if err != nil {
		return fmt.Errorf("sign shift: %w", err)
	}
	closed.Signature = signature[:]
	return nil
}

// Verify reads the body of a shift-closed record and checks that the terminal with this identity key signed it. It
// returns the message with ErrSignature, too: what was not signed is still to be told of. Errors: ErrMalformed,
// ErrSignature.
func Verify(key sign.PublicKey, terminal record.Terminal, body []byte) (*message.ShiftClosed, error) {
	var closed message.ShiftClosed
	if err := proto.Unmarshal(body, &closed); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	signed, signature, err := Signed(terminal, body)
	if err != nil {
		return nil, err
	}
	if !sign.Verify(key, identity, signed, signature) {
		return &closed, ErrSignature
	}
	return &closed, nil
}

// field is one field of an encoded message, tag and value.
type field struct {
	number protowire.Number
	bytes  []byte
}

// Signed returns what is signed of an encoded shift-closed message, and the signature in it. Fields are put into
// ascending order and never encoded again, so that fields of a later version count as well. Error: ErrMalformed.
func Signed(terminal record.Terminal, body []byte) (signed, signature []byte, err error) {
	var fields []field
	for rest := body; len(rest) > 0; {
		number, kind, size := protowire.ConsumeField(rest)
		if size < 0 {
			return nil, nil, fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(size))
		}
		if number == signatureField {
			if signature, err = value(rest[:size], kind, signature); err != nil {
				return nil, nil, err
			}
		} else {
			fields = append(fields, field{number: number, bytes: rest[:size]})
		}
		rest = rest[size:]
	}
	slices.SortStableFunc(fields, func(a, b field) int { return int(a.number) - int(b.number) })
	signed = make([]byte, 0, len(domain)+len(terminal)+len(body))
	signed = append(append(signed, domain...), terminal[:]...)
	for _, f := range fields {
		signed = append(signed, f.bytes...)
	}
	return signed, signature, nil
}

// value is the signature field's content; there is one at most.
func value(encoded []byte, kind protowire.Type, before []byte) ([]byte, error) {
	if kind != protowire.BytesType || before != nil {
		return nil, fmt.Errorf("%w: signature field", ErrMalformed)
	}
	_, _, header := protowire.ConsumeTag(encoded)
	content, size := protowire.ConsumeBytes(encoded[header:])
	if size < 0 {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(size))
	}
	return content, nil
}
