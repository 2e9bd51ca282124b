package collector

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of what one terminal may make the cloud throw away (protocol/SPEC.md 7.2).
const (
	// noiseMax is how much a terminal may send within noiseWithin that is not taken, in bytes of messages that are
	// malformed, under keys that it was not given or beyond its share; sign-ins count too. A terminal whose keys are
	// wrong stays far below: it has at most 1,024 records on their way and waits before it sends them again.
	noiseMax    = 8 << 20
	noiseWithin = 10 * time.Second
	// noiseEach is what each frame or message counts beside its bytes, since small ones are work too.
	noiseEach = 256
	// ShutFor is how long a terminal beyond noiseMax is kept out.
	ShutFor = time.Minute
	// noisyMax bounds the terminals that are remembered for it; beyond it the memory starts afresh.
	noisyMax = 10_000
	// floodsMax bounds those that nobody has been told of yet.
	floodsMax = 64
)

// Door keeps out terminals that flood the cloud with what it cannot take. It may be used by several goroutines.
type Door struct {
	clock  func() time.Time
	floods chan record.Terminal // of whom nobody has been told yet
	any    atomic.Bool          // whether shut has somebody, so that as a rule nobody waits for mu

	mu    sync.Mutex
	noise map[record.Terminal]noise     // guarded by mu
	shut  map[record.Terminal]time.Time // guarded by mu; until when
}

// noise is how much of a terminal was thrown away since a time.
type noise struct {
	since time.Time
	bytes int
}

// NewDoor returns a door that is open to everybody.
func NewDoor(clock func() time.Time) *Door {
	return &Door{clock: clock, floods: make(chan record.Terminal, floodsMax),
		noise: map[record.Terminal]noise{}, shut: map[record.Terminal]time.Time{}}
}

// Shut reports whether a terminal is kept out now.
func (d *Door) Shut(id record.Terminal) bool {
	if !d.any.Load() {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	until, found := d.shut[id]
	if !found {
		return false
	}
	if left := until.Sub(d.clock()); left > 0 && left <= ShutFor { // the clock may have been set back
		return true
	}
	delete(d.shut, id)
	d.any.Store(len(d.shut) > 0)
	return false
}

// charge counts what was thrown away of a terminal, and shuts the door to it beyond noiseMax.
func (d *Door) charge(id record.Terminal, bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock()
	n, found := d.noise[id]
	if past := now.Sub(n.since); past < 0 || past >= noiseWithin {
		n = noise{since: now}
	}
	if !found && len(d.noise) >= noisyMax {
		clear(d.noise)
	}
	n.bytes += bytes
	if n.bytes <= noiseMax {
		d.noise[id] = n
		return
	}
	delete(d.noise, id)
	if _, already := d.shut[id]; already {
		return // what was on its way when the door was shut
	}
	if len(d.shut) >= noisyMax {
		clear(d.shut)
	}
	d.shut[id] = now.Add(ShutFor)
	d.any.Store(true)
	select {
	case d.floods <- id:
	default: // it is kept out all the same, and told of the next time
	}
}

// tellFloods tells of floods until the context ends.
func (c *Collector) tellFloods(ctx context.Context) {
	for {
		select {
		case id := <-c.door.floods:
			c.tellFlood(ctx, id)
		case <-ctx.Done():
			return
		}
	}
}

// tellOfFloods tells of those that nobody has been told of.
func (c *Collector) tellOfFloods(ctx context.Context) {
	for range floodsMax {
		select {
		case id := <-c.door.floods:
			c.tellFlood(ctx, id)
		default:
			return
		}
	}
}

// tellFlood ends the connection of a terminal that is kept out from now on, and tells people.
func (c *Collector) tellFlood(ctx context.Context, id record.Terminal) {
	c.config.Logger.LogAttrs(ctx, slog.LevelWarn, "terminal floods the cloud and is kept out",
		slog.String("terminal", id.String()), slog.Duration("for", ShutFor))
	if c.config.Disconnect != nil {
		if err := c.config.Disconnect(id); err != nil {
			c.config.Logger.LogAttrs(ctx, slog.LevelWarn, "disconnect terminal", slog.Any("cause", err))
		}
	}
	t, err := c.config.Downlink.directory.get(ctx, id)
	if err != nil {
		c.config.Logger.LogAttrs(ctx, slog.LevelWarn, "raise alarm of a flood", slog.Any("cause", err))
		return
	}
	c.notes.submit(ctx, t, store.Change{Alarms: []store.Alarm{alarmOf(t, alarm.Flood, fmt.Sprintf(
		"sent more than %d MiB within %s that could not be taken: kept out for %s", noiseMax>>20, noiseWithin, ShutFor), c.door.clock())}})
}
