package world

import (
	"fmt"
	"slices"
	"time"
)

// sized is a part of the product that says what it has in memory until something ends it, by name.
type sized interface{ Sizes() map[string]int }

// What is on its way just now is there at one look and not at the next; what is there at all of them stays for ever.
const (
	looksMax  = 5
	lookAgain = 3*time.Minute + time.Second // no multiple of what is done again and again
)

// checkBaseline checks that nothing is left in memory of what is over. It lets the world go on for some minutes where
// something is.
func (w *World) checkBaseline() {
	left := w.sizes()
	for looks := 1; looks < looksMax && len(left) > 0; looks++ {
		w.play(w.loop.now + lookAgain)
		left = stayed(left, w.sizes())
	}
	var names []string
	for what, size := range left {
		names = append(names, fmt.Sprintf("%s: %d", what, size))
	}
	slices.Sort(names)
	for _, name := range names {
		w.violation("memory-not-empty", "%s in the end", name)
	}
}

// stayed is what was there before and is now.
func stayed(before, now map[string]int) map[string]int {
	both := map[string]int{}
	for what, size := range before {
		if still := min(size, now[what]); still > 0 {
			both[what] = still
		}
	}
	return both
}

// sizes are what is in memory anywhere that is not nothing. A till with a copy of its files need not end everything.
func (w *World) sizes() map[string]int {
	all := map[string]int{}
	note := func(where string, part sized) {
		for what, size := range part.Sizes() {
			if size != 0 {
				all[where+": "+what] = size
			}
		}
	}
	for _, t := range w.tills {
		if t.life == nil || t.divided || t.connection == nil {
			continue
		}
		note(t.name, t.agent)
		note(t.name, t.connection)
	}
	if w.cloud.life != nil {
		note("payments", w.cloud.payments)
		note("collector", w.cloud.collector)
		note("limits", w.cloud.limits)
	}
	return all
}
