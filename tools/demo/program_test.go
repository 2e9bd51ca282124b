package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop/shoptest"
)

// children are the processes that a process has started and that still run.
func children(t *testing.T, pid int) []string {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	var found []string
	for _, list := range lists {
		if text, err := os.ReadFile(list); err == nil { // a thread may have ended meanwhile
			found = append(found, strings.Fields(string(text))...)
		}
	}
	return found
}

// TestEndsBySignal: whichever way a person leaves, the shop closes, says so last, and the exit code tells the signal. The
// programs are found beside the demonstration's own.
func TestEndsBySignal(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			paper := &page{}
			demo := exec.Command(filepath.Join(shoptest.Bin(), "demo"), "--dir", filepath.Join(t.TempDir(), "demo"))
			demo.Dir, demo.Stdout, demo.Stderr = t.TempDir(), paper, paper
			require.NoError(t, demo.Start())
			t.Cleanup(func() { _ = demo.Process.Kill() }) // when it has not ended by itself
			paper.requireLine(t, `就绪 · ready`)
			started := children(t, demo.Process.Pid)
			require.Len(t, started, 4, "operator, cloud, devices, agent")
			require.NoError(t, demo.Process.Signal(signal))
			var exit *exec.ExitError
			require.ErrorAs(t, demo.Wait(), &exit)
			require.Equal(t, 128+int(signal), exit.ExitCode(), "%s", paper)
			lines := strings.Split(strings.TrimSpace(paper.String()), "\n")
			require.Regexp(t, fmt.Sprintf(`^收到信号 %d（%v），小店已关闭 · the shop is closed on signal %[1]d \(%[2]v\)$`, int(signal), signal), lines[len(lines)-1])
			for _, pid := range started {
				require.NoFileExists(t, filepath.Join("/proc", pid, "exe"))
			}
		})
	}
}

// TestMissingPrograms: which are missing is said before anything is written, and how to name their folder.
func TestMissingPrograms(t *testing.T) {
	alone, elsewhere := t.TempDir(), t.TempDir()
	require.NoError(t, os.Link(filepath.Join(shoptest.Bin(), "demo"), filepath.Join(alone, "demo")))
	require.NoError(t, os.WriteFile(filepath.Join(alone, "fakedevice"), nil, 0o700))
	demo := exec.Command(filepath.Join(alone, "demo"), "--once")
	demo.Dir = elsewhere
	said, err := demo.CombinedOutput()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit))
	require.Equal(t, 1, exit.ExitCode())
	require.Contains(t, string(said), "yuantill-cloud, fakeoperator, yuantill-agent")
	require.NotContains(t, string(said), "fakedevice")
	require.Contains(t, string(said), "--bin")
	left, err := os.ReadDir(elsewhere)
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestSecondSignal: whoever does not want to wait for the rest may leave at once.
func TestSecondSignal(t *testing.T) {
	paper := &page{}
	demo := exec.Command(filepath.Join(shoptest.Bin(), "demo"), "--bin", shoptest.Bin(), "--dir", filepath.Join(t.TempDir(), "demo"))
	demo.Stdout, demo.Stderr = paper, paper
	require.NoError(t, demo.Start())
	t.Cleanup(func() { _ = demo.Process.Kill() }) // when it has not ended by itself
	paper.requireLine(t, `就绪 · ready`)
	ended := make(chan struct{})
	go func() {
		_ = demo.Wait() // how it ends depends on how far it had come
		close(ended)
	}()
	require.Eventually(t, func() bool {
		_ = demo.Process.Signal(syscall.SIGTERM) // it may have ended by now
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}, 5*time.Second, 20*time.Millisecond)
}
