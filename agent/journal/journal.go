package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

const (
	lockSuffix    = ".lock"
	ballastSuffix = ".ballast"
	walSuffix     = "-wal"
	shmSuffix     = "-shm"
)

// Beside are the files that a journal keeps beside its own.
func Beside(path string) []string {
	return []string{path + lockSuffix, path + ballastSuffix, path + walSuffix, path + shmSuffix}
}

// Journal is the terminal's journal. It may be used by several goroutines.
type Journal struct {
	config   Config
	readOnly bool
	logger   *slog.Logger
	lock     *lock
	file     File // the database's, locked; nil when opened for looking
	place    place
	ballast  *ballast
	writer   *sql.DB
	reader   *sql.DB
	worked   chan struct{} // capacity one: there was a commit, for Run
	appended chan struct{} // capacity one: there was a commit, for the uplink
	places   chan struct{} // bounds the queue
	done     chan struct{} // closed by Close
	commits  atomic.Uint64

	queueMu sync.Mutex
	queue   []*request
	leading bool
	closed  bool

	// writeMu is held by whoever uses the writing connection.
	writeMu  sync.Mutex
	conn     *sql.Conn
	prepared *statements
	cookie   int64 // SQLite's number of the schema that was checked
	wal      walGauge
	// openRows are the marks of the rows that are open; the writer's.
	openRows map[rowKey]mark
	// besideMu is held while a checkpoint runs beside the sales; never while waiting for writeMu.
	besideMu sync.Mutex

	// mu guards what readers ask for; the commit changes it in one go.
	mu         sync.Mutex
	head       head
	recent     recent
	intents    unentered
	keys       *seal.Keys // of the current epoch; nil before the first
	epoch      uint32
	lastTime   time.Time
	jumps      uint64
	lost       []Range
	acked      acknowledged
	ackedDirty bool
	failure    error // set once: nothing more is written
	damage     error // set once: found at the start, on reading, by the background verification, or a file was displaced
}

// Open opens or creates the journal, takes its lock and verifies its end. It returns *HeldError, *ForeignError,
// *DamagedError, ErrGone, ErrNewer, ErrNoKeys, ErrFull and the file system's errors. Nothing is ever repaired by deleting. On
// a full disk the reserve is given up where that lets the journal open: what waits in it can be sent, and Room says that
// payments are refused.
func Open(ctx context.Context, config Config) (*Journal, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if config.Disk == nil {
		config.Disk = machineDisk{}
	}
	held, err := takeLock(config.Disk, config.Path+lockSuffix)
	if err != nil {
		return nil, sayFull(err)
	}
	j := newJournal(config, held)
	err = j.open(ctx)
	if outOfSpace(err) && j.ballast.giveUp() {
		j.logger.Error("journal disk is full: reserve given up to open it, no payments", "path", config.Path, "error", err)
		err = j.reopen(ctx)
	}
	if err != nil {
		return nil, errors.Join(j.explain(err), j.release())
	}
	return j, nil
}

func newJournal(config Config, held *lock) *Journal {
	return &Journal{
		config: config, logger: config.Logger, lock: held,
		worked: make(chan struct{}, 1), appended: make(chan struct{}, 1), places: make(chan struct{}, queueMax),
		done:    make(chan struct{}),
		ballast: &ballast{disk: config.Disk, path: config.Path + ballastSuffix, size: config.BallastSize},
	}
}

func (j *Journal) open(ctx context.Context) (err error) {
	if err := j.hold(0); err != nil { // what another is writing is not looked at
		return err
	}
	if err := j.checkWAL(ctx); err != nil {
		return err
	}
	if err := j.lock.reserve(); err != nil {
		return err
	}
	if err := j.hold(os.O_CREATE); err != nil {
		return err
	}
	if j.writer, err = openWriter(j.config.Disk, j.config.Path); err != nil {
		return err
	}
	if j.conn, err = j.writer.Conn(ctx); err != nil {
		return fmt.Errorf("connect to journal: %w", err)
	}
	if j.reader, err = openReader(j.config.Disk, j.config.Path, "rw"); err != nil {
		return err
	}
	if err := keepWAL(ctx, j.conn); err != nil {
		return err
	}
	if err := migrate(ctx, j.conn); err != nil {
		return err
	}
	if _, err := j.checkSchema(ctx, j.conn); err != nil {
		return err
	}
	if j.prepared, err = prepare(ctx, j.conn); err != nil {
		return err
	}
	if err := j.adopt(ctx); err != nil {
		return err
	}
	if err := j.ballast.ensure(j.config.RoomMin); err != nil {
		j.logger.Warn("journal reserve could not be set aside", "path", j.ballast.path, "error", err)
	}
	if err := j.fillWAL(ctx); err != nil {
		return err
	}
	size, err := j.syncWAL()
	if err != nil {
		return err
	}
	if err := j.lock.markOpen(size, j.config.Boot, j.lastHead(j.head)); err != nil {
		return err
	}
	j.place, err = newPlace(j.config.Path, j.config.Path+walSuffix, j.lock.path) // when none of them becomes shorter any more
	return err
}

// reopen begins anew after an open that failed half-way.
func (j *Journal) reopen(ctx context.Context) error {
	if err := j.disconnect(); err != nil {
		return err
	}
	j.prepared, j.conn, j.reader, j.writer, j.intents = nil, nil, nil, nil, unentered{}
	return j.open(ctx)
}

// adopt writes the owner of a new journal, or checks that the journal is this terminal's and whole.
func (j *Journal) adopt(ctx context.Context) error {
	var owner string
	err := j.conn.QueryRowContext(ctx, "SELECT terminal FROM owner").Scan(&owner)
	if errors.Is(err, sql.ErrNoRows) {
		return j.begin(ctx)
	}
	if err != nil {
		return fmt.Errorf("read owner: %w", err)
	}
	if owner != j.config.Terminal.String() {
		foreign := &ForeignError{Path: j.config.Path, Mine: j.config.Terminal}
		copy(foreign.Owner[:], owner)
		return foreign
	}
	if err := j.load(ctx, j.conn); err != nil {
		return err
	}
	if err := j.tagSnapshots(ctx); err != nil {
		return err
	}
	if err := j.loadSnapshots(ctx, j.conn); err != nil {
		return err
	}
	return j.loadIntents(ctx)
}

// begin writes the first rows of an empty journal.
func (j *Journal) begin(ctx context.Context) error {
	var records int
	if err := j.conn.QueryRowContext(ctx, "SELECT count(*) FROM record").Scan(&records); err != nil {
		return fmt.Errorf("count records: %w", err)
	}
	if records != 0 {
		return &DamagedError{Path: j.config.Path, Cause: errors.New("records without an owner")}
	}
	j.head, j.openRows = head{link: record.Genesis(j.config.Engine, j.config.Terminal)}, map[rowKey]mark{}
	return j.transact(ctx, func() error {
		_, err := j.conn.ExecContext(ctx, "INSERT INTO owner (id, terminal, created_at) VALUES (1, ?, ?)",
			j.config.Terminal.String(), j.config.Clock().UnixMicro())
		if err != nil {
			return fmt.Errorf("write owner: %w", err)
		}
		return j.writeHead(ctx, j.head)
	})
}

// load reads the end of the chain, verifies it and takes up the epoch of the last record.
func (j *Journal) load(ctx context.Context, db querier) error {
	var mac *seal.MAC
	if j.config.Keyring != nil {
		mac = j.config.Keyring.JournalMAC()
	}
	h, err := readHead(ctx, db, mac, j.config.Terminal)
	if errors.Is(err, errHeadTag) || errors.Is(err, sql.ErrNoRows) {
		return &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("read head: %w", err)}
	}
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	j.head, j.lost = h, h.lost
	last, err := j.verifyEnd(ctx, db)
	if err != nil {
		return err
	}
	j.acked = acknowledged{highWater: h.acknowledged, highest: h.acknowledged}
	j.epoch, j.lastTime = last.Epoch, last.Time
	if j.epoch == 0 || j.config.Keyring == nil {
		return nil
	}
	if j.keys, err = j.config.Keyring.Keys(j.epoch); err != nil {
		return fmt.Errorf("derive keys of the journal's epoch: %w", err)
	}
	return nil
}

// explain turns SQLite's "malformed" into a *DamagedError, its "unable to open" into the right that is missing, and a
// lack of space into ErrFull.
func (j *Journal) explain(err error) error {
	if denied := j.permission(err); denied != nil {
		return denied
	}
	var damaged *DamagedError
	if err == nil || errors.As(err, &damaged) || !isDamage(err) {
		return sayFull(err)
	}
	return &DamagedError{Path: j.config.Path, Cause: err}
}

// Close waits for commits under way, brings everything into the database file and releases the lock. It is idempotent.
// ErrFull says that the file has no room for that: the records stay in the log, for the next start.
func (j *Journal) Close() error {
	j.queueMu.Lock()
	closed := j.closed
	j.closed = true
	j.queueMu.Unlock()
	if closed {
		return nil
	}
	close(j.done)
	if j.readOnly {
		return j.release()
	}
	// Whoever already waits for a commit gets it: the queue empties itself, each holding a place until it is done.
	for range queueMax {
		j.places <- struct{}{}
	}
	j.writeMu.Lock()
	defer j.writeMu.Unlock()
	return errors.Join(sayFull(j.settle(context.Background())), j.release())
}

// settle writes what was put off. A journal that failed or was displaced is left as it is, for the next start to look at.
func (j *Journal) settle(ctx context.Context) error {
	if j.failed() != nil || j.displaced() {
		return nil
	}
	if err := j.saveAcknowledged(ctx); err != nil {
		return err
	}
	complete, err := j.checkpoint(ctx, j.conn, "FULL")
	if err != nil {
		return err
	}
	if !complete || j.displaced() {
		return nil // not everything is in what stands there: the next start needs the log, or has to find it out
	}
	// The lock file first: a power cut between the two must not leave it asking for a log that is gone.
	if err := j.lock.markClosed(); err != nil {
		return err
	}
	// The log is emptied, so that a database file put back from a copy never meets a log of another time.
	_, err = j.checkpoint(ctx, j.conn, "TRUNCATE")
	return err
}

// release lets go of everything that was opened.
func (j *Journal) release() error {
	err := j.disconnect()
	if j.file != nil {
		err = errors.Join(err, j.file.Close())
	}
	if j.lock != nil {
		err = errors.Join(err, j.lock.release())
	}
	return err
}

// disconnect closes what open has opened, as far as it came.
func (j *Journal) disconnect() error {
	var errs []error
	if j.prepared != nil {
		errs = append(errs, j.prepared.close())
	}
	if j.conn != nil {
		errs = append(errs, j.conn.Close())
	}
	if j.reader != nil {
		errs = append(errs, j.reader.Close())
	}
	if j.writer != nil {
		errs = append(errs, j.writer.Close())
	}
	return errors.Join(errs...)
}
