package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

// againEvery is how many images go by until one is also closed and opened once more: that costs as much as ten images.
const againEvery = 16

// longRun is after how many writes without a sync in between only every longRun-th is a crash point: filling a
// write-ahead log writes hundreds of pages that nobody has asked for.
const longRun = 12

// attempt is one image on its way to production code.
type attempt struct {
	number  int
	image   crashdisk.Image
	subject func(*crashdisk.Disk) subject
	again   bool
	r       *rand.Rand
	where   string
}

// replay cuts the power at operations all over a recording, builds what may be left and lets production code open it,
// be looked at and go on, for about so many images; with stop, only until something was found. Each disk takes one image
// at a time.
func (m machine) replay(ctx context.Context, rec recording, disks []*crashdisk.Disk, seed uint64, images int, stop bool, t *tally) error {
	more, enough := context.WithCancel(ctx)
	defer enough()
	attempts := make(chan attempt)
	errs := make([]error, len(disks))
	var wait sync.WaitGroup
	for i, disk := range disks {
		wait.Go(func() {
			for a := range attempts {
				if stop && t.foundBefore(a.number) {
					continue // handed over while the finding was made
				}
				if err := disk.Load(a.image); err != nil {
					errs[i] = err
					enough()
					continue
				}
				// What comes before a finding is tried to its end, so that the first one is the same whoever is faster.
				err := tryImage(ctx, a.subject(disk), a.r, a.again)
				if ctx.Err() == nil && t.image(err, a.number, a.where) && stop {
					enough()
				}
			}
		})
	}
	m.attempts(more, rec, seed, images, t, attempts)
	close(attempts)
	wait.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// attempts builds the images.
func (m machine) attempts(ctx context.Context, rec recording, seed uint64, images int, t *tally, to chan<- attempt) {
	r := rand.New(rand.NewPCG(seed, 2))
	platter := crashdisk.NewPlatter(rec.trace.Base)
	points, all := crashPoints(rec.trace)
	share := float64(images) / float64(max(all, 1))
	commits, made := 0, 0
	for i, op := range rec.trace.Operations {
		platter.Step(op)
		if op.Kind == crashdisk.Mark {
			commits = int(op.Offset)
		}
		before := made
		for _, loss := range points[i] {
			if r.Float64() >= share {
				continue
			}
			made++
			again := made%againEvery == 0
			a := attempt{
				number: made, again: again, r: rand.New(rand.NewPCG(seed, uint64(made))),
				image: platter.Image(loss, r), subject: rec.subject.at(commits, again),
				where: fmt.Sprintf("%s, seed %d, operation %d (%v), %v, %d acknowledged", m.name, seed, i, op, loss, commits),
			}
			select {
			case to <- a:
			case <-ctx.Done():
				return
			}
		}
		if made > before {
			t.point()
		}
	}
}
