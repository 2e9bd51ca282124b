package collector

import (
	"context"
	"sync"

	"github.com/yuantill/yuantill/protocol/record"
)

// trackersMax bounds the terminals kept in memory; beyond it idle ones are forgotten and loaded again when they speak.
const trackersMax = 100_000

// directory holds the trackers, loaded when a terminal first speaks or is first spoken to.
type directory struct {
	loader *loader

	most int // trackers that are kept

	mu       sync.RWMutex
	trackers map[record.Terminal]*tracker
	coming   record.Terminal // guarded by mu; the terminal that is being loaded
	stale    bool            // guarded by mu; it was changed since its loading began
	loading  sync.Mutex      // one load at a time: a storm of strangers must not become a storm of reads
}

func newDirectory(l *loader) *directory {
	return &directory{loader: l, most: trackersMax, trackers: make(map[record.Terminal]*tracker)}
}

// get returns a terminal's tracker, loading it when needed.
func (d *directory) get(ctx context.Context, id record.Terminal) (*tracker, error) {
	return d.find(ctx, id, 0)
}

// hold is get for a worker: the tracker is not evicted before the worker has let go of it by hold(-1).
func (d *directory) hold(ctx context.Context, id record.Terminal) (*tracker, error) {
	return d.find(ctx, id, 1)
}

func (d *directory) find(ctx context.Context, id record.Terminal, holders int) (*tracker, error) {
	if t := d.peek(id, holders); t != nil {
		return t, nil
	}
	d.loading.Lock()
	defer d.loading.Unlock()
	if t := d.peek(id, holders); t != nil {
		return t, nil
	}
	d.mu.Lock()
	d.coming, d.stale = id, false
	d.mu.Unlock()
	t, err := d.loader.load(ctx, id)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.coming = record.Terminal{}
	if err != nil {
		return nil, err
	}
	if d.stale {
		t.spoil() // what was read is perhaps from before the change
	}
	if len(d.trackers) >= d.most {
		d.evict()
	}
	d.trackers[id] = t
	t.hold(holders)
	return t, nil
}

// refresh has a terminal read again before it is used the next time.
func (d *directory) refresh(id record.Terminal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.coming == id {
		d.stale = true
	}
	if t := d.trackers[id]; t != nil {
		t.spoil()
	}
}

// peek returns a tracker that is loaded, with so many more holders, or nil.
func (d *directory) peek(id record.Terminal, holders int) *tracker {
	d.mu.RLock()
	defer d.mu.RUnlock()
	t := d.trackers[id]
	if t != nil {
		t.hold(holders)
	}
	return t
}

// forget drops a tracker so that it is loaded again.
func (d *directory) forget(id record.Terminal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.trackers, id)
}

// evict drops some tracker that has nothing on its way and that no worker holds: one that goes on under a worker while
// another is loaded would verify against a chain that is not the store's any more.
func (d *directory) evict() {
	for id, t := range d.trackers {
		if t.idle() {
			delete(d.trackers, id)
			return
		}
	}
}
