package journal

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of what Counts tells: losses, the newest ones, and of each the first runs that the cloud lacks.
const (
	lossesTold  = 16
	missingTold = 16
)

// Loss is a run of records that a journal no longer had when it turned out an old copy.
type Loss struct {
	Range
	// FoundAt is when the sign-in found it; zero when the journal cannot say.
	FoundAt time.Time
	// Told says that the cloud has named what it lacks; Missing are those of the run that nobody has then.
	Told    bool
	Missing []Range
}

// losses are the latest runs of lost, the oldest first.
func (j *Journal) losses(ctx context.Context, lost []Range, acked acknowledged) []Loss {
	var all []Loss
	for _, run := range lost[max(0, len(lost)-lossesTold):] {
		loss := Loss{Range: run, FoundAt: j.timeOf(ctx, run.Last+1), Told: acked.highest > run.Last}
		for _, gap := range acked.gaps {
			if first, last := max(gap.First, run.First), min(gap.Last, run.Last); first <= last && len(loss.Missing) < missingTold {
				loss.Missing = append(loss.Missing, Range{First: first, Last: last})
			}
		}
		all = append(all, loss)
	}
	return all
}

// timeOf is the time of a record, zero where it cannot be read: that is for others to tell.
func (j *Journal) timeOf(ctx context.Context, sequence uint64) time.Time {
	r, err := j.Get(ctx, sequence)
	if err != nil {
		return time.Time{}
	}
	header, err := record.ParseHeader(r)
	if err != nil {
		return time.Time{}
	}
	return header.Time
}
