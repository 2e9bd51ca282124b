package sqlite

import (
	"context"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

func (t *transaction) shift(s *store.Shift) error {
	number, err := t.number(s.Terminal)
	if err != nil {
		return err
	}
	changed, err := t.w.conn.run(upsertShift, values{number, s.ID[:], int64(s.Batch), int64(s.Revision), int64(s.State),
		int64(s.First), int64(s.Last), micros(s.OpenedAt), micros(s.ClosedAt), s.Body, s.Findings})
	if err == nil && changed == 0 { // an opening behind its end, perhaps
		_, err = t.w.conn.run("UPDATE shifts SET first_sequence = min(first_sequence, ?) WHERE terminal = ? AND shift_id = ?",
			values{int64(s.First), number, s.ID[:]})
	}
	return err
}

const upsertShift = `INSERT INTO shifts (terminal, shift_id, batch, revision, state, first_sequence, last_sequence,
opened_at, closed_at, body, findings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (terminal, shift_id) DO UPDATE SET batch = excluded.batch, revision = excluded.revision,
state = excluded.state, first_sequence = min(shifts.first_sequence, excluded.first_sequence), last_sequence = excluded.last_sequence,
opened_at = excluded.opened_at, closed_at = excluded.closed_at, body = excluded.body, findings = excluded.findings
WHERE excluded.revision > shifts.revision OR excluded.revision = shifts.revision AND excluded.state > shifts.state`

const shiftColumns = `id, shift_id, batch, revision, shifts.state, first_sequence, last_sequence, opened_at, closed_at,
body, findings FROM shifts JOIN terminals ON terminals.number = shifts.terminal`

func scanShift(row scanner) (store.Shift, error) {
	var s store.Shift
	var terminal string
	var id []byte
	var openedAt, closedAt int64
	err := row.Scan(&terminal, &id, &s.Batch, &s.Revision, &s.State, &s.First, &s.Last, &openedAt, &closedAt, &s.Body, &s.Findings)
	copy(s.Terminal[:], terminal)
	copy(s.ID[:], id)
	s.OpenedAt, s.ClosedAt = moment(openedAt), moment(closedAt)
	return s, err
}

// Shifts returns shifts of a terminal or of all (store.ShiftReader).
func (s *Store) Shifts(ctx context.Context, terminal record.Terminal, limit int) ([]store.Shift, error) {
	if terminal == (record.Terminal{}) {
		return list(ctx, s.readers, "shifts", scanShift, "SELECT "+shiftColumns+" ORDER BY shifts.number DESC LIMIT ?", limit)
	}
	return list(ctx, s.readers, "shifts", scanShift,
		"SELECT "+shiftColumns+" WHERE id = ? ORDER BY shifts.number DESC LIMIT ?", terminal.String(), limit)
}

// ShiftsOfBatch returns a terminal's shifts with a batch number (store.ShiftReader).
func (s *Store) ShiftsOfBatch(ctx context.Context, terminal record.Terminal, batch uint32, limit int) ([]store.Shift, error) {
	return list(ctx, s.readers, "shifts of a batch", scanShift,
		"SELECT "+shiftColumns+" WHERE id = ? AND batch = ? ORDER BY shifts.number LIMIT ?", terminal.String(), int64(batch), limit)
}

// WaitingShifts returns shifts that have not been compared yet (store.ShiftReader).
func (s *Store) WaitingShifts(ctx context.Context, skip, limit int) ([]store.Shift, error) {
	return list(ctx, s.readers, "waiting shifts", scanShift,
		"SELECT "+shiftColumns+" WHERE shifts.state = 3 ORDER BY shifts.number LIMIT ? OFFSET ?", limit, skip)
}
