package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/simulate/world"
)

// asProgram makes the test's own program the simulator, for tests that need processes of it.
const asProgram = "YUANTILL_SIMULATE"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// simulate runs the simulator as a process of its own.
func simulate(t *testing.T, arguments ...string) (out string, err error) {
	t.Helper()
	command := exec.Command(os.Args[0], arguments...)
	command.Env = append(os.Environ(), asProgram+"=1")
	command.Dir = t.TempDir()
	var stdout bytes.Buffer
	command.Stdout, command.Stderr = &stdout, os.Stderr
	err = command.Run()
	return stdout.String(), err
}

func TestTwoProcessesTellTheSame(t *testing.T) {
	first, err := simulate(t, "--seed", "7", "--trace")
	require.NoError(t, err)
	second, err := simulate(t, "--seed", "7", "--trace")
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Contains(t, first, "till 0 is up")
}

func TestSweepEndsWithOneLineOfJSON(t *testing.T) {
	out, err := simulate(t, "--seeds", "4", "--from", "11", "--json", "--processes", "2")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var s summary
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &s))
	require.Equal(t, uint64(4), s.Seeds)
	require.Zero(t, s.Violations)
	require.Positive(t, s.Payments)
	require.Positive(t, s.Days)
	require.Greater(t, len(s.Faults), 5)

	expected := newSummary()
	r, err := newRunner()
	require.NoError(t, err)
	defer r.close()
	for seed := range uint64(4) {
		result, err := r.run(world.Generate(seed+11), nil)
		require.NoError(t, err)
		expected.add(result)
	}
	require.Equal(t, expected.Faults, s.Faults, "whatever process a seed runs in")
}

func TestSweepGoesOnWhereItWas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "simulate", "state.json")
	_, err := simulate(t, "--seeds", "2", "--state", path)
	require.NoError(t, err)
	out, err := simulate(t, "--seeds", "3", "--state", path, "--json")
	require.NoError(t, err)
	require.Contains(t, out, `"seeds":3`)
	o := options{from: 1, seeds: 9, state: path}
	_, next, err := o.resume()
	require.NoError(t, err)
	require.Equal(t, uint64(4), next)
	for name, other := range map[string]options{"OtherSeedsBeginAnew": {from: 5, seeds: 3}, "DoneBeginsAnew": {from: 1, seeds: 3}} {
		t.Run(name, func(t *testing.T) {
			other.state = path
			_, next, err := other.resume()
			require.NoError(t, err)
			require.Equal(t, other.from, next)
		})
	}
	t.Run("OtherProgramBeginsAnew", func(t *testing.T) {
		text, err := json.Marshal(state{Program: "another", From: 1, Next: 4, Total: newSummary()})
		require.NoError(t, err)
		other := options{from: 1, seeds: 9, state: filepath.Join(t.TempDir(), "state.json")}
		require.NoError(t, os.WriteFile(other.state, text, 0o600))
		_, next, err := other.resume()
		require.NoError(t, err)
		require.Equal(t, uint64(1), next)
	})
	t.Run("ErrDamaged", func(t *testing.T) {
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
		_, _, err := o.resume()
		require.ErrorContains(t, err, "read state")
	})
}

func TestScriptFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "script.txt")
	require.NoError(t, os.WriteFile(path, []byte("seed 1\ntills 1\nlength 1h\n5m sale till=0 amount=1250 method=code after=2s\n"), 0o600))
	out, err := simulate(t, "--script", path, "--trace", "--json")
	require.NoError(t, err)
	require.Contains(t, out, "till 0 shows sale 1 approved")
	require.Contains(t, out, `"payments":1`)
	_, err = simulate(t, "--script", filepath.Join(t.TempDir(), "none"))
	require.Error(t, err)
}

// TestNothingIsNotPlayed: what would play nothing is refused, and does not pass as a run without violations.
func TestNothingIsNotPlayed(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.txt")
	require.NoError(t, os.WriteFile(empty, []byte("# nothing\nseed 3\n"), 0o600))
	for name, arguments := range map[string][]string{
		"Processes": {"--processes", "-3"}, "NoSeeds": {"--seeds", "0"}, "BeyondTheLast": {"--from", "18446744073709551615", "--seeds", "5"},
		"ShrinkOfNothing": {"--shrink"}, "Directory": {"--script", t.TempDir()}, "EmptyScript": {"--script", empty}, "Nothing": {"--script", os.DevNull},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := simulate(t, arguments...)
			require.Error(t, err)
			require.Empty(t, out)
		})
	}
}

func TestSummaryFailsWithViolations(t *testing.T) {
	s := newSummary()
	s.add(world.Result{Seed: 1, Faults: map[string]int{"x": 2}, Violations: []world.Violation{{Name: "a"}, {Name: "b"}}})
	s.add(world.Result{Seed: 2, Losses: 2, Faults: map[string]int{"x": 1}})
	var out bytes.Buffer
	require.ErrorIs(t, s.print(&out, true), errViolations)
	require.JSONEq(t, `{"seeds":2,"simulated_terminal_days":0,"payments":0,"faults":{"x":3},"documented_losses":2,"violations":1}`, out.String())
	out.Reset()
	require.ErrorIs(t, s.print(&out, false), errViolations)
	require.Contains(t, out.String(), "2 documented losses, 1 seeds with violations")
}

// TestPlantedBugsApply: each patch of tools/simulate/mutants says why it is one, and fits the tree.
func TestPlantedBugsApply(t *testing.T) {
	patches, err := filepath.Glob("mutants/*.patch")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(patches), 12)
	for _, patch := range patches {
		text, err := os.ReadFile(patch)
		require.NoError(t, err)
		require.False(t, strings.HasPrefix(string(text), "diff"), "%s does not say what it is", patch)
		absolute, err := filepath.Abs(patch)
		require.NoError(t, err)
		check := exec.Command("git", "apply", "--check", absolute)
		check.Dir = filepath.Join("..", "..")
		out, err := check.CombinedOutput()
		require.NoError(t, err, "%s: %s", patch, out)
	}
}
