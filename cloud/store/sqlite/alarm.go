package sqlite

import (
	"context"

	"github.com/yuantill/yuantill/cloud/store"
)

func (t *transaction) alarm(a *store.Alarm) error {
	row := values{a.Key, a.Kind, a.Terminal, a.Detail, micros(a.At), micros(a.At)}
	if a.Once {
		_, err := t.w.conn.run(`INSERT INTO alarms (key, kind, terminal, detail, first_at, last_at, count)
SELECT ?, ?, ?, ?, ?, ?, 1 WHERE NOT EXISTS (SELECT 1 FROM alarms WHERE key = ?)`, append(row, a.Key))
		return err
	}
	_, err := t.w.conn.run(`INSERT INTO alarms (key, kind, terminal, detail, first_at, last_at, count)
VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT (key) WHERE settled_at = 0 DO UPDATE SET detail = excluded.detail,
last_at = excluded.last_at, count = count + 1`, row)
	return err
}

// settlement settles an alarm that is open; of one that is settled already the first settlement stays.
func (t *transaction) settlement(s *store.Settlement) error {
	changed, err := t.w.conn.run(`UPDATE alarms SET settled_at = ?, settled_by = ?, note = ?
WHERE number = ? AND settled_at = 0 AND ? IN (0, count)`,
		values{micros(s.At), s.By, s.Note, int64(s.Alarm), int64(s.Seen)})
	if err != nil || changed == 1 {
		return err
	}
	row, err := t.w.conn.queryRow("SELECT count(*), coalesce(max(settled_at), 0) FROM alarms WHERE number = ?", 2, int64(s.Alarm))
	if err != nil {
		return err
	}
	known, _ := row[0].(int64)
	settled, _ := row[1].(int64)
	switch {
	case known == 0:
		return &store.ConflictError{Kind: store.AlarmUnknown, Sequence: s.Alarm}
	case settled == 0:
		return &store.ConflictError{Kind: store.AlarmMoved, Sequence: s.Alarm}
	default:
		return nil
	}
}

const alarmColumns = `number, key, kind, terminal, detail, first_at, last_at, count, settled_at, settled_by, note FROM alarms`

func scanAlarm(row scanner) (store.AlarmRow, error) {
	var a store.AlarmRow
	var first, last, settled int64
	err := row.Scan(&a.Number, &a.Key, &a.Kind, &a.Terminal, &a.Detail, &first, &last, &a.Count, &settled, &a.SettledBy, &a.Note)
	a.FirstAt, a.At, a.SettledAt = moment(first), moment(last), moment(settled)
	return a, err
}

// Alarms returns the alarms, the latest first (store.AlarmReader).
func (s *Store) Alarms(ctx context.Context, limit int) ([]store.AlarmRow, error) {
	return list(ctx, s.readers, "alarms", scanAlarm, "SELECT "+alarmColumns+" ORDER BY last_at DESC, key, number DESC LIMIT ?", limit)
}

// OpenAlarms returns the alarms that nobody has settled (store.AlarmReader).
func (s *Store) OpenAlarms(ctx context.Context, limit int) ([]store.AlarmRow, error) {
	return list(ctx, s.readers, "open alarms", scanAlarm,
		"SELECT "+alarmColumns+" WHERE settled_at = 0 ORDER BY last_at DESC, key LIMIT ?", limit)
}

// Alarm returns one alarm (store.AlarmReader).
func (s *Store) Alarm(ctx context.Context, number uint64) (store.AlarmRow, error) {
	a, err := scanAlarm(s.readers.QueryRowContext(ctx, "SELECT "+alarmColumns+" WHERE number = ?", int64(number)))
	return a, one(err, "alarm")
}
