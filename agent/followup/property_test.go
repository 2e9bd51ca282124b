package followup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

func drawStarted(t *rapid.T) followup.Started {
	kind := followup.Kind(rapid.IntRange(1, 6).Draw(t, "kind"))
	amount := money.Money{Minor: rapid.Int64Range(0, 10000).Draw(t, "amount"), Currency: money.CNY}
	event := started(kind, amount)
	event.Offline = followup.Takes(kind) && rapid.Bool().Draw(t, "offline")
	return event
}

// drawEvent is anything that can happen to a follow-up that was asked for, likely or not.
func drawEvent(t *rapid.T, w *world) followup.Event {
	f := w.followUp
	switch rapid.IntRange(0, 7).Draw(t, "event") {
	case 0, 1, 2:
		r := answer(f, message.Outcome(rapid.IntRange(0, 4).Draw(t, "outcome")), rapid.Uint32Range(0, 5).Draw(t, "revision"))
		if rapid.IntRange(0, 7).Draw(t, "foreign") == 0 {
			r.Amount++
		}
		return followup.ResultArrived{Result: r}
	case 3:
		return followup.ReprintPressed{Copies: checkout.CustomerCopy}
	case 4:
		return followup.Printed{Printed: checkout.Printed{
			Copy:   message.ReceiptPrinted_Copy(rapid.IntRange(1, 2).Draw(t, "copy")),
			Result: message.ReceiptPrinted_Result(rapid.IntRange(1, 3).Draw(t, "printed")),
		}}
	case 5:
		refused := []uint64{f.RequestSequence, rapid.Uint64Range(0, w.last).Draw(t, "record")}
		return followup.RecordRefused{Sequence: rapid.SampledFrom(refused).Draw(t, "refused"), Request: w.request}
	default:
		return followup.Tick{}
	}
}

// TestSafety plays anything at all, with a journal that fails now and then and restarts in between, and holds after each
// step what must never be broken.
func TestSafety(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.give(drawStarted(t))
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "pass")) * time.Millisecond)
			before := w.followUp
			w.journalFails = rapid.IntRange(0, 7).Draw(t, "journal") == 0
			if rapid.IntRange(0, 15).Draw(t, "power") == 0 {
				w.journalFails = false
				w.restart(t)
				checkRestarted(t, before, w)
			} else {
				event := drawEvent(t, w)
				w.give(event)
				checkStep(t, before, event, w)
			}
			checkShown(t, w)
			if !w.followUp.State.Final() {
				require.True(t, w.timer.Before(w.now.Add(rules.Timing.AskSlowly+time.Second)), "it is never just left")
			}
		}
	})
}

// checkStep: what is definite stays; only the cloud's own word about this money makes it so.
func checkStep(t *rapid.T, before followup.FollowUp, event followup.Event, w *world) {
	after := w.followUp
	if before.State.Final() {
		require.Equal(t, before.State, after.State, "final states are never left")
		return
	}
	if !after.State.Final() {
		return
	}
	arrived, isResult := event.(followup.ResultArrived)
	require.True(t, isResult, "only the cloud decides")
	require.Equal(t, after.Outcome(), arrived.Result.GetOutcome())
	if after.State == followup.Approved && after.Amount.Minor != 0 && after.Kind == message.FollowUp_FOLLOW_UP_REFUND {
		require.Equal(t, after.Amount.Minor, arrived.Result.GetAmount())
	}
}

// checkRestarted: it is asked for with the record there is, never anew, and nothing is printed by itself.
func checkRestarted(t *rapid.T, before followup.FollowUp, w *world) {
	require.Equal(t, before.ID, w.followUp.ID)
	if before.State.Final() {
		require.Equal(t, before.State, w.followUp.State)
	}
	for _, effect := range w.effects {
		switch e := effect.(type) {
		case checkout.Print, checkout.SendNow:
			require.Failf(t, "after a restart", "%T", effect)
		case checkout.Ask:
			require.Equal(t, w.asked, e.Sequence, "with the same record")
		}
	}
}

// checkShown: nothing is shown, printed or asked that is not recorded, and one id is one request.
func checkShown(t *rapid.T, w *world) {
	requests, named := 0, map[uint64]bool{}
	shown := map[message.Outcome]int{}
	for _, entry := range w.records {
		switch entry.kind {
		case record.FollowUpRequested:
			if entry.again != 0 {
				require.False(t, named[entry.again], "a refused record is made anew once")
				named[entry.again] = true
				continue
			}
			requests++
		case record.FollowUpShown:
			shown[entry.outcome]++
		}
	}
	require.Equal(t, 1, requests)
	for outcome, times := range shown {
		if w.followUp.Offline && w.followUp.State == followup.Approved {
			times-- // the till's own word, and the cloud's
		}
		if w.followUp.Offline && outcome == message.Outcome_OUTCOME_APPROVED {
			times -= len(named) // the till's own word goes along with each
		}
		require.Equal(t, 1, times, "%s is recorded once", outcome)
	}
	if w.followUp.State != followup.Asking {
		require.NotZero(t, shown[w.followUp.Outcome()], "%s is not recorded", w.followUp.State)
	}
	for _, effect := range w.effects {
		if print, ok := effect.(checkout.Print); ok && !print.Reprint {
			require.Contains(t, []followup.State{followup.Approved, followup.TakenOffline}, w.followUp.State)
			require.NotZero(t, print.Copies&w.followUp.Unprinted, "a copy handed to the printer is waited for")
		}
	}
}

// TestLiveness lets anything happen, then only what an honest world does: it ends within a bound.
func TestLiveness(t *testing.T) {
	const ticksMax = 400
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.give(drawStarted(t))
		for range rapid.IntRange(0, 15).Draw(t, "mess") {
			w.journalFails = rapid.IntRange(0, 5).Draw(t, "journal") == 0
			w.give(drawEvent(t, w))
		}
		w.journalFails = false
		final := message.Outcome(rapid.IntRange(1, 2).Draw(t, "cloud says"))
		for range ticksMax {
			if w.followUp.State.Final() {
				break
			}
			if w.timer.After(w.now) {
				w.now = w.timer
			}
			w.give(followup.Tick{})
			for _, effect := range w.effects {
				if _, asked := effect.(checkout.Ask); asked {
					r := answer(w.followUp, final, 9)
					r.Amount = max(r.Amount, 1)
					w.give(followup.ResultArrived{Result: r})
					break
				}
			}
		}
		require.True(t, w.followUp.State.Final(), "still %s", w.followUp.State)
	})
}

// TestStepChangesNothingItIsGiven: the caller keeps it as it was, to go back to it when a commit fails.
func TestStepChangesNothingItIsGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.give(drawStarted(t))
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			before, err := w.followUp.MarshalBinary()
			require.NoError(t, err)
			kept := w.followUp
			w.give(drawEvent(t, w))
			after, err := kept.MarshalBinary()
			require.NoError(t, err)
			require.Equal(t, before, after)
		}
	})
}
