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

// vault is an operator's honest knowledge of one approved order: its own limits, its own memory of follow-ups.
type vault struct {
	hold                    bool
	debited, credited, held int64
	percent                 int64
	ended, disputed         bool
	answers                 map[operator.FollowUpID]operator.FollowUpAnswer
	freed                   map[operator.FollowUpID]int64
	amounts                 map[operator.FollowUpID]int64
	undone                  map[operator.FollowUpID]bool
	total, completed        int64
}

// errand is a follow-up on its way to the operator, or its answer on the way back.
type errand struct {
	request operator.FollowUp
	answer  *operator.FollowUpAnswer
}

// followTrial runs one approved order against an operator and a network that misbehave as rapid draws it.
type followTrial struct {
	t        *rapid.T
	machine  payment.Machine
	p        payment.Payment
	now      time.Time
	vault    *vault
	errands  []errand
	others   []payment.EffectKind // reversals and refunds of the whole
	next     byte
	refusals bool
	reversed bool
	disputes []payment.Dispute // that the operator has made, whether stated or not

	taken, declined map[operator.FollowUpID]bool
	// The books: operator and fees as postings make them, and what is held beside them.
	book, fees, memo int64
}

func newFollowTrial(t *rapid.T) *followTrial {
	w := &followTrial{t: t, machine: newMachine(t), now: start(), taken: map[operator.FollowUpID]bool{}, declined: map[operator.FollowUpID]bool{},
		vault: &vault{answers: map[operator.FollowUpID]operator.FollowUpAnswer{}, freed: map[operator.FollowUpID]int64{},
			amounts: map[operator.FollowUpID]int64{}, undone: map[operator.FollowUpID]bool{}}}
	w.refusals = rapid.Bool().Draw(t, "refusals")
	w.p = newPayment(t, func(p *payment.Payment) {
		p.Amount = rapid.OneOf(rapid.Int64Range(1, 3_000), rapid.Int64Range(1, payment.AmountMax)).Draw(t, "amount")
		p.Batch, p.BackUps = 1, nil
		p.FeeRate, p.FeeCap = rapid.Uint16Range(0, 60).Draw(t, "rate"), rapid.Uint16Range(0, 60).Draw(t, "cap")
		if p.Hold = rapid.Bool().Draw(t, "hold"); p.Hold {
			p.HoldCap = rapid.SampledFrom([]uint16{100, 100, 115, 200, 33}).Draw(t, "percent")
			p.HoldUntil = start().Add(time.Hour)
		}
	})
	w.vault.hold, w.vault.percent = w.p.Hold, int64(w.p.HoldCap)
	w.step(payment.Event{Kind: payment.EventRequested})
	if w.p.Hold {
		w.vault.held, w.vault.total = w.p.Amount, w.p.Amount
	} else {
		w.vault.debited = w.p.Amount
	}
	w.step(payment.Event{Kind: payment.EventAnswer, Call: payment.CallAuthorise, Operator: "ICBC", Answer: statement(w.p, operator.StatusApproved)})
	return w
}

func (w *followTrial) step(e payment.Event) {
	before := w.p
	kept, err := before.MarshalBinary()
	require.NoError(w.t, err)
	after, effects := w.machine.Step(before, e, w.now)
	unchanged, err := before.MarshalBinary()
	require.NoError(w.t, err)
	require.Equal(w.t, kept, unchanged, "a step leaves its argument alone")
	again, sameEffects := w.machine.Step(before, e, w.now)
	require.Equal(w.t, after, again, "a step is a function of its arguments")
	require.Equal(w.t, effects, sameEffects)
	w.p = after
	requireStorable(w.t, after)
	require.GreaterOrEqual(w.t, after.Revision, before.Revision)
	if after.Standing() != before.Standing() {
		require.Greater(w.t, after.Revision, before.Revision)
	}
	for _, f := range before.FollowUps {
		now, known := after.FollowUp(f.ID)
		if f.Status != payment.UnderWay {
			require.True(w.t, known && now.Status == f.Status && now.Amount == f.Amount && now.Fee == f.Fee, "definite follow-ups stay: %+v", f)
		}
	}
	for _, effect := range effects {
		w.run(before, effect)
	}
	w.checkStep()
}

func (w *followTrial) run(before payment.Payment, effect payment.Effect) {
	switch effect.Kind {
	case payment.CallFollowUp:
		f, _ := w.p.FollowUp(effect.FollowUp)
		was, known := before.FollowUp(effect.FollowUp)
		require.Equal(w.t, payment.UnderWay, f.Status)
		require.True(w.t, f.Kind == operator.KindComplete || !f.Last, "an operator would never understand it")
		require.Equal(w.t, f.Kind == operator.KindUndo, f.Undoes != operator.FollowUpID{})
		require.True(w.t, !known || was.Status == payment.UnderWay, "no second call for what is definite")
		w.errands = append(w.errands, errand{request: operator.FollowUp{ID: f.ID, OrderID: w.p.OrderID, Kind: f.Kind, Amount: f.Amount,
			Currency: w.p.Currency, Undoes: f.Undoes, Last: f.Last}})
	case payment.CallReverse, payment.CallRefund, payment.CallQuery:
		w.others = append(w.others, effect.Kind)
	case payment.Post:
		w.post(effect)
	case payment.TakeFollowUp:
		require.False(w.t, w.taken[effect.FollowUp] || w.declined[effect.FollowUp])
		w.taken[effect.FollowUp] = true
	case payment.DeclineFollowUp:
		require.False(w.t, w.taken[effect.FollowUp])
		w.declined[effect.FollowUp] = true
	default:
	}
}

// post books as package ledger does.
func (w *followTrial) post(e payment.Effect) {
	switch e.Posting {
	case payment.PostSale:
		w.book, w.fees = w.book+e.Amount, w.fees+e.Fee
	case payment.PostReversal, payment.PostVoid, payment.PostRefund, payment.PostDispute:
		w.book, w.fees = w.book-e.Amount, w.fees-e.Fee
	case payment.PostHold, payment.PostTopUp:
		w.memo += e.Held
	case payment.PostHoldReturn, payment.PostRelease:
		w.memo -= e.Held
	case payment.PostCompletion:
		w.book, w.fees, w.memo = w.book+e.Amount, w.fees+e.Fee, w.memo-e.Held
	case payment.PostUndo:
		w.book, w.fees, w.memo = w.book-e.Amount, w.fees-e.Fee, w.memo+e.Held
	default:
		w.t.Fatalf("unexpected posting %s", e.Posting)
	}
}

// checkStep is what holds after every step.
func (w *followTrial) checkStep() {
	require.LessOrEqual(w.t, w.vault.credited, w.vault.debited, "the operator never pays back more than was paid")
	require.GreaterOrEqual(w.t, w.vault.held, int64(0))
	require.GreaterOrEqual(w.t, w.book, int64(0), "our books neither")
	require.GreaterOrEqual(w.t, w.memo, int64(0))
	require.GreaterOrEqual(w.t, w.fees, int64(0))
	require.LessOrEqual(w.t, w.fees*10_000, w.book*int64(w.p.FeeCap), "the fee left exceeds the cap on what is left")
	standing := w.p.Standing()
	require.LessOrEqual(w.t, standing.Refunded, standing.Paid, "refunds definite and under way exceed what was paid: %+v", w.p.FollowUps)
	back := int64(0)
	for _, f := range w.p.FollowUps { // counted here, however it is counted there
		if f.Status != payment.Refused && (f.Kind == operator.KindVoid || f.Kind == operator.KindRefund || f.Kind == operator.KindDispute) {
			back += f.Amount
		}
	}
	require.True(w.t, !w.p.Stands() || back <= standing.Paid, "what waits behind others counts too: %+v", w.p.FollowUps)
	if w.p.Hold && w.p.Stands() {
		require.LessOrEqual(w.t, standing.Paid, standing.Held*int64(w.p.HoldCap)/100, "completions exceed the cap")
	}
	require.LessOrEqual(w.t, len(w.p.FollowUps), payment.FollowUpsMax+4+16)
}

// act lets the operator decide a follow-up, once.
func (w *followTrial) act(r operator.FollowUp, honest bool) operator.FollowUpAnswer {
	v := w.vault
	if known, decided := v.answers[r.ID]; decided {
		return known
	}
	answer := operator.FollowUpAnswer{ID: r.ID, OrderID: r.OrderID, Status: operator.FollowUpRefused, Reason: operator.ReasonWalletBlocked}
	if !w.refusals || honest || rapid.IntRange(0, 3).Draw(w.t, "refuse") != 0 {
		if answer.Reason = v.decide(r); answer.Reason == operator.ReasonNone {
			answer.Status, answer.Amount, answer.Currency, answer.Reference = operator.FollowUpDone, r.Amount, r.Currency, "F1"
		}
	}
	v.answers[r.ID] = answer
	return answer
}

// decide applies the operator's own rules.
func (v *vault) decide(r operator.FollowUp) operator.Reason {
	switch r.Kind {
	case operator.KindVoid, operator.KindRefund:
		if r.Amount > v.debited-v.credited || r.Kind == operator.KindVoid && (v.credited != 0 || r.Amount != v.debited) {
			return operator.ReasonLimitExceeded
		}
		v.credited += r.Amount
		return operator.ReasonNone
	default:
	}
	if v.ended || !v.hold {
		return operator.ReasonHoldEnded
	}
	switch r.Kind {
	case operator.KindTopUp:
		v.held, v.total = v.held+r.Amount, v.total+r.Amount
	case operator.KindComplete:
		if v.completed+r.Amount > v.total*v.percent/100 {
			return operator.ReasonLimitExceeded
		}
		taken := min(r.Amount, v.held)
		if r.Last {
			taken, v.ended = v.held, true
		}
		v.freed[r.ID], v.amounts[r.ID] = taken, r.Amount
		v.held, v.debited, v.completed = v.held-taken, v.debited+r.Amount, v.completed+r.Amount
	case operator.KindCancel:
		if r.Amount != v.held {
			return operator.ReasonInvalidRequest
		}
		v.held, v.ended = 0, true
	case operator.KindUndo:
		amount, known := v.amounts[r.Undoes]
		if !known || v.undone[r.Undoes] || r.Amount != amount || amount > v.debited-v.credited {
			return operator.ReasonLimitExceeded
		}
		v.undone[r.Undoes] = true
		v.held, v.debited, v.completed = v.held+v.freed[r.Undoes], v.debited-amount, v.completed-amount
	default:
	}
	return operator.ReasonNone
}

// ask lets a terminal ask for something, with an amount near the limits.
func (w *followTrial) ask() {
	standing := w.p.Standing()
	near := []int64{1, w.p.Amount, standing.Paid - standing.Refunded, standing.Held - standing.Paid, w.p.Amount / 3, w.p.Amount + 1}
	amount := rapid.SampledFrom(near).Draw(w.t, "near") + rapid.Int64Range(-1, 1).Draw(w.t, "off")
	asked := &payment.Asked{FollowUp: refund(w.next, amount), Currency: "CNY", Batch: rapid.Uint32Range(1, 2).Draw(w.t, "batch")}
	if rapid.IntRange(0, 5).Draw(w.t, "again") != 0 {
		w.next++
		asked.ID, asked.Sequence = numbered(w.next), uint64(w.next)
	}
	kinds := []operator.FollowUpKind{operator.KindVoid, operator.KindRefund, operator.KindRefund}
	if w.p.Hold {
		kinds = []operator.FollowUpKind{operator.KindRefund, operator.KindRefund, operator.KindTopUp, operator.KindComplete, operator.KindComplete,
			operator.KindComplete, operator.KindUndo, operator.KindUndo, operator.KindCancel}
	}
	asked.Kind = rapid.SampledFrom(kinds).Draw(w.t, "kind")
	switch asked.Kind {
	case operator.KindVoid, operator.KindCancel:
		asked.Amount = 0
	case operator.KindUndo:
		asked.Amount = 0
		if len(w.p.FollowUps) > 0 {
			asked.Undoes = rapid.SampledFrom(w.p.FollowUps).Draw(w.t, "undoes").ID
		}
	default:
		asked.Undoes = numbered(rapid.ByteRange(0, 3).Draw(w.t, "undoes too"))
	}
	asked.Last = rapid.IntRange(0, 5).Draw(w.t, "last") == 0
	if w.declined[asked.ID] {
		return // the service answers it from its row
	}
	w.step(payment.Event{Kind: payment.EventFollowUpRequested, Asked: asked})
}

// move takes one errand a step further: into the operator, back to us, or into nothing.
func (w *followTrial) move() {
	if len(w.errands) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.errands)-1).Draw(w.t, "errand")
	e := w.errands[i]
	event := payment.Event{Kind: payment.EventAnswer, Call: payment.CallFollowUp, Operator: "ICBC", FollowUp: e.request.ID}
	fate := rapid.SampledFrom([]string{"answer", "answer", "act", "lose", "not-sent", "pending"}).Draw(w.t, "fate")
	if e.answer != nil {
		fate = "deliver"
	}
	remove := func() { w.errands = append(w.errands[:i:i], w.errands[i+1:]...) }
	switch fate {
	case "act": // the answer stays on the network for a while
		answer := w.act(e.request, false)
		w.errands[i].answer = &answer
		return
	case "deliver":
		event.FollowUpAnswer = e.answer
	case "answer":
		answer := w.act(e.request, false)
		event.FollowUpAnswer = &answer
	case "pending":
		event.FollowUpAnswer = &operator.FollowUpAnswer{ID: e.request.ID, OrderID: e.request.OrderID, Status: operator.FollowUpPending}
	case "lose":
		w.act(e.request, false)
		event.Kind = payment.EventUnknown
	case "not-sent":
		event.Kind = payment.EventNotSent
	}
	remove()
	w.step(event)
}

// whole carries out what asks for the whole order: reversal or refund where nothing followed.
func (w *followTrial) whole() {
	for len(w.others) > 0 {
		call := w.others[0]
		w.others = w.others[1:]
		status := operator.StatusReversed
		if call == payment.CallQuery && w.p.State != payment.Reversed {
			status = operator.StatusApproved
		} else {
			if w.vault.disputed { // only follow-ups can tell how much is left
				status = operator.StatusReversalRefused
				if call == payment.CallRefund {
					status = operator.StatusRefundRefused
				}
			} else {
				w.vault.credited, w.vault.held, w.vault.ended = w.vault.debited, 0, true
			}
		}
		w.step(payment.Event{Kind: payment.EventAnswer, Call: call, Operator: "ICBC", Answer: statement(w.p, status)})
	}
}

func (w *followTrial) disturb() {
	switch rapid.SampledFrom([]string{"ask", "ask", "ask", "move", "move", "move", "time", "restart", "query", "reverse", "end", "dispute", "state"}).Draw(w.t, "what") {
	case "ask":
		w.ask()
	case "move":
		w.move()
	case "time":
		if !w.p.NextAt.IsZero() && rapid.Bool().Draw(w.t, "to tick") && w.p.NextAt.Before(start().Add(time.Hour)) {
			w.now = w.p.NextAt
		} else {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(w.t, "ms")) * time.Millisecond)
		}
		w.step(payment.Event{Kind: payment.EventTick})
	case "restart":
		kept := w.errands[:0:0]
		for _, e := range w.errands { // calls die with the process, whether the operator acted or not
			if e.answer == nil && rapid.Bool().Draw(w.t, "acts") {
				w.act(e.request, false)
			}
		}
		w.errands = kept
		w.step(payment.Event{Kind: payment.EventRecovered})
	case "query":
		w.step(payment.Event{Kind: payment.EventQueryRequested})
	case "reverse":
		if rapid.IntRange(0, 5).Draw(w.t, "really") == 0 {
			w.reversed = true
			w.now = w.now.Add(16 * time.Second)
			w.step(payment.Event{Kind: payment.EventReversalRequested, Reason: operator.ReasonCashierCancelled})
			w.whole()
		}
	case "dispute":
		if left := w.vault.debited - w.vault.credited; left > 0 && len(w.disputes) < 8 && rapid.IntRange(0, 2).Draw(w.t, "really") == 0 {
			d := payment.Dispute{Operator: "ICBC", Reference: fmt.Sprintf("D%d", len(w.disputes)), Currency: "CNY",
				Amount: rapid.Int64Range(1, left).Draw(w.t, "disputed")}
			w.vault.credited += d.Amount
			w.vault.disputed = true
			w.disputes = append(w.disputes, d)
		}
	case "state":
		w.state()
	case "end":
		if rapid.IntRange(0, 8).Draw(w.t, "really") == 0 && w.p.Hold {
			w.now = start().Add(time.Hour)
			w.step(payment.Event{Kind: payment.EventTick})
		}
	}
}

// state has the operator state all disputes, the known ones too.
func (w *followTrial) state() {
	for i := range w.disputes {
		w.step(payment.Event{Kind: payment.EventDisputed, Dispute: &w.disputes[i]})
	}
}

// heal makes operator and network honest and lets time run until everything is definite.
func (w *followTrial) heal() {
	const ticksMax = 400
	for range ticksMax {
		for len(w.errands) > 0 {
			e := w.errands[0]
			w.errands = w.errands[1:]
			answer := w.act(e.request, true)
			w.step(payment.Event{Kind: payment.EventAnswer, Call: payment.CallFollowUp, Operator: "ICBC", FollowUp: e.request.ID, FollowUpAnswer: &answer})
		}
		w.whole()
		w.state()
		if w.p.NextAt.IsZero() {
			return
		}
		if w.p.NextAt.After(w.now) {
			w.now = w.p.NextAt
		}
		w.step(payment.Event{Kind: payment.EventTick})
	}
	require.Fail(w.t, "never definite", "%+v", w.p)
}

func TestAnyOrderOfFollowUps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newFollowTrial(t)
		for range rapid.IntRange(0, 60).Draw(t, "disturbances") {
			w.disturb()
		}
		w.heal()
		require.True(t, w.p.State.Final(), w.p.State.String())
		require.False(t, w.p.Pursued(), "every follow-up ends definite")
		for _, d := range w.disputes {
			f, known := w.p.Disputed(d.Reference)
			require.True(t, known && f.Status == payment.Done && f.Amount == d.Amount, "an honest operator's disputes are all booked: %+v", f)
		}
		require.Equal(t, w.vault.debited-w.vault.credited, w.book, "our books against the operator's: %+v", w.p.FollowUps)
		require.Equal(t, w.vault.held, w.memo, "what is held: %+v", w.p.FollowUps)
		require.Zero(t, w.memo, "at the end of its time nothing is held")
		if w.reversed {
			require.Equal(t, payment.OutcomeReversed, w.p.Outcome())
			require.Zero(t, w.book, "the reversal wins")
		}
		if w.book == 0 {
			require.Zero(t, w.fees, "a full refund gives the whole fee back")
		}
		standing := w.p.Standing()
		if w.p.Stands() {
			require.Equal(t, w.book, standing.Paid-standing.Refunded)
		}
	})
}

// TestFeesOverTheDay: what many orders cost together stays within the cap of what was paid, before and after refunds.
func TestFeesOverTheDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		machine := newMachine(t)
		rate, limit := rapid.Uint16Range(0, 60).Draw(t, "rate"), rapid.Uint16Range(0, 60).Draw(t, "cap")
		var paid, left, charged, kept int64
		for order := range rapid.IntRange(1, 20).Draw(t, "orders") {
			p := newPayment(t, func(p *payment.Payment) {
				p.OrderID[15] = byte(order)
				p.Amount, p.FeeRate, p.FeeCap = rapid.Int64Range(1, 20_000).Draw(t, "amount"), rate, limit
			})
			p, _ = machine.Step(p, payment.Event{Kind: payment.EventRequested}, start())
			p, _ = machine.Step(p, payment.Event{Kind: payment.EventAnswer, Call: payment.CallAuthorise, Operator: "ICBC",
				Answer: statement(p, operator.StatusApproved)}, start())
			paid, left, charged, kept = paid+p.Amount, left+p.Amount, charged+p.Fee, kept+p.Fee
			for n := range rapid.IntRange(0, 5).Draw(t, "refunds") {
				asked := &payment.Asked{FollowUp: refund(byte(n), rapid.Int64Range(1, p.Amount).Draw(t, "refund")), Currency: "CNY"}
				p, _ = machine.Step(p, payment.Event{Kind: payment.EventFollowUpRequested, Asked: asked}, start())
				if _, taken := p.FollowUp(asked.ID); !taken {
					continue
				}
				p, _ = machine.Step(p, payment.Event{Kind: payment.EventAnswer, Call: payment.CallFollowUp, Operator: "ICBC", FollowUp: asked.ID,
					FollowUpAnswer: followUpStatement(p, asked.ID, operator.FollowUpDone)}, start())
				f, _ := p.FollowUp(asked.ID)
				left, kept = left-f.Amount, kept-f.Fee
			}
		}
		require.LessOrEqual(t, charged*10_000, paid*int64(limit))
		require.LessOrEqual(t, kept*10_000, left*int64(limit))
		require.GreaterOrEqual(t, kept, int64(0))
	})
}
