package world

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// twoAgents starts a second process on a till's journal, which must not get it.
func twoAgents(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	w.hit("two-agents")
	second, err := journal.Open(context.Background(), t.journalConfig())
	var held *journal.HeldError
	switch {
	case err == nil:
		w.violation("two-agents", "%s: a second process has the journal", t.name)
		w.must(second.Close())
	case !errors.As(err, &held):
		w.violation("two-agents", "%s: %v", t.name, err)
	}
}

// copyOf is what somebody copied of a till: its files, what was open in them, and what they tell of the time.
type copyOf struct {
	files     crashdisk.Image
	epochs    []byte // nil for none
	evidence  evidence
	open      []*purchase
	reckoning reckoning
	papers    map[print]int // that its printer had put out
}

// copyTill copies a till's files as they are, to be put back or put into another machine later.
func copyTill(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	c := &copyOf{evidence: t.evidence.copied(), reckoning: t.reckoning, papers: maps.Clone(t.printer.papers)}
	c.reckoning.ended = t.present()
	var err error
	c.files, err = t.disk.Snapshot()
	w.must(err)
	if c.epochs, err = os.ReadFile(t.epochs()); err != nil && !os.IsNotExist(err) {
		w.must(err)
	}
	for _, p := range w.list {
		if p.till == t && (!t.evidence.final(p.order) || p.kiosk != nil) {
			c.open = append(c.open, p)
		}
	}
	t.saved = c
}

// putInto makes the copy the files of a till, whose terminal has two of them from then on.
func (c *copyOf) putInto(t *till) {
	t.world.must(t.disk.Load(c.files))
	if c.epochs != nil {
		t.world.must(os.WriteFile(t.epochs(), c.epochs, 0o600))
	}
	t.evidence, t.reckoning = c.evidence.copied(), c.reckoning
	for _, p := range c.open {
		p.exempt = true
	}
	t.part()
}

// mind names what a machine knows: it has another one with the copy that was put back.
func (t *till) mind() string { return fmt.Sprintf("%s, copy %d", t.name, len(t.past)) }

// part notes that a terminal's files are not the only ones any more.
func (t *till) part() {
	if !t.divided {
		t.divided, t.parted = true, t.world.loop.now
	}
}

// restore puts an old copy of a till's files back.
func restore(w *World, a Action) {
	t := w.machine(a)
	if t == nil || t.saved == nil || t.life == nil {
		return
	}
	w.hit("journal-restored")
	t.life.kill()
	t.past = append(t.past, &loss{till: t, evidence: t.evidence, copied: t.saved.evidence})
	t.saved.putInto(t)
}

// clone starts the copy of a till's files on another machine, beside the first: two cards in two machines.
func clone(w *World, a Action) {
	t := w.machine(a)
	if t == nil || t.saved == nil || len(w.tills) >= tillsMax {
		return
	}
	w.hit("terminal-cloned")
	twin := newTill(w, len(w.tills))
	twin.printer.papers = maps.Clone(t.saved.papers)
	twin.name, twin.id, twin.index = t.name+"'s twin", t.id, t.index
	t.saved.putInto(twin)
	w.tills = append(w.tills, twin)
	t.part()
	twin.start()
	// Somebody looks at what the alarms say, and takes one of the two away.
	w.loop.after(w.people.between(10*time.Minute, 3*time.Hour), nil, func() {
		twin.stop()
		twin.retired = true
	})
}

// final reports whether an outcome that stays was committed for a sale.
func (e *evidence) final(id order) bool {
	outcomes := e.outcome(id)
	return outcomes[message.Outcome_OUTCOME_APPROVED] || outcomes[message.Outcome_OUTCOME_DECLINED] ||
		outcomes[message.Outcome_OUTCOME_REVERSED]
}
