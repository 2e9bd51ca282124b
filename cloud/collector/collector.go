package collector

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// messagesMax bounds the messages in front of a worker, of any size (see waitingMax); a full queue makes the broker's
// subscription wait. One terminal's share is an eighth of it.
const messagesMax = 8 * shareMessagesMax

// Message is what arrived on one of a terminal's lanes. Data belongs to the collector.
type Message struct {
	Subject string
	Data    []byte
}

// Collector verifies, stores and acknowledges.
type Collector struct {
	config  Config
	workers []*worker
	acker   *acker
	metrics *metrics
	notes   *notes
	door    *Door
	ahead   *intake // of lanes now and sign
	behind  *intake // of lane up
	seed    maphash.Seed
	closing chan struct{}
	once    sync.Once
}

// New checks the configuration; it starts nothing.
func New(config Config) (*Collector, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	measured, err := newMetrics(config.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	c := &Collector{
		config:  config,
		acker:   newAcker(config.Downlink, measured, config.Logger),
		metrics: measured,
		notes:   newNotes(config.Downlink.config.Store, config.Logger),
		door:    config.Door,
		ahead:   newIntake(),
		behind:  newIntake(),
		seed:    maphash.MakeSeed(),
		closing: make(chan struct{}),
	}
	if c.door == nil {
		c.door = NewDoor(config.Downlink.config.Clock)
	}
	for range config.workers() {
		c.workers = append(c.workers, newWorker(c))
	}
	return c, nil
}

// Run works until the context ends. Messages that have not been stored by then are sent again by their terminals.
func (c *Collector) Run(ctx context.Context) error {
	var wait sync.WaitGroup
	for _, w := range c.workers {
		wait.Go(func() { w.run(ctx) })
	}
	wait.Go(func() { c.acker.run(ctx) })
	wait.Go(func() { c.tryAgain(ctx) })
	wait.Go(func() { c.tellFloods(ctx) })
	<-ctx.Done()
	c.once.Do(func() {
		close(c.closing)
		c.ahead.close()
		c.behind.close()
	})
	wait.Wait()
	return nil
}

// tryAgain calls TryAgain until the context ends.
func (c *Collector) tryAgain(ctx context.Context) {
	ticker := time.NewTicker(notesEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.TryAgain(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// Deliver hands over a message. It blocks while the workers have too much to do; it drops messages on subjects that are
// not a lane, those of a terminal that is kept out or beyond its share, and all once the collector has ended.
func (c *Collector) Deliver(m Message) {
	terminal, lane, err := topic.ParseSubject(m.Subject)
	if err != nil {
		c.metrics.refused("subject")
		return
	}
	if c.door.Shut(terminal) {
		c.metrics.refused("flood")
		return
	}
	w := c.workers[maphash.Comparable(c.seed, terminal)%uint64(len(c.workers))]
	queue, waiting := w.backlog, c.behind
	if lane != topic.Up {
		queue, waiting = w.urgent, c.ahead
	}
	if !waiting.enter(terminal, len(m.Data)) {
		c.metrics.refused("share")
		c.door.charge(terminal, len(m.Data)+noiseEach)
		return
	}
	select {
	case queue <- delivery{terminal: terminal, lane: lane, data: m.Data, from: waiting}:
	case <-c.closing:
	}
}

// Refresh makes the collector read a terminal again, after a person changed its state.
func (c *Collector) Refresh(terminal record.Terminal) {
	c.config.Downlink.directory.refresh(terminal)
}

// delivery is a message on its way to its worker.
type delivery struct {
	terminal record.Terminal
	lane     topic.Lane
	data     []byte
	from     *intake // where it waited; nil for one that did not
}

// done says that the message does not wait any more.
func (d delivery) done() {
	if d.from != nil {
		d.from.leave(d.terminal, len(d.data))
	}
}

// errStale says that a terminal must be loaded again first, after what it has on its way is settled.
var errStale = errors.New("collector: terminal is being loaded again")

// tracker returns a terminal's tracker, fresh from the store when the one in memory went wrong. The caller lets go of it by
// hold(-1).
func (c *Collector) tracker(ctx context.Context, terminal record.Terminal) (*tracker, error) {
	d := c.config.Downlink.directory
	t, err := d.hold(ctx, terminal)
	if err != nil {
		return nil, err
	}
	failed, busy := t.state()
	if !failed {
		return t, nil
	}
	t.hold(-1)
	if busy {
		return nil, errStale
	}
	d.forget(terminal)
	return d.hold(ctx, terminal)
}

// limiter lets a bounded number of things through in a second.
type limiter struct {
	second int64
	count  int
}

// allow reports whether one more thing may happen now.
func (l *limiter) allow(now time.Time, most int) bool {
	if second := now.Unix(); second != l.second {
		l.second, l.count = second, 0
	}
	l.count++
	return l.count <= most
}
