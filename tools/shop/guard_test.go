package shop

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startScript starts a shell script as a process of a shop.
func startScript(t *testing.T, s *Shop, script string) *Process {
	t.Helper()
	p, err := s.begin("script", "/bin/sh", "-c", script)
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	return p
}

func TestGuard(t *testing.T) {
	t.Run("ErrDiedNamesProcessReasonAndLog", func(t *testing.T) {
		s := &Shop{Dir: t.TempDir()}
		p := startScript(t, s, "sleep 0.1; echo no room left >&2; exit 3")
		guarded, cancel := s.Guard(t.Context())
		defer cancel()
		select {
		case <-guarded.Done():
		case <-time.After(10 * time.Second):
			require.FailNow(t, "the death is not noticed")
		}
		err := context.Cause(guarded)
		require.ErrorIs(t, err, ErrDied)
		require.ErrorContains(t, err, "script ended (exit status 3): no room left")
		require.ErrorContains(t, err, p.Log)
	})
	t.Run("StoppingIsNoDeath", func(t *testing.T) {
		s := &Shop{Dir: t.TempDir()}
		p := startScript(t, s, "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done")
		<-p.lines
		guarded, cancel := s.Guard(t.Context())
		defer cancel()
		require.NoError(t, p.Stop())
		time.Sleep(50 * time.Millisecond)
		require.NoError(t, guarded.Err())
	})
}

func TestDeathBeforeReady(t *testing.T) {
	s := &Shop{Dir: t.TempDir()}
	p := startScript(t, s, "echo disk is full >&2; exit 1")
	err := p.ready(t.Context(), func(context.Context) error { return errors.New("not yet") })
	require.ErrorIs(t, err, ErrNotReady)
	require.ErrorContains(t, err, "disk is full")
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestLastLines(t *testing.T) {
	l := &lastLines{to: fullDisk{}}
	require.Empty(t, l.String())
	for _, text := range []string{strings.Repeat("x", 3*lastWordsMax), "\nfirst\nla", "st\n"} {
		n, err := l.Write([]byte(text))
		require.NoError(t, err, "the program goes on without its log")
		require.Equal(t, len(text), n)
	}
	require.Equal(t, "last", l.String())
	_, err := l.Write([]byte("{\"msg\":\"serving\"}\n"))
	require.NoError(t, err)
	require.Empty(t, l.String(), "a line of the log is no reason")
	require.LessOrEqual(t, len(l.kept), lastWordsMax)
	_, err = l.Write([]byte("agent: it failed\n  the cause\n  → 下一步  what to do\n"))
	require.NoError(t, err)
	require.Equal(t, "the cause", l.String(), "what to do next is no reason either")
}
