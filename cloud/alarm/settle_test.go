package alarm_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

var at = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// raised is a store with one alarm that has happened twice.
func raised(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"), sqlite.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	one := store.Alarm{Key: "tag/10000001", Kind: "tag", Terminal: "10000001", Detail: "record 9", At: at}
	require.NoError(t, s.Commit(t.Context(), store.Change{Alarms: []store.Alarm{one, one}}))
	return s
}

func TestSettle(t *testing.T) {
	t.Run("SaysWhoWhenAndWhy", func(t *testing.T) {
		s := raised(t)
		got, err := alarm.Settle(t.Context(), s, store.Settlement{Alarm: 1, By: " 王芳 ", Note: "换了网线\n", Seen: 2, At: at})
		require.NoError(t, err)
		require.Equal(t, "王芳", got.SettledBy)
		require.Equal(t, "换了网线", got.Note)
		require.Equal(t, at, got.SettledAt)
	})
	t.Run("TheFirstCounts", func(t *testing.T) {
		s := raised(t)
		first, err := alarm.Settle(t.Context(), s, store.Settlement{Alarm: 1, By: "王芳", At: at})
		require.NoError(t, err)
		again, err := alarm.Settle(t.Context(), s, store.Settlement{Alarm: 1, By: "李雷", Note: "x", At: at.Add(time.Hour)})
		require.NoError(t, err)
		require.Equal(t, first, again)
	})
	t.Run("ErrMoved", func(t *testing.T) {
		s := raised(t)
		_, err := alarm.Settle(t.Context(), s, store.Settlement{Alarm: 1, By: "王芳", Seen: 1, At: at})
		require.ErrorIs(t, err, alarm.ErrMoved)
	})
	t.Run("ErrNotFound", func(t *testing.T) {
		_, err := alarm.Settle(t.Context(), raised(t), store.Settlement{Alarm: 2, By: "王芳", At: at})
		require.ErrorIs(t, err, store.ErrNotFound)
	})
	t.Run("ErrSettlement", func(t *testing.T) {
		s := raised(t)
		for name, one := range map[string]store.Settlement{
			"nobody": {By: "  "}, "a long name": {By: strings.Repeat("王", alarm.ByMax+1)},
			"a long note": {By: "王", Note: strings.Repeat("注", alarm.NoteMax+1)}, "two lines": {By: "王\n芳"},
			"an escape": {By: "王", Note: "a\x1b[2J"}, "no text": {By: "\xff"},
		} {
			one.Alarm, one.At = 1, at
			_, err := alarm.Settle(t.Context(), s, one)
			require.ErrorIs(t, err, alarm.ErrSettlement, name)
		}
		kept, err := s.Alarm(t.Context(), 1)
		require.NoError(t, err)
		require.Zero(t, kept.SettledAt)
	})
	t.Run("ErrClosed", func(t *testing.T) {
		s := raised(t)
		require.NoError(t, s.Close())
		_, err := alarm.Settle(t.Context(), s, store.Settlement{Alarm: 1, By: "王芳", At: at})
		require.ErrorIs(t, err, store.ErrClosed)
	})
}
