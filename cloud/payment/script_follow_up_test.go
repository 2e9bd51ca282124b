package payment_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
)

// The words of scripts for follow-ups:
//
//	asked 1 refund amount=500 [batch=…] [terminal=…] [currency=…] [undoes=…] [last]
//	follow-up 1 done [amount=…] [order=…]      follow-up 1 refused reason=…      unknown follow-up 1
//
// A number names a terminal's follow-up, "own" the last one of the cloud's own.

func numbered(n byte) operator.FollowUpID { return operator.FollowUpID{0xf0, 6: 0x70, 8: 0x80, 15: n} }

// refund is a refund as a terminal asks for it.
func refund(n byte, amount int64) payment.FollowUp {
	return payment.FollowUp{ID: numbered(n), Kind: operator.KindRefund, Amount: amount, Terminal: "T0000001", Sequence: uint64(n),
		Reference: "000000000100"}
}

func parseID(t *testing.T, p payment.Payment, word string) operator.FollowUpID {
	if word == "own" {
		for i := len(p.FollowUps) - 1; i >= 0; i-- {
			if p.FollowUps[i].Terminal == "" {
				return p.FollowUps[i].ID
			}
		}
		t.Fatal("no follow-up of the cloud's own")
	}
	n, err := strconv.ParseUint(word, 10, 8)
	require.NoError(t, err, word)
	return numbered(byte(n))
}

func nameOf(p payment.Payment, id operator.FollowUpID) string {
	if id[0] == 0xf0 {
		return strconv.Itoa(int(id[15]))
	}
	return "own"
}

func parseAsked(t *testing.T, p payment.Payment, words []string) *payment.Asked {
	asked := &payment.Asked{FollowUp: refund(1, 0), Currency: "CNY", Batch: p.Batch}
	asked.ID = parseID(t, p, words[0])
	kind, err := operator.ParseFollowUpKind(words[1])
	require.NoError(t, err)
	asked.Kind = kind
	for _, word := range words[2:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "amount":
			asked.Amount, err = strconv.ParseInt(value, 10, 64)
		case "batch":
			var batch uint64
			batch, err = strconv.ParseUint(value, 10, 32)
			asked.Batch = uint32(batch)
		case "terminal":
			asked.Terminal = value
		case "currency":
			asked.Currency = value
		case "undoes":
			asked.Undoes = parseID(t, p, value)
		case "last":
			asked.Last = true
		default:
			t.Fatalf("unknown word %q", word)
		}
		require.NoError(t, err, word)
	}
	return asked
}

// followUpStatement is what an honest operator says of a follow-up.
func followUpStatement(p payment.Payment, id operator.FollowUpID, status operator.FollowUpStatus) *operator.FollowUpAnswer {
	f, _ := p.FollowUp(id)
	answer := &operator.FollowUpAnswer{ID: id, OrderID: p.OrderID, Status: status, Amount: f.Amount, Currency: p.Currency, Reference: "F1"}
	if status == operator.FollowUpRefused {
		answer.Amount, answer.Reason = 0, operator.ReasonLimitExceeded
	}
	return answer
}

func parseFollowUpAnswer(t *testing.T, p payment.Payment, id operator.FollowUpID, words []string) *operator.FollowUpAnswer {
	status, err := operator.ParseFollowUpStatus(words[0])
	require.NoError(t, err)
	answer := followUpStatement(p, id, status)
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "amount":
			answer.Amount, err = strconv.ParseInt(value, 10, 64)
		case "reason":
			answer.Reason, err = operator.ParseReason(value)
		case "order":
			answer.OrderID = operator.OrderID{0xff}
		default:
			t.Fatalf("unknown word %q", word)
		}
		require.NoError(t, err, word)
	}
	return answer
}

// describeFollowUp writes an effect about a follow-up as the scripts do.
func describeFollowUp(p payment.Payment, effect payment.Effect) string {
	name := nameOf(p, effect.FollowUp)
	switch effect.Kind {
	case payment.CallFollowUp:
		return "follow-up@" + effect.Operator + "/" + name
	case payment.TakeFollowUp:
		return "take=" + name
	case payment.DeclineFollowUp:
		return "decline=" + name + "/" + effect.Reason.String()
	case payment.AnswerFollowUp:
		f, _ := p.FollowUp(effect.FollowUp)
		word := "tell=" + name + "/" + f.Status.Outcome().String()
		if f.Reason != operator.ReasonNone {
			word += "/" + f.Reason.String()
		}
		return word
	default:
		word := "post=" + effect.Posting.String() + "/" + name
		for _, part := range []struct {
			name   string
			amount int64
		}{{"amount", effect.Amount}, {"fee", effect.Fee}, {"held", effect.Held}} {
			if part.amount != 0 {
				word += "/" + part.name + "=" + strconv.FormatInt(part.amount, 10)
			}
		}
		return word
	}
}
