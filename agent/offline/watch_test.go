package offline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/offline"
)

// boot is where a steady clock begins.
var boot = time.Unix(0, 0)

// after is a moment so long after noon, with a clock that was set by so much.
func after(passed, set time.Duration) offline.Moment {
	return offline.Moment{Wall: noon.Add(passed + set), Steady: boot.Add(passed)}
}

func TestWatch(t *testing.T) {
	look := func(w *offline.Watch, now offline.Moment) (back time.Duration) {
		*w, back = w.At(now)
		return back
	}
	t.Run("sees nothing while the clocks go on together", func(t *testing.T) {
		var w offline.Watch
		require.Zero(t, look(&w, after(0, 0)))
		require.Zero(t, look(&w, after(5*time.Hour, 0)))
	})
	t.Run("sees a clock that is set back by less than has passed", func(t *testing.T) {
		var w offline.Watch
		require.Zero(t, look(&w, after(0, 0)))
		require.Equal(t, 2*time.Hour, look(&w, after(5*time.Hour, -2*time.Hour)))
		require.Equal(t, 2*time.Hour, look(&w, after(6*time.Hour, -2*time.Hour)), "until it is written down")
	})
	t.Run("adds up what goes back little by little", func(t *testing.T) {
		var w offline.Watch
		require.Zero(t, look(&w, after(0, 0)))
		require.Equal(t, 50*time.Second, look(&w, after(time.Hour, -50*time.Second)))
		require.Equal(t, 100*time.Second, look(&w, after(2*time.Hour, -100*time.Second)))
	})
	t.Run("counts from where the clock was furthest ahead", func(t *testing.T) {
		var w offline.Watch
		require.Zero(t, look(&w, after(0, 0)))
		require.Zero(t, look(&w, after(time.Hour, 10*time.Hour)))
		require.Equal(t, 10*time.Hour, look(&w, after(2*time.Hour, 0)))
		require.Equal(t, 4*time.Hour, look(&w, after(3*time.Hour, 6*time.Hour)))
	})
	t.Run("begins anew once it is written down", func(t *testing.T) {
		w := offline.Watching(after(time.Hour, -2*time.Hour))
		require.Zero(t, look(&w, after(2*time.Hour, -2*time.Hour)))
		require.Equal(t, time.Hour, look(&w, after(3*time.Hour, -3*time.Hour)))
	})
	t.Run("goes by the wall clock and not by the monotonic reading that comes with it", func(t *testing.T) {
		now := time.Now() // has both
		w := offline.Watching(offline.Moment{Wall: now, Steady: boot})
		require.Equal(t, time.Hour, look(&w, offline.Moment{Wall: now, Steady: boot.Add(time.Hour)}))
	})
}

// TestRecordsTellWhatPassed: whatever people do to the clock of a till that runs, a start finds in its records that at least
// as much has passed as really has, but for what a clock may be corrected by in each run.
func TestRecordsTellWhatPassed(t *testing.T) {
	const behind = time.Minute
	rapid.Check(t, func(t *rapid.T) {
		passed, set, runs := time.Duration(0), time.Duration(0), 1
		now := func() offline.Moment { return after(passed, set) }
		j := &journal{trace: offline.Trace{Heard: noon, Last: noon}}
		var watch offline.Watch
		look := func() {
			var back time.Duration
			if watch, back = watch.At(now()); back > behind {
				j.record(now().Wall)
				j.trace.Passed += back
				watch = offline.Watching(now())
			}
		}
		look()
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			passed += time.Duration(rapid.Int64Range(0, int64(20*time.Hour)).Draw(t, "pass"))
			look()
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				set += time.Duration(rapid.Int64Range(-int64(30*time.Hour), int64(30*time.Hour)).Draw(t, "set"))
				look()
			case 1:
				set -= time.Duration(rapid.Int64Range(0, int64(2*behind)).Draw(t, "corrected"))
				look()
			case 2:
				j.record(now().Wall)
			case 3:
				runs++
				age := offline.Resumed(j.trace, now(), behind)
				watch = offline.Watch{}
				look()
				if reckoned, known := age.Unheard(); known {
					require.GreaterOrEqual(t, reckoned, passed-time.Duration(runs)*behind)
				}
			}
		}
	})
}
