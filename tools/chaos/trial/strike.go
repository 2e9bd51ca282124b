package trial

import (
	"context"
	"sync"
	"time"

	"github.com/yuantill/yuantill/tools/chaos/plan"
	"github.com/yuantill/yuantill/tools/shop"
)

// Bounds of the striking.
const (
	strikesMax   = 8               // under way at once
	momentWithin = 3 * time.Second // a moment that does not come by then is not waited for any more
	queueRecords = 2_000           // of a till that comes back as another version
)

// strikes plays the plan to its end.
func (w *world) strikes(ctx context.Context) {
	room := make(chan struct{}, strikesMax)
	var wait sync.WaitGroup
	defer wait.Wait()
	for _, step := range w.options.Steps {
		if !pause(ctx, step.After) {
			return
		}
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		wait.Go(func() {
			defer func() { <-room }()
			w.strike(ctx, step)
		})
	}
}

// strike plays one step.
func (w *world) strike(ctx context.Context, step plan.Step) {
	if step.Fault == plan.FullDisk && w.disk == nil {
		return
	}
	lock := w.processes[step.Target]
	switch step.Fault {
	case plan.Kill, plan.Pause, plan.Upgrade:
	default:
		lock = w.lines[step.Target]
	}
	if !w.moments.await(ctx, step.Target, step.Aim, momentWithin) || !pause(ctx, step.Lag) {
		return
	}
	lock.Lock()
	defer lock.Unlock()
	if ctx.Err() != nil {
		return
	}
	w.count(step.Fault)
	w.say("%s", step)
	switch step.Fault {
	case plan.Kill:
		w.kill(ctx, step.Target, step.For)
	case plan.Pause:
		w.stand(ctx, step)
	case plan.FullDisk:
		w.fill(ctx, step)
	case plan.Upgrade:
		w.upgrade(ctx, step)
	default:
		w.worsen(ctx, step)
	}
}

// kill ends a process as a power cut would and starts it again after a while.
func (w *world) kill(ctx context.Context, target plan.Target, down time.Duration) {
	w.process(target).Kill()
	w.kills.Add(1)
	pause(ctx, down)
	if err := w.launch(ctx, target); err != nil && ctx.Err() == nil {
		w.broken.add("%s does not start again: %v", target, err)
	}
}

// stand stops a process for a while without its noticing.
func (w *world) stand(ctx context.Context, step plan.Step) {
	process := w.process(step.Target)
	if err := process.Pause(); err != nil {
		return // it has ended meanwhile, and its guard says so
	}
	pause(ctx, step.For)
	_ = process.Resume() // as above
}

// fill leaves no room for the first till's journal for a while.
func (w *world) fill(ctx context.Context, step plan.Step) {
	if err := w.disk.Fill(); err != nil {
		w.broken.add("disk cannot be filled: %v", err)
	}
	pause(ctx, step.For)
	if err := w.disk.Free(); err != nil {
		w.broken.add("disk cannot be freed: %v", err)
	}
}

// cable is the line of a target.
func (w *world) cable(target plan.Target) *shop.Cable {
	if target == plan.Operator {
		return w.OperatorCable
	}
	return w.Tills[target].Cable
}

// worsen makes a line worse for a while.
func (w *world) worsen(ctx context.Context, step plan.Step) {
	cable, direction := w.cable(step.Target), shop.ToNear
	if step.Up {
		direction = shop.ToFar
	}
	condition := shop.Condition{}
	switch step.Fault {
	case plan.Cut:
		cable.Cut()
	case plan.Deaf:
		condition.Deaf = true
	case plan.Delay:
		condition.Delay = step.For / 10
	case plan.Stall:
		condition.Stalled = true
	case plan.Sever:
		condition.SeverAfter = step.Size
	case plan.Narrow:
		condition.Rate = step.Size
	}
	cable.Worsen(direction, condition)
	pause(ctx, step.For)
	cable.Worsen(direction, shop.Condition{})
	cable.Mend()
}

// upgrade cuts a till off, lets it collect records, and brings it back as another version with a full queue.
func (w *world) upgrade(ctx context.Context, step plan.Step) {
	till, line := w.Tills[step.Target], w.lines[step.Target]
	line.Lock()
	defer line.Unlock()
	till.Cable.Cut()
	defer till.Cable.Mend()
	pause(ctx, step.For)
	till.Agent.Kill()
	w.kills.Add(1)
	if err := w.FillQueue(ctx, till, queueRecords); err != nil {
		w.say("积压未能写入 · the queue could not be filled: %v", err)
	}
	w.otherVersion(till)
	if err := w.launch(ctx, step.Target); err != nil && ctx.Err() == nil {
		w.broken.add("%s does not start again: %v", step.Target, err)
	}
}

// otherVersion lets a till's next agent be the version that its last one was not, where there is another.
func (w *world) otherVersion(till *shop.Till) {
	program := &till.Command[len(till.Command)-1]
	switch {
	case w.options.OtherAgent == "":
	case *program == w.options.OtherAgent:
		*program = w.agent
	default:
		*program = w.options.OtherAgent
	}
}

// heal ends all faults and sees to it that everything runs.
func (w *world) heal(ctx context.Context) {
	good := shop.Condition{}
	for target := range w.lines {
		cable := w.cable(target)
		cable.Worsen(shop.ToFar, good)
		cable.Worsen(shop.ToNear, good)
		cable.Mend()
	}
	if w.disk != nil {
		if err := w.disk.Free(); err != nil {
			w.broken.add("disk cannot be freed: %v", err)
		}
	}
	if err := w.Operator.ClearRules(ctx); err != nil {
		w.broken.add("operator does not answer: %v", err)
	}
	if err := w.printers(ctx, 0); err != nil {
		w.broken.add("printers do not answer: %v", err)
	}
}
