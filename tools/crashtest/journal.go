package crashtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// The journal under test is as small as it may be, so that it checkpoints every dozen sales.
const (
	journalName    = "journal.db"
	journalLog     = 256 << 10
	journalReserve = 16 << 10
	journalRoom    = 1 << 20
)

var terminal = record.Terminal([]byte("10000001"))

// keyring has a key for every epoch.
type keyring struct {
	mu   sync.Mutex
	keys map[uint32]*seal.Keys
	mac  *seal.MAC
}

var _ journal.Keyring = (*keyring)(nil)

func newKeyring() *keyring {
	return &keyring{keys: make(map[uint32]*seal.Keys), mac: seal.NewMAC(seal.Portable(), make([]byte, seal.KeySize))}
}

// Keys implements journal.Keyring.
func (k *keyring) Keys(epoch uint32) (*seal.Keys, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys[epoch] == nil {
		k.keys[epoch] = seal.DeriveKeys(seal.Portable(), make([]byte, seal.KeySize), epoch,
			[seal.NonceSize]byte{1}, [seal.NonceSize]byte{2})
	}
	return k.keys[epoch], nil
}

// JournalMAC implements journal.Keyring.
func (k *keyring) JournalMAC() *seal.MAC { return k.mac }

// journalSubject is agent/journal under test.
type journalSubject struct {
	disk    *crashdisk.Disk
	clock   *clock
	keyring *keyring
	journal *journal.Journal

	model   journalModel    // what was acknowledged
	flight  []journalCommit // what may be there besides
	history []journalCommit // all acknowledged commits, or those of the run that is replayed
	commits int

	// folded is model after foldedAt commits of history, for at.
	folded   journalModel
	foldedAt int
}

var _ subject = (*journalSubject)(nil)

func newJournalSubject(disk *crashdisk.Disk) subject {
	return &journalSubject{disk: disk, clock: newClock(), keyring: newKeyring()}
}

func (s *journalSubject) count() int { return s.commits }

func (s *journalSubject) at(commits int, _ bool) func(*crashdisk.Disk) subject {
	for ; s.foldedAt < commits; s.foldedAt++ {
		s.folded = s.folded.with(s.history[s.foldedAt])
	}
	model, flight := s.folded, s.history[commits:min(commits+inFlight, len(s.history))]
	return func(disk *crashdisk.Disk) subject {
		return &journalSubject{
			disk: disk, clock: newClock(), keyring: s.keyring, model: model, flight: flight, commits: commits,
		}
	}
}

func (s *journalSubject) open(ctx context.Context) (err error) {
	config := journal.DefaultConfig()
	config.Boot = "crashtest" // commits write to the lock file too
	config.Path, config.Disk = s.disk.Path(journalName), s.disk
	config.Terminal, config.KeyVersion, config.Keyring = terminal, 1, s.keyring
	config.RoomMin, config.BallastSize, config.WALSize = journalRoom, journalReserve, journalLog
	config.Clock, config.Logger = s.clock.Now, silent()
	s.journal, err = journal.Open(ctx, config)
	return err
}

func (s *journalSubject) shut() error {
	err := s.journal.Close()
	s.journal = nil
	return err
}

// restMax is how long a rest may take; a tenth of a second is usual.
const restMax = 20 * time.Second

// rest lets the journal run until it has brought its log into the database, unless the last commit has just done so.
func (s *journalSubject) rest(ctx context.Context) error {
	database := make(chan struct{}, 1)
	s.disk.Watch(func(op crashdisk.Operation) {
		if op.Kind == crashdisk.Sync && op.Name == journalName {
			select {
			case database <- struct{}{}:
			default:
			}
		}
	})
	defer s.disk.Watch(nil)
	for range 3 { // the log must not be nearly empty
		if err := s.sell(ctx, 9_999); err != nil {
			return err
		}
	}
	if len(database) > 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, restMax)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.journal.Run(ctx) }()
	select {
	case <-database:
	case err := <-done:
		return errors.Join(err, fmt.Errorf("the log was not brought into the database in %v", restMax))
	}
	cancel()
	return <-done
}

func (s *journalSubject) died() { s.acknowledge(journalCommit{died: true}) }

// acknowledge takes commits that the journal has confirmed, with the records that it returned.
func (s *journalSubject) acknowledge(commits ...journalCommit) {
	for _, c := range commits {
		s.model = s.model.with(c)
		s.history = append(s.history, c)
		s.commits++
	}
	s.flight = nil
	s.disk.Mark(s.commits)
}

func (s *journalSubject) look(ctx context.Context) error {
	seen, err := readJournal(ctx, s.journal)
	if err != nil {
		return found(unexplained, "read journal: %w", err)
	}
	model, adopted, err := settle(s.model, s.flight, journalModel.with, func(m journalModel) error { return m.compare(seen) })
	if err != nil {
		return err
	}
	s.model, s.commits = model.settled(seen), s.commits+adopted
	s.history = append(slices.Clip(s.history), s.flight[:adopted]...)
	s.flight = nil
	return nil
}
