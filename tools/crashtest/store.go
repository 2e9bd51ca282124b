package crashtest

import (
	"context"
	"slices"

	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

const (
	storeName = "cloud.db"
	// storeLog is the least at which the writer carries its log over every few commits.
	storeLog = 256 << 10
)

// storeSubject is cloud/store/sqlite under test.
type storeSubject struct {
	disk    *crashdisk.Disk
	clock   *clock
	options sqlite.Options
	store   *sqlite.Store

	model   storeModel    // what was acknowledged
	flight  []storeCommit // what may be there besides
	history []storeCommit
	commits int
	// slack is how many leases since the last one may have been given without anybody getting them.
	slack uint64

	folded   storeModel
	foldedAt int
}

var _ subject = (*storeSubject)(nil)

// newStoreSubject makes a store that does everything by itself, with a log that grows or one filled beforehand, or, for
// every fourth seed, one that carries its log over in the background as in production; only that one's runs differ.
func newStoreSubject(disk *crashdisk.Disk, seed uint64) subject {
	options := sqlite.Options{Logger: silent(), Disk: disk, Inline: seed%4 != 3}
	if seed%4 != 0 {
		options.LogSize = storeLog
	}
	return &storeSubject{disk: disk, clock: newClock(), options: options}
}

func (s *storeSubject) count() int { return s.commits }

func (s *storeSubject) at(commits int, again bool) func(*crashdisk.Disk) subject {
	for ; s.foldedAt < commits; s.foldedAt++ {
		s.folded = s.folded.with(s.history[s.foldedAt])
	}
	options := s.options
	options.Inline = true
	if !again { // filling a log takes longer than everything else
		options.LogSize = 0
	}
	model, flight := s.folded, s.history[commits:min(commits+inFlight, len(s.history))]
	return func(disk *crashdisk.Disk) subject {
		options := options
		options.Disk = disk
		return &storeSubject{
			disk: disk, clock: newClock(), options: options, model: model, flight: flight, commits: commits,
		}
	}
}

func (s *storeSubject) open(ctx context.Context) (err error) {
	s.store, err = sqlite.Open(ctx, s.disk.Path(storeName), s.options)
	return err
}

func (s *storeSubject) shut() error { return s.store.Close() }

// rest does nothing: the store does everything after its commits.
func (s *storeSubject) rest(context.Context) error { return nil }

// died changes nothing: the store has nothing in memory only.
func (s *storeSubject) died() {}

func (s *storeSubject) acknowledge(commits ...storeCommit) {
	for _, c := range commits {
		s.model = s.model.with(c)
		s.history = append(s.history, c)
		s.commits++
	}
	s.flight = nil
	s.disk.Mark(s.commits)
}

func (s *storeSubject) look(ctx context.Context) error {
	orders := s.model.orders
	for _, c := range s.flight {
		orders += c.orders
	}
	seen, err := readStore(ctx, s.store, orders)
	if err != nil {
		return err
	}
	model, adopted, err := settle(s.model, s.flight, storeModel.with, func(m storeModel) error { return m.compare(seen) })
	if err != nil {
		return err
	}
	for _, c := range s.flight[adopted:] {
		if c.lease {
			s.slack++
		}
	}
	s.model, s.commits = model, s.commits+adopted
	s.history = append(slices.Clip(s.history), s.flight[:adopted]...)
	s.flight = nil
	return nil
}
