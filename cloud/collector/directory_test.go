package collector_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// TestRefreshWhileLoading: a person blocks a terminal just when it has been read for its first message.
func TestRefreshWhileLoading(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	w.restart()
	meanwhile := func() {
		require.NoError(t, merchant.Block(t.Context(), w.store, terminalID, w.clock.Now()))
		w.collector.Refresh(terminalID)
	}
	w.sick.reading.Store(&meanwhile)
	till.send(topic.Up, till.fault("sent by a blocked terminal"))
	require.Equal(t, message.Refusal_CAUSE_TERMINAL, till.refusal().GetCause())
	require.Len(t, w.stored(), 1)
}

// TestEvictionLeavesWhatAWorkerUses: beyond the bound another terminal's tracker makes room, or none.
func TestEvictionLeavesWhatAWorkerUses(t *testing.T) {
	w := newWorld(t, nil)
	second, third := record.Terminal([]byte("10000002")), record.Terminal([]byte("10000003"))
	for _, id := range []record.Terminal{second, third} {
		require.NoError(t, w.store.Commit(t.Context(), store.Change{Terminals: []store.Terminal{
			{ID: id, Merchant: "301310053110001", KeyVersion: 1, State: store.TerminalActive}}}))
	}
	w.downlink.KeepAtMost(1)
	held, err := w.downlink.Hold(t.Context(), terminalID)
	require.NoError(t, err)
	other, err := w.downlink.Load(t.Context(), second)
	require.NoError(t, err)
	_, err = w.downlink.Load(t.Context(), third)
	require.NoError(t, err)
	again, err := w.downlink.Load(t.Context(), terminalID)
	require.NoError(t, err)
	require.Same(t, held, again, "a worker is at work with it")
	fresh, err := w.downlink.Load(t.Context(), second)
	require.NoError(t, err)
	require.NotSame(t, other, fresh, "nobody held it")

	w.downlink.LetGo(held)
	for _, id := range []record.Terminal{third, second, third, second} {
		_, err = w.downlink.Load(t.Context(), id)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		for _, id := range []record.Terminal{third, second} {
			if _, err := w.downlink.Load(t.Context(), id); err != nil {
				return false
			}
		}
		last, err := w.downlink.Load(t.Context(), terminalID)
		return err == nil && last != held
	}, patience, 1, "it makes room too")
}
