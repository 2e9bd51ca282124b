package collector

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

// Bounds of what could not be stored beside the chains and is tried again.
const (
	// notesMax bounds the changes that wait: some megabytes, since a record is at most 32 KiB.
	notesMax = 1024
	// notesEvery is the time between two tries.
	notesEvery = 5 * time.Second
	// notesAtOnce bounds the changes tried in one go: while the store is full the first one says so for all.
	notesAtOnce = 64
)

// note is a change about a terminal that is not part of its chain: an alarm, a record set aside, a state.
type note struct {
	change store.Change
	of     *tracker
}

// notes keeps what could not be stored until it can be. The memory of a terminal says that its alarms are raised, its
// records kept and its state known, so that nothing else would try again.
type notes struct {
	store  Store
	logger *slog.Logger

	mu      sync.Mutex
	waiting []note          // guarded by mu; in the order in which they failed
	alarms  map[string]bool // guarded by mu; keys of the alarms that wait: one of each is enough
	next    time.Time       // guarded by mu; no try before
	trying  bool            // guarded by mu; a go is on its way
}

func newNotes(s Store, logger *slog.Logger) *notes {
	return &notes{store: s, logger: logger, alarms: map[string]bool{}}
}

// submit stores a change. Nothing waits for it, and what cannot be stored now is tried again.
func (n *notes) submit(ctx context.Context, t *tracker, change store.Change) {
	if change.Rows() == 0 {
		return
	}
	one := note{change: change, of: t}
	err := n.store.Submit(ctx, change, func(err error) {
		if err != nil {
			n.keep(one, err)
		}
	})
	if err != nil && ctx.Err() == nil {
		n.keep(one, err)
	}
}

// keep has a change tried again, unless that is of no use. It must not block.
func (n *notes) keep(one note, cause error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var conflict *store.ConflictError
	hopeless := errors.As(cause, &conflict) || errors.Is(cause, store.ErrClosed) || errors.Is(cause, store.ErrTooLarge)
	if hopeless || len(n.waiting) >= notesMax {
		n.logger.LogAttrs(context.Background(), slog.LevelError, "alarm or record aside is lost",
			slog.String("terminal", one.of.terminal.ID.String()), slog.Any("cause", cause))
		one.of.spoil() // what is in memory was not stored
		return
	}
	one.change = n.unheard(one.change)
	if one.change.Rows() == 0 {
		return
	}
	if len(n.waiting) == 0 {
		n.logger.LogAttrs(context.Background(), slog.LevelError, "alarm or record aside not stored yet", slog.Any("cause", cause))
	}
	n.waiting = append(n.waiting, one)
}

// unheard is a change without the alarms of which one waits already.
func (n *notes) unheard(change store.Change) store.Change {
	var alarms []store.Alarm
	for _, a := range change.Alarms {
		if !n.alarms[a.Key] {
			n.alarms[a.Key] = true
			alarms = append(alarms, a)
		}
	}
	change.Alarms = alarms
	return change
}

// again tries what waits, when it is time.
func (n *notes) again(ctx context.Context, now time.Time) {
	n.mu.Lock()
	late := now.Sub(n.next) >= 0 || n.next.Sub(now) > notesEvery // the clock may have been set back
	if len(n.waiting) == 0 || n.trying || !late {
		n.mu.Unlock()
		return
	}
	n.next, n.trying = now.Add(notesEvery), true
	batch := n.waiting[:min(len(n.waiting), notesAtOnce)]
	n.waiting = append([]note(nil), n.waiting[len(batch):]...)
	for _, one := range batch {
		for _, a := range one.change.Alarms {
			delete(n.alarms, a.Key)
		}
	}
	n.mu.Unlock()
	for _, one := range batch {
		n.submit(ctx, one.of, one.change)
	}
	n.mu.Lock()
	n.trying = false
	n.mu.Unlock()
}
