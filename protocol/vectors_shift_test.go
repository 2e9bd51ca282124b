package protocol_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// shiftIdentity is the signer's identity of SPEC.md 7.9.4.
const shiftIdentity = "yuantill-shift"

// identitySeed is the private key of the story's terminal.
const identitySeed = 0x33

// goldenIdentity is the terminal's SM2 key.
type goldenIdentity struct {
	Private string `json:"private"`
	Public  string `json:"public"` // uncompressed point
}

// goldenShift is what a shift-closed record is signed over.
type goldenShift struct {
	Sequence  uint64 `json:"sequence"`
	UserID    string `json:"identity_text"`
	Signed    string `json:"signed"`
	ZA        string `json:"za"`
	Digest    string `json:"digest"` // e = SM3(za ‖ signed)
	Signature string `json:"signature"`
}

func identityKey(t *testing.T) *sign.Key {
	t.Helper()
	key, err := sign.NewKey(bytes.NewReader(bytes.Repeat([]byte{identitySeed}, 32)))
	require.NoError(t, err)
	return key
}

func goldenIdentityOf(t *testing.T) goldenIdentity {
	t.Helper()
	point := identityKey(t).Public().Bytes()
	return goldenIdentity{Private: hex.EncodeToString(bytes.Repeat([]byte{identitySeed}, 32)), Public: hex.EncodeToString(point[:])}
}

// signerDigest is ZA of GB/T 32918.2, 5.5, with the curve of GB/T 32918.5.
func signerDigest(engine seal.Engine, public sign.PublicKey) seal.Hash {
	point := public.Bytes()
	content := []byte{0, byte(8 * len(shiftIdentity))}
	content = append(content, shiftIdentity...)
	for _, constant := range []string{
		"fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc", // a
		"28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93", // b
		"32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7", // x of the base point
		"bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0", // y
	} {
		field, _ := hex.DecodeString(constant)
		content = append(content, field...)
	}
	return engine.Sum(append(content, point[1:]...))
}

// sign signs a shift's end. A signature is never the same twice: one of the committed file is taken when it is over just
// these bytes, so that the vectors can be made again; only what has changed is signed anew, and only when that was asked
// for.
func (w *world) sign(t *testing.T, closed *message.ShiftClosed) {
	t.Helper()
	key := identityKey(t)
	closed.Signature = nil
	signed := signedBytes(t, w.terminal, closed)
	closed.Signature = committedSignature(t, key.Public(), signed)
	if closed.Signature == nil {
		require.True(t, *update, "no signature of testdata/vectors.json is over these bytes")
		require.NoError(t, closing.Sign(key, w.terminal, closed))
	}
	za := signerDigest(w.engine, key.Public())
	digest := w.engine.Sum(append(za[:], signed...))
	w.shifts = append(w.shifts, goldenShift{Sequence: w.sequence + 1, UserID: shiftIdentity, Signed: hex.EncodeToString(signed),
		ZA: hex.EncodeToString(za[:]), Digest: hex.EncodeToString(digest[:]), Signature: hex.EncodeToString(closed.GetSignature())})
}

func signedBytes(t *testing.T, terminal record.Terminal, closed *message.ShiftClosed) []byte {
	t.Helper()
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(closed)
	require.NoError(t, err)
	signed, _, err := closing.Signed(terminal, body)
	require.NoError(t, err)
	return signed
}

func committedSignature(t *testing.T, public sign.PublicKey, signed []byte) []byte {
	t.Helper()
	text, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(text, &g))
	for _, shift := range g.Shifts {
		if signature := unhex(t, shift.Signature); sign.Verify(public, shiftIdentity, signed, signature) {
			return signature
		}
	}
	return nil
}

// turned is a message's encoding with its fields in descending order, repeated ones as they stood.
func turned(t *testing.T, content []byte) []byte {
	t.Helper()
	fields := fieldsOf(t, content)
	slices.SortStableFunc(fields, func(a, b encodedField) int { return -cmp.Compare(a.number, b.number) })
	return joined(fields)
}

type encodedField struct {
	number protowire.Number
	bytes  []byte
}

func fieldsOf(t *testing.T, content []byte) []encodedField {
	t.Helper()
	var fields []encodedField
	for rest := content; len(rest) > 0; {
		number, _, size := protowire.ConsumeField(rest)
		require.Positive(t, size)
		fields = append(fields, encodedField{number, rest[:size]})
		rest = rest[size:]
	}
	return fields
}

func joined(fields []encodedField) []byte {
	var content []byte
	for _, f := range fields {
		content = append(content, f.bytes...)
	}
	return content
}

// TestVectorsShifts holds the signed ends of the shift to the bytes of their records.
func TestVectorsShifts(t *testing.T) {
	g := readGolden(t)
	public, err := sign.ParsePublicKey(unhex(t, g.Identity.Public))
	require.NoError(t, err)
	require.Equal(t, identityKey(t).Public(), public)
	encoder, err := sm2.NewPublicKey(unhex(t, g.Identity.Public))
	require.NoError(t, err)
	require.Len(t, g.Shifts, 2)
	for _, shift := range g.Shifts {
		i := slices.IndexFunc(g.Records, func(v goldenRecord) bool { return v.Sequence == shift.Sequence })
		require.Equal(t, uint16(record.ShiftClosed), g.Records[i].TypeCode)
		body := unhex(t, g.Records[i].Body)
		signed, signature, err := closing.Signed(record.Terminal([]byte(g.Terminal)), body)
		require.NoError(t, err)
		require.Equal(t, shift.Signed, hex.EncodeToString(signed))
		require.Equal(t, shift.Signature, hex.EncodeToString(signature))
		digest, err := sm2.CalculateSM2Hash(encoder, signed, []byte(shift.UserID))
		require.NoError(t, err)
		require.Equal(t, shift.Digest, hex.EncodeToString(digest))
		closed, err := closing.Verify(public, record.Terminal([]byte(g.Terminal)), body)
		require.NoError(t, err)
		require.Equal(t, shiftID, closed.GetShiftId())
	}
	t.Run("the second one's fields come in another order", func(t *testing.T) {
		body := unhex(t, g.Records[len(g.Records)-1].Body)
		fields := fieldsOf(t, body)
		require.EqualValues(t, 99, fields[0].number)
		require.EqualValues(t, 17, fields[1].number)
	})
}

// TestVectorsSumUp adds up the shift's records as SPEC.md 7.9.3 says, and holds both ends to it.
func TestVectorsSumUp(t *testing.T) {
	g := readGolden(t)
	for _, v := range g.Records {
		closed, is := bodyOf(t, v).(*message.ShiftClosed)
		if !is {
			continue
		}
		want := sumUp(t, g.Records, closed, v.Sequence)
		for _, line := range closed.GetLines() {
			got := want[line.GetMethod()]
			if got == nil {
				got = &message.ShiftLine{Method: line.GetMethod()}
			}
			got.Counted = line.Counted
			require.True(t, proto.Equal(got, line), "%v, not %v", line, got)
			delete(want, line.GetMethod())
		}
		require.Empty(t, want, "a line for each method")
	}
}

// sumUp are the lines of the records from first_sequence to last_sequence, with what became of them before a record.
func sumUp(t *testing.T, records []goldenRecord, closed *message.ShiftClosed, before uint64) map[string]*message.ShiftLine {
	t.Helper()
	methods, decided := map[string]string{}, map[string]bool{}
	lines := map[string]*message.ShiftLine{}
	line := func(method string) *message.ShiftLine {
		if lines[method] == nil {
			lines[method] = &message.ShiftLine{Method: method}
		}
		return lines[method]
	}
	asked := map[string]func(amount int64){}
	for _, v := range records {
		if v.Sequence >= before {
			break
		}
		within := v.Sequence >= closed.GetFirstSequence() && v.Sequence <= closed.GetLastSequence()
		switch m := bodyOf(t, v).(type) {
		case *message.PaymentRequested:
			method := closing.MethodOf(m)
			methods[string(m.GetOrderId())] = method
			if within && !m.GetHold() {
				asked[string(m.GetOrderId())] = func(int64) { sale(line(method), m.GetAmount()) }
			}
		case *message.FollowUpRequested:
			if within {
				asked[string(m.GetFollowUpId())] = followUpLine(line, methods, m)
			}
		case *message.OutcomeShown:
			settle(asked, decided, string(m.GetOrderId()), m.GetOutcome(), 0)
		case *message.FollowUpShown:
			settle(asked, decided, string(m.GetFollowUpId()), m.GetOutcome(), m.GetResult().GetAmount())
		}
	}
	return lines
}

func settle(asked map[string]func(int64), decided map[string]bool, id string, outcome message.Outcome, amount int64) {
	if asked[id] == nil || decided[id] || outcome == message.Outcome_OUTCOME_UNKNOWN {
		return
	}
	decided[id] = true
	if outcome == message.Outcome_OUTCOME_APPROVED {
		asked[id](amount)
	}
}

func followUpLine(line func(string) *message.ShiftLine, methods map[string]string, m *message.FollowUpRequested) func(int64) {
	moved := func(amount int64) int64 { return cmp.Or(amount, m.GetAmount()) }
	switch m.GetKind() {
	case complete:
		return func(amount int64) { sale(line(closing.Hold), moved(amount)) }
	case undo:
		return func(amount int64) { goneBack(line(closing.Hold), moved(amount)) }
	case void, refund:
		method := cmp.Or(methods[string(m.GetOrderId())], closing.Other)
		return func(amount int64) { goneBack(line(method), moved(amount)) }
	default:
		return nil
	}
}

func sale(line *message.ShiftLine, amount int64) { line.Sales++; line.SalesAmount += amount }

func goneBack(line *message.ShiftLine, amount int64) { line.Refunds++; line.RefundsAmount += amount }
