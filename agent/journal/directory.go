package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// Bounds of the directory.
const (
	// directoryBehind is how many finished sales may be left to look through one by one.
	directoryBehind = 256
	// directoryStep is how many sales are entered in one transaction.
	directoryStep = 256
	// labelsMax bounds the labels of one sale, labelMax the bytes of one.
	labelsMax = 8
	labelMax  = 64
)

// FindLabel returns the latest sale that Config.Labels gives the label, ErrNotFound, or *DamagedError.
func (j *Journal) FindLabel(ctx context.Context, label string) (Sale, error) {
	if label == "" || len(label) > labelMax || j.config.Labels == nil {
		return Sale{}, fmt.Errorf("%w: sale", ErrNotFound)
	}
	end, err := readDirectoryEnd(ctx, j.reader)
	if err != nil {
		return Sale{}, j.explain(err)
	}
	found, err := j.findBehind(ctx, label, end)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return found, err
	}
	found, err = j.oneSale(ctx, `WHERE number = (SELECT max(number) FROM directory WHERE label = ?)`, label)
	if err == nil && !slices.Contains(j.labels(found.State), label) {
		damaged := &DamagedError{Path: j.config.Path, Sale: found.Number, Cause: errDirectory}
		j.tellDamage(damaged)
		return Sale{}, damaged
	}
	return found, err
}

// findBehind looks through the sales that are not in the directory, newest first.
func (j *Journal) findBehind(ctx context.Context, label string, end int64) (Sale, error) {
	rows, err := j.reader.QueryContext(ctx, "SELECT number, state FROM sale WHERE number > ? ORDER BY number DESC", end)
	if err != nil {
		return Sale{}, j.explain(fmt.Errorf("look through sales: %w", err))
	}
	found := int64(0)
	for found == 0 && rows.Next() {
		var number int64
		var state sql.RawBytes
		if err := rows.Scan(&number, &state); err != nil {
			return Sale{}, j.explain(errors.Join(fmt.Errorf("look through sales: %w", err), rows.Close()))
		}
		for _, one := range j.labels(state) {
			if one == label {
				found = number
			}
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return Sale{}, j.explain(fmt.Errorf("look through sales: %w", err))
	}
	if found == 0 {
		return Sale{}, fmt.Errorf("%w: sale", ErrNotFound)
	}
	return j.oneSale(ctx, "WHERE number = ?", found)
}

var errDirectory = errors.New("the directory gives it a label that is not its own")

// labels are a sale's labels within bounds.
func (j *Journal) labels(state []byte) []string {
	labels := j.config.Labels(state)
	kept := labels[:0:0]
	for _, label := range labels[:min(len(labels), labelsMax)] {
		if label != "" && len(label) <= labelMax {
			kept = append(kept, label)
		}
	}
	return kept
}

func readDirectoryEnd(ctx context.Context, db querier) (int64, error) {
	var end int64
	if err := db.QueryRowContext(ctx, "SELECT number FROM directory_end").Scan(&end); err != nil {
		return 0, fmt.Errorf("read directory: %w", err)
	}
	return end, nil
}

// fillDirectory enters finished sales once there are many. It is a transaction of its own, so that no sale's commit
// writes a page for it; what it would lose in a power cut is entered again. It stops before the first open sale, whose
// labels are not all known yet. writeMu is held.
func (j *Journal) fillDirectory(ctx context.Context) error {
	if j.config.Labels == nil {
		return nil
	}
	end, err := readDirectoryEnd(ctx, j.conn)
	if err != nil {
		return err
	}
	entered, last, err := j.unentered(ctx, end)
	if err != nil || last-end < directoryBehind {
		return err
	}
	return j.transact(ctx, func() error {
		for _, one := range entered {
			if _, err := j.conn.ExecContext(ctx, "INSERT OR IGNORE INTO directory (label, number) VALUES (?, ?)",
				one.label, one.number); err != nil {
				return fmt.Errorf("enter sale: %w", err)
			}
			j.wal.add(len(one.label) + directoryLogged)
		}
		if _, err := j.conn.ExecContext(ctx, "UPDATE directory_end SET number = ?", last); err != nil {
			return fmt.Errorf("enter sales: %w", err)
		}
		j.wal.add(loggedPerCommit)
		return nil
	})
}

// directoryLogged is what one entry adds to the log beside its label: entries of one transaction share pages.
const directoryLogged = 512

type directoryEntry struct {
	label  string
	number int64
}

// unentered returns the next step's entries and the last sale they are of.
func (j *Journal) unentered(ctx context.Context, end int64) (entries []directoryEntry, last int64, err error) {
	rows, err := j.conn.QueryContext(ctx, "SELECT number, open, state FROM sale WHERE number > ? ORDER BY number LIMIT ?",
		end, directoryStep)
	if err != nil {
		return nil, end, fmt.Errorf("read sales to enter: %w", err)
	}
	defer rows.Close()
	last = end
	for rows.Next() {
		var number int64
		var open bool
		var state sql.RawBytes
		if err := rows.Scan(&number, &open, &state); err != nil {
			return nil, end, fmt.Errorf("read sale to enter: %w", err)
		}
		if open {
			break
		}
		for _, label := range j.labels(state) {
			entries = append(entries, directoryEntry{label: label, number: number})
		}
		last = number
	}
	return entries, last, rows.Err()
}
