package closing_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
)

var update = flag.Bool("update", false, "write the golden file anew")

const goldenFile = "testdata/shift.json"

// golden is one signed shift for programs in other languages; bytes are hexadecimal.
type golden struct {
	Terminal string            `json:"terminal"`
	Identity string            `json:"identity"` // uncompressed point
	Body     string            `json:"body"`
	Signed   string            `json:"signed"`
	Refused  map[string]string `json:"refused"` // bodies that must be refused, by why
}

var terminal = record.Terminal([]byte("10000001"))

func key(t testing.TB, seed byte) *sign.Key {
	t.Helper()
	key, err := sign.NewKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)))
	require.NoError(t, err)
	return key
}

func shift() *message.ShiftClosed {
	return &message.ShiftClosed{
		ShiftId: bytes.Repeat([]byte{7}, 16), Cashier: "01 王芳", Batch: 17, Revision: 1, Provisional: true,
		OpenedAt: 1777608000000000, ClosedAt: 1777636800000000, FirstSequence: 3, LastSequence: 412,
		Lines: []*message.ShiftLine{
			{Method: closing.Code, Sales: 40, SalesAmount: 123450, Refunds: 2, RefundsAmount: 2500},
			{Method: closing.Cash, Counted: proto.Int64(0)},
		},
		OpenOrders: [][]byte{bytes.Repeat([]byte{9}, 16)}, Currency: "CNY", Float: 20000, CashMoved: -20000,
		ApprovedBy: "店长",
	}
}

func encode(t testing.TB, closed *message.ShiftClosed) []byte {
	t.Helper()
	body, err := proto.Marshal(closed)
	require.NoError(t, err)
	return body
}

func TestSignedShiftVerifies(t *testing.T) {
	closed := shift()
	require.NoError(t, closing.Sign(key(t, 1), terminal, closed))
	body := encode(t, closed)
	read, err := closing.Verify(key(t, 1).Public(), terminal, body)
	require.NoError(t, err)
	require.True(t, proto.Equal(closed, read))

	t.Run("signed again", func(t *testing.T) {
		require.NoError(t, closing.Sign(key(t, 1), terminal, closed))
		_, err := closing.Verify(key(t, 1).Public(), terminal, encode(t, closed))
		require.NoError(t, err)
	})
	t.Run("ErrSignature of another terminal or key", func(t *testing.T) {
		_, err := closing.Verify(key(t, 1).Public(), record.Terminal([]byte("10000002")), body)
		require.ErrorIs(t, err, closing.ErrSignature)
		_, err = closing.Verify(key(t, 2).Public(), terminal, body)
		require.ErrorIs(t, err, closing.ErrSignature)
		_, err = closing.Verify(sign.PublicKey{}, terminal, body)
		require.ErrorIs(t, err, closing.ErrSignature)
	})
}

// TestEveryBitCounts: no bit of the body may be turned without the signature noticing.
func TestEveryBitCounts(t *testing.T) {
	closed := shift()
	closed.Lines, closed.Cashier = closed.Lines[:1], ""
	require.NoError(t, closing.Sign(key(t, 1), terminal, closed))
	body := encode(t, closed)
	for i := range body {
		altered := bytes.Clone(body)
		altered[i] ^= 1 << (i % 8)
		_, err := closing.Verify(key(t, 1).Public(), terminal, altered)
		require.Error(t, err, "byte %d", i)
	}
}

// TestOrderOfFieldsIsFree: another encoder may write fields in another order; what is signed stays the same, fields of a
// later version count with it.
func TestOrderOfFieldsIsFree(t *testing.T) {
	closed := shift()
	unknown := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 5)
	closed.ProtoReflect().SetUnknown(unknown)
	require.NoError(t, closing.Sign(key(t, 1), terminal, closed))
	body := encode(t, closed)
	var fields [][]byte
	for rest := body; len(rest) > 0; {
		_, _, size := protowire.ConsumeField(rest)
		fields, rest = append(fields, rest[:size]), rest[size:]
	}
	// The second line stays behind the first, everything else goes the other way round.
	var turned []byte
	for i := len(fields) - 1; i >= 0; i-- {
		number, _, _ := protowire.ConsumeTag(fields[i])
		if number != 10 {
			turned = append(turned, fields[i]...)
		}
	}
	for _, f := range fields {
		if number, _, _ := protowire.ConsumeTag(f); number == 10 {
			turned = append(turned, f...)
		}
	}
	_, err := closing.Verify(key(t, 1).Public(), terminal, turned)
	require.NoError(t, err)
	cut := bytes.Replace(turned, unknown, nil, 1)
	require.Less(t, len(cut), len(turned))
	_, err = closing.Verify(key(t, 1).Public(), terminal, cut)
	require.ErrorIs(t, err, closing.ErrSignature)
}

func refused(t testing.TB, body []byte) map[string][]byte {
	t.Helper()
	var amount, stripped message.ShiftClosed
	require.NoError(t, proto.Unmarshal(body, &amount))
	amount.Lines[0].SalesAmount++
	require.NoError(t, proto.Unmarshal(body, &stripped))
	signature := protowire.AppendBytes(protowire.AppendTag(nil, 17, protowire.BytesType), stripped.GetSignature())
	stripped.Signature = nil
	return map[string][]byte{
		"another amount": encode(t, &amount), "no signature": encode(t, &stripped),
		"two signatures": append(bytes.Clone(body), signature...), "cut short": body[:len(body)-1],
	}
}

func TestGolden(t *testing.T) {
	if *update {
		closed := shift()
		require.NoError(t, closing.Sign(key(t, 1), terminal, closed))
		body := encode(t, closed)
		signed, _, err := closing.Signed(terminal, body)
		require.NoError(t, err)
		point := key(t, 1).Public().Bytes()
		g := golden{Terminal: terminal.String(), Identity: hex.EncodeToString(point[:]), Body: hex.EncodeToString(body),
			Signed: hex.EncodeToString(signed), Refused: map[string]string{}}
		for why, body := range refused(t, body) {
			g.Refused[why] = hex.EncodeToString(body)
		}
		text, err := json.MarshalIndent(g, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(goldenFile, append(text, '\n'), 0o644))
	}
	text, err := os.ReadFile(goldenFile)
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(text, &g))
	point, err := hex.DecodeString(g.Identity)
	require.NoError(t, err)
	public, err := sign.ParsePublicKey(point)
	require.NoError(t, err)
	require.Equal(t, key(t, 1).Public(), public)
	body, err := hex.DecodeString(g.Body)
	require.NoError(t, err)
	closed, err := closing.Verify(public, record.Terminal([]byte(g.Terminal)), body)
	require.NoError(t, err)
	want := shift()
	want.Signature = closed.GetSignature()
	require.True(t, proto.Equal(want, closed))
	signed, _, err := closing.Signed(terminal, body)
	require.NoError(t, err)
	require.Equal(t, g.Signed, hex.EncodeToString(signed))
	require.Len(t, g.Refused, 4)
	for why, text := range g.Refused {
		bad, err := hex.DecodeString(text)
		require.NoError(t, err)
		_, err = closing.Verify(public, terminal, bad)
		require.Error(t, err, why)
	}
}

func FuzzVerify(f *testing.F) {
	closed := shift()
	require.NoError(f, closing.Sign(key(f, 1), terminal, closed))
	body := encode(f, closed)
	f.Add(body)
	f.Add([]byte{0x8a, 0x01, 0x01, 0x00})
	public := key(f, 1).Public()
	f.Fuzz(func(t *testing.T, body []byte) {
		signed, signature, err := closing.Signed(terminal, body)
		if err != nil {
			return
		}
		require.LessOrEqual(t, len(signed)+len(signature), len(body)+24)
		if read, err := closing.Verify(public, terminal, body); err == nil {
			require.Equal(t, closed.GetShiftId(), read.GetShiftId())
		}
	})
}

func TestMethodOf(t *testing.T) {
	for want, m := range map[string]*message.PaymentRequested{
		closing.Code: {Method: message.Method_METHOD_CODE}, closing.Tap: {Method: message.Method_METHOD_TAP},
		closing.Shown: {Method: message.Method_METHOD_SHOWN}, closing.Other: {},
		closing.OfflineTap: {Method: message.Method_METHOD_TAP, Offline: &message.Offline{}},
		closing.Hold:       {Method: message.Method_METHOD_CODE, Hold: true},
	} {
		require.Equal(t, want, closing.MethodOf(m))
		require.Contains(t, closing.Methods(), want)
	}
}
