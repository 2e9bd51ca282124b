package protocol_test

import (
	"cmp"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// messages are SPEC.md section 7's table: what the body of a type is.
func messages() map[record.Type]proto.Message {
	return map[record.Type]proto.Message{
		record.SignIn: &message.SignIn{}, record.EpochOpened: &message.EpochOpened{}, record.AgentStarted: &message.AgentStarted{},
		record.PaymentRequested: &message.PaymentRequested{}, record.OutcomeShown: &message.OutcomeShown{},
		record.ReversalRequested: &message.ReversalRequested{}, record.ReceiptPrinted: &message.ReceiptPrinted{},
		record.SaleAbandoned: &message.SaleAbandoned{}, record.FollowUpRequested: &message.FollowUpRequested{},
		record.FollowUpShown: &message.FollowUpShown{}, record.OrderLookup: &message.OrderLookup{},
		record.DeviceFault: &message.DeviceFault{}, record.ShiftOpened: &message.ShiftOpened{},
		record.CashMoved: &message.CashMoved{}, record.ShiftClosed: &message.ShiftClosed{},
		record.LimitsTaken: &message.OfflineLimitsTaken{}, record.SignInAnswer: &message.SignInAnswer{},
		record.Acknowledgement: &message.Acknowledgement{}, record.Refusal: &message.Refusal{},
		record.PaymentResult: &message.PaymentResult{}, record.FollowUpResult: &message.FollowUpResult{},
		record.OrderFound: &message.OrderFound{}, record.OfflineLimits: &message.OfflineLimits{},
	}
}

// bodyOf decodes an entry's body; nil for a type that nobody knows.
func bodyOf(t *testing.T, v goldenRecord) proto.Message {
	t.Helper()
	body := messages()[record.Type(v.TypeCode)]
	if body == nil {
		return nil
	}
	require.NoError(t, proto.Unmarshal(unhex(t, v.Body), body))
	return body
}

func (g golden) entries() []goldenRecord { return slices.Concat(g.SignIn, g.Records, g.Answers) }

// TestVectorsDecode reads every entry's bytes: they say what its fields say.
func TestVectorsDecode(t *testing.T) {
	for _, v := range readGolden(t).entries() {
		header, err := record.ParseHeader(unhex(t, v.Header))
		require.NoError(t, err)
		require.Equal(t, v.Type, header.Type.String())
		require.Equal(t, []uint64{uint64(v.TypeCode), uint64(v.Direction), uint64(v.KeyVersion), uint64(v.Epoch), v.Sequence,
			uint64(v.TimeMicro), uint64(len(v.Body) / 2)}, []uint64{uint64(header.Type), uint64(header.Direction),
			uint64(header.KeyVersion), uint64(header.Epoch), header.Sequence, uint64(header.Time.UnixMicro()), uint64(header.BodyLength)})
		body := bodyOf(t, v)
		if body == nil {
			require.Empty(t, v.Fields)
			continue
		}
		fields, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(body)
		require.NoError(t, err)
		require.JSONEq(t, string(v.Fields), string(fields), "%s %d", v.Type, v.Sequence)
	}
}

// TestVectorsEncode makes every entry's bytes from its fields. Where the body has a field that nobody knows, or its fields
// in another order, it is as it would be without.
func TestVectorsEncode(t *testing.T) {
	g := readGolden(t)
	w := newWorld(seal.Portable())
	odd := 0
	for _, v := range g.entries() {
		body := unhex(t, v.Body)
		if empty := messages()[record.Type(v.TypeCode)]; empty != nil {
			require.NoError(t, protojson.Unmarshal(v.Fields, empty))
			encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(empty)
			require.NoError(t, err)
			plain := inOrder(t, empty, body)
			require.Equal(t, hex.EncodeToString(plain), hex.EncodeToString(encoded), "%s %d", v.Type, v.Sequence)
			if string(plain) != string(body) {
				odd++
			}
		}
		e := w.epochOf(v)
		mac := map[seal.Direction]*seal.MAC{seal.Up: e.keys.Record, seal.Down: e.keys.Answer}[seal.Direction(v.Direction)]
		if v.Link == "" && v.Frame == "" {
			mac = e.signIn
		}
		header := record.Header{Direction: seal.Direction(v.Direction), Type: record.Type(v.TypeCode), KeyVersion: v.KeyVersion,
			Epoch: v.Epoch, Sequence: v.Sequence, Time: time.UnixMicro(v.TimeMicro), Terminal: w.terminal}
		if v.Link != "" {
			copy(header.Previous[:], g.before(t, v))
		}
		r, err := record.Build(mac, header, body)
		require.NoError(t, err)
		require.Equal(t, v.Header+v.Body+v.Tag, hex.EncodeToString(r))
		if v.Frame != "" {
			sealed, err := record.Seal(e.keys.Envelope, r, secretOf(v))
			require.NoError(t, err)
			require.Equal(t, v.Frame, hex.EncodeToString(sealed))
		}
		if v.Link != "" {
			link := r.Link(w.engine)
			require.Equal(t, v.Link, hex.EncodeToString(link[:]))
		}
	}
	require.Equal(t, 2, odd, "a field that nobody knows, and with one another order")
}

func secretOf(v goldenRecord) []byte {
	if v.Secret == "" {
		return nil
	}
	return []byte(v.Secret)
}

// before is the link of the record before; behind what was lost the cloud's answer to the sign-in says it.
func (g golden) before(t *testing.T, v goldenRecord) []byte {
	t.Helper()
	if v.Sequence == 1 {
		return unhex(t, g.Genesis)
	}
	for _, other := range g.Records {
		if other.Sequence == v.Sequence-1 {
			return unhex(t, other.Link)
		}
	}
	answer, is := bodyOf(t, g.SignIn[3]).(*message.SignInAnswer)
	require.True(t, is)
	require.Equal(t, v.Sequence-1, answer.GetHighest())
	return answer.GetHighestLink()
}

func (w *world) epochOf(v goldenRecord) *epoch {
	for _, e := range []*epoch{w.first, w.second} {
		if e.version == v.KeyVersion {
			return e
		}
	}
	return nil
}

// inOrder is a body with its fields in ascending order and without those that nobody knows.
func inOrder(t *testing.T, m proto.Message, body []byte) []byte {
	t.Helper()
	known := m.ProtoReflect().Descriptor().Fields()
	fields := slices.DeleteFunc(fieldsOf(t, body), func(f encodedField) bool { return known.ByNumber(f.number) == nil })
	slices.SortStableFunc(fields, func(a, b encodedField) int { return cmp.Compare(a.number, b.number) })
	return joined(fields)
}

// TestVectorsHaveEverything holds the story to the protocol: every type, kind, reason and method that there is.
func TestVectorsHaveEverything(t *testing.T) {
	types, kinds, reasons, methods := map[record.Type]bool{}, map[message.FollowUp]bool{}, map[message.Reason]bool{}, map[message.Method]bool{}
	for _, v := range readGolden(t).entries() {
		types[record.Type(v.TypeCode)] = true
		switch m := bodyOf(t, v).(type) {
		case *message.FollowUpRequested:
			kinds[m.GetKind()] = true
		case *message.PaymentRequested:
			methods[m.GetMethod()] = true
		case *message.ReversalRequested:
			reasons[m.GetReason()] = true
		case *message.PaymentResult:
			reasons[m.GetReason()] = true
		case *message.FollowUpResult:
			reasons[m.GetReason()] = true
		}
	}
	for kind := range messages() {
		require.True(t, types[kind], "%v", kind)
	}
	for kind := message.FollowUp_FOLLOW_UP_VOID; kind <= message.FollowUp_FOLLOW_UP_UNDO; kind++ {
		require.True(t, kinds[kind], "%v", kind)
	}
	for reason := message.Reason_REASON_UNKNOWN_ORDER; reason <= message.Reason_REASON_SUPERSEDED; reason++ {
		require.True(t, reasons[reason], "%v", reason)
	}
	require.Len(t, methods, 3)
	numbered := func(all map[int32]string) int { return len(all) - 1 }
	require.Equal(t, int(message.FollowUp_FOLLOW_UP_UNDO), numbered(message.FollowUp_name), "a kind was added")
	require.Equal(t, int(message.Reason_REASON_SUPERSEDED), numbered(message.Reason_name), "a reason was added")
}

// TestVectorsKeepLimits holds what limits-taken keeps to the answers that came down.
func TestVectorsKeepLimits(t *testing.T) {
	g := readGolden(t)
	w := newWorld(seal.Portable())
	var came []string
	for _, v := range g.Answers {
		if record.Type(v.TypeCode) == record.OfflineLimits {
			came = append(came, v.Header+v.Body+v.Tag)
		}
	}
	for _, v := range g.Records {
		kept, is := bodyOf(t, v).(*message.OfflineLimitsTaken)
		if !is {
			continue
		}
		require.Equal(t, came[0], hex.EncodeToString(kept.GetAnswer()))
		require.NoError(t, record.Record(kept.GetAnswer()).Verify(w.second.keys.Answer))
		came = came[1:]
	}
	require.Empty(t, came)
}
