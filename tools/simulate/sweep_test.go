package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/simulate/world"
)

// gather hands results to collect in an order.
func gather(o options, results ...world.Result) (total *summary, next uint64, out string, found int) {
	passed := make(chan world.Result, len(results))
	for _, r := range results {
		passed <- r
	}
	close(passed)
	var text bytes.Buffer
	total = newSummary()
	next = o.collect(5, passed, total, &text, func() { found++ })
	return total, next, text.String(), found
}

func TestResultsAreAddedInTheOrderOfTheirSeeds(t *testing.T) {
	broken := []world.Violation{{Name: "a", Detail: "b"}}
	t.Run("OK", func(t *testing.T) {
		total, next, out, _ := gather(options{}, world.Result{Seed: 6}, world.Result{Seed: 7}, world.Result{Seed: 5})
		require.Equal(t, uint64(3), total.Seeds)
		require.Equal(t, uint64(8), next)
		require.Empty(t, out)
	})
	t.Run("OneIsMissing", func(t *testing.T) {
		total, next, _, _ := gather(options{}, world.Result{Seed: 5}, world.Result{Seed: 7, Violations: broken})
		require.Equal(t, uint64(1), total.Seeds, "7 is run again when the sweep goes on")
		require.Equal(t, uint64(6), next)
	})
	t.Run("ViolationNamesTheCommit", func(t *testing.T) {
		_, _, out, found := gather(options{commit: "commit abc"}, world.Result{Seed: 5, Violations: broken})
		require.Equal(t, "violation of seed 5 at 0s: a: b (commit abc)\n", out)
		require.Zero(t, found)
	})
	t.Run("StopsOnce", func(t *testing.T) {
		_, _, _, found := gather(options{stop: true}, world.Result{Seed: 6, Violations: broken}, world.Result{Seed: 5, Violations: broken})
		require.Equal(t, 1, found)
	})
}

// TestInterruptedSweepSaysAndSavesWhatItDid: what the state file has is what the last line says, and the next sweep goes on
// there.
func TestInterruptedSweepSaysAndSavesWhatItDid(t *testing.T) {
	t.Setenv(asProgram, "1") // this test's program is the sweep's processes
	path := filepath.Join(t.TempDir(), "state.json")
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	o := options{from: 1, seeds: 100_000, processes: 2, state: path, json: true}
	var out bytes.Buffer
	err := o.sweep(ctx, &out)
	require.ErrorContains(t, err, "interrupted before seed")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var said summary
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &said))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var saved state
	require.NoError(t, json.Unmarshal(text, &saved))
	require.Equal(t, said.Seeds, saved.Total.Seeds)
	require.Equal(t, 1+said.Seeds, saved.Next)
	total, next, err := o.resume()
	require.NoError(t, err)
	require.Equal(t, saved.Next, next)
	require.Equal(t, said.Seeds, total.Seeds)
}
