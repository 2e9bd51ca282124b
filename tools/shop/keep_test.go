package shop

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// kept is what somebody was told, in order.
type kept struct {
	ends  chan End
	backs chan Back
}

func newKept() (*kept, func(most int) Keeping) {
	k := &kept{ends: make(chan End, 16), backs: make(chan Back, 16)}
	return k, func(most int) Keeping {
		return Keeping{AgainMax: most, Ended: func(e End) { k.ends <- e }, Back: func(b Back) { k.backs <- b }}
	}
}

func take[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case one := <-from:
		return one
	case <-time.After(10 * time.Second):
		require.FailNow(t, "nobody is told")
	}
	panic("unreachable")
}

// works is how the scripts of these tests show that they work: at once.
func works(context.Context) error { return nil }

const lasting = "while :; do sleep 0.05; done"

// again starts scripts one after another, each once.
func again(t *testing.T, s *Shop, scripts ...string) starter {
	return func() (*Process, func(context.Context) error, error) {
		if len(scripts) == 0 {
			return nil, nil, errors.New("no more")
		}
		p := startScript(t, s, scripts[0])
		scripts = scripts[1:]
		return p, works, nil
	}
}

func TestKeep(t *testing.T) {
	t.Run("StartsAgainWhatWasKilledAndTells", func(t *testing.T) {
		s := &Shop{Dir: t.TempDir()}
		told, keeping := newKept()
		p := startScript(t, s, lasting)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { keep(ctx, p, again(t, s, lasting), keeping(5)); close(done) }()
		require.NoError(t, syscall.Kill(p.PID(), syscall.SIGKILL))
		end := take(t, told.ends)
		require.Equal(t, p.PID(), end.PID)
		require.Equal(t, syscall.SIGKILL, end.Signal)
		require.Equal(t, 1, end.Again)
		require.Equal(t, p.Log, end.Log)
		chinese, english := end.How()
		require.Equal(t, "被信号 9（killed）终止", chinese)
		require.Equal(t, "was ended by signal 9 (killed)", english)
		require.ErrorIs(t, end.Err, ErrDied)
		back := take(t, told.backs)
		require.NoError(t, back.Err)
		require.NotEqual(t, p.PID(), back.PID)
		require.GreaterOrEqual(t, back.Took, restartAfter)
		require.NoError(t, p.Stop(), "its end has been told")
		cancel()
		<-done
		require.Empty(t, told.ends, "whoever is stopped is not told of")
	})
	t.Run("NoMoreOftenThanAllowed", func(t *testing.T) {
		s := &Shop{Dir: t.TempDir()}
		told, keeping := newKept()
		keep(t.Context(), startScript(t, s, "echo no room left >&2; exit 3"), again(t, s, "exit 4", "exit 5"), keeping(2))
		first, second, third := take(t, told.ends), take(t, told.ends), take(t, told.ends)
		require.Equal(t, []int{1, 2, 0}, []int{first.Again, second.Again, third.Again})
		require.Equal(t, []int{3, 4, 5}, []int{first.Code, second.Code, third.Code})
		require.ErrorContains(t, first.Err, "script ended (exit status 3): no room left")
		require.ErrorContains(t, first.Err, first.Log)
		require.False(t, third.Lost)
		chinese, english := third.How()
		require.Equal(t, "自行退出，退出码 5", chinese)
		require.Equal(t, "left by itself with exit code 5", english)
	})
	t.Run("NeverWhatHasLostItsMemory", func(t *testing.T) {
		s := &Shop{Dir: t.TempDir()}
		told, keeping := newKept()
		keep(t.Context(), startScript(t, s, "exit 1"), nil, keeping(5))
		end := take(t, told.ends)
		require.True(t, end.Lost)
		require.Zero(t, end.Again)
	})
	t.Run("TellsWhatDoesNotStart", func(t *testing.T) {
		s := &Shop{Dir: t.TempDir()}
		told, keeping := newKept()
		keep(t.Context(), startScript(t, s, "exit 1"), again(t, s), keeping(5))
		require.Error(t, take(t, told.backs).Err)
	})
	t.Run("StoppingIsNoEnd", func(t *testing.T) {
		s := &Shop{Dir: t.TempDir()}
		told, keeping := newKept()
		p := startScript(t, s, "trap 'exit 0' TERM; echo up; "+lasting)
		<-p.lines
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		wait := s.Keep(ctx, keeping(5))
		require.NoError(t, p.Stop())
		wait() // it has let go of the one that was asked to end
		require.Empty(t, told.ends)
	})
}

func TestRoles(t *testing.T) {
	for name, role := range map[string]Role{
		"cloud": CloudRole, "agent-10000001": AgentRole, "operator": OperatorRole, "devices-10000001": DevicesRole,
	} {
		require.Equal(t, role, roleOf(name), name)
	}
}
