package agreement_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	amount = 1250
	code   = "345678" // its tail is all that the machines see of it
)

var order = checkout.OrderID{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 15: 1}

// sent is a record on the line to the cloud.
type sent struct {
	kind     record.Type
	sequence uint64
	reason   message.Reason
	secret   bool
}

// world is one sale: the till's machine, the line, the cloud's machine and one honest operator.
type world struct {
	t   *rapid.T
	now time.Time

	order    checkout.OrderID
	rules    checkout.Rules
	sale     checkout.Sale
	wake     time.Time
	records  []sent
	secret   bool // the till still has the customer's code
	printed  bool // a receipt of a paid sale
	reversal bool // reversal-requested is recorded

	up   []sent
	down []*message.PaymentResult

	machine   payment.Machine
	p         *payment.Payment
	stored    map[uint64]bool
	cancelled message.Reason // of a reversal that came before its payment
	declined  bool           // the request became no payment
	calls     []payment.EffectKind

	ordered         bool // our code is there to be paid
	debits, credits int
	takenBack       bool // by the operator, before or after it was asked to pay
}

func emptyWorld(t *rapid.T, id checkout.OrderID) *world {
	machine, err := payment.NewMachine(payment.DefaultTiming())
	require.NoError(t, err)
	return &world{t: t, order: id, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), machine: machine, stored: map[uint64]bool{},
		rules: checkout.Rules{Timing: checkout.DefaultTiming(), MerchantID: "301310053110001", TerminalID: "10000001"}}
}

func newWorld(t *rapid.T) *world {
	w := emptyWorld(t, order)
	w.till(checkout.Started{OrderID: order, Amount: money.Money{Minor: amount, Currency: money.CNY}, Cashier: "01", Batch: 1, Voucher: 1})
	w.secret = true
	w.till(checkout.CodeScanned{Kind: checkout.CodeECNY, Tail: code})
	return w
}

// till gives an event to the till's machine and does what it wants.
func (w *world) till(event checkout.Event) {
	for pending := []checkout.Event{event}; len(pending) > 0; pending = pending[1:] {
		sale, effects := w.rules.Step(w.sale, pending[0], w.now)
		w.sale = sale
		pending = append(pending, w.carry(effects)...)
	}
}

// carry does what the till's machine wants and returns what is recorded.
func (w *world) carry(effects []checkout.Effect) (recorded []checkout.Event) {
	first := len(w.records)
	for _, effect := range effects {
		switch e := effect.(type) {
		case checkout.Commit:
			entry := sent{kind: e.Type, sequence: uint64(len(w.records) + 1)}
			if body, is := e.Body.(*message.ReversalRequested); is {
				entry.reason, w.reversal = body.GetReason(), true
			}
			w.records = append(w.records, entry)
			recorded = append(recorded, checkout.Recorded{Type: entry.kind, Sequence: entry.sequence})
		case checkout.SendNow:
			w.send(w.records[first:]...)
		case checkout.Ask:
			w.send(w.records[e.Sequence-1])
		case checkout.Forget:
			w.secret = w.secret && e.Sequence == 0
		case checkout.Print:
			w.printed = w.printed || w.sale.State == checkout.Approved
		case checkout.SetTimer:
			w.wake = e.At
		}
	}
	return recorded
}

// send puts the urgent ones of the records on the line.
func (w *world) send(records ...sent) {
	for _, r := range records {
		if r.kind.Urgent() {
			r.secret = w.secret && r.kind == record.PaymentRequested
			w.up = append(w.up, r)
		}
	}
}

// arrive lets a record reach the cloud, which does as payment.Service does.
func (w *world) arrive(r sent) {
	again := w.stored[r.sequence]
	w.stored[r.sequence] = true
	switch {
	case r.kind == record.ReversalRequested && w.p == nil:
		if w.cancelled == message.Reason_REASON_UNSPECIFIED {
			w.cancelled = r.reason
		}
		w.say(payment.OutcomeReversed)
	case r.kind == record.ReversalRequested:
		w.cloud(payment.Event{Kind: payment.EventReversalRequested, Reason: operator.Reason(r.reason)})
	case w.p != nil:
		w.cloud(payment.Event{Kind: payment.EventQueryRequested})
	case again && w.cancelled != message.Reason_REASON_UNSPECIFIED:
		w.say(payment.OutcomeReversed)
	case w.declined, !again && !r.secret && w.method() == operator.MethodCode && w.cancelled == message.Reason_REASON_UNSPECIFIED:
		w.declined = true
		w.say(payment.OutcomeDeclined)
	default:
		w.begin()
	}
}

// method is how the sale is paid; its numbers are the protocol's.
func (w *world) method() operator.Method { return operator.Method(w.sale.Method) }

func (w *world) begin() {
	p, err := payment.New(payment.Payment{OrderID: operator.OrderID(w.order), Terminal: "10000001", Sequence: 1, Merchant: "301310053110001",
		Method: w.method(), Amount: amount, Currency: "CNY", Operator: "ICBC", Reference: "000000000001",
		GiveUpAt: w.sale.RequestedAt.Add(w.patience())}, w.now)
	require.NoError(w.t, err)
	w.p = &p
	e := payment.Event{Kind: payment.EventRequested}
	if w.method() == operator.MethodTap && len(w.sale.Card.Transaction) == 0 { // the card never answered
		e = payment.Event{Kind: payment.EventReversalRequested, Reason: operator.ReasonTimedOut}
	}
	if w.cancelled != message.Reason_REASON_UNSPECIFIED {
		e = payment.Event{Kind: payment.EventReversalRequested, Reason: operator.Reason(w.cancelled)}
	}
	w.cloud(e)
}

func (w *world) patience() time.Duration {
	if w.method() == operator.MethodShown {
		return w.rules.Timing.GiveUpShown
	}
	return w.rules.Timing.GiveUp
}

// say answers without a payment.
func (w *world) say(outcome payment.Outcome) {
	w.down = append(w.down, &message.PaymentResult{OrderId: w.order[:], Stage: message.Stage_STAGE_FINAL,
		Outcome: message.Outcome(outcome), Revision: 1})
}

// cloud gives an event to the cloud's machine and does what it wants.
func (w *world) cloud(e payment.Event) {
	p, effects := w.machine.Step(*w.p, e, w.now)
	w.p = &p
	for _, effect := range effects {
		switch {
		case effect.Kind.IsCall():
			w.calls = append(w.calls, effect.Kind)
		case effect.Kind == payment.Answer:
			stage := message.Stage_STAGE_QUERYING
			switch {
			case p.State == payment.Reversing:
				stage = message.Stage_STAGE_REVERSING
			case p.State == payment.AwaitingCustomer:
				stage = message.Stage_STAGE_AWAITING_CUSTOMER
			case p.Outcome() != payment.OutcomeUnknown:
				stage = message.Stage_STAGE_FINAL
			}
			w.down = append(w.down, &message.PaymentResult{OrderId: w.order[:], Stage: stage, Outcome: message.Outcome(p.Outcome()),
				Reason: message.Reason(p.Reason), Amount: p.Amount, Currency: p.Currency, Revision: p.Revision, Refunded: p.Refunded()})
		}
	}
}

// operate lets the operator act on a call; its answer may be lost.
func (w *world) operate(call payment.EffectKind, lost bool) {
	status := operator.StatusNotFound
	switch {
	case call == payment.CallAuthorise && !w.takenBack && w.debits == 0:
		w.debits++
	case call == payment.CallOrder:
		w.ordered = true
	case call == payment.CallReverse || call == payment.CallRefund:
		w.takenBack = true
		w.credits = w.debits
	}
	switch {
	case w.takenBack:
		status = operator.StatusReversed
	case w.debits > 0:
		status = operator.StatusApproved
	case w.ordered:
		status = operator.StatusAwaitingCustomer
	}
	e := payment.Event{Kind: payment.EventAnswer, Call: call, Operator: "ICBC", Answer: operator.Answer{
		OrderID: w.p.OrderID, Status: status, Amount: amount, Currency: "CNY", Reference: "R-1", AuthCode: "A1B2C3"}}
	if lost {
		e = payment.Event{Kind: payment.EventUnknown, Call: call, Operator: "ICBC"}
	}
	w.cloud(e)
}

// take removes one of what is on its way, any of them; with luck it stays there as well and comes twice.
func take[T any](t *rapid.T, from *[]T) T {
	i := rapid.IntRange(0, len(*from)-1).Draw(t, "which")
	one := (*from)[i]
	if rapid.IntRange(0, 4).Draw(t, "twice") != 0 {
		*from = slices.Delete(*from, i, i+1)
	}
	return one
}

// happen is one thing that happens.
func (w *world) happen() {
	switch what := rapid.SampledFrom([]string{"up", "up", "down", "down", "call", "call", "lose", "time", "cancel", "drain", "restart"}).Draw(w.t, "what"); {
	case what == "up" && len(w.up) > 0:
		w.arrive(take(w.t, &w.up))
	case what == "down" && len(w.down) > 0:
		w.till(checkout.ResultArrived{Result: proto.CloneOf(take(w.t, &w.down))})
	case what == "call" && len(w.calls) > 0:
		call := w.calls[0]
		w.calls = w.calls[1:]
		w.operate(call, rapid.IntRange(0, 3).Draw(w.t, "lost") == 0)
	case what == "lose" && len(w.up) > 0:
		take(w.t, &w.up)
	case what == "lose" && len(w.down) > 0:
		take(w.t, &w.down)
	case what == "time":
		w.pass(time.Duration(rapid.IntRange(0, 20_000).Draw(w.t, "ms")) * time.Millisecond)
	case what == "cancel" && rapid.IntRange(0, 2).Draw(w.t, "really") == 0:
		w.till(checkout.CancelPressed{Cashier: "01"})
	case what == "drain":
		w.send(w.records...)
	case what == "restart" && !w.sale.State.Final():
		w.secret = false
		w.till(checkout.Restarted{Last: w.sale.PaymentSequence})
	}
}

// pass lets time go by for both.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	if !w.sale.State.Final() && !w.now.Before(w.wake) {
		w.till(checkout.Tick{})
	}
	if w.p != nil && !w.p.NextAt.IsZero() && !w.now.Before(w.p.NextAt) {
		w.cloud(payment.Event{Kind: payment.EventTick})
	}
}

// heal makes line and operator honest until both are done.
func (w *world) heal() {
	const rounds = 400
	for range rounds {
		w.send(w.records...)
		for ; len(w.up) > 0; w.up = w.up[1:] {
			w.arrive(w.up[0])
		}
		for ; len(w.calls) > 0; w.calls = w.calls[1:] {
			w.operate(w.calls[0], false)
		}
		for ; len(w.down) > 0; w.down = w.down[1:] {
			w.till(checkout.ResultArrived{Result: w.down[0]})
		}
		if w.sale.State.Final() && (w.p == nil || w.p.State.Final() && w.p.NextAt.IsZero()) {
			return
		}
		w.pass(3 * time.Second)
		if w.p != nil && w.p.State.Final() && w.p.NextAt.After(w.now) {
			w.pass(w.p.NextAt.Sub(w.now))
		}
	}
}

// TestBothSidesAgree: the till says paid exactly when the cloud keeps the money and the customer is out of it; once a
// reversal is recorded it never does.
func TestBothSidesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(0, 60).Draw(t, "things") {
			reversed := w.reversal
			w.happen()
			require.False(t, reversed && w.sale.State == checkout.Approved && w.printed, "the reversal wins")
		}
		w.heal()
		require.True(t, w.sale.State.Final(), "the till is still %s", w.sale.State)
		paid := w.p != nil && w.p.State == payment.Approved
		require.Equal(t, paid, w.sale.State == checkout.Approved, "till %s, cloud %v", w.sale.State, w.p)
		require.Equal(t, paid, w.debits-w.credits == 1, "%d debits, %d credits", w.debits, w.credits)
		require.Equal(t, paid, w.printed, "a receipt says so")
		require.False(t, paid && w.reversal)
	})
}
