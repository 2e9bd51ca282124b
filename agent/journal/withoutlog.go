package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/yuantill/yuantill/protocol/seal"
)

const (
	bootPath = "/proc/sys/kernel/random/boot_id" // proc(5): another at every start of the kernel
	bootMax  = 36
)

// ErrUnsure marks a journal whose log is gone, with a run of the machine between: no program can say whether all of it is in
// the database. Accept takes a person's word for it.
var ErrUnsure = errors.New("the machine was started since, so nothing says whether the database alone has everything")

// ThisBoot names this run of the machine; empty where the kernel does not say.
func ThisBoot() string {
	text, err := os.ReadFile(bootPath)
	name := strings.TrimSpace(string(text))
	if err != nil || len(name) > bootMax || strings.ContainsAny(name, " \t\n") {
		return ""
	}
	return name
}

// withoutLog returns nil when the write-ahead log is gone and nothing with it, and *DamagedError otherwise.
//
// SQLite copies the log into the database and deletes it when the last program closes a database that nobody else has open:
// after a kill a look with sqlite3, or a copying script, is enough. Whether that is what happened is not for the database to
// say, since one whose log was deleted with records in it is whole as well, as of its last checkpoint. The lock file says
// it: before each commit it is told the head row that the commit writes, so that at worst it names one that was not written
// and the journal is refused for nothing. That costs no sync, so after a power cut it may name a row of before; within one
// run of the machine the kernel has kept every word, unless the medium was torn out of it. The head row's tag covers the
// chain's end, the open sales and follow-ups and the acknowledgement. Its being in the database does not say that all the
// pages before it are, should a checkpoint have been cut off: so everything is read once.
func (j *Journal) withoutLog(ctx context.Context, size int64, left lockText) error {
	cause := fmt.Errorf("%w: write-ahead log has %d bytes, at least %d were there", errCut, size, left.walSize)
	damaged := &DamagedError{Path: j.config.Path, Cause: cause}
	switch {
	case size > 0: // SQLite deletes it or leaves it
		return damaged
	case left.boot == "" || left.boot != j.config.Boot:
		damaged.Cause = fmt.Errorf("%w; %w", cause, ErrUnsure)
		return damaged
	}
	_, err := j.readAlone(ctx, left.last, false)
	if errors.Is(err, ErrNoKeys) { // what to do about that comes first
		return err
	}
	if err != nil {
		damaged.Cause = fmt.Errorf("%w; %w", cause, err)
		return damaged
	}
	j.logger.Warn("write-ahead log was gone, but all of it is in the database: another program has opened the journal",
		"path", j.config.Path, "sequence", left.last.sequence)
	return nil
}

// readAlone reads the whole database as if there were no log, leaves no file behind, and returns what is in it when it is
// whole and ends where it should: at last, or not before it where that may be an old word.
func (j *Journal) readAlone(ctx context.Context, last lastHead, old bool) (report Report, err error) {
	alone := &Journal{
		config: j.config, readOnly: true, logger: slog.New(slog.DiscardHandler),
		appended: make(chan struct{}), done: make(chan struct{}),
	}
	defer func() { err = errors.Join(err, alone.release()) }()
	if err := alone.openReadOnly(ctx, "ro&immutable=1"); err != nil {
		return report, fmt.Errorf("open database alone: %w", err)
	}
	var tag []byte
	if err := alone.reader.QueryRowContext(ctx, "SELECT tag FROM head").Scan(&tag); err != nil {
		return report, fmt.Errorf("read head: %w", err)
	}
	switch {
	case old && alone.head.sequence >= last.sequence:
	case alone.head.sequence != last.sequence:
		return report, fmt.Errorf("the database alone ends at record %d, and %d was being written", alone.head.sequence, last.sequence)
	case len(tag) != seal.TagSize || seal.Tag(tag) != last.tag:
		return report, fmt.Errorf("the database alone ends at record %d with another bookkeeping row than the last", last.sequence)
	}
	if report, err = alone.Verify(ctx); err != nil {
		return report, fmt.Errorf("verify database alone: %w", err)
	}
	var said string
	if err := alone.reader.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&said); err != nil {
		return report, fmt.Errorf("check database alone: %w", err)
	}
	if said != "ok" {
		return report, fmt.Errorf("check database alone: %s", said)
	}
	return report, nil
}
