package world_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/simulate/world"
)

// shopFolder names the folder of the one shop for all tests of this package.
const shopFolder = "YUANTILL_WORLD_TEST"

func TestMain(m *testing.M) { os.Exit(inShop(m)) }

func inShop(m *testing.M) int {
	folder, err := os.MkdirTemp(world.Folder(), "yuantill-world-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	if err := os.Setenv(shopFolder, folder); err != nil {
		panic(err)
	}
	return m.Run()
}

// shop is made when it is first needed.
var shop = sync.OnceValues(func() (*world.Shop, error) { return world.OpenShop(os.Getenv(shopFolder)) })

func play(t *testing.T, script world.Script) (world.Result, string) {
	t.Helper()
	s, err := shop()
	require.NoError(t, err)
	folder, err := os.MkdirTemp(world.Folder(), "yuantill-world-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	var trace bytes.Buffer
	result, err := world.Run(s, script, filepath.Join(folder, "world"), &trace)
	require.NoError(t, err)
	return result, trace.String()
}

// TestSeeds is the smallest useful run: some seeds, no broken promise, and most kinds of fault.
func TestSeeds(t *testing.T) {
	const seeds = 40
	hit, payments := map[string]bool{}, 0
	for seed := range uint64(seeds) {
		result, _ := play(t, world.Generate(seed+1))
		require.Empty(t, result.Violations, "seed %d", seed+1)
		for fault := range result.Faults {
			hit[fault] = true
		}
		payments += result.Payments
	}
	require.GreaterOrEqual(t, len(hit), 20, "kinds of fault that hit")
	require.Greater(t, payments, 10*seeds)
}

func TestOneSeedIsOneRun(t *testing.T) {
	for _, seed := range []uint64{1, 7, 20} {
		first, trace := play(t, world.Generate(seed))
		second, again := play(t, world.Generate(seed))
		require.Equal(t, trace, again, "seed %d", seed)
		require.Equal(t, first, second)
		require.Greater(t, strings.Count(trace, "\n"), 50)
	}
}

// TestNoFaultBeginsWhenTheFaultsHaveStopped: what nothing would end is left out; what people do goes on.
func TestNoFaultBeginsWhenTheFaultsHaveStopped(t *testing.T) {
	script, err := world.Parse(strings.NewReader(`seed 528
tills 1
length 1h
1h0m1s mood bank=0 for=10m out=1
1h0m1s mood bank=1 for=10m out=1
1h0m1s weather till=0 for=10m cut=both
1h1m sale till=0 amount=1250 method=code after=1s
`))
	require.NoError(t, err)
	result, trace := play(t, script)
	require.Empty(t, result.Violations)
	require.Equal(t, 1, result.Payments)
	require.Contains(t, trace, "prints sale 1 OUTCOME_APPROVED")
}

// TestRegressions plays what once broke a promise, here or in a peer. The notes of each say what it is about; a note
// "hits a b" names the faults that must really have come, "sees text" what the trace must have, "by 5m sees text" until when,
// "after text sees text" in which order, "loses 2" how many losses there must be of which nobody can know; there must be none otherwise.
func TestRegressions(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			file, err := os.Open(path)
			require.NoError(t, err)
			defer file.Close()
			script, err := world.Parse(file)
			require.NoError(t, err)
			result, trace := play(t, script)
			require.Empty(t, result.Violations)
			require.NotEmpty(t, script.Notes, "says why")
			losses := 0
			for _, note := range script.Notes {
				if faults, is := strings.CutPrefix(note, "hits "); is {
					for _, fault := range strings.Fields(faults) {
						require.Positive(t, result.Faults[fault], "%s did not hit", fault)
					}
				}
				if number, is := strings.CutPrefix(note, "loses "); is {
					losses, err = strconv.Atoi(number)
					require.NoError(t, err)
				}
				if line, is := strings.CutPrefix(note, "sees "); is {
					require.Contains(t, trace, line)
				}
				if both, is := strings.CutPrefix(note, "after "); is {
					first, then, _ := strings.Cut(both, " sees ")
					_, rest, found := strings.Cut(trace, first+"\n")
					require.True(t, found, first)
					require.Contains(t, rest, then, "after %s", first)
				}
				if late, is := strings.CutPrefix(note, "by "); is {
					by, line, _ := strings.Cut(late, " sees ")
					requireBy(t, trace, by, line)
				}
			}
			require.Equal(t, losses, result.Losses)
		})
	}
}

// requireBy looks for a line of the trace and at its time.
func requireBy(t *testing.T, trace, by, text string) {
	t.Helper()
	bound, err := time.ParseDuration(by)
	require.NoError(t, err)
	for line := range strings.Lines(trace) {
		if strings.Contains(line, text) {
			at, err := time.ParseDuration(strings.Fields(line)[0])
			require.NoError(t, err)
			require.LessOrEqual(t, at, bound, line)
			return
		}
	}
	require.Contains(t, trace, text)
}

func ExampleScript() {
	script, err := world.Parse(strings.NewReader("seed 1\ntills 1\nlength 1h\n5m sale till=0 amount=1250 method=code after=2s"))
	fmt.Print(script)
	fmt.Println(err)
	// Output:
	// seed 1
	// tills 1
	// length 1h0m0s
	// 5m0s sale till=0 amount=1250 method=code after=2s
	// <nil>
}
