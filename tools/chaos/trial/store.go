package trial

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"github.com/yuantill/yuantill/cloud/payment"
	cloudstore "github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/tools/chaos/audit"
)

// sequenceBits of a record's key in the store are its sequence; the terminal's number stands above them.
const sequenceBits = 40

// store reads the cloud's database after the cloud has stopped, by the tables alone.
type store struct{ database *sql.DB }

func openStore(path string) (*store, error) {
	database, err := sql.Open("sqlite3", "file:"+path+"?mode=rw&_query_only=true")
	if err != nil {
		return nil, fmt.Errorf("open cloud's store: %w", err)
	}
	return &store{database: database}, nil
}

func (s *store) close() error { return s.database.Close() }

// read adds payments, ledger and alarms to the evidence.
func (s *store) read(ctx context.Context, evidence *audit.Evidence) error {
	if err := s.payments(ctx, evidence); err != nil {
		return fmt.Errorf("read payments: %w", err)
	}
	if err := s.ledger(ctx, evidence); err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	if err := s.alarms(ctx, evidence); err != nil {
		return fmt.Errorf("read alarms: %w", err)
	}
	return nil
}

// each hands every row of a query to take.
func (s *store) each(ctx context.Context, take func(scan func(...any) error) error, query string, arguments ...any) error {
	rows, err := s.database.QueryContext(ctx, query, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *store) payments(ctx context.Context, evidence *audit.Evidence) error {
	return s.each(ctx, func(scan func(...any) error) error {
		var blob []byte
		if err := scan(&blob); err != nil {
			return err
		}
		var p payment.Payment
		if err := p.UnmarshalBinary(blob); err != nil {
			return err
		}
		evidence.Payments = append(evidence.Payments, audit.Payment{Order: audit.Order(p.OrderID.String()), Terminal: p.Terminal,
			Amount: p.Amount, Outcome: p.Outcome().String(), Final: p.State.Final()})
		return nil
	}, "SELECT blob FROM payments ORDER BY order_id")
}

func (s *store) ledger(ctx context.Context, evidence *audit.Evidence) error {
	// The key of a posting is its entry's number << 3 | line.
	return s.each(ctx, func(scan func(...any) error) error {
		var order, part []byte
		var kind int64
		var entry audit.Entry
		if err := scan(&order, &kind, &part, &entry.Received, &entry.Sum); err != nil {
			return err
		}
		entry.Order, entry.Kind = audit.Order(hex.EncodeToString(order)), cloudstore.EntryKind(kind).String()
		entry.Part = hex.EncodeToString(part)
		evidence.Entries = append(evidence.Entries, entry)
		return nil
	}, `SELECT order_id, kind, part, coalesce(sum(amount) FILTER (WHERE name LIKE 'operator/%'), 0), coalesce(sum(amount), 0)
		FROM entries LEFT JOIN postings ON postings.id >> 3 = entries.number LEFT JOIN accounts ON accounts.number = postings.account
		GROUP BY entries.number ORDER BY entries.number`)
}

func (s *store) alarms(ctx context.Context, evidence *audit.Evidence) error {
	return s.each(ctx, func(scan func(...any) error) error {
		var key string
		var alarm audit.Alarm
		if err := scan(&key, &alarm.Kind, &alarm.Terminal, &alarm.Detail); err != nil {
			return err
		}
		// An alarm's key is its kind and whom it is about: a terminal, or an order.
		if _, about, _ := strings.Cut(key, "/"); len(about) == 2*len(cloudstore.OrderID{}) {
			alarm.Order = audit.Order(about)
		}
		evidence.Alarms = append(evidence.Alarms, alarm)
		return nil
	}, "SELECT key, kind, terminal, detail FROM alarms ORDER BY key")
}

// records returns the digests of all records of a terminal.
func (s *store) records(ctx context.Context, terminal string) (map[uint64]string, error) {
	digests := map[uint64]string{}
	err := s.each(ctx, func(scan func(...any) error) error {
		var id uint64
		var bytes []byte
		if err := scan(&id, &bytes); err != nil {
			return err
		}
		digests[id&(1<<sequenceBits-1)] = digest(bytes)
		return nil
	}, "SELECT records.id, bytes FROM records JOIN terminals ON terminals.number = records.id >> 40 WHERE terminals.id = ?", terminal)
	if err != nil {
		return nil, fmt.Errorf("read records of %s: %w", terminal, err)
	}
	return digests, nil
}

// compared returns the ids of a terminal's shifts that the cloud has found right.
func (s *store) compared(ctx context.Context, terminal string) (map[string]bool, error) {
	agree := map[string]bool{}
	err := s.each(ctx, func(scan func(...any) error) error {
		var id []byte
		err := scan(&id)
		agree[hex.EncodeToString(id)] = true
		return err
	}, "SELECT shift_id FROM shifts JOIN terminals ON terminals.number = shifts.terminal WHERE terminals.id = ? AND shifts.state = ?",
		terminal, int64(cloudstore.ShiftAgrees))
	if err != nil {
		return nil, fmt.Errorf("read shifts of %s: %w", terminal, err)
	}
	return agree, nil
}

func digest(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:])
}
