package world

import (
	"slices"
	"time"
)

// shrinkRunsMax bounds the runs of one shrinking.
const shrinkRunsMax = 600

// Shrink makes a script that fails shorter, as long as fails says that it still does: fewer actions, fewer fields, fewer
// tills, less time. What it returns fails.
func Shrink(script Script, fails func(Script) bool) Script {
	s := &shrinker{best: script, fails: fails}
	for before := -1; before != s.size() && s.runs < shrinkRunsMax; {
		before = s.size()
		s.actions()
		s.fields()
		s.frame()
	}
	return s.best
}

type shrinker struct {
	best  Script
	fails func(Script) bool
	runs  int
}

// size is what gets smaller.
func (s *shrinker) size() int {
	n := s.best.Tills + int(s.best.Length/time.Hour)
	for _, a := range s.best.Actions {
		n += 1 + len(a.fields)
	}
	return n
}

// try takes a shorter script when that fails too.
func (s *shrinker) try(shorter Script) bool {
	if s.runs >= shrinkRunsMax {
		return false
	}
	s.runs++
	if !s.fails(shorter) {
		return false
	}
	s.best = shorter
	return true
}

// actions leaves out pieces of the script, large ones first.
func (s *shrinker) actions() {
	for size := max(len(s.best.Actions)/2, 1); size > 0; size /= 2 {
		for from := 0; from < len(s.best.Actions); {
			shorter := s.best
			shorter.Actions = slices.Delete(slices.Clone(s.best.Actions), from, min(from+size, len(s.best.Actions)))
			if !s.try(shorter) {
				from += size
			}
		}
	}
}

// fields leaves out what actions need not say.
func (s *shrinker) fields() {
	for i := range s.best.Actions {
		for j := len(s.best.Actions[i].fields) - 1; j >= 0; j-- {
			shorter := s.best
			shorter.Actions = slices.Clone(s.best.Actions)
			shorter.Actions[i].fields = slices.Delete(slices.Clone(s.best.Actions[i].fields), j, j+1)
			s.try(shorter)
		}
	}
}

// frame ends the script soon after its last action, and leaves out tills that nobody uses.
func (s *shrinker) frame() {
	if n := len(s.best.Actions); n > 0 {
		shorter := s.best
		shorter.Length = (s.best.Actions[n-1].At + 10*time.Minute).Truncate(time.Minute)
		if shorter.Length < s.best.Length {
			s.try(shorter)
		}
	}
	for s.best.Tills > 1 {
		shorter := s.best
		shorter.Tills--
		if !s.try(shorter) {
			return
		}
	}
}
