package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

const (
	// A database begins anew after so many power cuts or commits, to stay small.
	lifeCycles, lifeCommits = 24, 250
	// The power goes within so many operations: in the first few of a start, during a start, or at work. A start that
	// fills its log takes some hundreds.
	cutFirst, cutStart, cutWork = 12, 600, 1500
)

// live cuts the power of running production code, loads what is left and goes on with the same workload, again and
// again.
func (m machine) live(ctx context.Context, disk *crashdisk.Disk, seed uint64, cycles int, t *tally) error {
	r := rand.New(rand.NewPCG(seed, 3))
	crashdisk.SeedRandomness(seed)
	defer crashdisk.SeedRandomness(0)
	var s subject
	for cycle, age := 0, 0; cycle < cycles; cycle, age = cycle+1, age+1 {
		if s == nil || age == lifeCycles || s.count() > lifeCommits {
			if err := disk.Load(nil); err != nil {
				return err
			}
			s, age = m.subject(disk, seed), 0
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		disk.CutAt(cutPoint(r))
		err := liveUntilCut(ctx, s, r, disk)
		t.point()
		t.image(err, cycle, fmt.Sprintf("%s, live seed %d, cycle %d, %d acknowledged", m.name, seed, cycle, s.count()))
		if err != nil { // the account is of no use any more
			return nil
		}
		loss := crashdisk.Loss(1 + r.IntN(int(crashdisk.TearSector)))
		if err := disk.PowerOn(loss, r); err != nil {
			return err
		}
	}
	return nil
}

func cutPoint(r *rand.Rand) int {
	within := [...]int{cutFirst, cutStart, cutWork, cutWork}
	return r.IntN(within[r.IntN(len(within))])
}

// liveUntilCut starts, looks and works until the power is cut. Errors before that are findings.
func liveUntilCut(ctx context.Context, s subject, r *rand.Rand, disk *crashdisk.Disk) error {
	err := s.open(ctx)
	if err != nil {
		if disk.Off() {
			return nil
		}
		return found(refused, "open: %w", err)
	}
	if err = s.look(ctx); err == nil {
		for err == nil && !disk.Off() {
			err = s.work(ctx, r)
		}
	}
	off := disk.Off()
	disk.Cut()
	_ = s.shut() // its power is off: what it says about that is of no interest
	if off {
		return nil
	}
	return err
}
