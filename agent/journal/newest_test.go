package journal_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

func limitsTaken(answer string) journal.Entry {
	return journal.Entry{Type: record.LimitsTaken, Body: &message.OfflineLimitsTaken{Answer: []byte(answer)}}
}

// clockFault is a clock that was set back while the till ran.
func clockFault(by time.Duration) journal.Entry {
	return journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "clock", SetBack: by.Microseconds()}}
}

func TestNewest(t *testing.T) {
	now := &clock{now: time.UnixMicro(1_795_000_000_000_000).UTC()}
	c := config(newPath(t))
	c.Clock = now.Now
	j := open(t, c)
	openEpoch(t, j, 1)
	_, err := j.Newest(t.Context(), record.LimitsTaken)
	require.ErrorIs(t, err, journal.ErrNotFound)

	add(t, j, limitsTaken("first"))
	newest := add(t, j, limitsTaken("second"))[0]
	at := now.Now()
	t.Run("at the end", func(t *testing.T) {
		found, err := j.Newest(t.Context(), record.LimitsTaken)
		require.NoError(t, err)
		require.Equal(t, journal.Newest{Record: newest, Last: at}, found)
	})
	t.Run("with the time that the records behind it prove", func(t *testing.T) {
		for _, hours := range []time.Duration{5, 30, -20, 4} {
			now.now = now.now.Add(hours * time.Hour)
			add(t, j, fault("paper out"))
		}
		found, err := j.Newest(t.Context(), record.LimitsTaken)
		require.NoError(t, err)
		require.Equal(t, newest, found.Record)
		require.Equal(t, 39*time.Hour, found.Passed)
		require.Equal(t, at.Add(19*time.Hour), found.Last)
		require.Equal(t, 20*time.Hour, found.Back)
	})
	t.Run("and what they say that the clock was set back by", func(t *testing.T) {
		before, err := j.Newest(t.Context(), record.LimitsTaken)
		require.NoError(t, err)
		add(t, j, clockFault(3*time.Hour), clockFault(-time.Hour), clockFault(0))
		found, err := j.Newest(t.Context(), record.LimitsTaken)
		require.NoError(t, err)
		require.Equal(t, before.Passed+3*time.Hour, found.Passed)
		require.Equal(t, before.Back, found.Back)
	})
	t.Run("never more than fits", func(t *testing.T) {
		add(t, j, clockFault(math.MaxInt64), clockFault(math.MaxInt64))
		found, err := j.Newest(t.Context(), record.LimitsTaken)
		require.NoError(t, err)
		require.Equal(t, 90*365*24*time.Hour, found.Passed)
	})
	t.Run("over more than one page", func(t *testing.T) {
		for range 11 {
			entries := make([]journal.Entry, 100)
			for i := range entries {
				entries[i] = fault("paper out")
			}
			add(t, j, entries...)
		}
		found, err := j.Newest(t.Context(), record.LimitsTaken)
		require.NoError(t, err)
		require.Equal(t, newest, found.Record)
	})
}
