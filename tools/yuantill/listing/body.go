package listing

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/yuantill/wallclock"
)

// The errors of reading a body.
var (
	// ErrBody marks a body that is not the message of its record's type.
	ErrBody = errors.New("listing: body is not readable")
	// ErrType marks a record type that this program does not know.
	ErrType = errors.New("listing: record type is not known")
)

// Field is one field of a body as people read it. Fields that are not set are left out.
type Field struct {
	Name string // the field's name in message.proto; nested ones with a dot
	// Value is a string, bool, int64 or uint64; times are RFC 3339 in UTC, bytes are hexadecimal or a size.
	Value any
	// Display is Value for the eye where that differs, such as "¥12.50"; otherwise empty.
	Display string
}

// depthMax is how deep messages nest: PaymentResult and TerminalBlock inside a body.
const depthMax = 4

// Fields reads a body. Payment codes are never in it; wallet ids are masked again, and what could serve as a means of
// payment or tells of keys is given as its size only. It returns ErrType or ErrBody.
func Fields(kind record.Type, body []byte) ([]Field, error) {
	m, err := parse(kind, body)
	if err != nil {
		return nil, err
	}
	return fields(nil, "", m.ProtoReflect(), depthMax), nil
}

func parse(kind record.Type, body []byte) (proto.Message, error) {
	known, found := find(kind)
	if !found {
		return nil, fmt.Errorf("%w: %s", ErrType, kind)
	}
	m := known.body()
	if err := proto.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBody, err)
	}
	return m, nil
}

func fields(list []Field, prefix string, m protoreflect.Message, depth int) []Field {
	descriptors := m.Descriptor().Fields()
	for i := range descriptors.Len() {
		d := descriptors.Get(i)
		if !m.Has(d) || d.IsList() || d.IsMap() {
			continue
		}
		name := prefix + string(d.Name())
		if d.Kind() == protoreflect.MessageKind {
			if depth > 1 {
				list = fields(list, name+".", m.Get(d).Message(), depth-1)
			}
			continue
		}
		list = append(list, field(name, d, m))
	}
	if unknown := len(m.GetUnknown()); unknown != 0 {
		list = append(list, Field{Name: prefix + "unknown_fields", Value: size(unknown)})
	}
	return list
}

func field(name string, d protoreflect.FieldDescriptor, m protoreflect.Message) Field {
	value := m.Get(d)
	switch d.Kind() {
	case protoreflect.EnumKind:
		return Field{Name: name, Value: enumName(d.Enum(), value.Enum())}
	case protoreflect.BytesKind:
		return bytesField(name, string(d.Name()), value.Bytes())
	case protoreflect.StringKind:
		return Field{Name: name, Value: masked(string(d.Name()), value.String())}
	case protoreflect.BoolKind:
		return Field{Name: name, Value: value.Bool()}
	case protoreflect.Int64Kind:
		return integerField(name, string(d.Name()), value.Int(), m)
	default:
		return Field{Name: name, Value: value.Uint()}
	}
}

func bytesField(name, short string, b []byte) Field {
	switch short {
	case "order_id", "follow_up_id", "undoes", "lookup_id", "shift_id", "limits_id", "supersedes":
		return Field{Name: name, Value: hex.EncodeToString(b)}
	}
	return Field{Name: name, Value: size(len(b))}
}

func integerField(name, short string, value int64, m protoreflect.Message) Field {
	switch short {
	case "amount", "float", "cash_moved", "cash_counted":
		return Field{Name: name, Value: value, Display: amountText(value, currencyOf(m))}
	case "give_up", "shown_code_expires", "decided_at", "next_at", "cloud_time", "hold_expires", "opened_at", "closed_at",
		"since":
		at := time.UnixMicro(value).UTC()
		return Field{Name: name, Value: at.Format(time.RFC3339Nano), Display: wallclock.Exact(at)}
	default:
		return Field{Name: name, Value: value}
	}
}

func currencyOf(m protoreflect.Message) string {
	d := m.Descriptor().Fields().ByName("currency")
	if d == nil {
		return ""
	}
	return m.Get(d).String()
}

// amountText never guesses: an amount in a currency that is not registered is shown in minor units.
func amountText(minor int64, code string) string {
	amount, err := money.Of(minor, code)
	if err != nil {
		return fmt.Sprintf("%d (%s, minor units)", minor, code)
	}
	return amount.Display()
}

// Lengths that may be shown of what is masked.
const (
	codeTailMax = 6
	walletHead  = 6
	walletTail  = 4
)

// masked guards against a body that says more than it should.
func masked(short, text string) string {
	switch short {
	case "wallet_masked":
		return maskWallet(text)
	case "code_tail":
		return lastRunes(text, codeTailMax)
	case "shown_code":
		return size(len(text))
	default:
		return printable(text)
	}
}

func maskWallet(text string) string {
	runes := []rune(printable(text))
	if strings.ContainsRune(text, '*') || len(runes) == 0 {
		return string(runes)
	}
	if len(runes) <= walletHead+walletTail {
		return strings.Repeat("*", len(runes))
	}
	middle := strings.Repeat("*", len(runes)-walletHead-walletTail)
	return string(runes[:walletHead]) + middle + string(runes[len(runes)-walletTail:])
}

func lastRunes(text string, n int) string {
	runes := []rune(printable(text))
	return string(runes[max(0, len(runes)-n):])
}

// printable keeps a body from steering the technician's terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || (r >= 0x80 && r < 0xA0) || (r >= 0x2028 && r <= 0x202E) || (r >= 0x2066 && r <= 0x2069) {
			return '�'
		}
		return r
	}, text)
}

func size(n int) string { return fmt.Sprintf("(%d bytes)", n) }

// enumName returns a value's name without its type, such as "approved".
func enumName(d protoreflect.EnumDescriptor, number protoreflect.EnumNumber) string {
	value := d.Values().ByNumber(number)
	if value == nil {
		return fmt.Sprintf("%d", number)
	}
	name := strings.ToLower(string(value.Name()))
	return strings.TrimPrefix(name, snakeCase(string(d.Name()))+"_")
}

// snakeCase writes a type's name as its values begin, such as follow_up for FollowUp.
func snakeCase(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
