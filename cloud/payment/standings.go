package payment

import (
	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/store"
)

// Standings are the promises between ledger entries and payments. That no more goes back than came in, the ledger holds
// by itself.
func Standings() []ledger.Standing {
	hold := numbers(Held, HoldEnded, RestReturning, RestReturned)
	standings := []ledger.Standing{
		{Kind: store.EntrySale, Undo: store.EntryReversal, Must: uint8(Approved),
			States: numbers(Approved, Reversing, LateRefunding, RestReturning, RestReturned)},
		{Kind: store.EntrySuspense, Undo: store.EntrySuspenseReturn, States: numbers(Reversing, LateRefunding)},
		{Kind: store.EntryHold, Undo: store.EntryHoldReturn, Must: uint8(Held),
			States: append(numbers(Reversing, LateRefunding), hold...)},
		{Kind: store.EntryHold, Undo: store.EntryHoldReturn, Must: uint8(HoldEnded)},
		{Kind: store.EntryLoss, Undo: store.EntryLossReturn, States: numbers(Declined)},
		{Kind: store.EntryVoid, States: numbers(Approved, RestReturning, RestReturned)},
		{Kind: store.EntryDispute, States: append(numbers(Approved), hold...)},
		{Kind: store.EntryRefund, States: append(numbers(Approved), hold...)},
	}
	for _, kind := range []store.EntryKind{store.EntryTopUp, store.EntryCompletion, store.EntryRelease, store.EntryUndo} {
		standings = append(standings, ledger.Standing{Kind: kind, States: hold})
	}
	return standings
}

func numbers(states ...State) []uint8 {
	out := make([]uint8, len(states))
	for i, state := range states {
		out[i] = uint8(state)
	}
	return out
}
