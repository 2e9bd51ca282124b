package journal

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/yuantill/yuantill/protocol/record"
)

// IsLandmark reports whether records of a type are found by Landmarks: those of which a start needs the latest ones.
func IsLandmark(kind record.Type) bool {
	return kind == record.ShiftOpened || kind == record.ShiftClosed || kind == record.CashMoved
}

// Landmarks returns the latest records of a landmark type before a sequence (0 for all), newest first, at most limit and
// 1,000.
func (j *Journal) Landmarks(ctx context.Context, kind record.Type, before uint64, limit int) ([]record.Record, error) {
	if before == 0 || before > math.MaxInt64 {
		before = math.MaxInt64
	}
	rows, err := j.reader.QueryContext(ctx, `SELECT bytes FROM record JOIN landmark USING (sequence)
		WHERE type = ? AND sequence < ? ORDER BY landmark.sequence DESC LIMIT ?`, int64(kind), int64(before), min(limit, readMax))
	if err != nil {
		return nil, j.explain(fmt.Errorf("read landmarks: %w", err))
	}
	defer rows.Close()
	var records []record.Record
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return nil, j.explain(fmt.Errorf("read landmark: %w", err))
		}
		if header, err := record.ParseHeader(raw); err != nil || header.Type != kind {
			return nil, &DamagedError{Path: j.config.Path, Sequence: header.Sequence,
				Cause: errors.Join(err, fmt.Errorf("taken for a %v record", kind))}
		}
		records = append(records, record.Record(raw))
	}
	return records, j.explain(rows.Err())
}
