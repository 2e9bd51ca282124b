package service

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// timers wakes payments at the moment they asked for: one goroutine, one entry a payment, the newest request counts.
type timers struct {
	clock func() time.Time
	fire  func(operator.OrderID)
	news  chan struct{} // one token when the earliest moment may have changed

	mu    sync.Mutex
	queue alarmQueue
	at    map[operator.OrderID]*alarmEntry
}

type alarmEntry struct {
	id    operator.OrderID
	at    time.Time
	index int
}

func newTimers(clock func() time.Time, fire func(operator.OrderID)) *timers {
	return &timers{clock: clock, fire: fire, news: make(chan struct{}, 1), at: map[operator.OrderID]*alarmEntry{}}
}

// set replaces the payment's moment.
func (t *timers) set(id operator.OrderID, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if entry := t.at[id]; entry != nil {
		entry.at = at
		heap.Fix(&t.queue, entry.index)
	} else {
		entry = &alarmEntry{id: id, at: at}
		t.at[id] = entry
		heap.Push(&t.queue, entry)
	}
	if t.queue[0].id == id {
		t.wake()
	}
}

// wake has run look at the clock.
func (t *timers) wake() {
	select {
	case t.news <- struct{}{}:
	default: // a token is there already
	}
}

// clear forgets the payment's moment.
func (t *timers) clear(id operator.OrderID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if entry := t.at[id]; entry != nil {
		heap.Remove(&t.queue, entry.index)
		delete(t.at, id)
	}
}

// run fires until ctx ends.
func (t *timers) run(ctx context.Context) {
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	for {
		due, wait := t.due()
		for _, id := range due {
			t.fire(id)
		}
		wake.Reset(wait)
		select {
		case <-wake.C:
		case <-t.news:
		case <-ctx.Done():
			return
		}
	}
}

// due takes out what is due and returns how long the rest may sleep.
func (t *timers) due() ([]operator.OrderID, time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock()
	var ids []operator.OrderID
	for len(t.queue) > 0 && !t.queue[0].at.After(now) {
		entry, _ := heap.Pop(&t.queue).(*alarmEntry)
		delete(t.at, entry.id)
		ids = append(ids, entry.id)
	}
	if len(t.queue) == 0 {
		return ids, time.Hour
	}
	return ids, t.queue[0].at.Sub(now)
}

// alarmQueue is a heap by moment.
type alarmQueue []*alarmEntry

func (q alarmQueue) Len() int           { return len(q) }
func (q alarmQueue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q alarmQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

func (q *alarmQueue) Push(x any) {
	entry, _ := x.(*alarmEntry)
	entry.index = len(*q)
	*q = append(*q, entry)
}

func (q *alarmQueue) Pop() any {
	last := len(*q) - 1
	entry := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return entry
}
