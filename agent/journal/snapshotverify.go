package journal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/yuantill/yuantill/protocol/record"
)

// loadSnapshots checks the open rows against the head row and keeps their marks. Damage stops payments and nothing else:
// what waits is still sent, and the sales that are whole go on.
func (j *Journal) loadSnapshots(ctx context.Context, db querier) error {
	j.openRows = map[rowKey]mark{}
	if j.head.untagged {
		return nil // openReadOnly's; the agent tags them
	}
	var found openRows
	var damaged *DamagedError
	for _, shelf := range []*shelf{&saleShelf, &followUpShelf} {
		err := shelf.read(ctx, db, func(row *snapshot) error {
			if damaged == nil {
				damaged = j.intact(row)
			}
			m := mark{number: row.number, first: row.first, open: true}
			copy(m.tag[:], row.stored)
			j.openRows[rowKey{shelf: shelf, id: row.id}] = m
			found.add(m)
			return nil
		}, "WHERE open = 1")
		if err != nil {
			return err
		}
	}
	if damaged == nil && found != j.head.open {
		damaged = &DamagedError{Path: j.config.Path, Cause: errSnapshotSet}
	}
	if damaged == nil {
		var err error
		if damaged, err = j.counted(ctx, db); err != nil {
			return err
		}
	}
	if damaged != nil {
		j.tellDamage(damaged)
	}
	return nil
}

// counted compares how many rows there are with what the head row says: a sale that is over and missing would let its
// key be charged a second time.
func (j *Journal) counted(ctx context.Context, db querier) (*DamagedError, error) {
	for _, one := range j.head.counts() {
		var count, last uint64
		err := db.QueryRowContext(ctx, "SELECT count(*), coalesce(max(number), 0) FROM "+one.shelf.table).Scan(&count, &last)
		if err != nil {
			return nil, fmt.Errorf("count %ss: %w", one.shelf.name, err)
		}
		if count != *one.count || last != *one.count {
			return &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("%w: %d of %ss, %d were there, and the last is %d",
				errSnapshotSet, count, one.shelf.name, *one.count, last)}, nil
		}
	}
	return nil, nil
}

// tagSnapshots gives the rows of an older program their tags and the head row its sum, in one transaction.
func (j *Journal) tagSnapshots(ctx context.Context) error {
	if !j.head.untagged {
		return nil
	}
	h, mac := j.head, j.config.Keyring.JournalMAC()
	h.untagged = false
	err := j.transact(ctx, func() error {
		for _, one := range h.counts() {
			shelf, count := one.shelf, one.count
			*count = 0
			err := shelf.pages(ctx, j.conn, math.MinInt64, noPause, func(row *snapshot) error {
				tag := row.tag(mac, j.config.Terminal)
				_, err := j.conn.ExecContext(ctx, "UPDATE "+shelf.table+" SET tag = ? WHERE number = ?", tag[:], int64(row.number))
				h.open.add(mark{open: row.open, tag: tag})
				*count = row.number
				j.wal.add(len(row.state))
				return err
			})
			if err != nil {
				return fmt.Errorf("tag %ss: %w", shelf.name, err)
			}
		}
		return j.writeHead(ctx, h)
	})
	if err != nil {
		return err
	}
	j.head = h
	return nil
}

// pages reads the rows behind a number in small pieces, so that each may write to what it has read and pause can wait between.
func (s *shelf) pages(
	ctx context.Context, db querier, after int64, pause func(context.Context) error, each func(*snapshot) error,
) error {
	for full := true; full; {
		var page []snapshot
		// The piece's context cannot end: that would cost a goroutine a query.
		err := s.read(context.WithoutCancel(ctx), db, func(row *snapshot) error {
			page = append(page, *row)
			return nil
		}, "WHERE number > ? ORDER BY number LIMIT ?", after, verifyChunk)
		if err != nil {
			return err
		}
		for i := range page {
			if err := each(&page[i]); err != nil {
				return err
			}
			after = int64(page[i].number)
		}
		full = len(page) == verifyChunk
		if err := errors.Join(ctx.Err(), pause(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// verifySnapshots checks every row's tag, that none is missing of those that the head row counts, and that keys lead to what
// they began.
func (j *Journal) verifySnapshots(ctx context.Context, h head, pause func(context.Context) error) (sales, followUps uint64, err error) {
	if h.untagged {
		return 0, 0, errUntagged
	}
	if sales, err = j.verifyShelf(ctx, &saleShelf, h.sales, pause); err != nil {
		return sales, 0, err
	}
	if followUps, err = j.verifyShelf(ctx, &followUpShelf, h.followUps, pause); err != nil {
		return sales, followUps, err
	}
	return sales, followUps, j.explain(j.verifyIntents(ctx, pause))
}

// verifyShelf returns how many rows there are; commits meanwhile may have added some.
func (j *Journal) verifyShelf(ctx context.Context, s *shelf, count uint64, pause func(context.Context) error) (uint64, error) {
	last := uint64(0)
	err := s.pages(ctx, j.reader, math.MinInt64, pause, func(row *snapshot) error {
		if damaged := j.intact(row); damaged != nil {
			return damaged
		}
		if row.number != last+1 {
			return j.damagedSnapshot(s, last+1, errSnapshotGone)
		}
		last = row.number
		return nil
	})
	if err != nil {
		return last, j.explain(err)
	}
	if last < count {
		return last, j.damagedSnapshot(s, last+1, errSnapshotGone)
	}
	return last, nil
}

// verifySideTables holds what is derived from the records against them.
func (j *Journal) verifySideTables(ctx context.Context, w *walker, last uint64) error {
	if !slices.Equal(w.lost, j.lostUpTo(last)) {
		return &DamagedError{Path: j.config.Path, Cause: errors.New("lost ranges are not those that the records declare")}
	}
	rows, err := j.reader.QueryContext(context.WithoutCancel(ctx),
		"SELECT type, count(*), sum(sequence) FROM landmark WHERE sequence <= ? GROUP BY type", int64(last))
	if err != nil {
		return j.explain(fmt.Errorf("read landmarks: %w", err))
	}
	defer rows.Close()
	found := map[record.Type]landmarks{}
	for rows.Next() {
		var kind, count, sum int64
		if err := rows.Scan(&kind, &count, &sum); err != nil {
			return j.explain(fmt.Errorf("read landmarks: %w", err))
		}
		found[record.Type(kind)] = landmarks{count: uint64(count), sum: uint64(sum)}
	}
	if err := rows.Err(); err != nil {
		return j.explain(fmt.Errorf("read landmarks: %w", err))
	}
	for _, kind := range []record.Type{record.ShiftOpened, record.ShiftClosed, record.CashMoved} {
		if found[kind] != w.landmarks[kind] {
			return &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("the places of %v records are not theirs", kind)}
		}
	}
	return nil
}

// landmarks is how many records of a type there are, and the sum of their sequences.
type landmarks struct{ count, sum uint64 }

func (j *Journal) lostUpTo(last uint64) []Range {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lost []Range
	for _, one := range j.lost {
		if one.First <= last {
			lost = append(lost, one)
		}
	}
	return lost
}
