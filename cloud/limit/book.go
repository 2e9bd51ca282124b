package limit

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of giving.
const (
	// terminalsMax bounds the terminals that are remembered. One that is not gets its limits when it is heard again.
	terminalsMax = 1_000_000
	// evictionLooks bounds the terminals that are looked at for one that can be forgotten.
	evictionLooks = 64
	// Limits whose taking nobody has heard of are sent again after againFirst, then after twice as long each time, at most
	// againLast, and repeatsMax times in all: longer than the day after which a terminal signs in anyway.
	againFirst = 30 * time.Second
	againLast  = 15 * time.Minute
	repeatsMax = 104
	// lookEvery is how often the book is looked through for what is to be sent again.
	lookEvery = 10 * time.Second
)

// giving is how far a terminal is with its limits.
type giving struct {
	sent  [16]byte  // the limits of the last try, zero when they were not sent
	at    time.Time // of the last try
	tries int       // since its limits changed or it signed in
	open  bool      // it has not said that it took them
}

// book knows which terminals are to be sent limits. It is a value without clock and lock.
type book struct {
	most      int
	terminals map[record.Terminal]giving
	waiting   map[record.Terminal]struct{} // to be sent theirs now; all of them are open
	looked    time.Time
	forgotten int // terminals that were dropped or passed over for want of room
}

func newBook(most int) *book {
	return &book{most: most, terminals: map[record.Terminal]giving{}, waiting: map[record.Terminal]struct{}{}}
}

// want makes a terminal be given its limits, whatever it was given before.
func (b *book) want(terminal record.Terminal) {
	g, known := b.terminals[terminal]
	if !known && len(b.terminals) >= b.most && !b.evict() {
		b.forgotten++
		return
	}
	g.open, g.tries = true, 0
	b.terminals[terminal] = g
	b.waiting[terminal] = struct{}{}
}

// evict drops a terminal that has what it was sent.
func (b *book) evict() bool {
	looks := 0
	for terminal, g := range b.terminals {
		if !g.open {
			delete(b.terminals, terminal)
			b.forgotten++
			return true
		}
		if looks++; looks >= evictionLooks {
			break
		}
	}
	return false
}

// changed makes all terminals be given their limits.
func (b *book) changed() {
	for terminal := range b.terminals {
		b.want(terminal)
	}
}

// heard makes a terminal be given its limits that was given none, or may have missed them while it was away.
func (b *book) heard(terminal record.Terminal, now time.Time) {
	g, known := b.terminals[terminal]
	if !known {
		b.want(terminal)
		return
	}
	if since := now.Sub(g.at); g.open && (since >= againFirst || since < 0) {
		b.waiting[terminal] = struct{}{}
	}
}

// taken notes a terminal's word that it holds to limits: when they are those that it was last sent, nothing is open.
func (b *book) taken(terminal record.Terminal, id [16]byte) {
	g, known := b.terminals[terminal]
	if !known || g.tries == 0 || g.sent != id {
		return
	}
	g.open = false
	b.terminals[terminal] = g
	delete(b.waiting, terminal)
}

// due takes the terminals that are to be sent limits now, in the order of their ids, and counts that as a try. It gives up those that were sent them
// often enough, and returns them too.
func (b *book) due(now time.Time) (send, givenUp []record.Terminal) {
	if since := now.Sub(b.looked); since >= lookEvery || since < 0 {
		b.looked = now
		for terminal, g := range b.terminals {
			switch {
			case !g.open || g.tries == 0 || now.Before(g.at.Add(wait(g.tries))):
			case g.tries > repeatsMax:
				g.open = false
				b.terminals[terminal] = g
				delete(b.waiting, terminal)
				givenUp = append(givenUp, terminal)
			default:
				b.waiting[terminal] = struct{}{}
			}
		}
	}
	send = slices.SortedFunc(maps.Keys(b.waiting), byID)
	for _, terminal := range send {
		g := b.terminals[terminal]
		g.tries, g.at, g.sent = g.tries+1, now, [16]byte{}
		b.terminals[terminal] = g
	}
	clear(b.waiting)
	slices.SortFunc(givenUp, byID)
	return send, givenUp
}

// putBack makes terminals wait again that were not even tried.
func (b *book) putBack(terminals []record.Terminal) {
	for _, terminal := range terminals {
		g, known := b.terminals[terminal]
		if !known {
			continue
		}
		g.tries = max(g.tries-1, 0)
		b.terminals[terminal] = g
		b.waiting[terminal] = struct{}{}
	}
}

// sent notes which limits went out, unless others were wanted since the try began.
func (b *book) sent(terminal record.Terminal, id [16]byte) {
	g, known := b.terminals[terminal]
	if !known || g.tries == 0 {
		return
	}
	g.sent = id
	b.terminals[terminal] = g
}

// forget drops a terminal that there is not.
func (b *book) forget(terminal record.Terminal) {
	delete(b.terminals, terminal)
	delete(b.waiting, terminal)
}

// wait is how long the terminal's own record of what it was sent may take.
func wait(tries int) time.Duration {
	wait := againFirst
	for i := 1; i < tries && wait < againLast; i++ {
		wait *= 2
	}
	return min(wait, againLast)
}

// byID keeps the order in which terminals are sent limits from depending on chance.
func byID(a, b record.Terminal) int { return bytes.Compare(a[:], b[:]) }
