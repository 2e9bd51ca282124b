// Package sqlite keeps the cloud's store in one SQLite file: WAL, synchronous FULL, one writer with group commit, a
// few readers. Changes come in, committed rows leave. The write-ahead log is filled once at the start and then only
// overwritten, since a log that grows is the real cost of small commits.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sync/semaphore"

	"github.com/yuantill/yuantill/cloud/store"
)

// The errors of a database that is not opened.
var (
	// ErrDamaged says that the file is no database, or not a whole one.
	ErrDamaged = errors.New("sqlite: database is damaged")
	// ErrNewer says that the database was written by a newer program.
	ErrNewer = errors.New("sqlite: database from a newer program")
	// ErrOlder says that the database is new or an older program's, and was to be left as it is.
	ErrOlder = errors.New("sqlite: database from an older program")
	// ErrGone says that there is no database, or nothing left in its file, and that none was to be made.
	ErrGone = errors.New("sqlite: database is gone")
	// ErrForeign says that the database was used under another root key.
	ErrForeign = errors.New("sqlite: database of another cloud")
)

// Bounds of the queue in front of the writer.
const (
	queueMax     = 8192     // changes
	queueSizeMax = 64 << 20 // bytes
	readersMax   = 4
)

// readerStatements is how many statements a reading connection keeps prepared: more than it has questions.
const readerStatements = "48"

// Options tune a store.
type Options struct {
	Logger *slog.Logger
	// LogSize is the size in bytes to which the write-ahead log is filled at the start; 0 leaves it growing.
	LogSize int64
	// Disk is where the files are; nil is the operating system's.
	Disk Disk
	// Inline makes the writer do everything by itself: it carries the log over between two changes, tells a change's
	// submitter only then, and does nothing by time. One run of changes then always makes one run of writes.
	Inline bool
	// AsItIs opens only a database of this very version, for whoever comes beside a program that has it open.
	AsItIs bool
	// Existing opens only a database that is there: to make one is for whoever sets a cloud up.
	Existing bool
	// Owner is the check value of the root key that the database is used under; nil asks nobody. A database without an owner
	// gets this one, unless it is left AsItIs.
	Owner []byte
}

// DefaultOptions are for a server.
func DefaultOptions(logger *slog.Logger) Options { return Options{Logger: logger, LogSize: 64 << 20} }

// Store is a store in one file.
type Store struct {
	readers *sql.DB
	record  *sql.Stmt // the two reads that every payment and every repeated record need
	payment *sql.Stmt
	writer  *writer
	queue   chan *submission
	leases  chan leaseRequest
	lookups chan chan<- error
	room    *semaphore.Weighted

	closing chan struct{}
	submits sync.RWMutex // held for reading while a submission is being queued
	once    sync.Once
	done    chan struct{}
	err     error
}

var _ store.Store = (*Store)(nil)

// Open opens or creates the store in a file, whose folder must exist, and starts its writer. It returns ErrNewer for
// a file of a newer program, ErrOlder for one that would have to be brought to this version where AsItIs forbids it,
// ErrDamaged for one that is no database any more, ErrForeignSchema for one that somebody has put something into, ErrGone for
// none where Existing asks for one, ErrForeign for one of another Owner, and store.ErrFull where the disk has no room for the log.
func Open(ctx context.Context, path string, options Options) (*Store, error) {
	if options.Logger == nil {
		return nil, errors.New("open store: no logger")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if options.Existing {
		if err := Present(absolute); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
	}
	// The file holds the books: nobody else reads it.
	if options.Disk == nil {
		options.Disk = machineDisk{}
	}
	file, err := options.Disk.OpenFile(absolute, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	w, err := newWriter(absolute, options)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", named(err))
	}
	readers, err := openReaders(ctx, absolute, options.Disk)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", named(err)), w.close())
	}
	record, payment, err := prepareReads(ctx, readers)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", named(err)), readers.Close(), w.close())
	}
	s := &Store{
		readers: readers,
		record:  record,
		payment: payment,
		writer:  w,
		queue:   make(chan *submission, queueMax),
		leases:  make(chan leaseRequest),
		lookups: make(chan chan<- error),
		room:    semaphore.NewWeighted(queueSizeMax),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		if options.Inline {
			w.runInline(s.queue, s.leases, s.lookups)
			return
		}
		w.run(s.queue, s.leases, s.lookups)
	}()
	return s, nil
}

// named gives what keeps a database from being opened its name.
func named(err error) error {
	var failure sqlite3.Error
	if errors.As(err, &failure) && (failure.Code == sqlite3.ErrCorrupt || failure.Code == sqlite3.ErrNotADB) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if errors.As(err, &failure) && (failure.SystemErrno == syscall.ENOSPC || failure.SystemErrno == syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", store.ErrFull, err) // the log's index, which SQLite calls an I/O error
	}
	return full(err)
}

// location returns the file as SQLite's URI.
func location(disk Disk, path, parameters string) string {
	if name := disk.VFS(); name != "" {
		parameters += "&vfs=" + name
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: parameters}).String()
}

func openReaders(ctx context.Context, path string, disk Disk) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", location(disk, path, "mode=ro&_query_only=1&_busy_timeout=5000&_txlock=deferred&_stmt_cache_size="+readerStatements))
	if err != nil {
		return nil, err
	}
	connections := min(readersMax, 2+runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func prepareReads(ctx context.Context, readers *sql.DB) (record, payment *sql.Stmt, err error) {
	record, err = readers.PrepareContext(ctx, selectRecord)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare statement: %w", err)
	}
	payment, err = readers.PrepareContext(ctx, "SELECT "+paymentColumns+" WHERE order_id = ?")
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("prepare statement: %w", err), record.Close())
	}
	return record, payment, nil
}

// Submit queues a change (store.Writer).
func (s *Store) Submit(ctx context.Context, change store.Change, done func(error)) error {
	rows := change.Rows()
	if rows > store.RowsMax {
		return fmt.Errorf("%w: %d rows", store.ErrTooLarge, rows)
	}
	size := min(int64(change.Size()), queueSizeMax)
	if err := s.room.Acquire(ctx, size); err != nil {
		return fmt.Errorf("submit change: %w", err)
	}
	s.submits.RLock()
	defer s.submits.RUnlock()
	sub := &submission{change: change, rows: rows, done: func(err error) {
		s.room.Release(size)
		done(err)
	}}
	select {
	case <-s.closing:
		s.room.Release(size)
		return store.ErrClosed
	default:
	}
	select {
	case s.queue <- sub:
		return nil
	case <-ctx.Done():
		s.room.Release(size)
		return fmt.Errorf("submit change: %w", ctx.Err())
	}
}

// Commit stores a change (store.Writer).
func (s *Store) Commit(ctx context.Context, change store.Change) error {
	result := make(chan error, 1)
	if err := s.Submit(ctx, change, func(err error) { result <- err }); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("commit change: %w", ctx.Err())
	}
}

// Close stores what was submitted, then releases the files.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		s.submits.Lock() // no submission is on its way into the queue now
		close(s.queue)
		s.submits.Unlock()
		<-s.done
		s.err = errors.Join(s.record.Close(), s.payment.Close(), s.readers.Close(), s.writer.close())
	})
	return s.err
}
