// Package journalfile is the one file in which the load generator's terminals keep their records: a SQLite database,
// synchronous, many terminals' appends in one commit. Records come in and are durable when Append returns.
package journalfile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/yuantill/yuantill/protocol/record"
)

const (
	groupMax = 1_000
	walFill  = 16 << 20
)

// chunks are how many records one statement inserts, largest first. They are prepared once: what the load generator
// spends is missing to what it measures.
var chunks = [...]int{64, 16, 4, 1}

// ErrClosed says that the file takes no more records.
var ErrClosed = errors.New("journalfile: closed")

// File is the shared journal.
type File struct {
	database *sql.DB
	begin    *sql.Stmt
	end      *sql.Stmt
	inserts  [len(chunks)]*sql.Stmt
	queue    chan appending
	ended    chan struct{}
	closing  sync.Once
	stop     chan struct{}
}

type appending struct {
	terminal record.Terminal
	bytes    record.Record
	done     chan error
}

// Open creates the file and starts its writer.
func Open(path string) (*File, error) {
	database, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("open journal file: %w", err)
	}
	database.SetMaxOpenConns(1)
	for _, statement := range []string{
		"CREATE TABLE record (id INTEGER PRIMARY KEY, terminal TEXT NOT NULL, bytes BLOB NOT NULL)",
		"CREATE TABLE filler (bytes BLOB)",
		// A log that grows costs each commit a second write of the file's size: grow it once, then reuse it.
		fmt.Sprintf("INSERT INTO filler VALUES (zeroblob(%d))", walFill),
		"DROP TABLE filler",
		"PRAGMA wal_checkpoint(RESTART)",
	} {
		if _, err := database.Exec(statement); err != nil {
			return nil, errors.Join(fmt.Errorf("prepare journal file: %w", err), database.Close())
		}
	}
	f := &File{database: database, queue: make(chan appending, groupMax), ended: make(chan struct{}), stop: make(chan struct{})}
	if err := f.prepare(); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	go f.write()
	return f, nil
}

func (f *File) prepare() error {
	var failures [2 + len(chunks)]error
	f.begin, failures[0] = f.database.Prepare("BEGIN IMMEDIATE")
	f.end, failures[1] = f.database.Prepare("COMMIT")
	for i, size := range chunks {
		f.inserts[i], failures[2+i] = f.database.Prepare("INSERT INTO record (terminal, bytes) VALUES (?, ?)" +
			strings.Repeat(", (?, ?)", size-1))
	}
	if err := errors.Join(failures[:]...); err != nil {
		return fmt.Errorf("prepare statements: %w", err)
	}
	return nil
}

// Close ends the writer and closes the file.
func (f *File) Close() error {
	f.closing.Do(func() { close(f.stop) })
	<-f.ended
	return f.database.Close() // closes the statements
}

// Append stores one record and returns when it is durable.
func (f *File) Append(ctx context.Context, terminal record.Terminal, r record.Record) error {
	one := appending{terminal: terminal, bytes: r, done: make(chan error, 1)}
	select {
	case f.queue <- one:
	case <-f.stop:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-one.done:
		return err
	case <-f.ended:
		return ErrClosed
	}
}

// write commits whatever waits, as many records at a time as there are, up to groupMax.
func (f *File) write() {
	defer close(f.ended)
	group := make([]appending, 0, groupMax)
	for {
		select {
		case one := <-f.queue:
			group = append(group[:0], one)
		case <-f.stop:
			return
		}
		for len(group) < groupMax && len(f.queue) > 0 {
			group = append(group, <-f.queue)
		}
		err := f.commit(group)
		for _, one := range group {
			one.done <- err
		}
	}
}

func (f *File) commit(group []appending) error {
	if _, err := f.begin.Exec(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := f.insert(group); err != nil {
		_, rolledBack := f.database.Exec("ROLLBACK")
		return errors.Join(fmt.Errorf("insert records: %w", err), rolledBack)
	}
	if _, err := f.end.Exec(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (f *File) insert(group []appending) error {
	row := make([]any, 2*chunks[0])
	for i, size := range chunks {
		for len(group) >= size {
			for j, one := range group[:size] {
				row[2*j], row[2*j+1] = one.terminal.String(), []byte(one.bytes)
			}
			if _, err := f.inserts[i].Exec(row[:2*size]...); err != nil {
				return err
			}
			group = group[size:]
		}
	}
	return nil
}
