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

	mu       sync.RWMutex
	trackers map[record.Terminal]*tracker
	loading  sync.Mutex // one load at a time: a storm of strangers must not become a storm of reads
}

func newDirectory(l *loader) *directory {
	return &directory{loader: l, trackers: make(map[record.Terminal]*tracker)}
}

// get returns a terminal's tracker, loading it when needed.
func (d *directory) get(ctx context.Context, id record.Terminal) (*tracker, error) {
	if t := d.peek(id); t != nil {
		return t, nil
	}
	d.loading.Lock()
	defer d.loading.Unlock()
	if t := d.peek(id); t != nil {
		return t, nil
	}
	t, err := d.loader.load(ctx, id)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.trackers) >= trackersMax {
		d.evict()
	}
	d.trackers[id] = t
	return t, nil
}

func (d *directory) peek(id record.Terminal) *tracker {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.trackers[id]
}

// forget drops a tracker so that it is loaded again.
func (d *directory) forget(id record.Terminal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.trackers, id)
}

// evict drops some tracker that has nothing on its way.
func (d *directory) evict() {
	for id, t := range d.trackers {
		if _, busy := t.state(); !busy {
			delete(d.trackers, id)
			return
		}
	}
}
