package hid

import (
	"sync"
	"time"
)

// deadline is a moment that may be moved while somebody waits for it.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	cancel chan struct{} // closed when the moment has come
}

func newDeadline() deadline { return deadline{cancel: make(chan struct{})} }

// passed is closed when the moment comes.
func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cancel
}

// set moves the moment; the zero time means never.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.cancel // it fires now: let it, or it would end the new deadline
	}
	d.timer = nil
	if isDone(d.cancel) {
		d.cancel = make(chan struct{})
	}
	if t.IsZero() {
		return
	}
	cancel := d.cancel
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { close(cancel) })
		return
	}
	close(cancel)
}
