package world

import (
	"container/heap"
	"iter"
	"time"
)

// loop is the one thread of the world: events run one after another in the order of their time, and of their making
// where that is the same. Nothing of the world runs beside it.
type loop struct {
	now     time.Duration // since the world began
	queue   eventQueue
	made    uint64
	steps   int
	current *task
}

// event is something that happens at a time, unless the life it belongs to has ended by then.
type event struct {
	at    time.Duration
	order uint64
	life  *life // nil for what no death prevents
	run   func()
}

// after makes something happen d from now.
func (l *loop) after(d time.Duration, of *life, run func()) {
	l.made++
	heap.Push(&l.queue, event{at: l.now + max(d, 0), order: l.made, life: of, run: run})
}

// step runs the next event, unless that is later than until; it reports whether it did.
func (l *loop) step(until time.Duration) bool {
	if len(l.queue) == 0 || l.queue[0].at > until {
		return false
	}
	next := heap.Pop(&l.queue).(event)
	l.now = next.at
	if next.life != nil && next.life.dead {
		return true
	}
	l.steps++
	l.guard(next.run)
	return true
}

// guard runs something in which somebody may die.
func (l *loop) guard(run func()) {
	defer func() {
		l.current = nil
		if problem := recover(); problem != nil {
			died, is := problem.(*death)
			if !is {
				panic(problem)
			}
			died.life.bury()
		}
	}()
	run()
}

// life is one run of a process: what belongs to it ends when it does.
type life struct {
	dead   bool
	tasks  []*task
	points int    // effects so far
	fatal  int    // the effect at which it is killed; 0 for never
	buried func() // what is to be done with the remains
	last   string // the effect at which it died
}

// death is thrown through the code of a process that is killed.
type death struct{ life *life }

// point is a place between two effects, where a process may be killed.
func (l *life) point(what string) {
	if l.dead {
		panic(&death{l}) // it goes on unwinding
	}
	l.points++
	if l.points == l.fatal {
		l.end(what)
	}
}

// end is the death of the process here.
func (l *life) end(what string) {
	l.last = what
	panic(&death{l})
}

// kill ends the life from outside.
func (l *life) kill() {
	if !l.dead {
		l.last = "from outside"
		l.bury()
	}
}

func (l *life) bury() {
	if l.dead {
		return
	}
	l.dead = true
	for _, t := range l.tasks {
		t.stop()
	}
	l.tasks = nil
	if l.buried != nil {
		l.buried()
	}
}

// task is a function that may wait for the world: a coroutine, switched to and from without the scheduler.
type task struct {
	life  *life
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
}

// unwinding is thrown through a task whose process has ended.
type unwinding struct{}

// spawn runs a function soon as a task.
func (l *loop) spawn(of *life, run func()) {
	l.after(0, of, func() { l.begin(of, run) })
}

// begin runs a function as a task now, until it waits for the first time.
func (l *loop) begin(of *life, run func()) {
	t := &task{life: of}
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			switch problem := recover().(type) {
			case nil, unwinding:
			case *death:
				if !of.dead { // else it is the echo of its own end
					panic(problem)
				}
			default:
				panic(problem)
			}
		}()
		t.yield = yield
		run()
	})
	of.tasks = append(of.tasks, t)
	l.resume(t)
}

func (l *loop) resume(t *task) {
	before := l.current
	l.current = t
	_, waits := t.next()
	l.current = before
	if waits {
		return
	}
	for i := range t.life.tasks {
		if t.life.tasks[i] == t {
			t.life.tasks = append(t.life.tasks[:i], t.life.tasks[i+1:]...)
			return
		}
	}
}

// wait suspends the present task until wake is called, from another event.
func (l *loop) wait(start func(wake func())) {
	t := l.current
	woken := false
	start(func() {
		if !woken && !t.life.dead {
			woken = true
			l.resume(t)
		}
	})
	if !t.yield(struct{}{}) {
		panic(unwinding{})
	}
}

// sleep suspends the present task for a time.
func (l *loop) sleep(d time.Duration) {
	l.wait(func(wake func()) { l.after(d, l.current.life, wake) })
}

// alarm is one future event that may be moved.
type alarm struct {
	loop *loop
	life *life
	run  func()
	at   time.Duration
	set  bool
	turn int
}

// in moves the alarm to d from now where that is earlier than it stands.
func (a *alarm) in(d time.Duration) {
	at := a.loop.now + max(d, 0)
	if a.set && a.at <= at {
		return
	}
	a.exactly(d)
}

// exactly moves the alarm to d from now.
func (a *alarm) exactly(d time.Duration) {
	a.turn++
	turn := a.turn
	a.at, a.set = a.loop.now+max(d, 0), true
	a.loop.after(d, a.life, func() {
		if turn == a.turn {
			a.set = false
			a.run()
		}
	})
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	if q[i].at != q[j].at {
		return q[i].at < q[j].at
	}
	return q[i].order < q[j].order
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push adds x, an event.
func (q *eventQueue) Push(x any) { *q = append(*q, x.(event)) }

// Pop removes the last.
func (q *eventQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*q = old[:len(old)-1]
	return last
}
