package control

import (
	"context"
	"sync"
	"time"
)

// eventsMax bounds the events remembered; the oldest are forgotten.
const eventsMax = 1 << 16

// The devices an Event can be of.
const (
	DeviceScanner    = "scanner"
	DeviceCardReader = "card-reader"
	DevicePrinter    = "printer"
)

// KindCodeWritten is the event of a symbol's last byte handed to the line.
const KindCodeWritten = "code written"

// Event is something a device did.
type Event struct {
	// Sequence counts from 1 without gaps.
	Sequence uint64 `json:"seq"`
	Device   string `json:"device"`
	Kind     string `json:"kind"`
	// Nanoseconds is the monotonic time since the program began: two events of any devices can be subtracted.
	Nanoseconds int64 `json:"ns"`
	// At is the same moment by this machine's clock, for comparing with what other programs note.
	At time.Time `json:"at"`
	// Receipt and Path are of the printer's events: the receipt's number from 1, and its picture.
	Receipt int    `json:"receipt,omitempty"`
	Path    string `json:"path,omitempty"`
}

// Log remembers events and lets readers wait for more.
type Log struct {
	origin time.Time

	mu     sync.Mutex
	events []Event
	last   uint64
	// grown is closed, and replaced, with every event.
	grown chan struct{}
}

// NewLog returns an empty Log that counts time from origin.
func NewLog(origin time.Time) *Log {
	return &Log{origin: origin, grown: make(chan struct{})}
}

// Add numbers an event that happened at the given time and remembers it. It returns the event as remembered.
func (l *Log) Add(at time.Time, event Event) Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	event.Sequence, event.Nanoseconds, event.At = l.last, at.Sub(l.origin).Nanoseconds(), at.Round(0)
	if len(l.events) == eventsMax {
		// Half at a time, so that a full log costs no copy an event.
		l.events = append(l.events[:0], l.events[eventsMax/2:]...)
	}
	l.events = append(l.events, event)
	close(l.grown)
	l.grown = make(chan struct{})
	return event
}

// After returns the events with a sequence above the given one, oldest first. While there are none it waits for one,
// or for ctx's end, which gives none and no error.
func (l *Log) After(ctx context.Context, sequence uint64) []Event {
	for {
		l.mu.Lock()
		events, grown := l.above(sequence), l.grown
		l.mu.Unlock()
		if len(events) > 0 {
			return events
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil
		}
	}
}

// above needs l.mu.
func (l *Log) above(sequence uint64) []Event {
	if sequence >= l.last {
		return nil
	}
	forgotten := l.last - uint64(len(l.events))
	if sequence < forgotten {
		sequence = forgotten
	}
	return append([]Event(nil), l.events[sequence-forgotten:]...)
}
