package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/yuantill/yuantill/cloud/store"
)

// Balances returns all balances (store.LedgerReader).
func (s *Store) Balances(ctx context.Context) ([]store.Balance, error) {
	scan := func(row scanner) (store.Balance, error) {
		var b store.Balance
		return b, row.Scan(&b.Account, &b.Currency, &b.Amount)
	}
	return list(ctx, s.readers, "balances", scan, `SELECT name, currency, sum(amount) FROM postings
JOIN accounts ON accounts.number = account GROUP BY name, currency ORDER BY name, currency`)
}

// Entries returns an order's entries (store.LedgerReader).
func (s *Store) Entries(ctx context.Context, order store.OrderID) ([]store.Entry, error) {
	type line struct {
		entry   int64
		kind    store.EntryKind
		part    []byte
		at      int64
		posting store.Posting
	}
	scan := func(row scanner) (line, error) {
		var l line
		return l, row.Scan(&l.entry, &l.kind, &l.part, &l.at, &l.posting.Account, &l.posting.Amount, &l.posting.Currency)
	}
	lines, err := list(ctx, s.readers, "entries", scan, `SELECT entries.number, kind, part, at, name, amount, currency FROM entries
JOIN postings ON postings.id >= entries.number << 3 AND postings.id < (entries.number + 1) << 3
JOIN accounts ON accounts.number = account WHERE order_id = ? ORDER BY postings.id`, order[:])
	var entries []store.Entry
	for i, l := range lines {
		if i == 0 || lines[i-1].entry != l.entry {
			entry := store.Entry{Order: order, Kind: l.kind, At: moment(l.at)}
			copy(entry.Part[:], l.part)
			entries = append(entries, entry)
		}
		last := &entries[len(entries)-1]
		last.Postings = append(last.Postings, l.posting)
	}
	return entries, err
}

// Audit sums a stretch of entries (store.LedgerReader). The sums are made here, in one snapshot, so that an overflow
// is an error instead of a wrong sum.
func (s *Store) Audit(ctx context.Context, after uint64, limit int) (store.Audit, error) {
	type line struct {
		entry    uint64
		order    []byte
		amount   int64
		currency string
	}
	scan := func(row scanner) (line, error) {
		var l line
		return l, row.Scan(&l.entry, &l.order, &l.amount, &l.currency)
	}
	lines, err := list(ctx, s.readers, "ledger", scan, `SELECT e.number, e.order_id, coalesce(p.amount, 0),
coalesce(p.currency, '') FROM (SELECT number, order_id FROM entries WHERE number > ? ORDER BY number LIMIT ?) e
LEFT JOIN postings p ON p.id >= e.number << 3 AND p.id < (e.number + 1) << 3 ORDER BY e.number`, int64(after), limit)
	if err != nil {
		return store.Audit{}, err
	}
	audit := store.Audit{Last: after, Sums: make(map[string]int64)}
	for start := 0; start < len(lines); {
		end, own := start, make(map[string]int64, 1)
		for ; end < len(lines) && lines[end].entry == lines[start].entry; end++ {
			l := lines[end]
			if err := add(own, l.currency, l.amount); err != nil {
				return store.Audit{}, err
			}
			if err := add(audit.Sums, l.currency, l.amount); err != nil {
				return store.Audit{}, err
			}
		}
		if !balanced(own) || end-start < 2 {
			if len(audit.Unbalanced) < store.AuditFindingsMax {
				audit.Unbalanced = append(audit.Unbalanced, store.OrderID(lines[start].order))
			}
		}
		audit.Last = lines[start].entry
		audit.Entries++
		start = end
	}
	return audit, nil
}

var errOverflow = errors.New("sqlite: ledger sum out of range")

func add(sums map[string]int64, currency string, amount int64) error {
	sum := sums[currency] + amount
	if (amount > 0 && sum < sums[currency]) || (amount < 0 && sum > sums[currency]) {
		return errOverflow
	}
	sums[currency] = sum
	return nil
}

func balanced(sums map[string]int64) bool {
	for _, sum := range sums {
		if sum != 0 {
			return false
		}
	}
	return true
}

func scanOrder(row scanner) (store.OrderID, error) {
	var order []byte
	err := row.Scan(&order)
	if err == nil && len(order) != len(store.OrderID{}) {
		err = fmt.Errorf("order id of %d bytes", len(order))
	}
	if err != nil {
		return store.OrderID{}, err
	}
	return store.OrderID(order), nil
}

const (
	hasEntry = "EXISTS (SELECT 1 FROM entries e WHERE e.order_id = p.order_id AND e.kind = ?)"
	// lastPlainState is the last state of a payment that nothing follows; the index of the others begins behind it.
	lastPlainState = 11

	isUndone = "EXISTS (SELECT 1 FROM entries u WHERE u.order_id = e.order_id AND u.kind = ?)"
)

// Unposted returns payments without their entry (store.LedgerReader).
func (s *Store) Unposted(ctx context.Context, state uint8, kind, undo store.EntryKind, limit int) ([]store.OrderID, error) {
	which := "state = ?"
	if state > lastPlainState {
		which = "state > 11 AND state = ?" // so that SQLite sees that the index of such payments will do
	}
	return list(ctx, s.readers, "unposted payments", scanOrder, "SELECT order_id FROM payments p WHERE "+which+" AND (NOT "+
		hasEntry+" OR "+hasEntry+") ORDER BY order_id LIMIT ?", state, uint8(kind), uint8(undo), limit)
}

// Unfounded returns entries without their payment (store.LedgerReader).
func (s *Store) Unfounded(ctx context.Context, kind, undo store.EntryKind, states []uint8, limit int) ([]store.OrderID, error) {
	which := "kind = ?"
	if kind > store.EntrySuspenseReturn {
		which = "kind > 4 AND kind = ?" // so that SQLite sees that the index of follow-ups will do
	}
	args := []any{uint8(kind), uint8(undo)}
	for _, state := range states {
		args = append(args, state)
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(states)), ", ")
	return list(ctx, s.readers, "unfounded entries", scanOrder, "SELECT DISTINCT order_id FROM entries e WHERE "+which+" AND NOT "+
		isUndone+` AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = e.order_id AND p.state IN (`+marks+`))
ORDER BY number LIMIT ?`, append(args, limit)...)
}

// Overdrawn returns orders of which more went back than had come in (store.LedgerReader).
func (s *Store) Overdrawn(ctx context.Context, debits []string, limit int) ([]store.OrderID, error) {
	var isDebit strings.Builder
	var args []any
	for _, prefix := range debits {
		isDebit.WriteString(" OR substr(name, 1, ?) = ?")
		args = append(args, len(prefix), prefix)
	}
	return list(ctx, s.readers, "overdrawn orders", scanOrder, `SELECT DISTINCT order_id FROM (
SELECT order_id, sum(amount) AS balance, (0`+isDebit.String()+`) AS debit FROM entries
JOIN postings ON postings.id >= entries.number << 3 AND postings.id < (entries.number + 1) << 3
JOIN accounts ON accounts.number = account
WHERE order_id IN (SELECT order_id FROM entries WHERE kind > 4) GROUP BY order_id, account, currency)
WHERE (debit AND balance < 0) OR (NOT debit AND balance > 0) ORDER BY order_id LIMIT ?`, append(args, limit)...)
}
