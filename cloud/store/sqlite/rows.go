package sqlite

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yuantill/yuantill/cloud/store"
)

func (t *transaction) merchant(m *store.Merchant) error {
	_, err := t.w.conn.run(`INSERT INTO merchants
(id, name, operators, fee_basis_points, jurisdiction, created_at, completion_percent, hold_days, changed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(changed), 0) + 1 FROM merchants)) ON CONFLICT (id) DO UPDATE SET name = excluded.name, operators = excluded.operators,
fee_basis_points = excluded.fee_basis_points, jurisdiction = excluded.jurisdiction,
completion_percent = excluded.completion_percent, hold_days = excluded.hold_days, changed = excluded.changed`,
		values{m.ID, m.Name, strings.Join(m.Operators, " "), int64(m.FeeBasisPoints), m.Jurisdiction, micros(m.CreatedAt),
			int64(m.CompletionPercent), int64(m.HoldDays)})
	return err
}

func (t *transaction) terminal(m *store.Terminal) error {
	_, err := t.w.conn.run(`INSERT INTO terminals
(id, merchant, serial_number, key_version, certificate, identity, state, enrolled_at, aside_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET merchant = excluded.merchant, serial_number = excluded.serial_number,
key_version = excluded.key_version, certificate = excluded.certificate, identity = excluded.identity,
state = excluded.state, enrolled_at = excluded.enrolled_at, aside_at = excluded.aside_at`,
		values{m.ID.String(), m.Merchant, m.SerialNumber, int64(m.KeyVersion), m.Certificate[:], m.Identity[:],
			int64(m.State), micros(m.EnrolledAt), micros(m.AsideAt)})
	return err
}

func (t *transaction) epoch(e *store.Epoch) error {
	number, err := t.number(e.Terminal)
	if err != nil {
		return err
	}
	if e.FirstSequence != 0 {
		_, err := t.w.conn.run("UPDATE epochs SET first_sequence = ? WHERE terminal = ? AND number = ? AND first_sequence = 0",
			values{int64(e.FirstSequence), number, int64(e.Number)})
		return err
	}
	_, err = t.w.conn.run(`INSERT INTO epochs
(terminal, number, key_version, terminal_nonce, cloud_nonce, opened_at, named, first_sequence) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
		values{number, int64(e.Number), int64(e.KeyVersion), e.TerminalNonce[:], e.CloudNonce[:], micros(e.OpenedAt), int64(e.Named)})
	if isConstraint(err) {
		return &store.ConflictError{Kind: store.EpochExists, Terminal: e.Terminal, Sequence: uint64(e.Number)}
	}
	return err
}

// payment writes a payment. named are the cancellations that the change knows of.
func (t *transaction) payment(p *store.Payment, named []store.Cancelled) error {
	moved := &store.ConflictError{Kind: store.PaymentMoved, Terminal: p.Terminal, Sequence: p.Sequence, Order: p.Order}
	if p.Revision != 1 {
		changed, err := t.w.conn.run(`UPDATE payments SET revision = ?, state = ?, final = ?, next_at = ?,
updated_at = ?, blob = ? WHERE order_id = ? AND revision = ?`,
			values{int64(p.Revision), int64(p.State), boolean(p.Final), micros(p.NextAt), micros(p.UpdatedAt), p.Blob,
				p.Order[:], int64(p.Revision - 1)})
		if err == nil && changed != 1 {
			return moved
		}
		return err
	}
	number, err := t.number(p.Terminal)
	if err != nil {
		return err
	}
	reference, err := referenceNumber(p.Reference)
	if err != nil {
		return err
	}
	insert := insertPayment
	if slices.ContainsFunc(named, func(c store.Cancelled) bool { return c.Order == p.Order }) {
		insert = insertCancelledPayment
	}
	changed, err := t.w.conn.run(insert, values{p.Order[:], number, int64(p.Sequence), p.Merchant, int64(p.State),
		boolean(p.Final), micros(p.NextAt), micros(p.UpdatedAt), p.Blob, reference})
	if isConstraint(err) {
		return moved
	}
	if err == nil && changed != 1 {
		moved.Kind = store.OrderCancelled
		return moved
	}
	return err
}

const (
	insertPayment = insertCancelledPayment + " WHERE NOT EXISTS (SELECT 1 FROM cancelled WHERE order_id = ?1)"

	insertCancelledPayment = `INSERT INTO payments
(order_id, terminal, sequence, merchant, revision, state, final, next_at, updated_at, blob, reference)
SELECT ?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10`
)

func (t *transaction) cancelled(c *store.Cancelled) error {
	number, err := t.number(c.Terminal)
	if err != nil {
		return err
	}
	_, err = t.w.conn.run("INSERT INTO cancelled (order_id, terminal, reason, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		values{c.Order[:], number, int64(c.Reason), micros(c.At)})
	return err
}

// entry writes the entry and its postings, which lie at the ends of their tables.
func (t *transaction) entry(e *store.Entry) error {
	if len(e.Postings) < 2 || len(e.Postings) > store.PostingsMax {
		return fmt.Errorf("entry of %d postings", len(e.Postings))
	}
	number := t.w.nextEntry
	_, err := t.w.conn.run("INSERT INTO entries (number, order_id, kind, part, at) VALUES (?, ?, ?, ?, ?)",
		values{number, e.Order[:], int64(e.Kind), part(e.Part), micros(e.At)})
	if isConstraint(err) {
		return &store.ConflictError{Kind: store.EntryExists, Order: e.Order}
	}
	if err != nil {
		return err
	}
	t.w.nextEntry++
	args := make(values, 0, 4*len(e.Postings))
	for line, p := range e.Postings {
		account, err := t.account(p.Account)
		if err != nil {
			return err
		}
		args = append(args, number<<lineBits|int64(line), account, p.Amount, p.Currency)
	}
	_, err = t.w.conn.run("INSERT INTO postings (id, account, amount, currency) VALUES (?, ?, ?, ?)"+
		strings.Repeat(", (?, ?, ?, ?)", len(e.Postings)-1), args)
	return err
}

// part is how a follow-up's id is kept in an entry: a payment's own entries have none.
func part(id store.FollowUpID) []byte {
	if id == (store.FollowUpID{}) {
		return []byte{}
	}
	return id[:]
}

// followUp adds a waiting follow-up, or says once what became of it.
func (t *transaction) followUp(f *store.FollowUp) error {
	conflict := &store.ConflictError{Kind: store.FollowUpMoved, Terminal: f.Terminal, Sequence: f.Sequence, Order: f.Order, FollowUp: f.ID}
	if f.State != store.FollowUpWaiting {
		changed, err := t.w.conn.run("UPDATE follow_ups SET state = ?, reason = ? WHERE id = ? AND state = ?",
			values{int64(f.State), int64(f.Reason), f.ID[:], int64(store.FollowUpWaiting)})
		if err == nil && changed != 1 {
			return conflict
		}
		return err
	}
	number, err := t.number(f.Terminal)
	if err != nil {
		return err
	}
	_, err = t.w.conn.run("INSERT INTO follow_ups (id, order_id, terminal, sequence, state, reason, at) VALUES (?, ?, ?, ?, ?, 0, ?)",
		values{f.ID[:], f.Order[:], number, int64(f.Sequence), int64(f.State), micros(f.At)})
	if isConstraint(err) {
		conflict.Kind = store.FollowUpExists
		return conflict
	}
	return err
}

// account returns an account's number; an account exists from its first posting on.
func (t *transaction) account(name string) (int64, error) {
	if number, ok := t.w.accounts[name]; ok {
		return number, nil
	}
	if _, err := t.w.conn.run("INSERT INTO accounts (name) VALUES (?) ON CONFLICT DO NOTHING", values{name}); err != nil {
		return 0, fmt.Errorf("open account: %w", err)
	}
	row, err := t.w.conn.queryRow("SELECT number FROM accounts WHERE name = ?", 1, name)
	if err != nil {
		return 0, fmt.Errorf("find account: %w", err)
	}
	if row == nil {
		return 0, errors.New("find account: not there")
	}
	number, _ := row[0].(int64)
	t.w.accounts[name] = number
	return number, nil
}

func (t *transaction) quarantined(q *store.Quarantined) error {
	_, err := t.w.conn.run(`INSERT INTO quarantined (terminal, epoch, sequence, cause, digest, bytes, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		values{q.Terminal.String(), int64(q.Epoch), int64(q.Sequence), q.Cause, q.Digest[:], q.Bytes, micros(q.ReceivedAt)})
	return err
}
