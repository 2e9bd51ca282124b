package world

import (
	"time"
	"unsafe"
)

// clock is the till's clock as time.Now gives it: a wall clock, which people set, and with it the reading of a monotonic
// one, which nobody sets and by which durations are measured.
func (t *till) clock() time.Time {
	now := t.world.loop.now
	now += time.Duration(int64(now) / 1_000_000 * t.drift)
	return withMonotonic(dawn.Add(now).Add(t.skew), now)
}

// instant is time.Time as the runtime fills it in for time.Now; TestClock holds it against that. There is no other way to
// a monotonic reading that is not this machine's.
type instant struct {
	wall uint64
	ext  int64
	loc  *time.Location
}

// withMonotonic returns the wall time with a monotonic reading.
func withMonotonic(wall time.Time, monotonic time.Duration) time.Time {
	const (
		hasMonotonic   = 1 << 63
		nanosecondBits = 30
	)
	since1885 := wall.Unix() - time.Date(1885, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	i := instant{wall: hasMonotonic | uint64(since1885)<<nanosecondBits | uint64(wall.Nanosecond()), ext: int64(monotonic)}
	return *(*time.Time)(unsafe.Pointer(&i))
}

// reckoning is what a till can know of the time since it heard the cloud.
type reckoning struct {
	heard    time.Duration // when anything of the cloud last came
	recorded latest        // record
	ended    latest        // moment at which it ran
	hidden   time.Duration // what passed since the cloud was heard that the till cannot know of
}

// latest is a till's latest record, or latest moment.
type latest struct {
	at   time.Duration // when it really was
	wall time.Time     // what the clock said
}

const (
	// behind is what a clock may have been put right by without anybody's writing it down.
	behind = time.Minute
	// lookWithin is how soon a running till must have written down that its clock was set back.
	lookWithin = time.Minute
)

// setBack is by how much a clock was set back without a record of it.
type setBack struct {
	by time.Duration
	at time.Duration // when it was last set
}

// untold is the time since the latest record that the till's records will not tell of, by the wall clock now: a clock that
// was set back shows less than passed, or nothing. One that is behind the record gives itself away, and hides nothing.
func (t *till) untold(wall time.Time) time.Duration {
	shown, passed := wall.Sub(t.recorded.wall), t.world.loop.now-t.recorded.at
	if t.recorded.wall.IsZero() || shown < -behind || shown >= passed {
		return 0
	}
	return passed - max(shown, 0)
}

// dated notes the time of the latest record.
func (t *till) dated(wall time.Time) { t.recorded = latest{at: t.world.loop.now, wall: wall} }

// present is this moment.
func (t *till) present() latest { return latest{at: t.world.loop.now, wall: t.clock().Round(0)} }

// hide reckons at a start what the till cannot know: by how much its clock was set back while it was off, and while it ran
// and had no time or no room to write that down.
func (t *till) hide() {
	now := t.present()
	off := max(now.at-t.ended.at-now.wall.Sub(t.ended.wall), 0)
	if s := t.unwritten; s.by > 0 && (t.ended.at-s.at <= lookWithin || t.failed >= s.at) {
		off += s.by
	}
	t.hidden += min(t.untold(now.wall), off) + behind
	t.unwritten = setBack{}
}

// setRunning sets a till's clock while its process runs, forward or back:
//
//	set till=0 by=-25h
func setRunning(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	by := a.duration("by")
	if by > 0 {
		w.hit("clock-set-forward")
	} else {
		w.hit("clock-set-back")
	}
	t.skew += by
	if by < 0 {
		if t.world.loop.now-t.unwritten.at > lookWithin {
			t.unwritten.by = 0
		}
		t.unwritten = setBack{by: t.unwritten.by - by, at: t.world.loop.now}
	}
	t.settle()
}
