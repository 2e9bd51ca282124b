package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"github.com/yuantill/yuantill/cloud/store"
)

const (
	pageSize = 4096
	// fillPages is how many pages one step of filling the log dirties.
	fillPages = 256
	// restPages is below which an idle log is left alone.
	restPages = 64
	// lookEvery is after how many commits the log's length is looked at.
	lookEvery = 16
	// tryEvery is after how many commits a log that could not be carried over is tried again.
	tryEvery = 64
	// defaultLogSize is the length at which a log that is not filled in advance is carried over.
	defaultLogSize = 16 << 20
)

// writeAheadLog keeps the log short. A second connection carries pages into the database in the background; the
// writer then carries over the few that were added meanwhile, after which SQLite begins the log's file again from its
// start instead of growing it.
type writeAheadLog struct {
	conn    *connection // the writer's
	logger  *slog.Logger
	soft    int64 // pages at which the background starts
	half    int64 // pages from which on nothing begins while the log cannot be carried over
	commits int
	used    int64 // pages, when they were last counted
	stuck   stuck
	// standing is a store.Room, for readers on other goroutines.
	standing atomic.Uint32
	free     freeRoom

	background *connection // nil when the writer carries
	wake       chan struct{}
	carried    chan struct{}
	carrying   bool
	stopped    sync.WaitGroup
	once       sync.Once
}

func newWriteAheadLog(conn *connection, path string, options Options) (*writeAheadLog, error) {
	size := options.LogSize
	if size == 0 {
		size = defaultLogSize
	}
	l := &writeAheadLog{conn: conn, logger: options.Logger, soft: size / pageSize / 4, half: size / pageSize / 2,
		free: freeRoom{disk: options.Disk, path: path, least: options.LogSize, logger: options.Logger}}
	if options.LogSize > 0 {
		if err := l.prepare(options.Disk, path, size); err != nil {
			return nil, err
		}
	}
	if options.Inline {
		return l, nil
	}
	background, err := connect(location(options.Disk, path, "_busy_timeout=5000&_synchronous=FULL&_mutex=no"))
	if err != nil {
		return nil, err
	}
	l.background, l.wake, l.carried = background, make(chan struct{}, 1), make(chan struct{}, 1)
	l.stopped.Add(1)
	go l.carry()
	return l, nil
}

// prepare fills the log, unless the disk has no room: then the one that is left is kept, whose blocks are this store's own.
// To make it anew would give them away to whoever comes first. It returns store.ErrFull when there is none, or too little
// is left of it to start with.
func (l *writeAheadLog) prepare(disk Disk, path string, size int64) error {
	l.free.look()
	info, err := os.Stat(path + "-wal")
	if l.free.cause() == nil || err != nil || info.Size() < size {
		if err := fill(l.conn, disk, path, size); err != nil {
			return fmt.Errorf("fill log: %w", err)
		}
		return nil
	}
	if err := reserveIndex(path, info.Size()); err != nil {
		return err
	}
	l.checkpoint(l.conn)
	l.count()
	if cause := l.stuck.cause(); cause != nil && l.used >= l.half+l.half/4*3 {
		return fmt.Errorf("keep log: %w", cause)
	}
	return nil
}

// count counts the pages in use.
func (l *writeAheadLog) count() {
	l.used = l.length()
	l.standing.Store(uint32(l.standingOf(l.used)))
}

// fill makes the log's file as long as it will ever be needed: later commits overwrite allocated blocks, so a sync
// does not have to write the file's metadata. Nothing but a scratch table is written while syncing is off.
func fill(conn *connection, disk Disk, path string, size int64) error {
	if _, err := conn.queryRow("PRAGMA wal_checkpoint(TRUNCATE)", 3); err != nil {
		return err
	}
	// The scratch table is created while syncing is still on, so that the new log's header is durable before anything
	// behind it is written: under the old header the old log's first commits would pass for its last.
	err := conn.exec(fmt.Sprintf(`DROP TABLE IF EXISTS filler;
CREATE TABLE filler (id INTEGER PRIMARY KEY, bytes BLOB);
PRAGMA synchronous = OFF;
INSERT INTO filler WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d) SELECT i, randomblob(4000) FROM n`,
		fillPages))
	if err != nil {
		return err
	}
	for range size / pageSize / fillPages {
		// Other bytes each time: SQLite does not write a page that stays the same.
		if err := conn.exec("UPDATE filler SET bytes = randomblob(4000)"); err != nil {
			return err
		}
	}
	if err := conn.exec("DROP TABLE filler; PRAGMA synchronous = FULL"); err != nil {
		return err
	}
	if err := syncFile(disk, path+"-wal"); err != nil {
		return err
	}
	_, err = conn.queryRow("PRAGMA wal_checkpoint(RESTART)", 3)
	return err
}

func syncFile(disk Disk, path string) error {
	file, err := disk.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// tend is called after each commit.
func (l *writeAheadLog) tend() {
	select {
	case <-l.carried:
		l.carrying = false
		l.checkpoint(l.conn)
		return
	default:
	}
	every := lookEvery
	if l.stuck.cause() != nil {
		l.count()
		every = tryEvery
	}
	if l.commits++; l.commits < every || l.carrying {
		return
	}
	l.commits = 0
	if l.count(); l.used >= l.soft {
		l.start()
	}
}

// rest is called when nothing is being written.
func (l *writeAheadLog) rest() {
	select {
	case <-l.carried:
		l.carrying = false
	default:
	}
	if !l.carrying && (l.length() >= restPages || l.stuck.cause() != nil) {
		l.start()
	}
}

func (l *writeAheadLog) start() {
	if l.background == nil {
		l.checkpoint(l.conn)
		return
	}
	l.carrying = true
	l.wake <- struct{}{} // never blocks: it is empty while nothing is being carried
}

// length returns how many pages of the log are in use.
func (l *writeAheadLog) length() int64 {
	row, err := l.conn.queryRow("PRAGMA wal_checkpoint(NOOP)", 3)
	if err != nil || row == nil {
		l.logger.LogAttrs(context.Background(), slog.LevelWarn, "measure log", slog.Any("cause", err))
		return 0
	}
	total, _ := row[1].(int64)
	carried, _ := row[2].(int64)
	if total == carried {
		return 0 // the next commit begins the file again
	}
	return total
}

func (l *writeAheadLog) carry() {
	defer l.stopped.Done()
	for range l.wake {
		l.checkpoint(l.background)
		l.carried <- struct{}{}
	}
}

// checkpoint carries over what it can without waiting for anybody.
func (l *writeAheadLog) checkpoint(conn *connection) {
	_, err := conn.queryRow("PRAGMA wal_checkpoint(PASSIVE)", 3)
	if isBusy(err) {
		return
	}
	if err != nil {
		err = fmt.Errorf("carry log over: %w", full(err))
	}
	before := l.stuck.note(err)
	if err == nil {
		l.standing.Store(uint32(store.RoomToBegin))
	}
	switch {
	case err != nil && before == nil:
		l.logger.LogAttrs(context.Background(), slog.LevelError, "log cannot be carried over: payments go on to the middle of it only",
			slog.Any("cause", err))
	case err == nil && before != nil:
		l.logger.LogAttrs(context.Background(), slog.LevelInfo, "log is carried over again")
	}
}

// room returns why nothing may begin: the log cannot be carried over, and what is left of it is for what has begun.
func (l *writeAheadLog) room() error {
	if l.standingOf(l.used) == store.RoomToBegin {
		return nil
	}
	return l.stuck.cause()
}

func (l *writeAheadLog) close() error {
	if l.background == nil {
		return nil
	}
	var err error
	l.once.Do(func() {
		close(l.wake)
		l.stopped.Wait()
		err = l.background.close()
	})
	return err
}
