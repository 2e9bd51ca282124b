package payment

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

// timers wakes payments up. One goroutine serves all; a payment has one time, the latest that was set.
type timers struct {
	clock Clock
	due   func(store.OrderID)
	wake  chan struct{}

	mu    sync.Mutex
	heap  timerHeap                 // guarded by mu
	times map[store.OrderID]*timing // guarded by mu
}

// timing is one payment's entry in the heap.
type timing struct {
	order store.OrderID
	at    time.Time
	index int
}

func newTimers(clock Clock, due func(store.OrderID)) *timers {
	return &timers{clock: clock, due: due, wake: make(chan struct{}, 1), times: make(map[store.OrderID]*timing)}
}

// set makes the payment's time at.
func (t *timers) set(order store.OrderID, at time.Time) {
	t.mu.Lock()
	if known := t.times[order]; known != nil {
		known.at = at
		heap.Fix(&t.heap, known.index)
	} else {
		known = &timing{order: order, at: at}
		t.times[order] = known
		heap.Push(&t.heap, known)
	}
	first := t.heap[0].order == order
	t.mu.Unlock()
	if !first {
		return
	}
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// ensure makes the payment's time at, unless it has one. It reports false when there are timersMax already.
func (t *timers) ensure(order store.OrderID, at time.Time) bool {
	t.mu.Lock()
	known, full := t.times[order] != nil, len(t.times) >= timersMax
	t.mu.Unlock()
	if !known && !full {
		t.set(order, at)
	}
	return known || !full
}

// clear drops the payment's time.
func (t *timers) clear(order store.OrderID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known := t.times[order]; known != nil {
		heap.Remove(&t.heap, known.index)
		delete(t.times, order)
	}
}

// run calls due for each payment whose time has come, until the context ends.
func (t *timers) run(ctx context.Context) error {
	for {
		wait, any := t.fire()
		var alarm <-chan time.Time
		if any {
			alarm = t.clock.After(wait)
		}
		select {
		case <-alarm:
		case <-t.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// fire calls due for each payment whose time has come, and returns how long until the next, if there is one.
func (t *timers) fire() (wait time.Duration, any bool) {
	for {
		order, wait, any := t.next()
		if !any || wait > 0 {
			return wait, any
		}
		t.due(order)
	}
}

// next removes and returns the first payment that is due, or says how long until then.
func (t *timers) next() (order store.OrderID, wait time.Duration, any bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.heap) == 0 {
		return store.OrderID{}, 0, false
	}
	first := t.heap[0]
	if wait = first.at.Sub(t.clock.Now()); wait > 0 {
		return store.OrderID{}, wait, true
	}
	heap.Pop(&t.heap)
	delete(t.times, first.order)
	return first.order, 0, true
}

// timerHeap is a heap.Interface, earliest first.
type timerHeap []*timing

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push adds x, a *timing.
func (h *timerHeap) Push(x any) {
	t := x.(*timing)
	t.index = len(*h)
	*h = append(*h, t)
}

// Pop removes the last.
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
