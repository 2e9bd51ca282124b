package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// offline writes what a change says of hard wallets.
func (t *transaction) offline(change *store.Change) error {
	for i := range change.Spent {
		if err := t.spent(&change.Spent[i]); err != nil {
			return fmt.Errorf("store spent number: %w", err)
		}
	}
	for _, b := range change.BlockedWallets {
		_, err := t.w.conn.run("INSERT INTO blocked_wallets (wallet, reason, order_id, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			values{b.Wallet[:], b.Reason, b.Order[:], micros(b.At)})
		if err != nil {
			return fmt.Errorf("store blocked wallet: %w", err)
		}
	}
	for _, l := range change.OfflineLimits {
		_, err := t.w.conn.run("INSERT INTO offline_limits (id, body, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			values{l.ID[:], l.Body, micros(l.At)})
		if err != nil {
			return fmt.Errorf("store offline limits: %w", err)
		}
	}
	return nil
}

// spent uses up a wallet's number; using it for the same transaction of the same order again changes nothing.
func (t *transaction) spent(s *store.Spent) error {
	number, err := t.number(s.Terminal)
	if err != nil {
		return err
	}
	changed, err := t.w.conn.run(`INSERT INTO spent (wallet, counter, order_id, digest, terminal, amount, since, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (wallet, counter) DO UPDATE SET at = at
WHERE order_id = excluded.order_id AND digest = excluded.digest`,
		values{s.Wallet[:], int64(s.Counter), s.Order[:], s.Digest[:], number, s.Amount, micros(s.Offline), micros(s.At)})
	if err == nil && changed != 1 {
		return &store.ConflictError{Kind: store.CardSpent, Terminal: s.Terminal, Order: s.Order}
	}
	return err
}

// spentColumns are those of scanSpent. The column since holds Spent.Offline.
const spentColumns = "SELECT wallet, counter, order_id, digest, id, amount, since, at FROM spent JOIN terminals ON number = terminal "

func scanSpent(row scanner) (store.Spent, error) {
	var found store.Spent
	var wallet, order, digest []byte
	var terminal string
	var offline, at int64
	err := row.Scan(&wallet, &found.Counter, &order, &digest, &terminal, &found.Amount, &offline, &at)
	copy(found.Wallet[:], wallet)
	copy(found.Order[:], order)
	copy(found.Digest[:], digest)
	copy(found.Terminal[:], terminal)
	found.Offline, found.At = moment(offline), moment(at)
	return found, err
}

// Spent returns who used a wallet's number (store.OfflineReader).
func (s *Store) Spent(ctx context.Context, wallet seal.Hash, counter uint32) (store.Spent, error) {
	found, err := scanSpent(s.readers.QueryRowContext(brief(ctx), spentColumns+"WHERE wallet = ? AND counter = ?",
		wallet[:], int64(counter)))
	if err != nil {
		return store.Spent{}, one(err, "spent number")
	}
	return found, nil
}

// OfflineSpent returns what a terminal accepted by itself lately (store.OfflineReader).
func (s *Store) OfflineSpent(ctx context.Context, terminal record.Terminal, after time.Time, settled []uint8, limit int) (
	[]store.Spent, error,
) {
	arguments := []any{terminal.String(), micros(after)}
	for _, state := range settled {
		arguments = append(arguments, int64(state))
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(settled)), ", ")
	return list(ctx, s.readers, "offline payments", scanSpent, spentColumns+
		`WHERE terminal = (SELECT number FROM terminals WHERE id = ?) AND since > ? AND since <> 0 AND NOT EXISTS (
		SELECT 1 FROM payments WHERE payments.order_id = spent.order_id AND payments.state IN (`+marks+`))
		ORDER BY since DESC LIMIT ?`, append(arguments, limit)...)
}

// BlockedWallets returns the latest blocked wallets (store.OfflineReader).
func (s *Store) BlockedWallets(ctx context.Context, limit int) ([]store.BlockedWallet, error) {
	scan := func(row scanner) (store.BlockedWallet, error) {
		var b store.BlockedWallet
		var wallet, order []byte
		var at int64
		err := row.Scan(&wallet, &b.Reason, &order, &at)
		copy(b.Wallet[:], wallet)
		copy(b.Order[:], order)
		b.At = moment(at)
		return b, err
	}
	return list(ctx, s.readers, "blocked wallets", scan,
		"SELECT wallet, reason, order_id, at FROM blocked_wallets ORDER BY number DESC LIMIT ?", limit)
}

// OfflineLimits returns limits that were given (store.OfflineReader).
func (s *Store) OfflineLimits(ctx context.Context, id [16]byte) (store.OfflineLimits, error) {
	l := store.OfflineLimits{ID: id}
	var at int64
	err := s.readers.QueryRowContext(brief(ctx), "SELECT body, at FROM offline_limits WHERE id = ?", id[:]).Scan(&l.Body, &at)
	l.At = moment(at)
	return l, one(err, "offline limits")
}
