package collector

import (
	"sync"

	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of what waits in front of the workers.
const (
	// waitingMax is how many bytes of messages may wait on lane up, and as many on the two urgent lanes; beyond it the
	// broker's subscription waits.
	waitingMax = 32 << 20
	// shareMax and shareMessagesMax are how much of that is one terminal's. What it sends beyond is dropped, so that it
	// holds up nobody else; a terminal has at most 1,024 records on their way, and sends again what is not acknowledged.
	shareMax         = 2 << 20
	shareMessagesMax = 2048
)

// intake counts what waits on a lane, by terminal.
type intake struct {
	mu     sync.Mutex
	room   *sync.Cond
	bytes  int                       // guarded by mu
	shares map[record.Terminal]share // guarded by mu; of those of whom something waits
	closed bool                      // guarded by mu
}

// share is what waits of one terminal.
type share struct{ messages, bytes int }

func newIntake() *intake {
	i := &intake{shares: map[record.Terminal]share{}}
	i.room = sync.NewCond(&i.mu)
	return i
}

// enter reports whether a message may wait, and counts it then. It blocks while too much waits of all terminals together.
func (i *intake) enter(id record.Terminal, size int) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if s := i.shares[id]; s.messages >= shareMessagesMax || s.messages > 0 && s.bytes+size > shareMax {
		return false
	}
	for i.bytes > 0 && i.bytes+size > waitingMax && !i.closed {
		i.room.Wait()
	}
	s := i.shares[id]
	i.shares[id] = share{messages: s.messages + 1, bytes: s.bytes + size}
	i.bytes += size
	return true
}

// leave counts a message that does not wait any more.
func (i *intake) leave(id record.Terminal, size int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.bytes -= size
	s := i.shares[id]
	if s.messages <= 1 {
		delete(i.shares, id)
	} else {
		i.shares[id] = share{messages: s.messages - 1, bytes: s.bytes - size}
	}
	i.room.Broadcast()
}

// close lets everybody go who waits for room.
func (i *intake) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.room.Broadcast()
}
