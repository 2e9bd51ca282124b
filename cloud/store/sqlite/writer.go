package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	// groupRowsMax bounds the rows of one commit: beyond it a group gains nothing and makes its members wait.
	groupRowsMax = 1000
	// finishedMax bounds the committed groups whose submitters have not been told yet.
	finishedMax = 4
	// idleAfter is how long the queue must have been empty before the log is carried into the database.
	idleAfter = 200 * time.Millisecond
	// stuckAfter is the time between two tries to carry over a log that could not be, while nothing is stored.
	stuckAfter = 2 * time.Second
)

// submission is a change on its way.
type submission struct {
	change store.Change
	rows   int
	done   func(error)
	err    error
}

// writer owns the one connection that writes. All its methods run on one goroutine.
type writer struct {
	conn   *connection
	log    *writeAheadLog
	logger *slog.Logger
	failed error
	health health

	// What the database says, kept here because nobody else writes; forgotten after a roll-back.
	terminals map[record.Terminal]int64
	accounts  map[string]int64
	revisions map[int64]uint64 // heads by terminal number
	nextEntry int64
	indexed   int64 // the last entry that payment_references knows
}

func newWriter(path string, options Options) (*writer, error) {
	conn, err := connect(location(options.Disk, path, "_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_mutex=no"))
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, logger: options.Logger}
	err = conn.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY")
	owned := false
	if err == nil {
		owned, err = checkOwner(conn, options.Owner)
	}
	if err == nil {
		err = migrate(conn, options.AsItIs)
	}
	if err == nil && !owned && !options.AsItIs {
		err = claim(conn, options.Owner)
	}
	if err == nil {
		err = checkSchema(conn)
	}
	if err == nil {
		w.log, err = newWriteAheadLog(conn, path, options)
	}
	if err == nil {
		err = w.remember()
	}
	if err != nil {
		return nil, errors.Join(err, conn.close())
	}
	return w, nil
}

// remember reads again what the writer keeps of the database.
func (w *writer) remember() error {
	w.terminals = make(map[record.Terminal]int64)
	w.accounts = make(map[string]int64)
	w.revisions = make(map[int64]uint64)
	row, err := w.conn.queryRow("SELECT coalesce(max(number), 0) FROM entries", 1)
	if err != nil {
		return fmt.Errorf("read last entry: %w", err)
	}
	last, _ := row[0].(int64)
	w.nextEntry = last + 1
	return w.rememberIndexed()
}

// run stores submissions until the queue is closed and empty. Submitters are told by a second goroutine, so that the
// next group is on its way to the disk meanwhile; one that is alone is told at once.
func (w *writer) run(queue <-chan *submission, leases <-chan leaseRequest, lookups <-chan chan<- error) {
	finished := make(chan []*submission, finishedMax)
	told := make(chan struct{})
	var untold atomic.Int64 // groups
	go func() {
		defer close(told)
		for group := range finished {
			tell(group)
			untold.Add(-1)
		}
	}()
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	looks := time.NewTicker(roomEvery)
	defer looks.Stop()
	for {
		select {
		case first, open := <-queue:
			if !open {
				close(finished)
				<-told
				return
			}
			group := collect(queue, first)
			w.store(group)
			if len(group) == 1 && untold.Load() == 0 {
				tell(group)
			} else {
				untold.Add(1)
				finished <- group
			}
			w.indexSome()
			w.log.tend()
			idle.Reset(idleAfter)
		case request := <-leases:
			number, err := w.lease(request.name, request.least)
			request.result <- leaseResult{number: number, err: err}
		case result := <-lookups:
			result <- w.indexAll()
		case <-looks.C:
			w.log.free.look()
		case <-idle.C:
			w.log.rest()
			if w.log.stuck.cause() != nil {
				idle.Reset(stuckAfter)
			}
		}
	}
}

// runInline is run on one goroutine, and does nothing by time.
func (w *writer) runInline(queue <-chan *submission, leases <-chan leaseRequest, lookups <-chan chan<- error) {
	for {
		select {
		case first, open := <-queue:
			if !open {
				return
			}
			group := collect(queue, first)
			w.store(group)
			w.indexSome()
			w.log.tend()
			w.log.free.look()
			tell(group)
		case request := <-leases:
			number, err := w.lease(request.name, request.least)
			request.result <- leaseResult{number: number, err: err}
		case result := <-lookups:
			result <- w.indexAll()
		}
	}
}

func tell(group []*submission) {
	for _, s := range group {
		s.done(s.err)
	}
}

// collect takes what else is waiting, up to a full group. It never waits.
func collect(queue <-chan *submission, first *submission) []*submission {
	group := []*submission{first}
	for rows := first.rows; rows < groupRowsMax; {
		select {
		case next, open := <-queue:
			if !open {
				return group
			}
			group = append(group, next)
			rows += next.rows
		default:
			return group
		}
	}
	return group
}

// store commits a group, and sets each submission's result. All changes go into one transaction; only when one of
// them is refused are they tried again one by one, so that the others are stored.
func (w *writer) store(group []*submission) {
	if w.failed == nil {
		group = w.beginnable(group)
	}
	if len(group) == 0 {
		return
	}
	err := w.failed
	if err == nil {
		err = w.together(group)
	}
	if err != nil && w.failed == nil && !errors.Is(err, store.ErrFull) {
		err = w.oneByOne(group)
	}
	w.health.note(err)
	if err == nil {
		return
	}
	for _, s := range group {
		s.err = err
	}
}

// beginnable refuses the changes of a group that begin something while the log has room only for what has begun, and returns
// the others.
func (w *writer) beginnable(group []*submission) []*submission {
	refused := w.log.room()
	if refused == nil {
		return group
	}
	rest := make([]*submission, 0, len(group))
	for _, s := range group {
		if begins(&s.change) {
			s.err = refused
			continue
		}
		rest = append(rest, s)
	}
	return rest
}

// begins reports whether a change begins a payment or a follow-up.
func begins(c *store.Change) bool {
	return slices.ContainsFunc(c.Payments, func(p store.Payment) bool { return p.Revision == 1 }) ||
		slices.ContainsFunc(c.FollowUps, func(f store.FollowUp) bool { return f.State == store.FollowUpWaiting })
}

// together stores the group in one transaction, or nothing of it.
func (w *writer) together(group []*submission) error {
	if err := w.begin(); err != nil {
		return err
	}
	t := newTransaction(w, false)
	for _, s := range group {
		if err := t.apply(&s.change); err != nil {
			return w.rollBack(err)
		}
	}
	if err := t.flush(); err != nil {
		return w.rollBack(err)
	}
	return w.commit()
}

// oneByOne stores the changes of a group that can be stored. The error is about the whole group.
func (w *writer) oneByOne(group []*submission) error {
	if err := w.begin(); err != nil {
		return err
	}
	for _, s := range group {
		if err := w.conn.exec("SAVEPOINT change"); err != nil {
			return w.rollBack(err)
		}
		t := newTransaction(w, true)
		s.err = t.apply(&s.change)
		if s.err == nil {
			s.err = t.flush()
		}
		end := "RELEASE change"
		if s.err != nil {
			if w.fatal(s.err) != nil || isFull(s.err) {
				return w.rollBack(s.err)
			}
			end = "ROLLBACK TO change; RELEASE change"
		}
		if err := w.conn.exec(end); err != nil {
			return w.rollBack(err)
		}
		if s.err != nil {
			if err := w.remember(); err != nil {
				return w.rollBack(err)
			}
		}
	}
	return w.commit()
}

func (w *writer) begin() error {
	_, err := w.conn.run("BEGIN IMMEDIATE", nil)
	switch {
	case err == nil:
		return nil
	case isBusy(err): // another program holds the file: nothing is wrong with it
		return fmt.Errorf("begin transaction: %w", err)
	default:
		return w.broken(fmt.Errorf("begin transaction: %w", err))
	}
}

func (w *writer) commit() error {
	_, err := w.conn.run("COMMIT", nil)
	if err == nil {
		return nil
	}
	if isFull(err) {
		return w.rollBack(err)
	}
	// After a failed sync nobody knows what the disk holds: only opening the file again tells.
	return w.broken(fmt.Errorf("commit transaction: %w", err))
}

// rollBack undoes the transaction and returns the cause as the store's error.
func (w *writer) rollBack(cause error) error {
	if !w.conn.driver.AutoCommit() { // SQLite rolls back by itself on some errors
		if err := w.conn.exec("ROLLBACK"); err != nil {
			return w.broken(errors.Join(cause, fmt.Errorf("roll back: %w", err)))
		}
	}
	if err := w.remember(); err != nil {
		return w.broken(errors.Join(cause, err))
	}
	if err := w.fatal(cause); err != nil {
		return w.broken(err)
	}
	return full(cause)
}

// full gives a lack of room the store's name.
func full(err error) error {
	if isFull(err) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return err
}

// fatal returns the error when it says that the file or the disk cannot be trusted any more, else nil.
func (w *writer) fatal(err error) error {
	var failure sqlite3.Error
	if !errors.As(err, &failure) {
		return nil
	}
	switch failure.Code {
	case sqlite3.ErrIoErr, sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrCantOpen, sqlite3.ErrReadonly:
		return err
	default:
		return nil
	}
}

// broken marks the store as failed for good.
func (w *writer) broken(cause error) error {
	w.failed = fmt.Errorf("%w: %w", store.ErrFailed, cause)
	w.health.note(w.failed)
	w.logger.LogAttrs(context.Background(), slog.LevelError, "store failed", slog.Any("cause", cause))
	return w.failed
}

type leaseRequest struct {
	name   string
	least  uint64
	result chan<- leaseResult // holds one
}

type leaseResult struct {
	number uint64
	err    error
}

// lease commits the next number of a name and returns it.
func (w *writer) lease(name string, least uint64) (uint64, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	if err := w.begin(); err != nil {
		return 0, err
	}
	_, err := w.conn.run("INSERT INTO leases (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value + 1, excluded.value)",
		values{name, int64(least)})
	if err != nil {
		return 0, w.rollBack(fmt.Errorf("lease number: %w", err))
	}
	row, err := w.conn.queryRow("SELECT value FROM leases WHERE name = ?", 1, name)
	if err != nil {
		return 0, w.rollBack(fmt.Errorf("lease number: %w", err))
	}
	number, _ := row[0].(int64)
	return uint64(number), w.commit()
}

func (w *writer) close() error { return errors.Join(w.log.close(), w.conn.close()) }
