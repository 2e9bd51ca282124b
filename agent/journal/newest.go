package journal

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// newestMax bounds how many records Newest looks at, from the end.
const newestMax = 20 * readMax

// passedMax is the most that Newest says to have passed; three of it hold in a time.Duration.
const passedMax = 90 * 365 * 24 * time.Hour

// Newest is the newest record of a type and how much time the records behind it prove to have passed.
type Newest struct {
	Record record.Record
	// Passed sums up the time from each record to the next: where the clock was set back between two, nothing; and what
	// records say that it was set back by while the terminal ran, which they do not show.
	Passed time.Duration
	// Back is the furthest that the clock was set back between two of them.
	Back time.Duration
	// Last is the time of the journal's last record.
	Last time.Time
}

// Newest looks for the newest record of a type among the latest newestMax records. It returns ErrNotFound, *DamagedError.
func (j *Journal) Newest(ctx context.Context, kind record.Type) (Newest, error) {
	var found Newest
	var after time.Time // of the record behind
	before := j.Tail().Sequence + 1
	for range newestMax / readMax {
		page, err := j.page(ctx, before)
		if err != nil {
			return Newest{}, err
		}
		for _, r := range page {
			header, err := record.ParseHeader(r)
			if err != nil {
				return Newest{}, &DamagedError{Path: j.config.Path, Cause: err}
			}
			if after.IsZero() {
				after, found.Last = header.Time, header.Time
			}
			step := after.Sub(header.Time)
			found.Passed = min(found.Passed+min(max(step, 0), passedMax), passedMax)
			found.Back = max(found.Back, -step)
			if header.Type == kind {
				found.Record = r
				return found, nil
			}
			if header.Type == record.DeviceFault {
				found.Passed = min(found.Passed+setBack(r), passedMax)
			}
			before, after = header.Sequence, header.Time
		}
		if len(page) < readMax {
			break
		}
	}
	return Newest{}, fmt.Errorf("%w: %s", ErrNotFound, kind)
}

// setBack is by how much a fault's record says that the clock was set back.
func setBack(r record.Record) time.Duration {
	var body message.DeviceFault
	if err := proto.Unmarshal(r.Body(), &body); err != nil {
		return 0 // of another version; the times of the records still count
	}
	micros := min(max(body.GetSetBack(), 0), passedMax.Microseconds())
	return time.Duration(micros) * time.Microsecond
}

// page reads the records before a sequence, newest first.
func (j *Journal) page(ctx context.Context, before uint64) ([]record.Record, error) {
	rows, err := j.reader.QueryContext(ctx, "SELECT bytes FROM record WHERE sequence < ? ORDER BY sequence DESC LIMIT ?",
		int64(before), readMax)
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
