package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// scanner is what a row and rows have in common.
type scanner interface{ Scan(into ...any) error }

// one reads the one row of a query; it turns a missing row into store.ErrNotFound.
func one(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return store.ErrNotFound
	default:
		return fmt.Errorf("read %s: %w", what, err)
	}
}

// list reads all rows of a query, which bounds them itself.
func list[T any](ctx context.Context, db *sql.DB, what string, scan func(scanner) (T, error), query string,
	args ...any,
) (found []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", what, err)
		}
		found = append(found, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return found, nil
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

const headColumns = `id, revision, high_water, link, highest, highest_link, records, spans
FROM heads JOIN terminals ON number = terminal`

func scanHead(row scanner) (store.Head, error) {
	var h store.Head
	var terminal string
	var link, highest, spans []byte
	err := row.Scan(&terminal, &h.Revision, &h.HighWater, &link, &h.Highest, &highest, &h.Records, &spans)
	if err != nil {
		return store.Head{}, err
	}
	copy(h.Terminal[:], terminal)
	copy(h.Link[:], link)
	copy(h.HighestLink[:], highest)
	h.Spans, err = parseSpans(spans)
	return h, err
}

// Head returns a terminal's head (store.RecordReader).
func (s *Store) Head(ctx context.Context, terminal record.Terminal) (store.Head, error) {
	h, err := scanHead(s.readers.QueryRowContext(ctx, "SELECT "+headColumns+" WHERE id = ?", terminal.String()))
	return h, one(err, "head")
}

// Gapped returns heads with gaps (store.GapReader).
func (s *Store) Gapped(ctx context.Context, after record.Terminal, limit int) ([]store.Head, error) {
	return list(ctx, s.readers, "gaps", scanHead, "SELECT "+headColumns+" WHERE spans <> x'' AND id > ? ORDER BY id LIMIT ?",
		strings.TrimRight(after.String(), "\x00"), limit)
}

// Record returns one record (store.RecordReader).
func (s *Store) Record(ctx context.Context, terminal record.Terminal, sequence uint64) (store.Record, error) {
	if sequence > store.SequenceMax {
		return store.Record{}, store.ErrNotFound
	}
	r, err := scanRecord(terminal)(s.record.QueryRowContext(brief(ctx), terminal.String(), int64(sequence)))
	return r, one(err, "record")
}

const selectRecord = `SELECT id, received_at, bytes FROM records
WHERE id = ((SELECT number FROM terminals WHERE id = ?) << 40 | ?)`

// brief is the context of a read that takes microseconds: watching it for its end would cost more than the read.
func brief(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// Records returns a terminal's records after a sequence (store.RecordReader).
func (s *Store) Records(ctx context.Context, terminal record.Terminal, after uint64, limit int) ([]store.Record, error) {
	if after >= store.SequenceMax {
		return nil, nil
	}
	return list(ctx, s.readers, "records", scanRecord(terminal), `WITH t AS (SELECT number << 40 AS base FROM terminals
WHERE id = ?) SELECT id, received_at, bytes FROM records
WHERE id > (SELECT base FROM t) + ? AND id < (SELECT base FROM t) + (1 << 40) ORDER BY id LIMIT ?`,
		terminal.String(), int64(after), limit)
}

func scanRecord(terminal record.Terminal) func(scanner) (store.Record, error) {
	return func(row scanner) (store.Record, error) {
		var id, receivedAt int64
		var bytes []byte
		err := row.Scan(&id, &receivedAt, &bytes)
		return store.Record{Terminal: terminal, Sequence: uint64(id) & store.SequenceMax, Bytes: bytes,
			ReceivedAt: moment(receivedAt)}, err
	}
}

// Quarantined returns the newest quarantined records (store.RecordReader).
func (s *Store) Quarantined(ctx context.Context, terminal record.Terminal, limit int) ([]store.Quarantined, error) {
	scan := func(row scanner) (store.Quarantined, error) {
		q := store.Quarantined{Terminal: terminal}
		var digest []byte
		var receivedAt int64
		err := row.Scan(&q.Epoch, &q.Sequence, &q.Cause, &digest, &q.Bytes, &receivedAt)
		copy(q.Digest[:], digest)
		q.ReceivedAt = moment(receivedAt)
		return q, err
	}
	return list(ctx, s.readers, "quarantined", scan, `SELECT epoch, sequence, cause, digest, bytes, received_at
FROM quarantined WHERE terminal = ? ORDER BY number DESC LIMIT ?`, terminal.String(), limit)
}

// Epochs returns a terminal's epochs (store.EpochReader).
func (s *Store) Epochs(ctx context.Context, terminal record.Terminal) ([]store.Epoch, error) {
	scan := func(row scanner) (store.Epoch, error) {
		e := store.Epoch{Terminal: terminal}
		var theirs, ours []byte
		var openedAt int64
		err := row.Scan(&e.Number, &e.KeyVersion, &theirs, &ours, &openedAt, &e.Named, &e.FirstSequence)
		copy(e.TerminalNonce[:], theirs)
		copy(e.CloudNonce[:], ours)
		e.OpenedAt = moment(openedAt)
		return e, err
	}
	return list(ctx, s.readers, "epochs", scan, `SELECT epochs.number, epochs.key_version, terminal_nonce, cloud_nonce,
opened_at, named, first_sequence FROM epochs JOIN terminals ON terminals.number = terminal WHERE id = ? ORDER BY epochs.number`,
		terminal.String())
}

const paymentColumns = `order_id, id, sequence, payments.merchant, revision, payments.state, final, next_at, updated_at,
blob, reference FROM payments JOIN terminals ON terminals.number = terminal`

func scanPayment(row scanner) (store.Payment, error) {
	var p store.Payment
	var order []byte
	var terminal string
	var nextAt, updatedAt, reference int64
	err := row.Scan(&order, &terminal, &p.Sequence, &p.Merchant, &p.Revision, &p.State, &p.Final, &nextAt, &updatedAt, &p.Blob, &reference)
	copy(p.Order[:], order)
	copy(p.Terminal[:], terminal)
	p.NextAt, p.UpdatedAt, p.Reference = moment(nextAt), moment(updatedAt), referenceText(reference)
	return p, err
}

// Payment returns one payment (store.PaymentReader).
func (s *Store) Payment(ctx context.Context, order store.OrderID) (store.Payment, error) {
	p, err := scanPayment(s.payment.QueryRowContext(brief(ctx), order[:]))
	return p, one(err, "payment")
}

// OpenPayments returns payments that are not final (store.PaymentReader).
func (s *Store) OpenPayments(ctx context.Context, after store.OrderID, limit int) ([]store.Payment, error) {
	return list(ctx, s.readers, "open payments", scanPayment, "SELECT "+paymentColumns+
		" WHERE final = 0 AND order_id > ? ORDER BY order_id LIMIT ?", after[:], limit)
}

// DuePayments returns payments that want to be looked at (store.PaymentReader).
func (s *Store) DuePayments(ctx context.Context, by time.Time, after store.OrderID, limit int) ([]store.Payment, error) {
	return list(ctx, s.readers, "due payments", scanPayment, "SELECT "+paymentColumns+
		" WHERE final = 0 AND next_at BETWEEN 1 AND ? AND order_id > ? ORDER BY order_id LIMIT ?", micros(by), after[:], limit)
}

const cancelledColumns = "order_id, id, reason, at FROM cancelled JOIN terminals ON terminals.number = terminal"

func scanCancelled(row scanner) (store.Cancelled, error) {
	var c store.Cancelled
	var order []byte
	var terminal string
	var at int64
	err := row.Scan(&order, &terminal, &c.Reason, &at)
	copy(c.Order[:], order)
	copy(c.Terminal[:], terminal)
	c.At = moment(at)
	return c, err
}

// Cancelled returns the cancellation of an order (store.PaymentReader).
func (s *Store) Cancelled(ctx context.Context, order store.OrderID) (store.Cancelled, error) {
	c, err := scanCancelled(s.readers.QueryRowContext(brief(ctx), "SELECT "+cancelledColumns+" WHERE order_id = ?", order[:]))
	return c, one(err, "cancelled order")
}

// LastCancelled returns the latest cancellations (store.PaymentReader).
func (s *Store) LastCancelled(ctx context.Context, limit int) ([]store.Cancelled, error) {
	return list(ctx, s.readers, "cancelled orders", scanCancelled, "SELECT "+cancelledColumns+
		" ORDER BY cancelled.number DESC LIMIT ?", limit)
}

// Lease returns the next number of a name (store.Leaser).
func (s *Store) Lease(ctx context.Context, name string, least uint64) (uint64, error) {
	if name == "" || strings.ContainsAny(name, " \n") {
		return 0, fmt.Errorf("lease number: bad name %q", name)
	}
	leased := make(chan leaseResult, 1)
	select {
	case s.leases <- leaseRequest{name: name, least: max(least, 1), result: leased}:
	case <-s.closing:
		return 0, store.ErrClosed
	case <-ctx.Done():
		return 0, fmt.Errorf("lease number: %w", ctx.Err())
	}
	select {
	case result := <-leased:
		return result.number, result.err
	case <-s.done:
		return 0, store.ErrClosed
	case <-ctx.Done():
		return 0, fmt.Errorf("lease number: %w", ctx.Err())
	}
}
