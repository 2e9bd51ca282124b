package offline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/offline"
)

// at is a moment of a till that has one clock only.
func at(clock time.Time) offline.Moment { return offline.Moment{Wall: clock, Steady: clock} }

// unheard is what an age says, and that it says something.
func unheard(t require.TestingT, age offline.Age) time.Duration {
	passed, known := age.Unheard()
	require.True(t, known)
	return passed
}

// trace is a journal with one record so long after the cloud was heard.
func trace(passed time.Duration) offline.Trace {
	return offline.Trace{Heard: noon, Passed: passed, Last: noon.Add(passed)}
}

func TestAge(t *testing.T) {
	t.Run("passes with the clock", func(t *testing.T) {
		require.Equal(t, 5*time.Hour, unheard(t, offline.Heard(at(noon)).At(at(noon.Add(5*time.Hour)))))
	})
	t.Run("a jump forward makes it longer, the jump back not shorter", func(t *testing.T) {
		age := offline.Heard(at(noon)).At(at(noon.Add(100 * time.Hour))).At(at(noon.Add(time.Hour)))
		require.Equal(t, 100*time.Hour, unheard(t, age))
	})
	t.Run("goes on after a jump back, with one clock only", func(t *testing.T) {
		age := offline.Heard(at(noon)).At(at(noon.Add(10 * time.Hour))).At(at(noon.Add(-90 * time.Hour))).At(at(noon.Add(-87 * time.Hour)))
		require.Equal(t, 13*time.Hour, unheard(t, age))
	})
	t.Run("the steady clock counts when the other is set back", func(t *testing.T) {
		boot := time.Unix(0, 0)
		age := offline.Heard(offline.Moment{Wall: noon, Steady: boot}).
			At(offline.Moment{Wall: noon.Add(-50 * time.Hour), Steady: boot.Add(3 * time.Hour)})
		require.Equal(t, 3*time.Hour, unheard(t, age))
		require.Equal(t, noon, age.Since())
	})
	t.Run("the records' clock counts when it is ahead", func(t *testing.T) {
		boot := time.Unix(0, 0)
		age := offline.Heard(offline.Moment{Wall: noon, Steady: boot}).
			At(offline.Moment{Wall: noon.Add(50 * time.Hour), Steady: boot.Add(3 * time.Hour)})
		require.Equal(t, 50*time.Hour, unheard(t, age))
	})
	t.Run("resumes from the journal", func(t *testing.T) {
		age := offline.Resumed(trace(2*time.Hour), at(noon.Add(7*time.Hour)), time.Minute)
		require.Equal(t, 7*time.Hour, unheard(t, age))
	})
	t.Run("resumes no earlier than the last record", func(t *testing.T) {
		age := offline.Resumed(trace(2*time.Hour), at(noon.Add(2*time.Hour-time.Minute)), time.Minute)
		require.Equal(t, 2*time.Hour, unheard(t, age))
	})
	t.Run("resumes with what passed before the clock was set back", func(t *testing.T) {
		set := trace(2 * time.Hour)
		set.Passed = 50 * time.Hour
		require.Equal(t, 53*time.Hour, unheard(t, offline.Resumed(set, at(noon.Add(5*time.Hour)), time.Minute)))
	})
	t.Run("does not know how long the till was off when the clock is behind its records", func(t *testing.T) {
		age := offline.Resumed(trace(2*time.Hour), at(noon.Add(2*time.Hour-time.Minute-1)), time.Minute)
		_, known := age.At(at(noon.Add(9 * time.Hour))).Unheard()
		require.False(t, known)
	})
	t.Run("does not know it either when the clock was set back before the last start", func(t *testing.T) {
		set := trace(2 * time.Hour)
		set.Back = time.Minute
		require.Equal(t, 7*time.Hour, unheard(t, offline.Resumed(set, at(noon.Add(7*time.Hour)), time.Minute)))
		set.Back++
		_, known := offline.Resumed(set, at(noon.Add(7*time.Hour)), time.Minute).Unheard()
		require.False(t, known)
	})
	t.Run("knows nothing before anything was heard", func(t *testing.T) {
		_, known := offline.Age{}.At(at(noon)).Unheard()
		require.False(t, known)
	})
}

// TestAgeNeverFalls: whatever the clock does, only hearing the cloud makes the age shorter; and time that passes
// between two looks with no jump in between is always counted.
func TestAgeNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock, steady := noon, time.Unix(0, 0)
		hasSteady := rapid.Bool().Draw(t, "steady")
		now := func() offline.Moment {
			if hasSteady {
				return offline.Moment{Wall: clock, Steady: steady}
			}
			return at(clock)
		}
		age, truth := offline.Heard(now()), time.Duration(0)
		for range rapid.IntRange(1, 30).Draw(t, "looks") {
			before := unheard(t, age)
			step := time.Duration(rapid.Int64Range(0, int64(50*time.Hour)).Draw(t, "step"))
			clock = clock.Add(time.Duration(rapid.Int64Range(-int64(400*time.Hour), int64(400*time.Hour)).Draw(t, "jump")))
			age = age.At(now()) // the clock was set, and is looked at
			require.GreaterOrEqual(t, unheard(t, age), before)
			clock, steady, truth = clock.Add(step), steady.Add(step), truth+step
			age = age.At(now())
			require.GreaterOrEqual(t, unheard(t, age), truth, "what really passed is counted")
		}
	})
}
