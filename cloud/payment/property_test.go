package payment_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
)

// book is one operator's honest knowledge of the payment's order.
type book struct {
	status    operator.Status // 0: never seen
	debits    int
	credits   int
	asked     int
	obstinate bool // approves in spite of a confirmed reversal, once
}

// inFlight is a call on its way to an operator, or its answer on the way back.
type inFlight struct {
	call     payment.EffectKind
	operator string
	event    *payment.Event // nil while the operator has not acted
}

// trial runs one payment against operators and a network that misbehave as rapid draws it.
type trial struct {
	t        *rapid.T
	machine  payment.Machine
	p        payment.Payment
	now      time.Time
	books    map[string]*book
	flights  []inFlight
	ghosts   []inFlight // calls we have given up on that still reach the operator
	ledger   map[payment.PostingKind]int
	asked    map[string]int
	notSent  map[string]bool
	told     []payment.Outcome
	refusals bool
}

func newTrial(t *rapid.T) *trial {
	w := &trial{t: t, machine: newMachine(t), now: start(), books: map[string]*book{}, ledger: map[payment.PostingKind]int{},
		asked: map[string]int{}, notSent: map[string]bool{}}
	w.p = newPayment(t, func(p *payment.Payment) {
		p.Amount = rapid.Int64Range(1, payment.AmountMax).Draw(t, "amount")
		if rapid.Bool().Draw(t, "shown") {
			p.Method = operator.MethodShown
		}
	})
	for _, code := range []string{"ICBC", "ABC"} {
		w.books[code] = &book{obstinate: rapid.IntRange(0, 2).Draw(t, "obstinate") == 0}
	}
	w.refusals = rapid.Bool().Draw(t, "refusals")
	return w
}

// step feeds an event and checks what must hold after every step.
func (w *trial) step(e payment.Event) {
	before := w.p
	after, effects := w.machine.Step(before, e, w.now)
	again, sameEffects := w.machine.Step(before, e, w.now)
	require.Equal(w.t, after, again, "a step is a function of its arguments")
	require.Equal(w.t, effects, sameEffects)
	w.p = after
	requireStorable(w.t, after)
	require.GreaterOrEqual(w.t, after.Revision, before.Revision)
	w.checkTransition(before, e)
	for _, effect := range effects {
		w.run(effect)
	}
}

// checkTransition holds the rules between one state and the next.
func (w *trial) checkTransition(before payment.Payment, e payment.Event) {
	if before.State == w.p.State {
		return
	}
	switch before.State {
	case payment.Declined, payment.Reversed, payment.LateRefunded:
		require.Equal(w.t, payment.LateRefunding, w.p.State, "final states leave only to give money back")
		require.Equal(w.t, operator.StatusApproved, e.Answer.Status)
	case payment.Approved:
		require.Equal(w.t, payment.EventReversalRequested, e.Kind)
	}
	if w.p.State == payment.Declined && before.Submitted {
		require.Equal(w.t, payment.EventAnswer, e.Kind, "unknown never becomes declined without a definite answer")
		require.Equal(w.t, operator.StatusDeclined, e.Answer.Status)
	}
	if w.p.State == payment.Approved {
		require.True(w.t, before.State != payment.Reversing && before.Outcome() == payment.OutcomeUnknown)
	}
}

// run starts what an effect asks for.
func (w *trial) run(effect payment.Effect) {
	switch {
	case effect.Kind == payment.CallAuthorise || effect.Kind == payment.CallOrder:
		w.asked[effect.Operator]++
		require.Equal(w.t, 1, w.asked[effect.Operator], "nobody is asked to authorise twice")
		for code := range w.asked {
			require.True(w.t, code == effect.Operator || w.notSent[code], "a second operator is asked only when the first was not reached")
		}
		w.flights = append(w.flights, inFlight{call: effect.Kind, operator: effect.Operator})
	case effect.Kind.IsCall():
		require.Equal(w.t, w.p.Operator, effect.Operator)
		if effect.Kind == payment.CallReverse {
			require.False(w.t, w.now.Before(w.p.SentAt.Add(15*time.Second)), "no reversal within 15 s")
		}
		w.flights = append(w.flights, inFlight{call: effect.Kind, operator: effect.Operator})
	case effect.Kind == payment.Post:
		require.Equal(w.t, w.p.Amount, effect.Amount)
		w.ledger[effect.Posting]++
	case effect.Kind == payment.Answer:
		w.told = append(w.told, w.p.Outcome())
	}
}

// act lets an operator act on a call and returns its statement.
func (w *trial) act(f inFlight, honest bool) operator.Answer {
	b := w.books[f.operator]
	switch f.call {
	case payment.CallAuthorise, payment.CallOrder:
		b.asked++
		if b.status == 0 {
			b.status = rapid.SampledFrom([]operator.Status{operator.StatusApproved, operator.StatusApproved, operator.StatusDeclined,
				operator.StatusAwaitingPassword}).Draw(w.t, "decision")
			if b.status == operator.StatusApproved {
				b.debits++
			}
		} else if b.status == operator.StatusReversed && b.obstinate {
			b.status, b.obstinate = operator.StatusApproved, false
			b.debits++
		}
	case payment.CallReverse:
		if w.refusals && !honest {
			return w.statement(b, operator.StatusReversalRefused)
		}
		switch b.status {
		case operator.StatusApproved:
			b.credits++
			b.status = operator.StatusReversed
		case 0, operator.StatusAwaitingPassword:
			b.status = operator.StatusReversed
		}
	case payment.CallRefund:
		switch {
		case w.refusals && !honest:
			return w.statement(b, operator.StatusRefundRefused)
		case b.status == operator.StatusApproved:
			b.credits++
			b.status = operator.StatusRefunded
		}
	}
	return w.statement(b, b.status)
}

func (w *trial) statement(b *book, status operator.Status) operator.Answer {
	if status == 0 {
		return statement(w.p, operator.StatusNotFound)
	}
	return statement(w.p, status)
}

// customer lets time decide what waits for the customer.
func (w *trial) customer() {
	for _, code := range []string{"ICBC", "ABC"} {
		b := w.books[code]
		if b.status == operator.StatusAwaitingPassword && rapid.Bool().Draw(w.t, "types") {
			b.status = operator.StatusApproved
			b.debits++
		}
	}
}

// move takes one call one step further: into the operator, back to us, or into nothing.
func (w *trial) move() {
	if len(w.flights) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.flights)-1).Draw(w.t, "flight")
	f := w.flights[i]
	fate := rapid.SampledFrom([]string{"answer", "act", "lose", "not-sent", "drop"}).Draw(w.t, "fate")
	if f.event != nil {
		fate = "deliver"
	}
	remove := func() { w.flights = append(w.flights[:i:i], w.flights[i+1:]...) }
	switch fate {
	case "deliver":
		remove()
		w.step(*f.event)
	case "answer":
		remove()
		w.step(payment.Event{Kind: payment.EventAnswer, Call: f.call, Operator: f.operator, Answer: w.act(f, false)})
	case "act": // the answer stays on the network for a while
		w.flights[i].event = &payment.Event{Kind: payment.EventAnswer, Call: f.call, Operator: f.operator, Answer: w.act(f, false)}
	case "lose":
		w.act(f, false)
		remove()
		w.step(payment.Event{Kind: payment.EventUnknown, Call: f.call, Operator: f.operator})
	case "drop": // our time-out comes first, the operator acts later and nobody hears of it
		remove()
		w.step(payment.Event{Kind: payment.EventUnknown, Call: f.call, Operator: f.operator})
		if rapid.Bool().Draw(w.t, "acts later") {
			w.ghosts = append(w.ghosts, f)
		}
	case "not-sent":
		remove()
		w.notSent[f.operator] = w.notSent[f.operator] || f.call == payment.CallAuthorise || f.call == payment.CallOrder
		w.step(payment.Event{Kind: payment.EventNotSent, Call: f.call, Operator: f.operator})
	}
}

// disturb is one random thing that happens.
func (w *trial) disturb() {
	switch rapid.SampledFrom([]string{"move", "move", "move", "time", "time", "customer", "restart", "cancel", "ask", "repeat"}).Draw(w.t, "what") {
	case "move":
		w.move()
	case "time":
		w.pass()
	case "customer":
		w.customer()
	case "restart":
		w.restart()
	case "cancel":
		if rapid.IntRange(0, 4).Draw(w.t, "really") == 0 {
			w.step(payment.Event{Kind: payment.EventReversalRequested, Reason: operator.ReasonCashierCancelled})
		}
	case "ask":
		w.step(payment.Event{Kind: payment.EventQueryRequested})
	case "repeat":
		w.step(payment.Event{Kind: payment.EventRequested})
	}
}

// restart forgets all calls in flight; what the operators had not yet received may still reach them.
func (w *trial) restart() {
	for _, f := range w.flights {
		if f.event == nil && rapid.Bool().Draw(w.t, "had left") {
			w.ghosts = append(w.ghosts, f)
		}
	}
	w.flights = nil
	w.step(payment.Event{Kind: payment.EventRecovered})
}

// arrive lets the calls we have given up on reach their operators. It happens at the latest before a reversed payment
// is looked at again: what comes even later is for the daily reconciliation.
func (w *trial) arrive() {
	for _, f := range w.ghosts {
		w.act(f, false)
	}
	w.ghosts = nil
}

// pass lets time run to the next tick, or a little.
func (w *trial) pass() {
	if w.p.State == payment.Reversed || rapid.IntRange(0, 3).Draw(w.t, "arrive") == 0 {
		w.arrive()
	}
	if !w.p.NextAt.IsZero() && rapid.Bool().Draw(w.t, "to tick") && w.p.NextAt.After(w.now) {
		w.now = w.p.NextAt
	} else {
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 6_000).Draw(w.t, "ms")) * time.Millisecond)
	}
	w.step(payment.Event{Kind: payment.EventTick})
}

// heal makes operators and network honest and returns how many ticks it took until the payment was definite.
func (w *trial) heal() int {
	const ticksMax = 60 // 45 s of queries 3 s apart, then the reversal; a shown code has 120 s
	w.arrive()
	for ticks := range ticksMax {
		for len(w.flights) > 0 {
			f := w.flights[0]
			w.flights = w.flights[1:]
			event := payment.Event{Kind: payment.EventAnswer, Call: f.call, Operator: f.operator}
			if f.event != nil {
				event = *f.event
			} else {
				event.Answer = w.act(f, true)
			}
			w.step(event)
		}
		if w.p.NextAt.IsZero() && w.p.State.Final() {
			return ticks
		}
		require.False(w.t, w.p.NextAt.IsZero(), "an open payment has a next tick: %s", w.p.State)
		if w.p.NextAt.After(w.now) {
			w.now = w.p.NextAt
		}
		w.step(payment.Event{Kind: payment.EventTick})
	}
	return ticksMax
}

// net is what the payment cost the customer over all operators, in whole amounts.
func (w *trial) net() int {
	net := 0
	for _, b := range w.books {
		net += b.debits - b.credits
	}
	return net
}

func TestAnyOrderOfEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTrial(t)
		if rapid.IntRange(0, 20).Draw(t, "reversal first") == 0 {
			w.step(payment.Event{Kind: payment.EventReversalRequested, Reason: operator.ReasonCashierCancelled})
		}
		w.step(payment.Event{Kind: payment.EventRequested})
		for range rapid.IntRange(0, 60).Draw(t, "disturbances") {
			w.disturb()
			require.LessOrEqual(t, w.net(), 1, "at most one net debit")
			require.GreaterOrEqual(t, w.net(), 0, "never more back than paid")
		}
		ticks := w.heal()
		require.True(t, w.p.State.Final(), "definite after %d ticks, still %s", ticks, w.p.State)
		w.checkEnd()
	})
}

// checkEnd compares the outcome with the operators' books and with our ledger.
func (w *trial) checkEnd() {
	want := 0
	if w.p.State == payment.Approved {
		want = 1
	}
	require.Equal(w.t, want, w.net(), "outcome %s against the operators' books", w.p.State)
	sales := w.ledger[payment.PostSale] - w.ledger[payment.PostReversal]
	suspense := w.ledger[payment.PostSuspense] - w.ledger[payment.PostSuspenseReturn]
	require.Equal(w.t, want, sales, "ledger %v", w.ledger)
	require.Zero(w.t, suspense, "ledger %v", w.ledger)
	require.LessOrEqual(w.t, w.ledger[payment.PostSale], 1)
	for code, b := range w.books {
		require.LessOrEqual(w.t, b.asked, 1, "operator %s was asked to authorise twice", code)
	}
	w.checkTold()
}

// checkTold: the terminal heard the outcome, and never "approved" after it had heard another final word.
func (w *trial) checkTold() {
	require.NotEmpty(w.t, w.told)
	require.Equal(w.t, w.p.Outcome(), w.told[len(w.told)-1])
	over := false
	for _, outcome := range w.told {
		require.False(w.t, over && outcome == payment.OutcomeApproved, "told %v", w.told)
		over = over || outcome == payment.OutcomeDeclined || outcome == payment.OutcomeReversed
	}
}

func TestTerminalIsToldWithinFiveSeconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTrial(t)
		w.step(payment.Event{Kind: payment.EventRequested})
		for w.now.Sub(start()) <= 5*time.Second && len(w.told) == 0 {
			if !w.p.NextAt.IsZero() && !w.p.NextAt.After(w.now) {
				w.step(payment.Event{Kind: payment.EventTick})
			}
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				w.move()
			}
			w.now = w.now.Add(100 * time.Millisecond)
		}
		require.NotEmpty(t, w.told, fmt.Sprintf("silent for %s in %s", w.now.Sub(start()), w.p.State))
	})
}

func TestQueriesKeepTheirDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		machine, p := newMachine(t), newPayment(t, nil)
		now, last := start(), time.Time{}
		p, _ = machine.Step(p, payment.Event{Kind: payment.EventRequested}, now)
		for range 40 {
			now = now.Add(time.Duration(rapid.IntRange(0, 2_000).Draw(t, "ms")) * time.Millisecond)
			event := payment.Event{Kind: payment.EventTick}
			if rapid.IntRange(0, 5).Draw(t, "what") == 0 {
				event = payment.Event{Kind: payment.EventUnknown, Call: payment.CallAuthorise, Operator: "ICBC"}
			}
			var effects []payment.Effect
			p, effects = machine.Step(p, event, now)
			for _, effect := range effects {
				if effect.Kind == payment.CallQuery && !p.ReversalRefused {
					require.True(t, last.IsZero() || now.Sub(last) >= 3*time.Second, "queries %s apart", now.Sub(last))
					last = now
				}
			}
		}
	})
}
