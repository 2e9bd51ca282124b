package world

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestClock: the clock's times behave as those of time.Now do.
func TestClock(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 7, time.UTC)
	before := withMonotonic(noon, time.Hour)
	after := withMonotonic(noon.Add(-25*time.Hour), time.Hour+time.Second) // set back a day meanwhile
	require.Equal(t, time.Second, after.Sub(before), "durations are monotonic")
	require.True(t, before.Before(after))
	require.True(t, before.Add(time.Minute).After(after), "sums keep the reading")
	require.Equal(t, -25*time.Hour, after.Round(0).Sub(before.Round(0)), "the walls are what was set")
	require.Equal(t, noon, before.Round(0))
	require.Equal(t, noon.UnixNano(), before.UnixNano())
	require.Equal(t, time.UTC, before.Location())
	old := withMonotonic(noon.AddDate(-26, 0, 0), time.Hour)
	require.Equal(t, noon.AddDate(-26, 0, 0), old.Round(0))
	now := time.Now()
	again := withMonotonic(now, 5*time.Second)
	require.Equal(t, now.UnixNano(), again.UnixNano())
	require.Contains(t, again.String(), "m=+", "it has a reading, as "+now.String()+" has")
}
