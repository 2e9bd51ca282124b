package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

func (t *transaction) reconciliation(r *store.Reconciliation) error {
	_, err := t.w.conn.run(upsertReconciliation, values{r.Operator, int64(r.Day), int64(r.State), int64(r.Attempts), micros(r.NextAt), r.Detail,
		int64(r.Lines), r.Paid, r.Returned, r.Disputed, int64(r.Entry), append([]byte{}, r.Body...), micros(r.At)})
	return err
}

const upsertReconciliation = `INSERT INTO reconciliations (operator, day, state, attempts, next_at, detail, lines, paid, returned, disputed,
entry, body, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (operator, day) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, next_at = excluded.next_at,
detail = excluded.detail, lines = excluded.lines, paid = excluded.paid, returned = excluded.returned, disputed = excluded.disputed,
entry = excluded.entry, body = excluded.body, at = excluded.at WHERE reconciliations.state = 1`

func scanReconciliation(row scanner) (store.Reconciliation, error) {
	var r store.Reconciliation
	var nextAt, at int64
	err := row.Scan(&r.Operator, &r.Day, &r.State, &r.Attempts, &nextAt, &r.Detail, &r.Lines, &r.Paid, &r.Returned, &r.Disputed,
		&r.Entry, &r.Body, &at)
	r.NextAt, r.At = moment(nextAt), moment(at)
	return r, err
}

// Reconciliations returns comparisons, the latest day first (store.ReconciliationReader).
func (s *Store) Reconciliations(ctx context.Context, operator string, limit int) ([]store.Reconciliation, error) {
	const columns = `SELECT operator, day, state, attempts, next_at, detail, lines, paid, returned, disputed, entry, body, at FROM reconciliations`
	if operator == "" {
		return list(ctx, s.readers, "reconciliations", scanReconciliation, columns+" ORDER BY day DESC, operator LIMIT ?", limit)
	}
	return list(ctx, s.readers, "reconciliations", scanReconciliation, columns+" WHERE operator = ? ORDER BY day DESC LIMIT ?", operator, limit)
}

// Movements returns what entries did to an account (store.ReconciliationReader).
func (s *Store) Movements(ctx context.Context, account string, after uint64, limit int) (store.Movements, error) {
	type line struct {
		store.Movement
		moved bool
	}
	scan := func(row scanner) (line, error) {
		var l line
		var order []byte
		var at int64
		var amount sql.NullInt64
		err := row.Scan(&l.Number, &order, &l.Kind, &at, &amount, &l.Currency)
		if err == nil && len(order) != len(l.Order) {
			err = fmt.Errorf("order id of %d bytes", len(order))
		}
		copy(l.Order[:], order)
		l.At, l.Amount, l.moved = moment(at), amount.Int64, amount.Valid
		return l, err
	}
	lines, err := list(ctx, s.readers, "movements", scan, `SELECT e.number, e.order_id, e.kind, e.at, p.amount, coalesce(p.currency, '')
FROM (SELECT number, order_id, kind, at FROM entries WHERE number > ? ORDER BY number LIMIT ?) e
LEFT JOIN postings p ON p.id >= e.number << 3 AND p.id < (e.number + 1) << 3
AND p.account = (SELECT number FROM accounts WHERE name = ?) ORDER BY e.number`, int64(after), limit, account)
	if err != nil {
		return store.Movements{}, err
	}
	found := store.Movements{Last: after}
	seen := make(map[uint64]bool, len(lines))
	for _, l := range lines {
		found.Last, seen[l.Number] = max(found.Last, l.Number), true
		if l.moved {
			found.List = append(found.List, l.Movement)
		}
	}
	found.Entries = len(seen)
	return found, nil
}

// EntriesBefore returns the number of the last entry before a time (store.ReconciliationReader). It looks at all of them, once in
// the life of an operator's line.
func (s *Store) EntriesBefore(ctx context.Context, at time.Time) (uint64, error) {
	var number uint64
	err := s.readers.QueryRowContext(ctx, "SELECT coalesce(max(number), 0) FROM entries WHERE at < ?", micros(at)).Scan(&number)
	return number, one(err, "entries")
}
