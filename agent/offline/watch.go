package offline

import "time"

// Watch notices that the clock that dates the records was set back while the till runs. The steady clock counts the time
// all the same, but a later start has nothing but the records, and what they do not show is lost to it. The zero value
// begins with the first moment that it is given.
type Watch struct {
	// ahead is the moment at which the records' clock was furthest ahead of the steady one.
	ahead Moment
}

// At returns the watch at a moment, and by how much the records' clock is behind where it was once, by the steady clock.
func (w Watch) At(now Moment) (Watch, time.Duration) {
	now.Wall = now.Wall.Round(0)
	back := now.Steady.Sub(w.ahead.Steady) - now.Wall.Sub(w.ahead.Wall)
	if w.ahead.Wall.IsZero() || back < 0 {
		return Watch{ahead: now}, 0
	}
	return w, back
}

// Watching begins anew at a moment: the records say what was noticed before.
func Watching(now Moment) Watch {
	now.Wall = now.Wall.Round(0)
	return Watch{ahead: now}
}
