package payment_test

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
)

func TestNew(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		p := newPayment(t, nil)
		require.Equal(t, payment.Created, p.State)
		require.Equal(t, start(), p.CreatedAt)
		require.Equal(t, payment.OutcomeUnknown, p.Outcome())
	})
	valid := newPayment(t, nil)
	valid.State = 0
	for name, spoil := range map[string]func(*payment.Payment){
		"NoOrder":        func(p *payment.Payment) { p.OrderID = operator.OrderID{} },
		"HasState":       func(p *payment.Payment) { p.State = payment.Approved },
		"NoMethod":       func(p *payment.Payment) { p.Method = 0 },
		"AmountZero":     func(p *payment.Payment) { p.Amount = 0 },
		"AmountTooHigh":  func(p *payment.Payment) { p.Amount = payment.AmountMax + 1 },
		"NoMerchant":     func(p *payment.Payment) { p.Merchant = "" },
		"NoTerminal":     func(p *payment.Payment) { p.Terminal = "" },
		"ShortCurrency":  func(p *payment.Payment) { p.Currency = "CN" },
		"ShortReference": func(p *payment.Payment) { p.Reference = "1" },
		"ManyBackUps":    func(p *payment.Payment) { p.BackUps = []string{"A", "B", "C", "D"} },
		"LongOperator":   func(p *payment.Payment) { p.Operator = strings.Repeat("A", 65) },
		"FullWallet":     func(p *payment.Payment) { p.WalletMasked = "0002000012345678" },
		"FeeRate":        func(p *payment.Payment) { p.FeeRate = 10_001 },
		"LongAuthCode":   func(p *payment.Payment) { p.AuthCode = "1234567" },
		"LongShownCode":  func(p *payment.Payment) { p.ShownCode = strings.Repeat("x", 1025) },
		"FeeAboveAmount": func(p *payment.Payment) { p.Fee = p.Amount + 1 },
		"UnknownDebit":   func(p *payment.Payment) { p.Debit = 4 },
		"HoldWithoutCap": func(p *payment.Payment) { p.Hold = true },
		"CapTooHigh":     func(p *payment.Payment) { p.Hold, p.HoldCap = true, payment.HoldCapMax+1 },
		"CapWithoutHold": func(p *payment.Payment) { p.HoldCap = 100 },
		"EndsBeforeItBegins": func(p *payment.Payment) {
			p.Hold, p.HoldCap, p.HoldUntil = true, 100, start()
		},
		"HeldOffline": func(p *payment.Payment) {
			p.Hold, p.HoldCap, p.Offline, p.Method = true, 100, true, operator.MethodTap
		},
		"HeldPayment": func(p *payment.Payment) { p.Debit = payment.DebitHold },
		"FollowUps":   func(p *payment.Payment) { p.FollowUps = []payment.FollowUp{refund(1, 5)} },
	} {
		t.Run(name, func(t *testing.T) {
			facts := valid
			spoil(&facts)
			_, err := payment.New(facts, start())
			require.ErrorIs(t, err, payment.ErrInvalidPayment)
		})
	}
}

func TestWordsMatchTheProtocol(t *testing.T) {
	for outcome, number := range map[payment.Outcome]message.Outcome{
		payment.OutcomeApproved: message.Outcome_OUTCOME_APPROVED, payment.OutcomeDeclined: message.Outcome_OUTCOME_DECLINED,
		payment.OutcomeUnknown: message.Outcome_OUTCOME_UNKNOWN, payment.OutcomeReversed: message.Outcome_OUTCOME_REVERSED} {
		require.EqualValues(t, number, outcome)
		require.Equal(t, "OUTCOME_"+strings.ToUpper(outcome.String()), number.String())
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for s := payment.Created; s <= payment.RestReturned; s++ {
		require.NotEqual(t, "invalid", s.String())
		require.False(t, seen[s.String()])
		seen[s.String()] = true
		require.NotEqual(t, "invalid", s.Outcome().String())
	}
	require.Equal(t, "invalid", payment.State(0).String())
	for k := payment.EventRequested; k <= payment.EventDisputed; k++ {
		require.NotEqual(t, "invalid", k.String())
	}
	for k := payment.CallAuthorise; k <= payment.AnswerFollowUp; k++ {
		require.NotEqual(t, "invalid", k.String())
	}
	for k := payment.PostSale; k <= payment.PostDispute; k++ {
		require.NotEqual(t, "invalid", k.String())
	}
	for k := payment.AlarmAmountMismatch; k <= payment.AlarmFollowUpContradiction; k++ {
		require.NotEqual(t, "invalid", k.String())
	}
}

func TestFee(t *testing.T) {
	for _, c := range []struct {
		name        string
		amount      int64
		rate, limit uint16
		want        int64
	}{
		{"TenBasisPointsExact", 100_000, 10, 10, 100},
		{"HalfRoundsUp", 1_500, 10, 20, 2},
		{"BelowHalfRoundsDown", 1_499, 10, 20, 1},
		{"RoundingNeverPassesTheCap", 1_999, 10, 10, 1},
		{"OneFenIsFree", 1, 10, 10, 0},
		{"RateAboveCapIsCut", 100_000, 60, 10, 100},
		{"ZeroRate", 100_000, 0, 10, 0},
		{"NegativeAmountHasNoFee", -100_000, 10, 10, 0},
		{"LargestAmount", math.MaxInt64, 10_000, 10_000, math.MaxInt64},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, payment.Fee(c.amount, c.rate, c.limit)) })
	}
}

func TestFeeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(1, payment.AmountMax).Draw(t, "amount")
		rate, limit := rapid.Uint16Range(0, 10_000).Draw(t, "rate"), rapid.Uint16Range(0, 10_000).Draw(t, "limit")
		fee := payment.Fee(amount, rate, limit)
		require.LessOrEqual(t, fee*10_000, amount*int64(limit), "over the cap")
		require.LessOrEqual(t, 2*(fee*10_000-amount*int64(rate)), int64(10_000), "more than half a unit too high")
		require.GreaterOrEqual(t, fee, int64(0))
		if limit > rate && amount*int64(limit-rate) >= 10_000 {
			require.Greater(t, 2*(fee*10_000-amount*int64(rate)), int64(-10_000), "more than half a unit too low")
		}
	})
}

func TestTiming(t *testing.T) {
	require.NoError(t, payment.DefaultTiming().Validate())
	for name, spoil := range map[string]func(*payment.Timing){
		"AnswerAfterFiveSeconds": func(c *payment.Timing) { c.AnswerUnknownAfter = 5001 * time.Millisecond },
		"QueryTooOften":          func(c *payment.Timing) { c.QueryEvery = 2 * time.Second },
		"QueryTooRarely":         func(c *payment.Timing) { c.QueryEvery = 6 * time.Second },
		"GiveUpTooLate":          func(c *payment.Timing) { c.GiveUpAfter = 46 * time.Second },
		"GiveUpTooEarly":         func(c *payment.Timing) { c.GiveUpAfter = 14 * time.Second },
		"ReverseTooEarly":        func(c *payment.Timing) { c.ReverseNotBefore = 14 * time.Second },
		"ShownTooShort":          func(c *payment.Timing) { c.ShownGiveUpAfter = time.Second },
		"ReverseMaxBelowFirst":   func(c *payment.Timing) { c.ReverseEveryMax = time.Second },
		"NoAlarm":                func(c *payment.Timing) { c.AlarmAttempts = 0 },
		"TooManyRechecks":        func(c *payment.Timing) { c.RecheckMax = 6 },
		"HoldTooLong":            func(c *payment.Timing) { c.HoldFor = 31 * 24 * time.Hour },
		"HoldTooShort":           func(c *payment.Timing) { c.HoldFor = time.Minute },
	} {
		t.Run(name, func(t *testing.T) {
			timing := payment.DefaultTiming()
			spoil(&timing)
			_, err := payment.NewMachine(timing)
			require.ErrorIs(t, err, payment.ErrInvalidTiming)
		})
	}
}

func TestBinaryForm(t *testing.T) {
	p := newPayment(t, func(p *payment.Payment) { p.GiveUpAt = start().Add(30 * time.Second) })
	stored, err := p.MarshalBinary()
	require.NoError(t, err)
	t.Run("OK", func(t *testing.T) {
		var again payment.Payment
		require.NoError(t, again.UnmarshalBinary(stored))
		require.Equal(t, p, again)
		require.Less(t, len(stored), 165)
	})
	t.Run("ErrMalformedOnEveryCut", func(t *testing.T) {
		for size := range stored {
			kept := p
			require.Error(t, kept.UnmarshalBinary(stored[:size]), "cut to %d bytes", size)
			require.Equal(t, p, kept, "an error leaves the payment alone")
		}
	})
	t.Run("ErrMalformedOnTrailingByte", func(t *testing.T) {
		require.ErrorIs(t, new(payment.Payment).UnmarshalBinary(append(append([]byte{}, stored...), 0)), payment.ErrMalformed)
	})
	t.Run("ErrMalformedOnOtherVersion", func(t *testing.T) {
		other := append([]byte{3}, stored[1:]...)
		require.ErrorIs(t, new(payment.Payment).UnmarshalBinary(other), payment.ErrMalformed)
	})
	t.Run("ErrMalformedOnUnknownFlag", func(t *testing.T) {
		other := append([]byte{}, stored...)
		other[21] = 0x80
		require.ErrorIs(t, new(payment.Payment).UnmarshalBinary(other), payment.ErrMalformed)
	})
	t.Run("ErrInvalidPaymentOnState", func(t *testing.T) {
		other := append([]byte{}, stored...)
		other[17] = 99
		require.ErrorIs(t, new(payment.Payment).UnmarshalBinary(other), payment.ErrInvalidPayment)
	})
	t.Run("ErrInvalidPaymentOnMarshal", func(t *testing.T) {
		_, err := payment.Payment{}.MarshalBinary()
		require.ErrorIs(t, err, payment.ErrInvalidPayment)
	})
}

func FuzzUnmarshalBinary(f *testing.F) {
	stored, err := newPayment(f, nil).MarshalBinary()
	require.NoError(f, err)
	f.Add(stored)
	f.Add(stored[:30])
	old, err := hex.DecodeString(storedBefore)
	require.NoError(f, err)
	f.Add(old)
	followed, err := followedPayment(f).MarshalBinary()
	require.NoError(f, err)
	f.Add(followed)
	f.Fuzz(func(t *testing.T, data []byte) {
		var p payment.Payment
		if p.UnmarshalBinary(data) != nil {
			return
		}
		again, err := p.MarshalBinary()
		require.NoError(t, err)
		var same payment.Payment
		require.NoError(t, same.UnmarshalBinary(again))
		require.Equal(t, p, same)
	})
}

func BenchmarkStep(b *testing.B) {
	machine, p := newMachine(b), newPayment(b, nil)
	answer := payment.Event{Kind: payment.EventAnswer, Call: payment.CallAuthorise, Operator: "ICBC", Answer: statement(p, operator.StatusApproved)}
	for b.Loop() {
		sent, _ := machine.Step(p, payment.Event{Kind: payment.EventRequested}, start())
		done, _ := machine.Step(sent, answer, start())
		if done.State != payment.Approved {
			b.Fatal(done.State)
		}
	}
}

func BenchmarkMarshalBinary(b *testing.B) {
	p := newPayment(b, nil)
	for b.Loop() {
		if _, err := p.MarshalBinary(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestPostingsAreTheStoresEntries: the numbers are used for each other.
func TestPostingsAreTheStoresEntries(t *testing.T) {
	for k := payment.PostSale; k <= payment.PostDispute; k++ {
		require.Equal(t, store.EntryKind(k).String(), k.String())
	}
}
