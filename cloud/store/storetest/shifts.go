package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

func shift(n byte, terminal record.Terminal, revision uint32, state store.ShiftState) store.Shift {
	s := store.Shift{
		Terminal: terminal, ID: store.ShiftID{1, 15: n}, Batch: uint32(n), Revision: revision, State: state, First: uint64(n) * 100,
		OpenedAt: epoch, Body: []byte{n, byte(revision)},
	}
	if revision > 0 {
		s.Last, s.ClosedAt = s.First+50, epoch.Add(8*time.Hour)
	}
	return s
}

// testShifts: a shift's newest end counts, in whatever order its records come; what was compared stays so.
func testShifts(t *testing.T, opener Opener) {
	s := opener(t)
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{terminal(one), terminal(two)}}))
	commit := func(shifts ...store.Shift) {
		t.Helper()
		require.NoError(t, s.Commit(t.Context(), store.Change{Shifts: shifts}))
	}
	none, err := s.Shifts(t.Context(), record.Terminal{}, 10)
	require.NoError(t, err)
	require.Empty(t, none)
	requireConflict(t, s.Commit(t.Context(), store.Change{
		Shifts: []store.Shift{shift(1, record.Terminal([]byte("99999999")), 0, store.ShiftOpen)}}), store.TerminalUnknown)

	commit(shift(1, one, 0, store.ShiftOpen), shift(1, two, 0, store.ShiftOpen)) // ids are the terminal's own
	commit(shift(1, one, 1, store.ShiftProvisional))
	commit(shift(2, one, 2, store.ShiftWaiting)) // its second end is heard of first
	commit(shift(2, one, 0, store.ShiftOpen), shift(2, one, 1, store.ShiftProvisional))
	commit(shift(3, one, 1, store.ShiftWaiting))
	waiting, err := s.WaitingShifts(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Shift{shift(2, one, 2, store.ShiftWaiting), shift(3, one, 1, store.ShiftWaiting)}, waiting)
	waiting, err = s.WaitingShifts(t.Context(), 1, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Shift{shift(3, one, 1, store.ShiftWaiting)}, waiting)

	narrow := shift(4, two, 1, store.ShiftWaiting)
	narrow.First += 20
	early := shift(5, two, 1, store.ShiftWaiting)
	early.First += 20
	commit(shift(4, two, 0, store.ShiftOpen), narrow, early, shift(5, two, 0, store.ShiftOpen))
	ends, err := s.Shifts(t.Context(), two, 2)
	require.NoError(t, err)
	require.Equal(t, []store.Shift{shift(5, two, 1, store.ShiftWaiting), shift(4, two, 1, store.ShiftWaiting)}, ends, "the lowest beginning")

	compared := shift(2, one, 2, store.ShiftDiffers)
	compared.Findings = "code: 2 sales instead of 1"
	commit(compared)
	commit(shift(2, one, 2, store.ShiftWaiting)) // the record once more
	require.NoError(t, s.Close())
	s = open(t, opener)
	all, err := s.Shifts(t.Context(), one, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Shift{shift(3, one, 1, store.ShiftWaiting), compared, shift(1, one, 1, store.ShiftProvisional)}, all)
	all, err = s.Shifts(t.Context(), record.Terminal{}, 6)
	require.NoError(t, err)
	require.Len(t, all, 6)
	again := shift(1, one, 0, store.ShiftOpen)
	again.ID[1] = 9
	commit(again)
	for limit, want := range map[int][]store.Shift{10: {shift(1, one, 1, store.ShiftProvisional), again}, 1: {shift(1, one, 1, store.ShiftProvisional)}} {
		same, err := s.ShiftsOfBatch(t.Context(), one, 1, limit)
		require.NoError(t, err)
		require.Equal(t, want, same, "a number that was given twice")
	}
	same, err := s.ShiftsOfBatch(t.Context(), two, 9, 10)
	require.NoError(t, err)
	require.Empty(t, same)
	all, err = s.Shifts(t.Context(), two, 3)
	require.NoError(t, err)
	require.Equal(t, shift(1, two, 0, store.ShiftOpen), all[2])
}
