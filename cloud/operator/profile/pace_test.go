package profile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator/profile"
)

func TestPace(t *testing.T) {
	begun := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	// run counts messages at a distance from each other and returns how many found the pace busy.
	run := func(p *profile.Pace, from time.Time, distance time.Duration, count int) (busy int) {
		for i := range count {
			if profile.Busy(p, from.Add(time.Duration(i)*distance)) {
				busy++
			}
		}
		return busy
	}
	t.Run("LoneMessagesNever", func(t *testing.T) {
		require.Zero(t, run(new(profile.Pace), begun, 20*time.Millisecond, 1000))
	})
	t.Run("AFewTogetherNever", func(t *testing.T) {
		var p profile.Pace
		for i := range 100 {
			require.Zero(t, run(&p, begun.Add(time.Duration(i)*10*time.Millisecond), 0, 7))
		}
	})
	t.Run("AnAloneBurstNever", func(t *testing.T) {
		require.Zero(t, run(new(profile.Pace), begun, 0, 1000))
	})
	t.Run("FromTheSecondWindowOfALoad", func(t *testing.T) {
		require.Equal(t, 90, run(new(profile.Pace), begun, time.Millisecond, 100))
	})
	t.Run("OverAfterThePause", func(t *testing.T) {
		var p profile.Pace
		run(&p, begun, time.Millisecond, 100)
		require.False(t, profile.Busy(&p, begun.Add(120*time.Millisecond)))
	})
	t.Run("ClockSetBack", func(t *testing.T) {
		var p profile.Pace
		run(&p, begun, time.Millisecond, 100)
		require.False(t, profile.Busy(&p, begun.Add(-time.Hour)))
		require.Equal(t, 90, run(&p, begun.Add(-time.Hour+time.Millisecond), time.Millisecond, 99))
	})
}
