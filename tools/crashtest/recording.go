package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

// recording is one run of a workload, with everything that it did to the disk.
type recording struct {
	trace   crashdisk.Trace
	subject subject // whose history it is
}

// Bounds of one recording: small databases make many images.
const (
	sessionsMax = 3
	stepsMin    = 6
	stepsMax    = 16
)

// record runs a workload through some sessions, each of which opens the database and closes it again or dies; the last is
// left open until the recording has ended. The same seed makes the same recording. restful
// workloads rest now and then, which takes real time and an honest disk.
func (m machine) record(ctx context.Context, disk *crashdisk.Disk, seed uint64, restful bool) (rec recording, err error) {
	if err := disk.Load(nil); err != nil {
		return rec, err
	}
	crashdisk.SeedRandomness(seed)
	defer crashdisk.SeedRandomness(0)
	r := rand.New(rand.NewPCG(seed, 1))
	disk.Record()
	s := m.subject(disk, seed)
	sessions := 1 + r.IntN(sessionsMax)
	for session := range sessions {
		if err := s.open(ctx); err != nil {
			return rec, fmt.Errorf("open: %w", err)
		}
		if err := workThrough(ctx, s, r, restful); err != nil {
			return rec, err
		}
		if session == sessions-1 {
			rec = recording{trace: disk.Trace(), subject: s}
		}
		if session < sessions-1 && r.IntN(3) == 0 {
			disk.Kill()
			_ = s.shut() // it is dead
			s.died()
			continue
		}
		if err := s.shut(); err != nil {
			return rec, fmt.Errorf("close: %w", err)
		}
	}
	if r.IntN(2) == 0 { // the power goes during or after the last closing as well
		rec.trace = disk.Trace()
	}
	return rec, nil
}

// workThrough is one session's work, now and then with a rest.
func workThrough(ctx context.Context, s subject, r *rand.Rand, restful bool) error {
	steps := stepsMin + r.IntN(stepsMax-stepsMin+1)
	rest := r.IntN(2 * steps)
	for step := range steps {
		if err := s.work(ctx, r); err != nil {
			return fmt.Errorf("work: %w", err)
		}
		if step == rest && restful {
			if err := s.rest(ctx); err != nil {
				return fmt.Errorf("rest: %w", err)
			}
		}
	}
	return nil
}
