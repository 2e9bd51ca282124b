package message_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/yuantill/yuantill/protocol/message"
)

// later returns a request as a later version writes it: with one more field.
func later(t *testing.T, number protowire.Number) *message.PaymentRequested {
	t.Helper()
	body, err := proto.Marshal(&message.PaymentRequested{Amount: 1250, Currency: "CNY"})
	require.NoError(t, err)
	body = protowire.AppendVarint(protowire.AppendTag(body, number, protowire.VarintType), 1)
	var read message.PaymentRequested
	require.NoError(t, proto.Unmarshal(body, &read))
	require.EqualValues(t, 1250, read.GetAmount())
	return &read
}

func TestUnderstood(t *testing.T) {
	require.True(t, message.Understood(&message.PaymentRequested{Amount: 1250}))
	require.True(t, message.Understood(later(t, message.InformationalFrom)))
	require.False(t, message.Understood(later(t, message.InformationalFrom-1)))

	both := later(t, message.InformationalFrom+1)
	unknown := protowire.AppendTag(both.ProtoReflect().GetUnknown(), message.InformationalFrom-1, protowire.BytesType)
	both.ProtoReflect().SetUnknown(protowire.AppendString(unknown, "behind another"))
	require.False(t, message.Understood(both))
}

// TestNoFieldIsInformationalUnawares holds that what there is today may not be left out: a number from 100 on is given to a
// field only where every reader may do without it. What becomes of a shop's order is between it and the terminal.
func TestNoFieldIsInformationalUnawares(t *testing.T) {
	informational := []protoreflect.FullName{"yuantill.v1.PaymentRequested.order_reference", "yuantill.v1.PaymentRequested.accept_within"}
	var found []protoreflect.FullName
	for _, request := range []proto.Message{&message.PaymentRequested{}, &message.Offline{}, &message.FollowUpRequested{}} {
		fields := request.ProtoReflect().Descriptor().Fields()
		require.Positive(t, fields.Len())
		for i := range fields.Len() {
			if fields.Get(i).Number() >= message.InformationalFrom {
				found = append(found, fields.Get(i).FullName())
			}
		}
	}
	require.Equal(t, informational, found)
}
