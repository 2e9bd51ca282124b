package shop

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// forking starts a script that writes its child's process id and keeps its output open in that child.
func forking(t *testing.T, script string) (p *Process, child int) {
	t.Helper()
	note := filepath.Join(t.TempDir(), "child")
	p, err := startProcess(t.TempDir(), "runner", "/bin/sh", "-c", strings.ReplaceAll(script, "NOTE", note))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(note)
		if err != nil || !strings.HasSuffix(string(text), "\n") {
			return false
		}
		child, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	}, readyTimeout, readyEvery)
	t.Cleanup(func() { _ = syscall.Kill(child, syscall.SIGKILL) })
	return p, child
}

// requireGone waits until a process is no more, or only waits to be collected.
func requireGone(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ")
	}, readyTimeout, readyEvery)
}

// within runs something that must return.
func within(t *testing.T, limit time.Duration, what func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { what(); close(done) }()
	select {
	case <-done:
	case <-time.After(limit):
		require.FailNow(t, "it does not return")
	}
}

// TestStopOfAForkingProcess: what runs an agent may fork; its children end with it, and nobody waits for them for ever.
func TestStopOfAForkingProcess(t *testing.T) {
	for name, script := range map[string]string{
		"ChildEndsWithIt":  `sleep 600 & echo $! > NOTE; wait`,
		"ChildHearsNoTerm": `trap "" TERM; sleep 600 & echo $! > NOTE; trap - TERM; wait`,
	} {
		t.Run(name, func(t *testing.T) {
			p, child := forking(t, script)
			within(t, stopTimeout, func() { _ = p.Stop() })
			requireGone(t, child)
		})
	}
	t.Run("Killed", func(t *testing.T) {
		p, child := forking(t, `trap "" TERM; sleep 600 & echo $! > NOTE; wait`)
		within(t, stopTimeout, p.Kill)
		requireGone(t, child)
	})
	t.Run("EndedByItself", func(t *testing.T) {
		p, child := forking(t, `sleep 600 & echo $! > NOTE; exit 3`)
		ctx, cancel := context.WithTimeout(t.Context(), stopTimeout)
		defer cancel()
		code, err := p.Ended(ctx)
		require.NoError(t, err)
		require.Equal(t, 3, code)
		requireGone(t, child)
	})
}
