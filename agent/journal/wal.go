package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	sqlite "github.com/mattn/go-sqlite3"
)

// The write-ahead log is filled once to its full size and then only overwritten: a commit into a file that does not
// grow needs no change of the file's metadata, which is most of what a small commit costs (p99 798 → 144 ms under load
// in a trial). A checkpoint copies the log into the database so that the next commit starts at the log's beginning. It
// is run when the till is idle; at half the log beside the sales; and only at seven eighths inside a commit.
const (
	pageLogged      = 4096 + 24      // a page in the log with its frame header
	loggedPerCommit = 2 * pageLogged // the record's page and the head's
	loggedPerSale   = 3 * pageLogged // the sale's page and two index pages
	// A landmark's page; there are a few a day.
	loggedPerLandmark = pageLogged
	walSizeMin        = 256 << 10
)

// walGauge estimates the bytes in the log since it last began anew.
type walGauge struct{ bytes atomic.Int64 }

func (g *walGauge) add(n int) { g.bytes.Add(int64(n)) }

func (g *walGauge) above(size int64, eighths int64) bool { return g.bytes.Load() >= size/8*eighths }

// keepWAL makes checkpoints ours to time and the log's file permanent.
func keepWAL(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, "PRAGMA wal_autocheckpoint = 0"); err != nil {
		return fmt.Errorf("set checkpoints: %w", err)
	}
	err := conn.Raw(func(driver any) error {
		return driver.(*sqlite.SQLiteConn).SetFileControlInt("main", sqlite.SQLITE_FCNTL_PERSIST_WAL, 1)
	})
	if err != nil {
		return fmt.Errorf("keep write-ahead log: %w", err)
	}
	return nil
}

// fillWAL grows the log to its full size: a transaction larger than the page cache spills into the log, and rolling it
// back leaves the file but none of the content. On a full disk the journal opens all the same.
func (j *Journal) fillWAL(ctx context.Context) error {
	size, err := j.walFileSize()
	if err != nil || size >= j.config.WALSize {
		return err
	}
	_, err = j.checkpoint(ctx, j.conn, "PASSIVE")
	if err == nil {
		err = j.spill(ctx)
	}
	if isFull(err) {
		j.logger.Warn("no room to fill the write-ahead log", "path", j.config.Path, "error", err)
		return nil
	}
	return err
}

// spill is the transaction that makes the log grow.
func (j *Journal) spill(ctx context.Context) error {
	errRollBack := errors.New("roll back")
	err := j.transact(ctx, func() error {
		const filler = "INSERT INTO record (sequence, bytes) VALUES (-1, zeroblob(?))"
		if _, err := j.conn.ExecContext(ctx, filler, j.config.WALSize+fillExtra); err != nil {
			return fmt.Errorf("fill write-ahead log: %w", err)
		}
		return errRollBack
	})
	if errors.Is(err, errRollBack) {
		return nil
	}
	return err
}

// fillExtra makes up for what stays in the page cache and is not spilled.
const fillExtra = 768 << 10

// checkpoint copies the log into the database; mode PASSIVE does not wait for readers, TRUNCATE also empties the file.
// It returns whether all of it was copied.
func (j *Journal) checkpoint(ctx context.Context, db querier, mode string) (complete bool, err error) {
	var busy, logged, copied int
	err = db.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &logged, &copied)
	if err != nil {
		return false, fmt.Errorf("checkpoint journal: %w", err)
	}
	return busy == 0 && logged == copied, nil
}

// restart checkpoints while nobody writes: when all of the log has been copied, the next commit starts at its
// beginning. writeMu is held.
func (j *Journal) restart(ctx context.Context) {
	if j.displaced() {
		return
	}
	complete, err := j.checkpoint(ctx, j.conn, "PASSIVE")
	// A full disk costs the reserve: the database has to grow to take what is in the log.
	if isFull(err) && j.ballast.giveUp() {
		j.logger.Error("journal disk is full: reserve given up, no further payments", "path", j.config.Path)
		complete, err = j.checkpoint(ctx, j.conn, "PASSIVE")
	}
	if err != nil {
		j.logger.Error("journal checkpoint", "error", err)
	}
	if complete {
		j.wal.bytes.Store(0)
	}
	_ = j.inPlace() // notes what the file has grown to; what else it finds is found again at the next payment
}

// checkpointBeside copies the bulk of the log beside the sales, and only the last bit between two of them.
func (j *Journal) checkpointBeside(ctx context.Context) {
	if j.displaced() {
		return
	}
	j.besideMu.Lock()
	_, err := j.checkpoint(ctx, j.reader, "PASSIVE")
	j.besideMu.Unlock()
	if err != nil && !isFull(err) && ctx.Err() == nil && !j.isClosed() {
		j.logger.Error("journal checkpoint", "error", err)
	}
	j.writeMu.Lock()
	defer j.writeMu.Unlock()
	if !j.isClosed() {
		j.restart(context.WithoutCancel(ctx))
	}
}

// relieveWAL keeps the log from growing when the checkpoints beside the sales have not kept up. writeMu is held.
func (j *Journal) relieveWAL() {
	if !j.wal.above(j.config.WALSize, 7) {
		return
	}
	// One checkpoint at a time: beside another this one would do nothing, and the log would grow.
	j.besideMu.Lock()
	j.restart(context.Background())
	j.besideMu.Unlock()
	if j.wal.above(j.config.WALSize, 7) {
		// A reader holds the log. Trying again at every commit would make each as slow as a checkpoint.
		j.wal.bytes.Store(j.config.WALSize / 8 * 6)
	}
}

// syncWAL makes the log durable as long as it is, and returns its size: the file system allocates the blocks now and not
// at the first sale, and what the lock file is about to say holds after a power cut too. SQLite syncs with a commit only.
func (j *Journal) syncWAL() (int64, error) {
	f, err := j.config.Disk.OpenFile(j.config.Path+walSuffix, os.O_RDWR, 0)
	if err != nil {
		return 0, fmt.Errorf("open write-ahead log: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return 0, fmt.Errorf("sync write-ahead log: %w", err)
	}
	return j.walFileSize()
}

func (j *Journal) walFileSize() (int64, error) {
	info, err := os.Stat(j.config.Path + walSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look at write-ahead log: %w", err)
	}
	return info.Size(), nil
}

// checkWAL compares database and log with what the last holder left behind.
func (j *Journal) checkWAL(ctx context.Context) error {
	size, err := j.walFileSize()
	if err != nil {
		return err
	}
	if err := j.checkFile(size); err != nil {
		return err
	}
	if size < j.lock.left.walSize {
		return j.withoutLog(ctx, size, j.lock.left)
	}
	return nil
}

// checkLogBeside does the same without holding the lock. The log is looked at first: whoever closes the journal says so
// in the lock file before the log is emptied.
func (j *Journal) checkLogBeside(ctx context.Context) error {
	size, err := j.walFileSize()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(j.config.Path + lockSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return nil // a copy without it
	}
	if err != nil {
		return fmt.Errorf("read lock: %w", err)
	}
	if left := parseLock(string(text)); size < left.walSize {
		return j.withoutLog(ctx, size, left)
	}
	return nil
}

var errCut = errors.New("cut short")
