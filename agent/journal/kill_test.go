package journal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
)

const victimPath = "YUANTILL_TEST_VICTIM"

// TestMain lets the test's own binary be the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(victimPath); path != "" {
		os.Exit(victim(path))
	}
	os.Exit(m.Run())
}

// victim appends for ever and names each sequence after its commit.
func victim(path string) int {
	ctx := context.Background()
	j, err := journal.Open(ctx, config(path))
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	go func() { _ = j.Run(ctx) }()
	if j.Tail().Sequence == 0 {
		derived, err := (&keys{}).Keys(1)
		if err == nil {
			_, err = j.OpenEpoch(ctx, journal.EpochOpening{Keys: derived})
		}
		if err != nil {
			fmt.Println("error", err)
			return 1
		}
	}
	for n := j.Tail().Sequence; ; n++ {
		if _, err := j.Append(ctx, payment(n)); err != nil {
			fmt.Println("error", err)
			return 1
		}
		fmt.Println(n + 1)
	}
}

// TestKill kills a process in the middle of its commits, again and again: what it had been told was committed is there.
func TestKill(t *testing.T) {
	path := newPath(t)
	last := uint64(0)
	for cycle := range 6 {
		process := exec.Command(os.Args[0])
		process.Env = append(os.Environ(), victimPath+"="+path)
		output, err := process.StdoutPipe()
		require.NoError(t, err)
		err = process.Start()
		if errors.Is(err, syscall.ENOEXEC) {
			t.Skip("an emulated processor cannot start a second process of its own kind")
		}
		require.NoError(t, err)
		lines := bufio.NewScanner(output)
		for range 100 + 37*cycle {
			require.True(t, lines.Scan(), "the process lives")
			last, err = strconv.ParseUint(strings.TrimSpace(lines.Text()), 10, 64)
			require.NoError(t, err, lines.Text())
		}
		require.NoError(t, process.Process.Kill())
		for lines.Scan() { // what it still said before it died counts
			if n, err := strconv.ParseUint(lines.Text(), 10, 64); err == nil {
				last = n
			}
		}
		require.Error(t, process.Wait())

		j, err := journal.Open(context.Background(), config(path))
		require.NoError(t, err)
		require.GreaterOrEqual(t, j.Tail().Sequence, last)
		require.LessOrEqual(t, j.Tail().Sequence, last+1, "at most the commit that nobody was told of")
		require.Equal(t, j.Tail().Sequence, verified(t, j).Records)
		require.NoError(t, j.Close())
	}
	require.Greater(t, last, uint64(1000))
}
