package crashtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

var (
	images = flag.Int("images", 600, "how many images TestRun looks at")
	seed   = flag.Uint64("seed", 1, "its seed")
)

// TestRun is the crash test itself: go test ./tools/crashtest -run TestRun -args -images 20000.
func TestRun(t *testing.T) {
	result, err := Run(t.Context(), Options{Images: *images, Seed: *seed})
	require.NoError(t, err)
	require.GreaterOrEqual(t, result.Images, *images)
	require.Greater(t, result.CrashPoints, *images/2)
	require.Zero(t, result.Lost+result.Doubled+result.Refused+result.Unexplained)
	require.Empty(t, result.Findings)
	require.Len(t, result.Controls, 2*len(mistakes)-1)
	for _, c := range result.Controls {
		require.True(t, c.Caught, "%+v", c)
		t.Logf("%s: %s: after %d images: %.120s", c.Database, c.Mistake, c.Images, c.Finding)
	}
	require.Len(t, result.Parts, 2*len(machines))
	for _, p := range result.Parts {
		t.Logf("%s: %d images in %v", p.Name, p.Images, p.Duration.Round(time.Millisecond))
	}
}

func TestRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Run(ctx, Options{Images: 10, Folder: t.TempDir()})
	require.ErrorIs(t, err, context.Canceled)
	_, err = Run(t.Context(), Options{Folder: t.TempDir() + "/missing"})
	require.Error(t, err)
}

// TestRecord: the same seed makes the same operations, whatever was done before.
func TestRecord(t *testing.T) {
	disk := newDisk(t)
	for _, m := range machines {
		t.Run(m.name, func(t *testing.T) {
			sum := func(seed uint64) string {
				rec, err := m.record(t.Context(), disk, seed, true)
				require.NoError(t, err)
				require.Positive(t, rec.subject.count())
				hash := sha256.New()
				for _, op := range rec.trace.Operations {
					_, _ = fmt.Fprintln(hash, op)
					_, _ = hash.Write(op.Data)
				}
				return hex.EncodeToString(hash.Sum(nil))
			}
			first := sum(5)
			require.Equal(t, first, sum(5), "two runs of one seed")
			require.NotEqual(t, first, sum(6))
		})
	}
}

// TestReplayNotices replays a recording against an account of something else.
func TestReplayNotices(t *testing.T) {
	disk, player := newDisk(t), newDisk(t)
	for _, m := range machines {
		rec, err := m.record(t.Context(), disk, 1, false)
		require.NoError(t, err)
		other, err := m.record(t.Context(), disk, 2, false)
		require.NoError(t, err)
		other.trace = rec.trace
		for i, op := range rec.trace.Operations { // a mark of the one is none of the other's
			if op.Kind == crashdisk.Mark {
				op.Offset = min(op.Offset, int64(other.subject.count()))
				other.trace.Operations[i] = op
			}
		}
		var y tally
		require.NoError(t, m.replay(t.Context(), other, []*crashdisk.Disk{player}, 1, 60, true, &y))
		var result Result
		y.into(&result)
		require.ErrorIs(t, result.Err(), ErrBroken)
		require.Len(t, result.Findings, 1, "it stops at the first")
	}
}

// TestLiveNotices: the disk lies from the second power cut on.
func TestLiveNotices(t *testing.T) {
	disk := newDisk(t)
	for _, m := range machines {
		broken := 0
		for seed := range uint64(6) {
			disk.SetLies(crashdisk.Lies{Log: true})
			var y tally
			require.NoError(t, m.live(t.Context(), disk, seed, 20, &y))
			disk.SetLies(crashdisk.Lies{})
			broken += len(y.findings)
		}
		require.Positive(t, broken, m.name)
	}
}

func TestResult(t *testing.T) {
	require.NoError(t, Result{Controls: []Control{{Caught: true}}}.Err())
	require.ErrorIs(t, Result{Controls: []Control{{Mistake: "none"}}}.Err(), ErrControl)
	var y tally
	for i, err := range []error{
		nil, found(lost, "a"), found(doubled, "b"), found(refused, "c"), found(unexplained, "d"), errors.New("e"),
	} {
		require.Equal(t, err != nil, y.image(err, 9-i, "here"))
	}
	y.point()
	var result Result
	y.into(&result)
	require.Equal(t, Result{
		Images: 6, CrashPoints: 1, Lost: 1, Doubled: 1, Refused: 1, Unexplained: 2,
		Findings: []string{"here: e", "here: unexplained: d", "here: refused: c", "here: doubled: b", "here: lost: a"},
	}, result)
	require.ErrorIs(t, result.Err(), ErrBroken)
	require.NotErrorIs(t, result.Err(), ErrControl)
}
