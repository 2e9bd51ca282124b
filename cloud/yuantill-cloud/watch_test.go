package main

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

// sickStore has the health and the blocked terminals it is told to.
type sickStore struct {
	health  error
	stuck   error // the log's health, which a commit does not mend
	refuses error
	blocked []record.Terminal
	alarms  []store.Alarm
	changes []store.MerchantChange
}

func (s *sickStore) Health() error {
	if s.health != nil {
		return s.health
	}
	return s.stuck
}

func (s *sickStore) Blocked(_ context.Context, after record.Terminal, limit int) ([]record.Terminal, error) {
	var page []record.Terminal
	for _, id := range s.blocked {
		if id.String() > after.String() && len(page) < limit {
			page = append(page, id)
		}
	}
	return page, nil
}

func (s *sickStore) ChangedMerchants(_ context.Context, after uint64, limit int) ([]store.MerchantChange, error) {
	var page []store.MerchantChange
	for _, c := range s.changes {
		if c.Number > after && len(page) < limit {
			page = append(page, c)
		}
	}
	return page, nil
}

func (s *sickStore) Commit(_ context.Context, change store.Change) error {
	if s.refuses != nil {
		return s.refuses
	}
	s.health = nil
	s.alarms = append(s.alarms, change.Alarms...)
	return nil
}

func TestWatch(t *testing.T) {
	begin := func(s *sickStore) (*watch, map[string]bool) {
		heard := map[string]bool{}
		return &watch{store: s, logger: slog.New(slog.DiscardHandler), clock: time.Now, keepRoom: func() error { return nil },
			changed: func(id record.Terminal, blocked bool) error { heard[id.String()] = blocked; return nil }}, heard
	}
	t.Run("FullRaisesAnAlarmOnceThereIsRoom", func(t *testing.T) {
		s := &sickStore{health: store.ErrFull, refuses: store.ErrFull}
		w, _ := begin(s)
		require.NoError(t, w.lookAtHealth(t.Context()))
		require.Empty(t, s.alarms)
		s.refuses = nil
		require.NoError(t, w.lookAtHealth(t.Context()))
		require.Len(t, s.alarms, 1)
		require.Equal(t, "store-full", s.alarms[0].Kind)
		require.NoError(t, w.lookAtHealth(t.Context()))
		require.Len(t, s.alarms, 1, "a healthy store is left alone")
	})
	t.Run("ALogWithoutRoomRaisesOneAlarm", func(t *testing.T) {
		s := &sickStore{stuck: fmt.Errorf("carry log over: %w", store.ErrFull)}
		w, _ := begin(s)
		for range 5 {
			require.NoError(t, w.lookAtHealth(t.Context()))
			require.Len(t, s.alarms, 1, "each would use up the log")
		}
		s.health, s.refuses = store.ErrFull, store.ErrFull // the log is used up
		require.NoError(t, w.lookAtHealth(t.Context()))
		s.health, s.refuses, s.stuck = nil, nil, nil
		require.NoError(t, w.lookAtHealth(t.Context()))
		s.stuck = store.ErrFull
		require.NoError(t, w.lookAtHealth(t.Context()))
		require.Len(t, s.alarms, 2, "it happened again")
	})
	t.Run("RoomIsKeptWhileThereIsSome", func(t *testing.T) {
		s, kept := &sickStore{stuck: store.ErrFull}, 0
		w, _ := begin(s)
		w.keepRoom = func() error { kept++; return nil }
		require.NoError(t, w.lookAtHealth(t.Context()))
		require.Zero(t, kept)
		s.stuck = nil
		require.NoError(t, w.lookAtHealth(t.Context()))
		require.Equal(t, 1, kept)
	})
	t.Run("FailedIsNotTried", func(t *testing.T) {
		s := &sickStore{health: store.ErrFailed}
		w, _ := begin(s)
		require.NoError(t, w.lookAtHealth(t.Context()))
		require.Empty(t, s.alarms)
	})
	t.Run("ChangedMerchantsAreHeardOnceOverManyPages", func(t *testing.T) {
		s := &sickStore{}
		for i := range merchantsPage + 5 {
			s.changes = append(s.changes, store.MerchantChange{Number: uint64(i + 1), Merchant: fmt.Sprint(i)})
		}
		w, _ := begin(s)
		var heard []string
		w.merchantChanged = func(id string) { heard = append(heard, id) }
		require.NoError(t, w.lookAtMerchants(t.Context()))
		require.Len(t, heard, merchantsPage+5)
		heard = nil
		require.NoError(t, w.lookAtMerchants(t.Context()))
		require.Empty(t, heard)
		s.changes = append(s.changes[1:], store.MerchantChange{Number: 9000, Merchant: "0"})
		require.NoError(t, w.lookAtMerchants(t.Context()))
		require.Equal(t, []string{"0"}, heard)
	})
	t.Run("BlocksAreHeardOnceOverManyPages", func(t *testing.T) {
		s := &sickStore{}
		for i := range blockedPage + 5 {
			s.blocked = append(s.blocked, record.Terminal([]byte(fmt.Sprint(10_000_001+i))))
		}
		w, heard := begin(s)
		require.NoError(t, w.lookAtBlocks(t.Context()))
		require.Len(t, heard, blockedPage+5)
		clear(heard)
		require.NoError(t, w.lookAtBlocks(t.Context()))
		require.Empty(t, heard)
		s.blocked = s.blocked[1:]
		require.NoError(t, w.lookAtBlocks(t.Context()))
		require.Equal(t, map[string]bool{"10000001": false}, heard)
	})
}

func TestBlockCommand(t *testing.T) {
	s := prepared(t)
	s.serving()
	require.Contains(t, string(s.get("/v1/terminals")), `"active"`)
	require.Contains(t, s.must("block", "--terminal", "10000001"), "blocked")
	require.Contains(t, string(s.get("/v1/terminals")), `"blocked"`)
	require.Contains(t, s.must("block", "--terminal", "10000001", "--lift"), "lifted")
	_, err := s.run(t.Context(), "block", "--terminal", "10000001", "--lift")
	require.ErrorIs(t, err, merchant.ErrNotBlocked)
	_, err = s.run(t.Context(), "block", "--terminal", "99999999")
	require.ErrorIs(t, err, store.ErrNotFound)
}

// TestChangedMerchantReachesARunningCloud changes a merchant beside a cloud that has it in memory.
func TestChangedMerchantReachesARunningCloud(t *testing.T) {
	s := prepared(t)
	settings, err := ReadSettings(s.settings)
	require.NoError(t, err)
	require.NoError(t, withBooks(t.Context(), settings, func(books *sqlite.Store) error {
		directory := merchant.NewDirectory(books)
		w := &watch{store: books, logger: slog.New(slog.DiscardHandler), clock: time.Now, merchantChanged: directory.ForgetMerchant}
		before, err := directory.Merchant(t.Context(), shopID)
		require.NoError(t, err)
		require.NoError(t, w.lookAtMerchants(t.Context()))
		s.must("merchant", "--id", shopID, "--name", "王记面馆")
		require.NoError(t, w.lookAtMerchants(t.Context()))
		after, err := directory.Merchant(t.Context(), shopID)
		require.NoError(t, err)
		require.Equal(t, "王记早点", before.Name)
		require.Equal(t, "王记面馆", after.Name)
		return nil
	}))
}

// TestAdmit holds the door to what the store says, whatever was asked before.
func TestAdmit(t *testing.T) {
	id := record.Terminal([]byte("10000001"))
	s := &door{terminal: store.Terminal{ID: id, State: store.TerminalActive, Certificate: [32]byte{7}}}
	require.NoError(t, admit(t.Context(), s, id, [32]byte{7}))
	require.ErrorIs(t, admit(t.Context(), s, id, [32]byte{8}), errCertificate)
	require.ErrorIs(t, admit(t.Context(), s, id, [32]byte{}), errCertificate)
	s.terminal.State = store.TerminalBlocked
	require.ErrorIs(t, admit(t.Context(), s, id, [32]byte{7}), errBlocked)
	s.terminal.State = store.TerminalRetired
	require.ErrorIs(t, admit(t.Context(), s, id, [32]byte{7}), errRetired)
	s.terminal.State = store.TerminalQuarantined
	require.NoError(t, admit(t.Context(), s, id, [32]byte{7}), "it has to hear that it is set aside")
}

type door struct{ terminal store.Terminal }

func (d *door) Terminal(context.Context, record.Terminal) (store.Terminal, error) {
	return d.terminal, nil
}
