package collector_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
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

// TestALiftedBlockIsHeardAtOnce: the broker admits by what the store says, so a record that came behind it is not refused by
// what was in memory before.
func TestALiftedBlockIsHeardAtOnce(t *testing.T) {
	begin := func(t *testing.T) (*world, *till) {
		w := newWorldByHand(t)
		till := newTill(w)
		till.open()
		require.NoError(t, merchant.Block(t.Context(), w.store, terminalID, w.clock.Now()))
		w.collector.Refresh(terminalID)
		till.send(topic.Up, till.forge(till.current, 2, till.link, record.DeviceFault, &message.DeviceFault{}))
		require.Equal(t, message.Refusal_CAUSE_TERMINAL, till.refusal().GetCause())
		return w, till
	}
	t.Run("ByARecord", func(t *testing.T) {
		w, till := begin(t)
		require.NoError(t, merchant.Lift(t.Context(), w.store, terminalID, w.clock.Now()))
		till.send(topic.Up, till.fault("made while it was blocked"), till.fault("and another"))
		till.acknowledged(3)
		require.Len(t, w.stored(), 3)
	})
	t.Run("ByASignIn", func(t *testing.T) {
		w, till := begin(t)
		require.NoError(t, merchant.Lift(t.Context(), w.store, terminalID, w.clock.Now()))
		till.signIn()
		require.Zero(t, w.alarms()["sign-in"])
	})
	t.Run("NotForEachFrame", func(t *testing.T) {
		w, till := begin(t)
		before := w.sick.reads.Load()
		var records []record.Record
		for range 100 {
			records = append(records, till.fault("sent by a blocked terminal"))
		}
		till.send(topic.Up, records...)
		require.EqualValues(t, 1, w.sick.reads.Load()-before)
		for range 100 {
			till.w.deliver(topic.SignIn, till.signInRequest([seal.NonceSize]byte{7}))
		}
		require.LessOrEqual(t, w.sick.reads.Load()-before, int64(3))
		require.Len(t, w.stored(), 1)
	})
	t.Run("WhatCannotBeReadStaysRefused", func(t *testing.T) {
		w, till := begin(t)
		require.NoError(t, merchant.Lift(t.Context(), w.store, terminalID, w.clock.Now()))
		w.sick.unread.Store(true)
		till.send(topic.Up, till.fault("made while it was blocked"))
		require.Equal(t, message.Refusal_CAUSE_TERMINAL, till.refusal().GetCause())
	})
}
