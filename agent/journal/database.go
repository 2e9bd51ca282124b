package journal

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"

	sqlite "github.com/mattn/go-sqlite3"
)

// migrations holds the one ordered set of schema steps; step n is migrations/000n.sql and PRAGMA user_version counts
// the steps that were taken.
//
//go:embed migrations/*.sql
var migrations embed.FS

const migrationCount = 5

// Page caches: small, because the agent shares a terminal with a browser. Negative numbers are KiB to SQLite.
const (
	writerCache = "-256"
	readerCache = "-128"
	readersMax  = 2
	// readerStatements is how many statements a reading connection keeps prepared: more than it has questions.
	readerStatements = "16"
)

// openWriter returns the one connection that writes.
func openWriter(disk Disk, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", dataSource(disk, path, "_journal_mode=WAL&_synchronous=FULL&_cache_size="+writerCache))
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// openReader returns connections that only read; a checkpoint is allowed to them.
func openReader(disk Disk, path, mode string) (*sql.DB, error) {
	options := "_query_only=true&_synchronous=FULL&_cache_size=" + readerCache + "&_stmt_cache_size=" + readerStatements +
		"&mode=" + mode
	db, err := sql.Open("sqlite3", dataSource(disk, path, options))
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	db.SetMaxOpenConns(readersMax)
	db.SetMaxIdleConns(readersMax)
	return db, nil
}

func dataSource(disk Disk, path, options string) string {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	if name := disk.VFS(); name != "" {
		options += "&vfs=" + name
	}
	return "file:" + escaped + "?_busy_timeout=5000&" + options
}

// migrate takes the steps that are missing, each in one transaction.
func migrate(ctx context.Context, conn *sql.Conn) error {
	version, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	for step := version + 1; step <= migrationCount; step++ {
		text, err := migrations.ReadFile(fmt.Sprintf("migrations/%04d.sql", step))
		if err != nil {
			return fmt.Errorf("read migration %d: %w", step, err)
		}
		script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", text, step)
		if _, err := conn.ExecContext(ctx, script); err != nil {
			// SQLite has rolled back by itself after some errors; a second ROLLBACK then fails, which is no news.
			_, _ = conn.ExecContext(ctx, "ROLLBACK")
			return fmt.Errorf("take migration %d: %w", step, err)
		}
	}
	return nil
}

// schemaVersion returns the steps taken, or an error when they are more than this program knows.
func schemaVersion(ctx context.Context, conn interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (int, error) {
	var version int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	if version > migrationCount {
		return 0, fmt.Errorf("%w: version %d, this program knows %d", ErrNewer, version, migrationCount)
	}
	return version, nil
}

// isFull says that SQLite found no space.
func isFull(err error) bool {
	var problem sqlite.Error
	return errors.As(err, &problem) && problem.Code == sqlite.ErrFull
}

// isDamage says that the file is not the database that was written.
func isDamage(err error) bool {
	var problem sqlite.Error
	return errors.As(err, &problem) && (problem.Code == sqlite.ErrCorrupt || problem.Code == sqlite.ErrNotADB)
}

// isBusy says that nothing was begun because somebody else holds the database.
func isBusy(err error) bool {
	var problem sqlite.Error
	return errors.As(err, &problem) && (problem.Code == sqlite.ErrBusy || problem.Code == sqlite.ErrLocked)
}
