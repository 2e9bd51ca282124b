package world

import (
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/yuantill/yuantill/protocol/message"
)

// dealing is one call about one payment as those at the tills saw it, from the record that asked to the one that says what
// they were told. Several are under way at once: a sale and its cancellation, refunds at two tills, questions how it stands,
// and each of them may be asked again before it is answered.
type dealing struct {
	of       order
	kind     dealingKind
	amount   int64 // of a sale or refund; 0 for a void, which is of the whole
	call     time.Duration
	answered bool
	end      time.Duration // once answered
	told     told
}

type dealingKind uint8

const (
	selling dealingKind = iota + 1
	takingBack
	refunding
	voiding
	asking
	disputing // the customer's bank takes some of it back: nobody answers, and it counts once the cloud has heard of it
)

// told is what somebody was told by the cloud's word, never by a till's own.
type told struct {
	outcome        message.Outcome // unspecified for an order that the cloud does not know
	limit          bool            // declined because no more is left
	paid, refunded int64           // how it stands, to who asked that
}

// dealings are all of a run.
type dealings struct {
	list []*dealing
	open map[string]*dealing // by the id of the sale or follow-up; what was answered too
}

// begin notes a call. One that was begun already is only asked again.
func (d *dealings) begin(w *World, id string, of order, kind dealingKind, amount int64) *dealing {
	if known := d.open[id]; known != nil && id != "" {
		return known
	}
	began := &dealing{of: of, kind: kind, amount: amount, call: w.loop.now}
	d.list = append(d.list, began)
	if id != "" {
		d.open[id] = began
	}
	return began
}

// answer notes the first answer to a call that has an id.
func (d *dealings) answer(w *World, id string, t told) {
	if known := d.open[id]; known != nil {
		known.answer(w, t)
	}
}

func (d *dealing) answer(w *World, t told) {
	if !d.answered {
		d.answered, d.end, d.told = true, w.loop.now, t
	}
}

// overlaps reports whether two calls, both of them answered, were under way at once.
func (d *dealing) overlaps(other *dealing) bool {
	return d.answered && other.answered && d.call < other.end && other.call < d.end
}

// byOrder are the calls about each order, in the order in which the first of them came.
func (d *dealings) byOrder() [][]*dealing {
	at, parts := map[order]int{}, [][]*dealing{}
	for _, one := range d.list {
		if _, known := at[one.of]; !known {
			at[one.of] = len(parts)
			parts = append(parts, nil)
		}
		parts[at[one.of]] = append(parts[at[one.of]], one)
	}
	return parts
}

// dealingsMax bounds the calls about one payment that are judged: each has a bit in the model's state.
const dealingsMax = 32

// unanswered is when a call ends that nobody has answered: it may have its effect at any later time.
const unanswered = int64(1 << 62)

// operationsOf writes calls about one payment as the model has them. Most are one operation. A sale is its effect and the word
// of it. What was declined for another reason than the limit may have counted for a while, until it was let go.
func operationsOf(calls []*dealing) []porcupine.Operation {
	var all []porcupine.Operation
	for i, c := range calls {
		add := func(what deedKind) {
			d := deed{what: what, void: c.kind == voiding, amount: c.amount, bit: 1 << i}
			if what == refuses {
				d.disputes = disputesBefore(calls, c.end)
			}
			operation := porcupine.Operation{ClientId: len(all), Input: d, Call: int64(c.call), Return: unanswered, Output: c.told}
			if c.answered {
				operation.Return = int64(c.end)
			}
			all = append(all, operation)
		}
		approved, declined := c.told.outcome == message.Outcome_OUTCOME_APPROVED, c.told.outcome == message.Outcome_OUTCOME_DECLINED
		switch {
		case c.kind == selling && c.answered:
			add(decides)
			add(tells)
		case c.kind == selling: // nobody was told of its end
			add(decides)
		case c.kind == takingBack:
			add(reverses)
		case c.kind == asking && c.answered:
			add(tells)
		case c.kind == asking: // it moves nothing
		case c.kind == disputing:
			add(tries)
		case approved:
			add(givesBack)
		case declined && c.told.limit:
			add(refuses)
		case declined:
			add(tries)
			add(letsGo)
		default:
			add(tries)
		}
	}
	return all
}

// disputesBefore are the disputes that had begun by then.
func disputesBefore(calls []*dealing, then time.Duration) []deed {
	var all []deed
	for i, c := range calls {
		if c.kind == disputing && c.call <= then {
			all = append(all, deed{what: tries, amount: c.amount, bit: 1 << i})
		}
	}
	return all
}

// checkDealings judges what was said of each payment to all who dealt with it. Of holds the model knows nothing; of what only
// a copied card has paid, a till's own word may be taken back, and of what an operator lied about any word.
func (w *World) checkDealings() {
	for _, calls := range w.dealings.byOrder() {
		of := calls[0].of
		if p := w.purchases[of]; p == nil || p.hold || w.doubled(of) || w.liedAbout(of) || len(calls) > dealingsMax {
			continue
		}
		for i, c := range calls {
			for _, other := range calls[:i] {
				if c.overlaps(other) {
					w.hit("calls-overlap")
				}
			}
		}
		if !porcupine.CheckOperations(standingModel(), operationsOf(calls)) {
			w.violation("answers-contradict", "no order of what was done about %s gives what the tills were told of it", w.alias(of))
		}
	}
}
