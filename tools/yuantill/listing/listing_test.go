package listing_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/listing"
)

const wallet = "0012345678901234"

func stored(t testing.TB, kind record.Type, sequence uint64, body []byte) record.Record {
	t.Helper()
	keys := seal.DeriveKeys(seal.Portable(), make([]byte, seal.KeySize), 3, [16]byte{}, [16]byte{})
	r, err := record.Build(keys.Record, record.Header{
		Direction: seal.Up, Type: kind, KeyVersion: 1, Epoch: 3, Sequence: sequence,
		Time: time.Date(2026, 5, 1, 4, 0, 0, 5000, time.UTC), Terminal: record.Terminal([]byte("10000001")),
	}, body)
	require.NoError(t, err)
	return r
}

func encoded(t testing.TB, m proto.Message) []byte {
	t.Helper()
	body, err := proto.Marshal(m)
	require.NoError(t, err)
	return body
}

func fields(t testing.TB, kind record.Type, m proto.Message) map[string]any {
	t.Helper()
	list, err := listing.Fields(kind, encoded(t, m))
	require.NoError(t, err)
	values := make(map[string]any)
	for _, f := range list {
		values[f.Name] = f.Value
	}
	return values
}

func TestFieldsMask(t *testing.T) {
	t.Run("a full wallet id, a whole code, a payable code and nonces", func(t *testing.T) {
		got := fields(t, record.OutcomeShown, &message.OutcomeShown{Result: &message.PaymentResult{
			WalletMasked: wallet, ShownCode: "https://pay.example/secret",
		}})
		require.Equal(t, "001234******1234", got["result.wallet_masked"])
		require.Equal(t, "(26 bytes)", got["result.shown_code"])
		got = fields(t, record.PaymentRequested, &message.PaymentRequested{
			CodeTail: "0112345678901234567", CardTransaction: []byte("0012345678901234 signed"),
		})
		require.Equal(t, "234567", got["code_tail"])
		require.Equal(t, "(23 bytes)", got["card_transaction"])
		got = fields(t, record.EpochOpened, &message.EpochOpened{TerminalNonce: make([]byte, 16)})
		require.Equal(t, "(16 bytes)", got["terminal_nonce"])
	})
	t.Run("what is masked already stays, what is too short is hidden", func(t *testing.T) {
		for text, want := range map[string]string{
			"001234******1234": "001234******1234", "0012341234": "**********", "12345678901": "123456*8901",
		} {
			got := fields(t, record.OutcomeShown, &message.OutcomeShown{Result: &message.PaymentResult{WalletMasked: text}})
			require.Equal(t, want, got["result.wallet_masked"])
		}
	})
	t.Run("no body steers the terminal", func(t *testing.T) {
		got := fields(t, record.PaymentRequested, &message.PaymentRequested{Note: "a\x1b[31mb\r\n\u202ec\u009b"})
		require.Equal(t, "a�[31mb���c�", got["note"])
	})
}

func TestFieldsRead(t *testing.T) {
	t.Run("times, amounts, enumerations", func(t *testing.T) {
		list, err := listing.Fields(record.PaymentRequested, encoded(t, &message.PaymentRequested{
			OrderId: []byte{0xAB, 0xCD}, Method: message.Method_METHOD_TAP, Amount: 1250, Currency: "CNY", GiveUp: 1_000_001,
		}))
		require.NoError(t, err)
		require.Equal(t, []listing.Field{
			{Name: "order_id", Value: "abcd"},
			{Name: "method", Value: "tap"},
			{Name: "amount", Value: int64(1250), Display: "¥12.50"},
			{Name: "currency", Value: "CNY"},
			{Name: "give_up", Value: "1970-01-01T00:00:01.000001Z", Display: "1970-01-01T08:00:01.000001+08:00"},
		}, list)
	})
	t.Run("an amount in an unknown currency is not guessed at", func(t *testing.T) {
		list, err := listing.Fields(record.SaleAbandoned, encoded(t, &message.SaleAbandoned{Amount: 7, Currency: "XXX"}))
		require.NoError(t, err)
		require.Equal(t, "7 (XXX, minor units)", list[0].Text())
	})
	t.Run("a newer agent's fields and values are not lost from sight", func(t *testing.T) {
		got := fields(t, record.SaleAbandoned, &message.SaleAbandoned{Reason: 99})
		require.Equal(t, "99", got["reason"])
		newer := append(encoded(t, &message.AgentStarted{Version: "9"}), 0xA0, 0x06, 0x01) // field 100, varint 1
		list, err := listing.Fields(record.AgentStarted, newer)
		require.NoError(t, err)
		require.Equal(t, listing.Field{Name: "unknown_fields", Value: "(3 bytes)"}, list[1])
	})
	t.Run("ErrBody and ErrType", func(t *testing.T) {
		_, err := listing.Fields(record.AgentStarted, []byte{0xFF})
		require.ErrorIs(t, err, listing.ErrBody)
		_, err = listing.Fields(record.Type(0x7777), nil)
		require.ErrorIs(t, err, listing.ErrType)
	})
	t.Run("every type of a journal has its message and its name", func(t *testing.T) {
		require.Equal(t, journaled(), listing.Types())
		for _, kind := range listing.Types() {
			_, err := listing.Fields(kind, nil)
			require.NoError(t, err, kind)
			require.NotEqual(t, "未知类型", listing.TypeText(kind).Chinese, kind)
			parsed, err := listing.ParseType(kind.String())
			require.NoError(t, err)
			require.Equal(t, kind, parsed)
		}
		_, err := listing.ParseType("acknowledgement")
		require.ErrorIs(t, err, listing.ErrType)
		require.Equal(t, "未知类型", listing.TypeText(0x7777).Chinese)
	})
}

// journaled are all types that package record names and that a terminal writes; a sign-in is none of its journal's.
func journaled() []record.Type {
	const answers = record.SignInAnswer &^ 0xFF
	var types []record.Type
	for kind := record.Type(0); kind < answers; kind++ {
		if kind.Known() && kind != record.SignIn {
			types = append(types, kind)
		}
	}
	return types
}

func TestFieldsOfShifts(t *testing.T) {
	id := []byte(strings.Repeat("\x0b", 16))
	hexadecimal := strings.Repeat("0b", 16)
	for kind, body := range map[record.Type]proto.Message{
		record.ShiftOpened: &message.ShiftOpened{ShiftId: id, Float: 20000, Currency: "CNY"},
		record.CashMoved:   &message.CashMoved{ShiftId: id, Amount: -20000, Currency: "CNY"},
		record.ShiftClosed: &message.ShiftClosed{ShiftId: id, CashCounted: 20000, Currency: "CNY", Signature: id},
	} {
		require.Equal(t, hexadecimal, fields(t, kind, body)["shift_id"])
		e, err := listing.Read(seal.Portable(), stored(t, kind, 9, encoded(t, body)))
		require.NoError(t, err)
		require.Regexp(t, kind.String()+"  ¥-?200.00  "+hexadecimal+"$", e.Line(bilingual.English))
	}
	closed := fields(t, record.ShiftClosed, &message.ShiftClosed{Signature: id})
	require.Equal(t, "(16 bytes)", closed["signature"])
}

func TestFieldsOfOfflinePayments(t *testing.T) {
	id := []byte(strings.Repeat("\x0c", 16))
	got := fields(t, record.PaymentRequested, &message.PaymentRequested{
		Supersedes: id, Offline: &message.Offline{LimitsId: id, Since: 1777608004000000},
	})
	require.Equal(t, strings.Repeat("0c", 16), got["supersedes"])
	require.Equal(t, strings.Repeat("0c", 16), got["offline.limits_id"])
	require.Equal(t, "2026-05-01T04:00:04Z", got["offline.since"])
	require.Equal(t, "(16 bytes)", fields(t, record.LimitsTaken, &message.OfflineLimitsTaken{Answer: id})["answer"])
}

func TestEntry(t *testing.T) {
	r := stored(t, record.DeviceFault, 7, encoded(t, &message.DeviceFault{Device: "printer", Fault: "paper out"}))
	e, err := listing.Read(seal.Portable(), r)
	require.NoError(t, err)
	t.Run("line", func(t *testing.T) {
		require.Equal(t, "     7  2026-05-01 12:00:00.000 +08:00  设备故障  printer  paper out", e.Line(bilingual.Chinese))
	})
	t.Run("JSON", func(t *testing.T) {
		text, err := json.Marshal(e.JSON())
		require.NoError(t, err)
		var back map[string]any
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, "2026-05-01T04:00:00.000005Z", back["time"])
		require.Equal(t, map[string]any{"device": "printer", "fault": "paper out"}, back["body"])
		link := r.Link(seal.Portable())
		require.Equal(t, fmt.Sprintf("%x", link[:]), back["link"])
		require.NotContains(t, back, "problem")
	})
	t.Run("a body that cannot be read is said, not hidden", func(t *testing.T) {
		e, err := listing.Read(seal.Portable(), stored(t, record.DeviceFault, 8, []byte{0xFF}))
		require.NoError(t, err)
		require.Contains(t, e.Line(bilingual.English), "body is not readable")
		require.Contains(t, e.JSON().Problem, "body is not readable")
		require.Contains(t, strings.Join(e.Describe(bilingual.English), "\n"), "body is not readable")
	})
	t.Run("ErrShort", func(t *testing.T) {
		_, err := listing.Read(seal.Portable(), r[:20])
		require.ErrorIs(t, err, record.ErrShort)
	})
}

func FuzzFields(f *testing.F) {
	f.Add(uint16(record.PaymentRequested), encoded(f, &message.PaymentRequested{Amount: 1, Currency: "CNY", Note: "茶"}))
	f.Add(uint16(record.OutcomeShown), encoded(f, &message.OutcomeShown{Result: &message.PaymentResult{WalletMasked: wallet}}))
	f.Add(uint16(record.DeviceFault), []byte{0xFF})
	f.Fuzz(func(t *testing.T, kind uint16, body []byte) {
		list, err := listing.Fields(record.Type(kind), body)
		if err != nil {
			require.Empty(t, list)
			return
		}
		for _, field := range list {
			require.NotContains(t, field.Text(), "\x1b")
			if strings.HasSuffix(field.Name, "wallet_masked") && len(field.Text()) >= 16 {
				require.Contains(t, field.Text(), "*")
			}
		}
	})
}

func TestFieldsOfFollowUps(t *testing.T) {
	id := []byte(strings.Repeat("\x0a", 16))
	got := fields(t, record.FollowUpShown, &message.FollowUpShown{
		FollowUpId: id, Outcome: message.Outcome_OUTCOME_APPROVED, Result: &message.FollowUpResult{
			Kind: message.FollowUp_FOLLOW_UP_TOP_UP, Amount: 500, Currency: "CNY",
			Standing: &message.Standing{HoldExpires: 1777608004000000},
		},
	})
	require.Equal(t, strings.Repeat("0a", 16), got["follow_up_id"])
	require.Equal(t, "top_up", got["result.kind"])
	require.Equal(t, "2026-05-01T04:00:04Z", got["result.standing.hold_expires"])
	got = fields(t, record.FollowUpRequested, &message.FollowUpRequested{Undoes: id, Kind: message.FollowUp_FOLLOW_UP_UNDO})
	require.Equal(t, "undo", got["kind"])
	require.Equal(t, strings.Repeat("0a", 16), got["undoes"])
	got = fields(t, record.OrderLookup, &message.OrderLookup{LookupId: id, Reference: "260501000042"})
	require.Equal(t, "260501000042", got["reference"])
}
