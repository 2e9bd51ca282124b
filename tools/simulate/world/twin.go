package world

import (
	"context"
	"errors"

	"github.com/yuantill/yuantill/agent/journal"
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
