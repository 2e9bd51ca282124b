package sqlite

import (
	"context"
	"strings"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

const terminalColumns = "id, merchant, serial_number, key_version, certificate, identity, state, enrolled_at, aside_at FROM terminals"

func scanTerminal(row scanner) (store.Terminal, error) {
	var t store.Terminal
	var id string
	var certificate, identity []byte
	var enrolledAt, asideAt int64
	err := row.Scan(&id, &t.Merchant, &t.SerialNumber, &t.KeyVersion, &certificate, &identity, &t.State, &enrolledAt, &asideAt)
	copy(t.ID[:], id)
	copy(t.Certificate[:], certificate)
	copy(t.Identity[:], identity)
	t.EnrolledAt, t.AsideAt = moment(enrolledAt), moment(asideAt)
	return t, err
}

// Terminal returns one terminal (store.DirectoryReader).
func (s *Store) Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error) {
	t, err := scanTerminal(s.readers.QueryRowContext(ctx, "SELECT "+terminalColumns+" WHERE id = ?", id.String()))
	return t, one(err, "terminal")
}

// Terminals returns terminals after an id (store.DirectoryReader).
func (s *Store) Terminals(ctx context.Context, after record.Terminal, limit int) ([]store.Terminal, error) {
	return list(ctx, s.readers, "terminals", scanTerminal,
		"SELECT "+terminalColumns+" WHERE id > ? ORDER BY id LIMIT ?", strings.TrimRight(after.String(), "\x00"), limit)
}

// Blocked returns blocked and retired terminals after an id (store.BlockReader).
func (s *Store) Blocked(ctx context.Context, after record.Terminal, limit int) ([]record.Terminal, error) {
	scan := func(row scanner) (record.Terminal, error) {
		var id string
		err := row.Scan(&id)
		var terminal record.Terminal
		copy(terminal[:], id)
		return terminal, err
	}
	return list(ctx, s.readers, "blocked terminals", scan, "SELECT id FROM terminals WHERE state IN (?, ?) AND id > ? ORDER BY id LIMIT ?",
		store.TerminalBlocked, store.TerminalRetired, strings.TrimRight(after.String(), "\x00"), limit)
}

const merchantColumns = "id, name, operators, fee_basis_points, jurisdiction, completion_percent, hold_days, created_at FROM merchants"

func scanMerchant(row scanner) (store.Merchant, error) {
	var m store.Merchant
	var operators string
	var createdAt int64
	err := row.Scan(&m.ID, &m.Name, &operators, &m.FeeBasisPoints, &m.Jurisdiction, &m.CompletionPercent, &m.HoldDays, &createdAt)
	m.Operators = strings.Fields(operators)
	m.CreatedAt = moment(createdAt)
	return m, err
}

// Merchant returns one merchant (store.DirectoryReader).
func (s *Store) Merchant(ctx context.Context, id string) (store.Merchant, error) {
	m, err := scanMerchant(s.readers.QueryRowContext(ctx, "SELECT "+merchantColumns+" WHERE id = ?", id))
	return m, one(err, "merchant")
}

// Merchants returns merchants after an id (store.DirectoryReader).
func (s *Store) Merchants(ctx context.Context, after string, limit int) ([]store.Merchant, error) {
	return list(ctx, s.readers, "merchants", scanMerchant,
		"SELECT "+merchantColumns+" WHERE id > ? ORDER BY id LIMIT ?", after, limit)
}

// ChangedMerchants returns merchants changed after a number (store.MerchantChangeReader).
func (s *Store) ChangedMerchants(ctx context.Context, after uint64, limit int) ([]store.MerchantChange, error) {
	scan := func(row scanner) (store.MerchantChange, error) {
		var c store.MerchantChange
		return c, row.Scan(&c.Number, &c.Merchant)
	}
	return list(ctx, s.readers, "changed merchants", scan,
		"SELECT changed, id FROM merchants WHERE changed > ? ORDER BY changed LIMIT ?", int64(after), limit)
}

// Counts counts everything once (store.OverviewReader).
func (s *Store) Counts(ctx context.Context) (store.Counts, error) {
	var c store.Counts
	err := s.readers.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM terminals),
(SELECT coalesce(sum(records), 0) FROM heads), (SELECT coalesce(sum(highest - records), 0) FROM heads),
(SELECT count(*) FROM quarantined), (SELECT count(*) FROM alarms WHERE settled_at = 0), (SELECT count(*) FROM entries)`).
		Scan(&c.Terminals, &c.Records, &c.Missing, &c.Quarantined, &c.Alarms, &c.Entries)
	if err != nil {
		return store.Counts{}, one(err, "counts")
	}
	type tally struct {
		state uint8
		count uint64
	}
	scan := func(row scanner) (tally, error) {
		var t tally
		return t, row.Scan(&t.state, &t.count)
	}
	tallies, err := list(ctx, s.readers, "payment counts", scan, "SELECT state, count(*) FROM payments GROUP BY state")
	c.Payments = make(map[uint8]uint64, len(tallies))
	for _, t := range tallies {
		c.Payments[t.state] = t.count
	}
	return c, err
}
