package shop

import (
	"context"
	"errors"
	"strings"
	"testing"

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
