package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
)

// TestOfflineIsPursued lets anything happen to an offline payment, in any order: it is never reversed, never booked twice,
// and until it is definite there is always a time at which it is presented again.
func TestOfflineIsPursued(t *testing.T) {
	machine := newMachine(t)
	rapid.Check(t, func(t *rapid.T) {
		p, now := newPayment(t, func(p *payment.Payment) {
			p.Method, p.Offline, p.Covered = operator.MethodTap, true, rapid.Bool().Draw(t, "covered")
			p.Amount = rapid.Int64Range(1, 50_000).Draw(t, "amount")
		}), start()
		booked, covered := map[payment.PostingKind]int{}, p.Covered
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "pass")))
			e := drawOfflineEvent(t, p)
			before := p
			next, effects := machine.Step(p, e, now)
			p = next
			requireStorable(t, p)
			for _, effect := range effects {
				switch effect.Kind {
				case payment.CallFollowUp:
					require.Equal(t, payment.Approved, p.State, "nothing is sent back of what is not honoured")
				case payment.CallReverse, payment.CallRefund, payment.CallQuery, payment.CallOrder:
					require.Fail(t, "an offline payment is only ever presented", effect.Kind.String())
				case payment.Post:
					booked[effect.Posting]++
				}
			}
			require.False(t, p.State == payment.Declined && p.Pursued(), "what cannot be done is not pursued")
			require.NotContains(t, []payment.State{payment.Reversing, payment.Reversed, payment.LateRefunding, payment.LateRefunded}, p.State)
			if before.State == payment.Approved {
				require.Equal(t, payment.Approved, p.State, "what was honoured stays so")
			}
			if !p.State.Final() && p.State != payment.Created {
				require.False(t, p.NextAt.IsZero(), "it is presented again")
				require.False(t, p.NextAt.After(now.Add(payment.DefaultTiming().ReverseEveryMax)))
			}
			require.Equal(t, p.State == payment.Approved, booked[payment.PostSale] == 1)
			require.Equal(t, p.State == payment.Declined && p.Covered, booked[payment.PostLoss]-booked[payment.PostLossReturn] == 1)
			require.True(t, p.Covered || booked[payment.PostLoss]+booked[payment.PostLossReturn] == 0, "owed to nobody")
			require.Equal(t, covered, p.Covered)
			require.LessOrEqual(t, booked[payment.PostSale], 1)
			require.LessOrEqual(t, booked[payment.PostLoss], 1)
		}
	})
}

func drawOfflineEvent(t *rapid.T, p payment.Payment) payment.Event {
	kind := rapid.SampledFrom([]payment.EventKind{payment.EventRequested, payment.EventAnswer, payment.EventAnswer,
		payment.EventUnknown, payment.EventNotSent, payment.EventTick, payment.EventTick, payment.EventReversalRequested,
		payment.EventQueryRequested, payment.EventRecovered, payment.EventDeclined, payment.EventFollowUpRequested}).Draw(t, "event")
	e := payment.Event{Kind: kind, Operator: p.Operator, Call: payment.CallAuthorise, Reason: operator.ReasonDoubleSpent}
	if kind == payment.EventFollowUpRequested {
		e.Asked = &payment.Asked{Currency: "CNY", Offline: rapid.Bool().Draw(t, "offline"), FollowUp: payment.FollowUp{
			ID: operator.FollowUpID{9, rapid.Byte().Draw(t, "id")}, Kind: operator.KindRefund, Terminal: p.Terminal,
			Amount: rapid.Int64Range(1, 30_000).Draw(t, "back"), Reference: "000000000043"}}
	}
	if kind == payment.EventAnswer {
		e.Answer = statement(p, rapid.SampledFrom([]operator.Status{operator.StatusApproved, operator.StatusDeclined,
			operator.StatusAwaitingPassword, operator.StatusNotFound, operator.StatusReversed, operator.StatusRefunded}).Draw(t, "status"))
	}
	return e
}
