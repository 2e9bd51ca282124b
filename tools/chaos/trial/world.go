package trial

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yuantill/yuantill/tools/chaos/plan"
	"github.com/yuantill/yuantill/tools/chaos/tally"
	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/shop"
)

// The small disk of the first till's journal, and what the till wants to have free on it.
const (
	diskSize = 48 << 20
	diskRoom = 8 << 20
)

// world is the shop, the people in it, and what is being done to it.
type world struct {
	*shop.Shop
	options Options
	told    *tally.Tally
	moments *moments
	broken  notes
	papers  *papers
	disk    *shop.Disk // nil where mounting is not allowed
	agent   string     // the program of the tills' first version
	codes   atomic.Int64
	kills   atomic.Int64

	closing   chan struct{} // closed when no further sale is begun
	cashiers  sync.WaitGroup
	observers sync.WaitGroup
	watchers  sync.WaitGroup
	unwatch   context.CancelFunc
	watching  context.Context // of the watchers alone: they start with each process, in whatever goroutine starts it

	processes map[plan.Target]*sync.Mutex // held while a process is down or stands still
	lines     map[plan.Target]*sync.Mutex // held while a line is worse than good

	mu     sync.Mutex
	faults map[plan.Fault]int // guarded by mu
}

// notes collects texts.
type notes struct {
	mu    sync.Mutex
	texts []string // guarded by mu
}

func (n *notes) add(format string, values ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.texts = append(n.texts, fmt.Sprintf(format, values...))
}

func (n *notes) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.texts...)
}

func newWorld(s *shop.Shop, options Options) *world {
	w := &world{Shop: s, options: options, told: tally.New(), moments: newMoments(), closing: make(chan struct{}),
		papers: newPapers(len(s.Tills)), faults: map[plan.Fault]int{},
		agent:     s.Tills[0].Command[len(s.Tills[0].Command)-1],
		processes: map[plan.Target]*sync.Mutex{plan.Cloud: {}, plan.Operator: {}},
		lines:     map[plan.Target]*sync.Mutex{plan.Operator: {}}}
	for i := range s.Tills {
		w.processes[plan.Target(i)], w.lines[plan.Target(i)] = &sync.Mutex{}, &sync.Mutex{}
	}
	w.watching, w.unwatch = context.WithCancel(context.Background())
	return w
}

func (w *world) say(format string, values ...any) { w.options.Say(format, values...) }

// prepare puts the first till on a small disk and slows the printers.
func (w *world) prepare(ctx context.Context) error {
	till := w.Tills[0]
	if err := till.Agent.Stop(); err != nil {
		return err
	}
	disk, err := w.SmallDisk(till, diskSize, diskRoom)
	switch {
	case errors.Is(err, shop.ErrNoMount):
		w.say("本机不许挂载小磁盘，磁盘满一项从略 · no small disk may be mounted here: a full disk is left out")
	case err != nil:
		return err
	}
	w.disk = disk
	if err := w.StartAgent(ctx, till); err != nil {
		return err
	}
	return w.printers(ctx, slowLine)
}

func (w *world) printers(ctx context.Context, line time.Duration) error {
	for _, till := range w.Tills {
		if err := till.Devices.Printer(ctx, "slow", control.PrinterRequest{Line: control.Duration(line)}); err != nil {
			return err
		}
	}
	return nil
}

// close stops everything and gives the disk back.
func (w *world) close() error {
	w.unwatch()
	err := w.Stop()
	w.watchers.Wait()
	if w.disk != nil {
		err = errors.Join(err, w.disk.Unmount())
	}
	return err
}

// process returns what runs of a target now.
func (w *world) process(target plan.Target) *shop.Process {
	switch target {
	case plan.Cloud:
		return w.Cloud
	case plan.Operator:
		return w.Bank
	default:
		return w.Tills[target].Agent
	}
}

// launch starts a target that is down. The caller holds its lock.
func (w *world) launch(ctx context.Context, target plan.Target) error {
	var err error
	switch target {
	case plan.Cloud:
		err = w.LaunchCloud()
	case plan.Operator:
		err = w.StartOperator(ctx)
	default:
		err = w.LaunchAgent(w.Tills[target])
	}
	if err == nil {
		w.guard(target, w.process(target))
	}
	return err
}

// watch guards what runs at the beginning.
func (w *world) watch() {
	for target, lock := range w.processes {
		lock.Lock()
		w.guard(target, w.process(target))
		lock.Unlock()
	}
}

// guard notes when a process ends although nobody killed it, and starts it again as a supervisor would.
func (w *world) guard(target plan.Target, process *shop.Process) {
	w.watchers.Go(func() {
		err := process.Died(w.watching)
		if err == nil {
			return
		}
		w.broken.add("%s: %v", target, err)
		w.say("✗ %s 自行退出 · ended by itself: %v", target, err)
		lock := w.processes[target]
		lock.Lock()
		defer lock.Unlock()
		if w.process(target) == process && w.watching.Err() == nil {
			if err := w.launch(w.watching, target); err != nil {
				w.broken.add("%s: %v", target, err)
			}
		}
	})
}

func (w *world) count(fault plan.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[fault]++
}

func (w *world) faultCounts() map[plan.Fault]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.faults)
}

// pause waits and reports false when ctx ended before.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
