package shop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrDied says that a process of the shop ended although nobody had asked it to; the text says which, and where its
// log is.
var ErrDied = errors.New("小店的一个进程意外退出 · a process of the shop ended unexpectedly")

// restartAfter is how long a process stays ended before it is started again, as an init system waits.
const restartAfter = time.Second

// Role is what a process is in the shop.
type Role uint8

// The roles.
const (
	CloudRole Role = iota + 1
	AgentRole
	OperatorRole
	DevicesRole
)

// roleOf tells by the name.
func roleOf(name string) Role {
	switch {
	case strings.HasPrefix(name, "cloud"):
		return CloudRole
	case strings.HasPrefix(name, "agent"):
		return AgentRole
	case strings.HasPrefix(name, "operator"):
		return OperatorRole
	default:
		return DevicesRole
	}
}

// End is a process that ended although nobody had asked it to.
type End struct {
	Role Role
	PID  int
	// Signal ended it; 0 when it left by itself with Code.
	Signal syscall.Signal
	Code   int
	Log    string
	// Err is the same in words, an ErrDied with the process's last ones.
	Err error
	// Again counts the starts of this role's process after an end, the one that follows included; 0 when none follows.
	Again int
	// Lost says that it is never started again: what it knew was in its memory only.
	Lost bool
}

// Back is a process that was started again.
type Back struct {
	Role Role
	PID  int
	Took time.Duration // from its end
	Err  error         // it did not come up
}

// Keeping says what becomes of processes that end unasked. Both functions may be called from several goroutines.
type Keeping struct {
	// AgainMax bounds how often each of cloud and agents is started again; 0 leaves all as they ended.
	AgainMax int
	Ended    func(End)
	Back     func(Back)
}

// Keep is to the processes that run now what an init system would be, until ctx ends. Wait returns when it has let go of
// them; the shop may be stopped after that.
func (s *Shop) Keep(ctx context.Context, keeping Keeping) (wait func()) {
	s.mu.Lock()
	running := slices.Clone(s.processes)
	s.mu.Unlock()
	var kept sync.WaitGroup
	for _, p := range running {
		if !p.asked.Load() {
			start := s.starter(p)
			kept.Go(func() { keep(ctx, p, start, keeping) })
		}
	}
	return kept.Wait
}

// starter starts a process again and says how to see that it works.
type starter func() (p *Process, works func(context.Context) error, err error)

// starter is how a process is started again; nil for one whose memory is gone.
func (s *Shop) starter(p *Process) starter {
	switch roleOf(p.Name) {
	case CloudRole:
		return func() (*Process, func(context.Context) error, error) {
			err := s.LaunchCloud()
			return s.Cloud, answers("http://" + s.API + "/readyz"), err
		}
	case AgentRole:
		i := slices.IndexFunc(s.Tills, func(t *Till) bool { return t.Agent == p })
		if i < 0 {
			return nil
		}
		till := s.Tills[i]
		return func() (*Process, func(context.Context) error, error) {
			err := s.LaunchAgent(till)
			return till.Agent, answers(till.Station.Address() + "/livez"), err
		}
	default:
		return nil
	}
}

// keep follows one process, and those that take its place.
func keep(ctx context.Context, p *Process, start starter, keeping Keeping) {
	for again := 1; ; again++ {
		err := p.Died(ctx)
		if err == nil {
			return
		}
		ended := time.Now()
		p.known.Store(true)
		end := p.end(err)
		end.Lost = start == nil
		if end.Again = again; start == nil || again > keeping.AgainMax {
			end.Again = 0
		}
		keeping.Ended(end)
		if end.Again == 0 || !sleep(ctx, restartAfter) {
			return
		}
		next, works, err := start()
		if err != nil {
			keeping.Back(Back{Role: end.Role, Err: err})
			return
		}
		p = next
		err = p.ready(ctx, works)
		if ctx.Err() != nil {
			return
		}
		select {
		case <-p.done: // the next turn tells
		default:
			keeping.Back(Back{Role: end.Role, PID: p.PID(), Took: time.Since(ended), Err: err})
		}
	}
}

// sleep waits, and reports false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// end describes how the process ended.
func (p *Process) end(err error) End {
	end := End{Role: roleOf(p.Name), PID: p.PID(), Log: p.Log, Err: err, Code: p.command.ProcessState.ExitCode()}
	if status, ok := p.command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		end.Signal = status.Signal()
	}
	return end
}

// ByHand says that somebody outside ended it: with a signal that no program gives itself, or so that it left in order.
func (e End) ByHand() bool {
	switch e.Signal {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP:
		return true
	default:
		return e.Signal == 0 && e.Code == 0
	}
}

// How says how it ended.
func (e End) How() (chinese, english string) {
	if e.Signal != 0 {
		return fmt.Sprintf("被信号 %d（%v）终止", int(e.Signal), e.Signal), fmt.Sprintf("was ended by signal %d (%v)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("自行退出，退出码 %d", e.Code), fmt.Sprintf("left by itself with exit code %d", e.Code)
}
