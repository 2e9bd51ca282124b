package trial

import (
	"context"
	"sync"
	"time"

	"github.com/yuantill/yuantill/tools/chaos/plan"
)

// moments lets strikes wait for what the cashiers see.
type moments struct {
	mu      sync.Mutex
	waiting map[moment]chan struct{} // closed, and forgotten, when the moment comes
}

// moment is something that happens at a till.
type moment struct {
	till plan.Target // anyTill for whichever comes first
	aim  plan.Aim
}

// anyTill stands for all tills: cloud and operator serve each of them.
const anyTill plan.Target = plan.Operator - 1

func newMoments() *moments { return &moments{waiting: map[moment]chan struct{}{}} }

// comes tells everybody who waits for it that a moment has come at a till.
func (m *moments) comes(till plan.Target, aim plan.Aim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, of := range []plan.Target{till, anyTill} {
		if waiting := m.waiting[moment{of, aim}]; waiting != nil {
			close(waiting)
			delete(m.waiting, moment{of, aim})
		}
	}
}

// await waits for the next such moment, but no longer than most, and reports whether ctx still stands.
func (m *moments) await(ctx context.Context, target plan.Target, aim plan.Aim, most time.Duration) bool {
	if aim == plan.Anytime {
		return ctx.Err() == nil
	}
	if target < 0 {
		target = anyTill
	}
	m.mu.Lock()
	waiting := m.waiting[moment{target, aim}]
	if waiting == nil {
		waiting = make(chan struct{})
		m.waiting[moment{target, aim}] = waiting
	}
	m.mu.Unlock()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-waiting:
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
