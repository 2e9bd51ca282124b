package shift_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// TestGoldenShift closes the shift of the protocol's golden vectors from its records, twice, as the vectors have it.
func TestGoldenShift(t *testing.T) {
	text, err := os.ReadFile("../../protocol/testdata/vectors.json")
	require.NoError(t, err)
	var g struct {
		Records []struct{ Header, Body string }
	}
	require.NoError(t, json.Unmarshal(text, &g))
	var s shift.Shift
	methods, ends := map[shift.Item]string{}, 0
	for _, r := range g.Records {
		header, err := record.ParseHeader(unhex(t, r.Header))
		require.NoError(t, err)
		body := unhex(t, r.Body)
		switch header.Type {
		case record.ShiftOpened:
			var m message.ShiftOpened
			require.NoError(t, proto.Unmarshal(body, &m))
			s, err = shift.Begin(header, &m)
			require.NoError(t, err)
			continue
		case record.PaymentRequested:
			var m message.PaymentRequested
			require.NoError(t, proto.Unmarshal(body, &m))
			methods[shift.Item(m.GetOrderId())] = closing.MethodOf(&m)
		case record.ShiftClosed:
			s = requireEnd(t, s, body)
			ends++
			continue
		}
		if s.ID == (shift.ID{}) {
			continue
		}
		fact, err := shift.Read(header, body, func(of shift.Item) (shift.Order, error) {
			if method, known := methods[of]; known {
				return shift.Order{Method: method}, nil
			}
			return shift.Order{Method: closing.Other}, nil
		})
		require.NoError(t, err)
		s = s.Step(header.Sequence, fact)
	}
	require.Equal(t, 2, ends)
	require.Equal(t, shift.Complete, s.State())
}

// requireEnd holds an end of the vectors to the one that the shift itself makes.
func requireEnd(t *testing.T, s shift.Shift, body []byte) shift.Shift {
	t.Helper()
	var want message.ShiftClosed
	require.NoError(t, proto.Unmarshal(body, &want))
	got := s.Complete()
	if s.State() == shift.Open {
		count := shift.Count{Cashier: want.GetCashier(), Methods: map[string]int64{}, ApprovedBy: want.GetApprovedBy()}
		for _, line := range want.GetLines() {
			if line.Counted != nil {
				count.Methods[line.GetMethod()] = line.GetCounted()
			}
		}
		var err error
		got, err = s.Close(count, want.GetLastSequence(), now)
		require.NoError(t, err)
		got.ClosedAt = want.GetClosedAt()
	}
	ended, err := s.End(&want)
	require.NoError(t, err)
	want.Signature = nil
	want.ProtoReflect().SetUnknown(nil)
	require.True(t, proto.Equal(&want, got), "%v, not %v", got, &want)
	return ended
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}
