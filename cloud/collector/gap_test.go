package collector_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// open are the alarms that nobody has settled.
func (w *world) open() []store.AlarmRow {
	w.tb.Helper()
	rows, err := w.store.OpenAlarms(w.tb.Context(), 100)
	require.NoError(w.tb, err)
	return rows
}

func TestGapsAreTold(t *testing.T) {
	// gapped is a terminal whose records 2 and 3 have not come, and the watch.
	gapped := func(t *testing.T) (*world, *till, *collector.Gaps) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		till.fault("second")
		till.fault("third")
		till.send(topic.Up, till.fault("fourth"))
		require.EqualValues(t, 4, till.acknowledgement().GetHighest())
		return w, till, collector.NewGaps(w.store, w.clock.Now, slog.New(slog.DiscardHandler))
	}
	t.Run("OnceTheyHaveLasted", func(t *testing.T) {
		w, _, gaps := gapped(t)
		since := w.clock.Now()
		w.clock.advance(59 * time.Minute)
		require.NoError(t, gaps.Look(t.Context()))
		require.Empty(t, w.open(), "the terminal may be about to send them")
		w.clock.advance(time.Minute)
		require.NoError(t, gaps.Look(t.Context()))
		require.NoError(t, gaps.Look(t.Context()))
		told := w.open()
		require.Len(t, told, 1)
		require.Equal(t, "records-missing", told[0].Kind)
		require.Equal(t, terminalID.String(), told[0].Terminal)
		require.Equal(t, "records 2 to 3 are missing: record 4 came on "+since.UTC().Format(time.RFC3339)+
			", and nothing of what is before it since", told[0].Detail)
		require.EqualValues(t, 1, told[0].Count)
	})
	t.Run("OnceOverARestartAndASettlement", func(t *testing.T) {
		w, till, gaps := gapped(t)
		w.clock.advance(time.Hour)
		require.NoError(t, gaps.Look(t.Context()))
		require.NoError(t, w.store.Commit(t.Context(), store.Change{Settlements: []store.Settlement{{Alarm: 1, By: "王芳", At: w.clock.Now()}}}))
		again := collector.NewGaps(w.store, w.clock.Now, slog.New(slog.DiscardHandler))
		require.NoError(t, again.Look(t.Context()))
		require.Empty(t, w.open(), "the same gap is nothing new")
		till.send(topic.Up, till.records[1]) // the second came after all: what is left of the gap is the same one
		till.acknowledged(2)
		require.NoError(t, again.Look(t.Context()))
		require.Empty(t, w.open())
	})
	t.Run("AnotherIsAnotherAlarm", func(t *testing.T) {
		w, till, gaps := gapped(t)
		w.clock.advance(time.Hour)
		require.NoError(t, gaps.Look(t.Context()))
		till.fault("fifth")
		till.send(topic.Up, till.fault("sixth"))
		require.EqualValues(t, 6, till.acknowledgement().GetHighest())
		w.clock.advance(time.Hour)
		require.NoError(t, gaps.Look(t.Context()))
		told := w.open()
		require.Len(t, told, 2)
		require.Contains(t, told[0].Detail, "record 5 is missing")
	})
	t.Run("ClosedInTimeIsNone", func(t *testing.T) {
		w, till, gaps := gapped(t)
		till.send(topic.Up, till.records[1], till.records[2])
		till.acknowledged(4)
		w.clock.advance(24 * time.Hour)
		require.NoError(t, gaps.Look(t.Context()))
		require.Empty(t, w.open())
	})
}

// sickGaps has no gaps to tell, and counts how often it is asked.
type sickGaps struct {
	collector.GapStore
	asked int
}

func (s *sickGaps) Gapped(context.Context, record.Terminal, int) ([]store.Head, error) {
	s.asked++
	return nil, errors.New("no disk")
}

func TestGapsRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sickGaps{}
		gaps := collector.NewGaps(s, time.Now, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- gaps.Run(ctx) }()
		time.Sleep(time.Hour) // of the bubble's clock
		cancel()
		require.NoError(t, <-done)
		require.InDelta(t, 12, s.asked, 1)
	})
}
