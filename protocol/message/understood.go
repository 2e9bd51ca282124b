package message

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// InformationalFrom is the first field number that a reader may leave out where it does not know it. A field below changes
// what its message says: who does not know it has not understood the message (SPEC.md, Records).
const InformationalFrom protowire.Number = 100

// Understood reports whether every field of m itself that this program does not know may be left out.
func Understood(m proto.Message) bool {
	for unknown := m.ProtoReflect().GetUnknown(); len(unknown) > 0; {
		number, _, size := protowire.ConsumeField(unknown)
		if size < 0 || number < InformationalFrom {
			return false
		}
		unknown = unknown[size:]
	}
	return true
}
