package escpos

import "time"

const (
	// tellEvery and tellMax bound how often the printer's state is logged: a line with noise on it changes a thousand times a
	// second, and each change would be a line.
	tellEvery = 10 * time.Second
	tellMax   = 4
)

// telling says which changes are logged. Those that are not are counted, and the state that came of them is told later.
type telling struct {
	since  time.Time // when the lines were begun to be counted
	lines  int
	unsaid int
}

// step takes in whether the state has changed. It reports whether to tell it now, and how many changes that is about.
func (t *telling) step(changed bool, now time.Time) (changes int, tell bool) {
	if changed {
		t.unsaid++
	}
	if t.unsaid == 0 {
		return 0, false
	}
	if since := now.Sub(t.since); t.since.IsZero() || since >= tellEvery || since < 0 {
		t.since, t.lines = now, 0
	}
	if t.lines == tellMax {
		return 0, false
	}
	t.lines++
	changes, t.unsaid = t.unsaid, 0
	return changes, true
}
