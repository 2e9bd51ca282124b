package shift

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

// batchMax is how many shifts of one batch number are looked at.
const batchMax = 16

// reused looks whether the terminal gave the shift's batch number to another shift, or ended this one otherwise before:
// a journal that was restored from an old copy does both, and then two days' receipts carry the same numbers. It notes in
// the row what it finds and returns the alarm.
func (s *Service) reused(ctx context.Context, row *store.Shift) []store.Alarm {
	same, err := s.config.Store.ShiftsOfBatch(ctx, row.Terminal, row.Batch, batchMax)
	if err != nil { // the shift's end looks once more
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "look for batch number", slog.String("shift", row.ID.String()), slog.Any("cause", err))
		return nil
	}
	for _, other := range same {
		switch {
		case other.ID != row.ID:
			row.Findings = joined(row.Findings, fmt.Sprintf(
				"batch number %d was given before, to shift %s of %s: receipts of both carry the same numbers",
				row.Batch, other.ID, other.OpenedAt.UTC().Format(time.RFC3339)))
		case row.Revision > 0 && other.Revision == row.Revision && !bytes.Equal(other.Body, row.Body):
			row.Findings = joined(row.Findings, fmt.Sprintf("it was ended twice, with different sums (revision %d); the first end counts", row.Revision))
		}
	}
	if row.Findings == "" {
		return nil
	}
	detail := row.Findings + ". The terminal's journal was perhaps restored from an old copy"
	s.config.Logger.LogAttrs(ctx, slog.LevelWarn, "shift is not the only one", slog.String("terminal", row.Terminal.String()),
		slog.String("shift", row.ID.String()), slog.String("findings", row.Findings))
	return []store.Alarm{s.alarm(*row, alarmReused, detail)}
}

// joined adds a finding.
func joined(findings, more string) string {
	if findings == "" {
		return more
	}
	return findings + "; " + more
}
