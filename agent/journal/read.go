package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// Tail returns the last record's place.
func (j *Journal) Tail() Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return Position{Sequence: j.head.sequence, Link: j.head.link, Epoch: j.epoch}
}

// Acknowledged returns the sequence up to which the cloud has everything.
func (j *Journal) Acknowledged() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.acked.highWater
}

// Appended receives after commits. It holds one signal, not a queue: look at Unsent for what there is.
func (j *Journal) Appended() <-chan struct{} { return j.appended }

// Counts returns how much there is.
func (j *Journal) Counts(ctx context.Context) (Counts, error) {
	j.mu.Lock()
	counts := Counts{
		Records: span(0, j.head.sequence, j.lost), Unsent: unsent(j.head.sequence, j.acked, j.lost),
		Sales: j.head.sales, ClockJumps: j.jumps,
	}
	after, lost, acked := j.acked.highWater, j.lost, j.acked
	j.mu.Unlock()
	counts.Lost = j.losses(ctx, lost, acked)
	if counts.Unsent == 0 {
		return counts, nil
	}
	oldest, err := j.Unsent(ctx, after, 1, record.BodyMax+record.Overhead)
	if err != nil || len(oldest) == 0 {
		return counts, err
	}
	header, err := record.ParseHeader(oldest[0])
	counts.OldestUnsent = header.Time
	return counts, err
}

// span counts the records in (after, last].
func span(after, last uint64, lost []Range) uint64 {
	if last <= after {
		return 0
	}
	n := last - after
	for _, gap := range lost {
		if first, end := max(gap.First, after+1), min(gap.Last, last); end >= first {
			n -= end - first + 1
		}
	}
	return n
}

func unsent(last uint64, acked acknowledged, lost []Range) uint64 {
	n := span(acked.highest, last, lost)
	for _, gap := range acked.gaps {
		n += span(gap.First-1, gap.Last, lost)
	}
	return n
}

// Unsent returns records that the cloud has not acknowledged, in order, after a sequence: at most recordsMax records
// and bytesMax bytes, but one record whatever its size.
func (j *Journal) Unsent(ctx context.Context, after uint64, recordsMax, bytesMax int) ([]record.Record, error) {
	j.mu.Lock()
	acked, last := j.acked, j.head.sequence
	after = max(after, acked.highWater)
	if after >= last {
		j.mu.Unlock()
		return nil, nil
	}
	if records, here := j.recent.after(after); here {
		defer j.mu.Unlock()
		return unacknowledged(records, after+1, acked, recordsMax, bytesMax), nil
	}
	j.mu.Unlock()
	return j.read(ctx, after, recordsMax, bytesMax, acked.has)
}

// unacknowledged picks from records in memory, the first of which has the sequence first, as Unsent promises.
func unacknowledged(records []record.Record, first uint64, acked acknowledged, recordsMax, bytesMax int) []record.Record {
	picked := make([]record.Record, 0, min(len(records), max(recordsMax, 1)))
	for i, r := range records {
		if acked.has(first + uint64(i)) {
			continue
		}
		if len(picked) == cap(picked) || len(picked) > 0 && len(r) > bytesMax {
			break
		}
		bytesMax -= len(r)
		picked = append(picked, r)
	}
	return picked
}

// Records returns the records after a sequence, in order, bounded as Unsent.
func (j *Journal) Records(ctx context.Context, after uint64, recordsMax, bytesMax int) ([]record.Record, error) {
	return j.read(ctx, after, recordsMax, bytesMax, func(uint64) bool { return false })
}

// read collects records into one piece of memory. Bytes are copied as they were stored; nothing is checked here.
func (j *Journal) read(ctx context.Context, after uint64, recordsMax, bytesMax int, skip func(uint64) bool) (
	[]record.Record, error,
) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	recordsMax = min(max(recordsMax, 1), readMax)
	// A context that can end costs a goroutine a query; this one is short.
	rows, err := j.reader.QueryContext(context.WithoutCancel(ctx),
		"SELECT sequence, bytes FROM record WHERE sequence > ? ORDER BY sequence", int64(after))
	if err != nil {
		return nil, j.explain(fmt.Errorf("read records: %w", err))
	}
	defer rows.Close()
	var arena []byte
	records := make([]record.Record, 0, min(recordsMax, 64))
	for len(records) < recordsMax && rows.Next() {
		var sequence int64
		var raw sql.RawBytes
		if err := rows.Scan(&sequence, &raw); err != nil {
			return nil, j.explain(fmt.Errorf("read record: %w", err))
		}
		if skip(uint64(sequence)) {
			continue
		}
		if len(records) > 0 && len(raw) > bytesMax {
			break
		}
		bytesMax -= len(raw)
		if cap(arena)-len(arena) < len(raw) {
			arena = make([]byte, 0, max(arenaSize, len(raw)))
		}
		start := len(arena)
		arena = append(arena, raw...)
		records = append(records, record.Record(arena[start:len(arena):len(arena)]))
	}
	if err := rows.Err(); err != nil {
		return nil, j.explain(fmt.Errorf("read records: %w", err))
	}
	return records, nil
}

const arenaSize = 16 << 10

// Get returns one record or ErrNotFound.
func (j *Journal) Get(ctx context.Context, sequence uint64) (record.Record, error) {
	j.mu.Lock()
	r := j.recent.get(sequence)
	j.mu.Unlock()
	if r != nil {
		return r, nil
	}
	var raw []byte
	err := j.reader.QueryRowContext(context.WithoutCancel(ctx), "SELECT bytes FROM record WHERE sequence = ?",
		int64(sequence)).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: record %d", ErrNotFound, sequence)
	}
	if err != nil {
		return nil, j.explain(fmt.Errorf("read record %d: %w", sequence, err))
	}
	return record.Record(raw), nil
}

// Last returns the latest n records, newest first, at most 1,000.
func (j *Journal) Last(ctx context.Context, n int) ([]record.Record, error) {
	rows, err := j.reader.QueryContext(ctx, "SELECT bytes FROM record ORDER BY sequence DESC LIMIT ?", min(n, readMax))
	if err != nil {
		return nil, j.explain(fmt.Errorf("read records: %w", err))
	}
	defer rows.Close()
	var records []record.Record
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return nil, j.explain(fmt.Errorf("read record: %w", err))
		}
		records = append(records, record.Record(raw))
	}
	return records, j.explain(rows.Err())
}

// OpenSales returns the sales that are not finished, oldest first, at most OpenMax.
func (j *Journal) OpenSales(ctx context.Context) ([]Sale, error) {
	return j.sales(ctx, "WHERE open = 1 ORDER BY number LIMIT ?", OpenMax)
}

// LastSales returns the latest n sales, newest first, at most 1,000.
func (j *Journal) LastSales(ctx context.Context, n int) ([]Sale, error) {
	return j.sales(ctx, "ORDER BY number DESC LIMIT ?", min(n, readMax))
}

// Find returns a sale, ErrNotFound, or *DamagedError for one that was altered.
func (j *Journal) Find(ctx context.Context, id OrderID) (Sale, error) {
	return j.oneSale(ctx, "WHERE order_id = ?", id[:])
}

// oneSale is what the condition finds, which may not be damaged.
func (j *Journal) oneSale(ctx context.Context, condition string, argument any) (Sale, error) {
	found, damaged, err := j.readSales(ctx, condition, argument)
	if err != nil {
		return Sale{}, err
	}
	if damaged != nil {
		return Sale{}, damaged
	}
	if len(found) == 0 {
		return Sale{}, fmt.Errorf("%w: sale", ErrNotFound)
	}
	return found[0], nil
}

// sales leaves out what is not intact; Find says so.
func (j *Journal) sales(ctx context.Context, condition string, argument any) (sales []Sale, err error) {
	sales, _, err = j.readSales(ctx, condition, argument)
	return sales, err
}

func (j *Journal) readSales(ctx context.Context, condition string, argument any) (sales []Sale, damaged *DamagedError, err error) {
	damaged, err = j.trusted(ctx, &saleShelf, func(row *snapshot) {
		sales = append(sales, Sale{
			Snapshot: Snapshot{OrderID: row.id, State: row.state, Open: row.open},
			Number:   row.number, First: row.first, Last: row.last, ChangedAt: time.UnixMicro(row.changed).UTC(),
		})
	}, condition, argument)
	return sales, damaged, err
}

func readLost(ctx context.Context, db querier) ([]Range, error) {
	rows, err := db.QueryContext(ctx, "SELECT first, last FROM lost ORDER BY first")
	if err != nil {
		return nil, fmt.Errorf("read lost ranges: %w", err)
	}
	defer rows.Close()
	var lost []Range
	for rows.Next() {
		var first, last int64
		if err := rows.Scan(&first, &last); err != nil {
			return nil, fmt.Errorf("read lost range: %w", err)
		}
		lost = append(lost, Range{First: uint64(first), Last: uint64(last)})
	}
	return lost, rows.Err()
}
