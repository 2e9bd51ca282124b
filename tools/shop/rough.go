package shop

import (
	"net"
	"sync"
	"time"
)

// Direction is one of the two ways through a cable.
type Direction uint8

// The directions. Near is who dialled: the terminal, or the cloud where it calls an operator.
const (
	ToFar Direction = iota
	ToNear
)

// Condition is how one way through a rough cable is. The zero Condition is a good one.
type Condition struct {
	// Delay is by how much each piece of data comes later.
	Delay time.Duration
	// Rate is how many bytes a second pass; 0 is no limit.
	Rate int
	// Stalled holds everything back until that is over; nothing is lost.
	Stalled bool
	// Deaf loses what is sent, while the other way still works. A connection that lost something ends when that is over,
	// as nothing that came behind the loss would be understood.
	Deaf bool
	// SeverAfter ends a connection after so many more bytes, in the middle of whatever is being said; 0 never does.
	SeverAfter int
}

// pieceMax is what passes at once through a way with a rate, in bytes.
const pieceMax = 512

// rough is the state of both ways through a cable.
type rough struct {
	mu      sync.Mutex
	ways    [2]Condition
	changed chan struct{} // closed, and replaced, with every change
}

func newRough() *rough { return &rough{changed: make(chan struct{})} }

// Worsen sets how one way of a rough cable is, also for the connections that stand. It does nothing to a smooth cable.
func (c *Cable) Worsen(direction Direction, condition Condition) {
	if c.rough != nil {
		c.rough.set(direction, condition)
	}
}

func (r *rough) set(direction Direction, condition Condition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ways[direction] = condition
	close(r.changed)
	r.changed = make(chan struct{})
}

// look returns how a way is and what ends with the next change.
func (r *rough) look(direction Direction) (Condition, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ways[direction], r.changed
}

// sever counts bytes down to the connection's end and reports how many of them still pass, and whether it ends behind
// them.
func (r *rough) sever(direction Direction, size int) (pass int, ends bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	way := &r.ways[direction]
	switch {
	case way.SeverAfter == 0:
		return size, false
	case way.SeverAfter > size:
		way.SeverAfter -= size
		return size, false
	default:
		pass, way.SeverAfter = way.SeverAfter, 0
		return pass, true
	}
}

// way is one direction of one connection through a rough cable: what is written to it comes out at the other end as the
// cable's condition lets it.
type way struct {
	rough     *rough
	direction Direction
	to        net.Conn
	ended     <-chan struct{} // closed when the connection is over
	lost      bool            // something was lost: the rest makes no sense
}

// Write implements io.Writer. Error: net.ErrClosed, those of the connection.
func (w *way) Write(b []byte) (int, error) {
	for written := 0; written < len(b); {
		condition, changed := w.rough.look(w.direction)
		piece := b[written:]
		switch {
		case condition.Stalled:
			if !w.await(changed, 0) {
				return written, net.ErrClosed
			}
			continue
		case condition.Deaf:
			w.lost = true
			return len(b), nil
		case w.lost:
			return written, net.ErrClosed
		case condition.Rate > 0:
			piece = piece[:min(len(piece), pieceMax)]
			condition.Delay += time.Duration(len(piece)) * time.Second / time.Duration(condition.Rate)
		}
		if condition.Delay > 0 && !w.await(nil, condition.Delay) {
			return written, net.ErrClosed
		}
		pass, ends := w.rough.sever(w.direction, len(piece))
		n, err := w.to.Write(piece[:pass])
		written += n
		if err == nil && ends {
			err = net.ErrClosed
		}
		if err != nil {
			return written, err
		}
	}
	return len(b), nil
}

// await waits for a change, or for a time when there is one, and reports whether the connection still stands.
func (w *way) await(changed <-chan struct{}, wait time.Duration) bool {
	var timer <-chan time.Time
	if wait > 0 {
		timer = time.After(wait)
	}
	select {
	case <-changed:
		return true
	case <-timer:
		return true
	case <-w.ended:
		return false
	}
}
