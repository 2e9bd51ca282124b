package world

import (
	"context"
	"errors"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
)

// Calls of a till's API take no time in the world, which has one thread: they hardly overlap, and each sale at each till is a
// history of its own. Porcupine sees here that a definite outcome stays as the API tells it, over restarts and for calls whose
// process died with the answer. What several tills ask of one payment at once is in dealing.go.

// history is what a till's API was asked and what it answered, sale by sale. A call whose process died has no answer; it
// may have had its effect at any later time.
type history struct{ operations []porcupine.Operation }

// asked is a call: one sale at one machine, which is another one with other files.
type asked struct {
	till string
	sale order
	// doubled says that only a copy of a card has paid it: what a till took by itself is then not honoured.
	doubled bool
}

// answered is what it returned.
type answered struct {
	outcome message.Outcome
	silent  bool // the process died, or refused
}

// call notes a call and returns where its answer goes.
func (h *history) call(t *till, id order) (answer func(answered)) {
	h.operations = append(h.operations, porcupine.Operation{ClientId: len(h.operations), Input: asked{till: t.mind(), sale: id},
		Call: int64(t.world.loop.now), Output: answered{silent: true}, Return: int64(1 << 62)})
	mine := len(h.operations) - 1
	return func(a answered) {
		h.operations[mine].Output, h.operations[mine].Return = a, int64(t.world.loop.now)
	}
}

// register is the model that all histories must fit: a sale's outcome is none or unknown, a card that certainly did not
// pay taking it back from unknown to none, until it is definite; and that stays for ever, over restarts too.
func register() porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			at, parts := map[asked]int{}, [][]porcupine.Operation{}
			for _, operation := range history {
				key := operation.Input.(asked)
				if _, known := at[key]; !known {
					at[key] = len(parts)
					parts = append(parts, nil)
				}
				parts[at[key]] = append(parts[at[key]], operation)
			}
			return parts
		},
		Init: func() any { return message.Outcome_OUTCOME_UNSPECIFIED },
		Step: func(state, input, output any) (bool, any) {
			before, a := state.(message.Outcome), output.(answered)
			if a.silent {
				return true, before
			}
			if input.(asked).doubled && before == message.Outcome_OUTCOME_APPROVED && a.outcome == message.Outcome_OUTCOME_DECLINED {
				return true, a.outcome
			}
			return before == a.outcome || !definite(before), a.outcome
		},
	}
}

func definite(outcome message.Outcome) bool {
	return outcome != message.Outcome_OUTCOME_UNSPECIFIED && outcome != message.Outcome_OUTCOME_UNKNOWN
}

// checkHistory judges what the tills' APIs said.
func (w *World) checkHistory() {
	for i := range w.history.operations {
		operation := &w.history.operations[i]
		key := operation.Input.(asked)
		key.doubled = w.doubled(key.sale)
		operation.Input = key
	}
	if !porcupine.CheckOperations(register(), w.history.operations) {
		w.violation("outcome-went-back", "the answers of a till's API about one sale contradict each other")
	}
}

// press gives an intent to a sale, as the cashier's screen does.
func (t *till) press(id order, intent station.Intent) {
	answer := t.world.history.call(t, id)
	view, err := t.agent.Till().Press(context.Background(), checkout.OrderID(id), intent)
	t.answered(answer, view, err)
}

// ask asks how a sale stands, as a shop's program does.
func (t *till) ask(id order) {
	if t.life == nil {
		return
	}
	answer := t.world.history.call(t, id)
	view, err := t.agent.Till().Sale(context.Background(), checkout.OrderID(id))
	t.answered(answer, view, err)
}

func (t *till) answered(answer func(answered), view checkout.View, err error) {
	var refusal *station.Refusal
	switch {
	case err == nil:
		answer(answered{outcome: view.Sale.Outcome()})
	case errors.As(err, &refusal):
		answer(answered{silent: true})
	default:
		t.world.trace("%s: internal error", t.name)
		answer(answered{silent: true})
	}
}

// askLater has a shop's program ask about a sale some times.
func (t *till) askLater(id order) {
	for _, later := range []time.Duration{2 * time.Second, 9 * time.Second, 50 * time.Second, 4 * time.Minute, time.Hour} {
		t.world.loop.after(later, nil, func() { t.ask(id) })
	}
}
