package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// testDecisions takes a terminal through its states. What does not fit is refused, and nothing but the state changes.
func testDecisions(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	at := epoch
	decide := func(kind store.DecisionKind) error {
		at = at.Add(time.Minute)
		return s.Commit(t.Context(), store.Change{Decisions: []store.Decision{
			{Terminal: one, Kind: kind, By: "王芳", Why: "换机", At: at}}})
	}
	want := terminal(one)
	is := func(state store.TerminalState) {
		t.Helper()
		want.State = state
		got, err := s.Terminal(t.Context(), one)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	requireConflict(t, decide(store.LiftBlock), store.TerminalMoved)
	requireConflict(t, decide(store.Retire), store.TerminalMoved)
	is(store.TerminalActive)
	require.NoError(t, decide(store.Block))
	require.NoError(t, decide(store.Block))
	is(store.TerminalBlocked)
	require.NoError(t, decide(store.LiftBlock))
	is(store.TerminalActive)
	require.NoError(t, decide(store.SetAside))
	want.AsideAt = at
	is(store.TerminalQuarantined)
	require.NoError(t, decide(store.SetAside))
	is(store.TerminalQuarantined)
	require.NoError(t, decide(store.Block))
	is(store.TerminalBlocked)
	require.NoError(t, decide(store.LiftBlock))
	is(store.TerminalQuarantined)
	require.NoError(t, decide(store.Retire))
	is(store.TerminalRetired)
	require.NoError(t, decide(store.Retire), "the first one counts")
	requireConflict(t, decide(store.Block), store.TerminalMoved)
	requireConflict(t, decide(store.LiftBlock), store.TerminalMoved)
	is(store.TerminalRetired)
	shut, err := s.Blocked(t.Context(), record.Terminal{}, 10)
	require.NoError(t, err)
	require.Equal(t, []record.Terminal{one}, shut)

	made, err := s.Decisions(t.Context(), one, 10)
	require.NoError(t, err)
	var kinds []store.DecisionKind
	for _, d := range made {
		require.Equal(t, one, d.Terminal)
		require.Equal(t, "王芳 换机", d.By+" "+d.Why)
		kinds = append(kinds, d.Kind)
	}
	require.Equal(t, []store.DecisionKind{store.Retire, store.LiftBlock, store.Block, store.SetAside, store.LiftBlock, store.Block},
		kinds, "the newest first, and only what changed something")
	require.True(t, made[0].At.After(made[1].At))
	requireConflict(t, s.Commit(t.Context(), store.Change{Decisions: []store.Decision{
		{Terminal: record.Terminal([]byte("99999999")), Kind: store.Block}}}), store.TerminalUnknown)
	other, err := s.Terminal(t.Context(), two)
	require.NoError(t, err)
	require.Equal(t, terminal(two), other)
}

// testAsideBesideABlock: a chain that breaks while a person blocks the terminal undoes nothing.
func testAsideBesideABlock(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	require.NoError(t, s.Commit(t.Context(), store.Change{Decisions: []store.Decision{
		{Terminal: one, Kind: store.Block, At: epoch}, {Terminal: one, Kind: store.SetAside, At: epoch}}}))
	got, err := s.Terminal(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, store.TerminalBlocked, got.State)
	require.Equal(t, epoch, got.AsideAt)
}
