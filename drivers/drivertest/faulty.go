package drivertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

// Faults say how a Faulty port misbehaves. Probabilities are in per cent, 0 to 100.
type Faults struct {
	// Split delivers a read in pieces of random size; Merge waits a moment so that reads run together.
	Split, Merge int
	// Delay holds a read or write back for up to DelayMax, which Close does not cut short.
	Delay    int
	DelayMax time.Duration
	// Corrupt flips one bit of a read.
	Corrupt int
	// StallAfter is the number of bytes, both directions together, after which nothing passes any more: reads
	// block until their deadline or Close, writes seem to succeed. 0 is never.
	StallAfter int
	// HangUpAfter is the number of bytes after which the port is gone. 0 is never.
	HangUpAfter int
}

const (
	// mergeWait is how long a merged read lets more bytes come.
	mergeWait = 2 * time.Millisecond
	// splitMax is the largest piece of a split read.
	splitMax = 8
)

// Faulty is a port that misbehaves, the same way for the same seed and the same calls.
type Faulty struct {
	drivers.Port
	faults Faults

	mu     sync.Mutex
	random *rand.Rand
	passed int
	gone   bool
}

var _ drivers.Port = (*Faulty)(nil)

// NewFaulty returns a Faulty around port.
func NewFaulty(port drivers.Port, seed uint64, faults Faults) *Faulty {
	return &Faulty{Port: port, faults: faults, random: rand.New(rand.NewPCG(seed, seed))}
}

// Read reads with faults. Errors: the port's and, hung up, drivers.ErrGone.
func (f *Faulty) Read(b []byte) (int, error) {
	plan := f.plan()
	if plan.merge {
		time.Sleep(mergeWait)
	}
	if plan.split && len(b) > 1 {
		b = b[:1+plan.roll%min(len(b), splitMax)]
	}
	n, err := f.Port.Read(b)
	// What comes in a stall is never seen; the deadline, Close or a hang-up ends it.
	for err == nil && f.stalled() {
		n, err = f.Port.Read(b)
	}
	if err != nil {
		return 0, f.streamError("read port", err)
	}
	time.Sleep(plan.delay)
	if plan.corrupt {
		b[plan.roll%n] ^= 1 << (plan.roll % 8)
	}
	if f.pass(n) {
		return 0, f.hungUp("read port")
	}
	return n, nil
}

// Write writes with faults. Errors: the port's and, hung up, drivers.ErrGone.
func (f *Faulty) Write(b []byte) (int, error) {
	plan := f.plan()
	time.Sleep(plan.delay)
	if f.stalled() {
		// The kernel takes the bytes of a stalled device as if they were sent.
		return len(b), nil
	}
	n, err := f.Port.Write(b)
	if err != nil {
		return n, f.streamError("write port", err)
	}
	if f.pass(n) {
		return n, f.hungUp("write port")
	}
	return n, nil
}

// HangUp makes the port gone for every call, those that block included.
func (f *Faulty) HangUp() error {
	f.mu.Lock()
	f.gone = true
	f.mu.Unlock()
	return f.Close()
}

// plan is what one call will do, drawn at its beginning.
type plan struct {
	split, merge, corrupt bool
	delay                 time.Duration
	roll                  int
}

func (f *Faulty) plan() plan {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := plan{split: f.draw(f.faults.Split), merge: f.draw(f.faults.Merge), corrupt: f.draw(f.faults.Corrupt)}
	if f.draw(f.faults.Delay) && f.faults.DelayMax > 0 {
		p.delay = time.Duration(f.random.Int64N(int64(f.faults.DelayMax)))
	}
	p.roll = f.random.IntN(1 << 16)
	return p
}

// draw needs f.mu.
func (f *Faulty) draw(percent int) bool { return f.random.IntN(100) < percent }

func (f *Faulty) stalled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults.StallAfter > 0 && f.passed >= f.faults.StallAfter
}

// pass counts n bytes and reports whether the port hangs up with them.
func (f *Faulty) pass(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passed += n
	return f.faults.HangUpAfter > 0 && f.passed >= f.faults.HangUpAfter
}

func (f *Faulty) hungUp(op string) error {
	return fmt.Errorf("%s: %w", op, errors.Join(drivers.ErrGone, f.HangUp()))
}

func (f *Faulty) streamError(op string, err error) error {
	f.mu.Lock()
	gone := f.gone
	f.mu.Unlock()
	if gone {
		return fmt.Errorf("%s: %w", op, drivers.ErrGone)
	}
	return err
}
