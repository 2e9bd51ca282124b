package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
)

// ringing is an alarm of a key, an hour after the one before.
func ringing(key string, hours int) store.Alarm {
	return store.Alarm{Key: key + "/10000001", Kind: key, Terminal: one.String(), Detail: "at " + time.Duration(hours).String(),
		At: epoch.Add(time.Duration(hours) * time.Hour)}
}

func ring(t *testing.T, s store.Store, alarms ...store.Alarm) {
	t.Helper()
	require.NoError(t, s.Commit(t.Context(), store.Change{Alarms: alarms}))
}

// numbers are those of all alarms, and of the open ones, in the order in which they are listed.
func numbers(t *testing.T, s store.Store) (all, open []uint64) {
	t.Helper()
	rows, err := s.Alarms(t.Context(), 10)
	require.NoError(t, err)
	for i := range rows {
		all = append(all, rows[i].Number)
	}
	rows, err = s.OpenAlarms(t.Context(), 10)
	require.NoError(t, err)
	for i := range rows {
		require.Zero(t, rows[i].SettledAt)
		open = append(open, rows[i].Number)
	}
	return all, open
}

func testAlarms(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	_, err := s.Alarm(t.Context(), 1)
	require.ErrorIs(t, err, store.ErrNotFound)
	ring(t, s, ringing("a", 0), ringing("b", 1), ringing("a", 2))
	all, open := numbers(t, s)
	require.Equal(t, []uint64{1, 2}, all, "the latest first")
	require.Equal(t, all, open)
	first, err := s.Alarm(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, store.AlarmRow{Alarm: ringing("a", 2), Number: 1, FirstAt: epoch, Count: 2}, first)
	few, err := s.OpenAlarms(t.Context(), 1)
	require.NoError(t, err)
	require.Len(t, few, 1)
}

// testAlarmsOnce: what is found again and again is told once, settled or not.
func testAlarmsOnce(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	found := func(hours int) store.Alarm {
		alarm := ringing("gap", hours)
		alarm.Once = true
		return alarm
	}
	ring(t, s, found(0), found(1))
	ring(t, s, found(2))
	kept, err := s.Alarm(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, store.AlarmRow{Alarm: ringing("gap", 0), Number: 1, FirstAt: epoch, Count: 1}, kept)
	require.NoError(t, s.Commit(t.Context(), store.Change{Settlements: []store.Settlement{{Alarm: 1, By: "王", At: epoch}}}))
	ring(t, s, found(3))
	all, open := numbers(t, s)
	require.Equal(t, []uint64{1}, all)
	require.Empty(t, open)
}

func testSettling(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	ring(t, s, ringing("a", 0), ringing("b", 1))
	settle := func(one store.Settlement) error {
		return s.Commit(t.Context(), store.Change{Settlements: []store.Settlement{one}})
	}
	done := store.Settlement{Alarm: 1, By: "王芳", Note: "换了主板", Seen: 1, At: epoch.Add(5 * time.Hour)}
	requireConflict(t, settle(store.Settlement{Alarm: 7, By: "x", At: epoch}), store.AlarmUnknown)
	ring(t, s, ringing("a", 2))
	requireConflict(t, settle(done), store.AlarmMoved)
	_, open := numbers(t, s)
	require.Len(t, open, 2, "nobody has looked at what came since")

	done.Seen = 2
	require.NoError(t, settle(done))
	other := done
	other.By, other.Note, other.At, other.Seen = "李", "又一次", epoch.Add(9*time.Hour), 0
	require.NoError(t, settle(done), "said again")
	require.NoError(t, settle(other), "by somebody else as well")
	settled := store.AlarmRow{Alarm: ringing("a", 2), Number: 1, FirstAt: epoch, Count: 2, SettledAt: done.At, SettledBy: "王芳", Note: "换了主板"}
	counts, err := s.Counts(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, counts.Alarms)

	ring(t, s, ringing("a", 3), ringing("a", 4))
	require.NoError(t, s.Close())
	again := opener(t)
	defer func() { require.NoError(t, again.Close()) }()
	kept, err := again.Alarm(t.Context(), 1)
	require.NoError(t, err)
	require.Equal(t, settled, kept, "the first settlement counts, and is durable")
	fresh, err := again.Alarm(t.Context(), 3)
	require.NoError(t, err)
	require.Equal(t, store.AlarmRow{Alarm: ringing("a", 4), Number: 3, FirstAt: epoch.Add(3 * time.Hour), Count: 2}, fresh,
		"what happens again is a new alarm")
	all, open := numbers(t, again)
	require.Equal(t, []uint64{3, 1, 2}, all)
	require.Equal(t, []uint64{3, 2}, open)
}
