package offline

import "time"

// Moment is a point in time by two clocks.
type Moment struct {
	// Wall is the clock that dates the records. People set it.
	Wall time.Time
	// Steady is one that nobody sets; it may begin anywhere. A till without such a clock gives the other.
	Steady time.Time
}

// Age is how long the cloud has not been heard. It never falls except by hearing it, whatever the clocks do. The zero
// value knows nothing.
type Age struct {
	known bool
	heard time.Time // by the clock that dates the records
	// from is the steady moment at which base had passed, last the latest that was asked about.
	from, last time.Time
	base       time.Duration
	// unheard is the longest that was ever reckoned.
	unheard time.Duration
}

// Heard begins anew: the cloud was heard at this moment.
func Heard(at Moment) Age {
	return Age{known: true, heard: at.Wall.Round(0), from: at.Steady, last: at.Steady}
}

// Trace is what a journal tells of the time since the cloud was heard.
type Trace struct {
	Heard  time.Time     // of the record that proves that the cloud was heard
	Passed time.Duration // from it to the last record, by the steps from record to record
	Back   time.Duration // the furthest that the clock was set back from one of them to the next
	Last   time.Time     // of the last record
}

// Resumed takes up after a start, when nothing but the journal tells. A clock that is behind the last record cannot say
// how long the till was off, and after it has made a record of its own, no later start can; nothing is accepted then until
// the cloud is heard. behind is how much a clock may be corrected.
func Resumed(trace Trace, now Moment, behind time.Duration) Age {
	off := now.Wall.Round(0).Sub(trace.Last)
	if off < -behind || trace.Back > behind {
		return Age{}
	}
	age := Age{known: true, heard: trace.Heard.Round(0), from: now.Steady, last: now.Steady, base: trace.Passed + max(off, 0)}
	return age.At(now)
}

// At returns the age at a moment: the later of what the steady clock and the records' clock say, never less than before.
func (a Age) At(now Moment) Age {
	if !a.known {
		return a
	}
	if now.Steady.Before(a.last) { // not that steady: what had passed by then has passed
		a.base, a.from = a.unheard, now.Steady
	}
	a.last = now.Steady
	a.unheard = max(a.unheard, a.base+max(now.Steady.Sub(a.from), 0), now.Wall.Round(0).Sub(a.heard))
	return a
}

// Unheard is how long the cloud was not heard at the moment of the latest At; false when nobody knows.
func (a Age) Unheard() (time.Duration, bool) { return a.unheard, a.known }

// Since is when the cloud was last heard, by the clock that dates the records; zero when nobody knows.
func (a Age) Since() time.Time { return a.heard }
