package crashtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

// spoilt is a subject of which every image is wrong. Images are built as slowly as can be: the next one only when one
// was looked at.
type spoilt struct{ looked chan struct{} }

var _ subject = spoilt{}

func (s spoilt) open(context.Context) error             { return nil }
func (s spoilt) work(context.Context, *rand.Rand) error { return nil }
func (s spoilt) rest(context.Context) error             { return nil }
func (s spoilt) shut() error                            { return nil }
func (s spoilt) died()                                  {}
func (s spoilt) count() int                             { return 0 }

func (s spoilt) look(context.Context) error {
	s.looked <- struct{}{}
	return found(lost, "everything")
}

func (s spoilt) at(commits int, _ bool) func(*crashdisk.Disk) subject {
	if commits > 0 {
		<-s.looked
		for range 100 {
			runtime.Gosched() // the finding is noted meanwhile
		}
	}
	return func(*crashdisk.Disk) subject { return s }
}

// TestReplayStops builds the second image while the first one is found to be wrong: it is not tried any more.
func TestReplayStops(t *testing.T) {
	player := newDisk(t)
	for range 30 { // in half of which the second image would be taken
		rec := recording{subject: spoilt{looked: make(chan struct{}, 2)}}
		for commits := range 2 {
			rec.trace.Operations = append(rec.trace.Operations, crashdisk.Operation{Kind: crashdisk.Mark, Offset: int64(commits)})
		}
		var y tally
		require.NoError(t, machine{}.replay(t.Context(), rec, []*crashdisk.Disk{player}, 1, 2, true, &y))
		require.Len(t, y.findings, 1)
		require.Equal(t, 1, y.findings[0].number)
	}
}

func TestFoundBefore(t *testing.T) {
	var y tally
	require.False(t, y.foundBefore(9), "nothing is found")
	y.image(errors.New("wrong"), 7, "here")
	require.True(t, y.foundBefore(8))
	require.False(t, y.foundBefore(7), "another one with its number is tried")
	require.False(t, y.foundBefore(3), "what comes before may be the first finding")
}
