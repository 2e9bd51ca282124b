package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/yuantill/yuantill/cloud/store"
)

// indexAtOnce is how many entries the index of references lags behind at most, and how many one step adds to it.
const indexAtOnce = 256

const referenceLen = 12

var errReference = errors.New("sqlite: reference is not 12 digits")

// referenceNumber is how a reference is kept: one above its number, so that 0 is none.
func referenceNumber(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number, err := strconv.ParseUint(text, 10, 63)
	if err != nil || len(text) != referenceLen {
		return 0, errReference
	}
	return int64(number) + 1, nil
}

func referenceText(number int64) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf("%012d", number-1)
}

func (w *writer) rememberIndexed() error {
	row, err := w.conn.queryRow("SELECT value FROM progress WHERE name = 'references'", 1)
	if err != nil || row == nil {
		return fmt.Errorf("read progress: %w", errors.Join(err, store.ErrNotFound))
	}
	w.indexed, _ = row[0].(int64)
	return nil
}

// indexSome brings the index of references up to date once it lags behind: a sale's own commit stays as small as it is.
func (w *writer) indexSome() {
	if w.failed != nil || w.nextEntry-1-w.indexed < indexAtOnce {
		return
	}
	if err := w.index(); err != nil { // the next group tries again, and every lookup says so
		w.logger.LogAttrs(context.Background(), slog.LevelWarn, "index references", slog.Any("cause", err))
	}
}

// indexAll leaves nothing out.
func (w *writer) indexAll() error {
	for w.indexed < w.nextEntry-1 {
		if err := w.index(); err != nil {
			return err
		}
	}
	return w.failed
}

// index adds the orders of the next entries by which money, a hold or a loss came in.
func (w *writer) index() error {
	if w.failed != nil {
		return w.failed
	}
	if err := w.begin(); err != nil {
		return err
	}
	until := min(w.indexed+indexAtOnce, w.nextEntry-1)
	_, err := w.conn.run(`INSERT INTO payment_references (reference, entry, order_id)
SELECT reference, entries.number, entries.order_id FROM entries JOIN payments ON payments.order_id = entries.order_id
WHERE entries.number > ? AND entries.number <= ? AND kind IN (1, 3, 5, 64) AND reference <> 0`, values{w.indexed, until})
	if err == nil {
		_, err = w.conn.run("UPDATE progress SET value = ? WHERE name = 'references'", values{until})
	}
	if err != nil {
		return w.rollBack(fmt.Errorf("index references: %w", err))
	}
	if err := w.commit(); err != nil {
		return err
	}
	w.indexed = until
	return nil
}

// PaymentsByReference returns a merchant's payments with a reference (store.PaymentReader).
func (s *Store) PaymentsByReference(ctx context.Context, merchant, reference string, limit int) ([]store.Payment, error) {
	number, err := referenceNumber(reference)
	if err != nil || number == 0 {
		return nil, nil // nothing has such a number
	}
	if err := s.upToDate(ctx); err != nil {
		return nil, fmt.Errorf("read payments by reference: %w", err)
	}
	return list(ctx, s.readers, "payments by reference", scanPayment, "SELECT "+paymentColumns+
		` JOIN (SELECT order_id AS referred, max(entry) AS entry FROM payment_references WHERE reference = ? GROUP BY order_id)
ON referred = order_id WHERE payments.merchant = ? ORDER BY entry DESC LIMIT ?`, number, merchant, limit)
}

// upToDate waits until the index of references knows everything that was stored before.
func (s *Store) upToDate(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case s.lookups <- done:
	case <-s.closing:
		return store.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-s.done:
		return store.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}
