package station

import (
	"sync"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
)

// feedMax is how many events are kept for those who come back; whoever misses more gets the newest snapshot.
const feedMax = 64

// feedEvent is one event. Exactly one of view, followUp, shift, notice and offline says something.
type feedEvent struct {
	id   int64
	at   time.Time
	view checkout.View
	// followUp is nil unless it is a follow-up's event.
	followUp *followup.View
	shift    *Shift
	device   string
	notice   catalogue.Phrase
	// offline is what may be accepted by the till itself; nil in other events.
	offline *Offline
}

// isSale reports whether the event is a sale's snapshot.
func (e feedEvent) isSale() bool {
	return e.notice == catalogue.None && e.followUp == nil && e.shift == nil && e.offline == nil
}

// Feed hands events from the till to everybody who listens. Publishing never waits for a listener.
type Feed struct {
	mu      sync.Mutex
	ring    [feedMax]feedEvent // event id stands at id modulo feedMax
	count   int64              // events kept
	next    int64              // id of the next event
	changed chan struct{}
	watch   func(view checkout.View)
}

// NewFeed returns a feed. Its ids rise over restarts as long as the clock does, so that a listener of an earlier run is
// not taken for one that is up to date.
func NewFeed(now time.Time) *Feed {
	const idsPerMillisecond = 1000
	return &Feed{next: now.UnixMilli() * idsPerMillisecond, changed: make(chan struct{})}
}

// Watch has every sale's snapshot told to a function too, on the goroutine that publishes it. It is called before
// anything is published.
func (f *Feed) Watch(watch func(view checkout.View)) { f.watch = watch }

// PublishSale tells how a sale is.
func (f *Feed) PublishSale(view checkout.View, at time.Time) {
	if f.watch != nil {
		f.watch(view)
	}
	f.publish(feedEvent{view: view, at: at})
}

// PublishShift tells that a shift was opened, changed or ended.
func (f *Feed) PublishShift(shift Shift, at time.Time) {
	f.publish(feedEvent{shift: &shift, at: at})
}

// PublishFollowUp tells how something that is done with an order is.
func (f *Feed) PublishFollowUp(view followup.View, at time.Time) {
	f.publish(feedEvent{followUp: &view, at: at})
}

// PublishNotice tells what happened outside any sale; device is empty when it was not a device.
func (f *Feed) PublishNotice(device string, notice catalogue.Phrase, at time.Time) {
	if notice != catalogue.None {
		f.publish(feedEvent{device: device, notice: notice, at: at})
	}
}

// PublishOffline tells what the till may accept by itself.
func (f *Feed) PublishOffline(left Offline, at time.Time) {
	f.publish(feedEvent{offline: &left, at: at})
}

func (f *Feed) publish(event feedEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	event.id = f.next
	f.ring[event.id%feedMax] = event
	f.next++
	f.count = min(f.count+1, feedMax)
	close(f.changed)
	f.changed = make(chan struct{})
}

// resumed is the id after which somebody goes on who saw id last. One that this run has not given yet is an earlier run's,
// whose clock was ahead: everything kept follows.
func (f *Feed) resumed(id int64) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id >= f.next {
		return f.next - f.count - 1
	}
	return id
}

// after returns the events after id that are still kept, and a channel that closes when there are more. Somebody new
// (id 0) gets the newest sale only.
func (f *Feed) after(id int64) ([]feedEvent, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	oldest := f.next - f.count
	if id == 0 {
		return f.newestSale(oldest), f.changed
	}
	var events []feedEvent
	for next := max(id+1, oldest); next < f.next; next++ {
		events = append(events, f.ring[next%feedMax])
	}
	return events, f.changed
}

func (f *Feed) newestSale(oldest int64) []feedEvent {
	for id := f.next - 1; id >= oldest; id-- {
		if event := f.ring[id%feedMax]; event.isSale() {
			return []feedEvent{event}
		}
	}
	return nil
}

// newest is the id of the latest event, or of the time before the first.
func (f *Feed) newest() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next - 1
}
