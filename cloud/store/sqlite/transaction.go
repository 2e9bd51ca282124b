package sqlite

import (
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	sequenceBits = 40
	lineBits     = 3
)

// Records are inserted many in a statement; these are the sizes that are prepared, largest first.
var chunks = [...]int{64, 8, 1}

// transaction gathers the rows of one or more changes between BEGIN and COMMIT.
type transaction struct {
	w       *writer
	exact   bool // insert records one by one, to know which is refused
	records []store.Record
	heads   map[int64]*store.Head // by terminal number; only the last of a terminal is written
	args    values
}

func newTransaction(w *writer, exact bool) *transaction {
	return &transaction{w: w, exact: exact, heads: make(map[int64]*store.Head)}
}

// apply adds a change: everything but records and heads is written at once. It returns *store.ConflictError when the
// change breaks a promise; the transaction must then be rolled back, as after every error.
func (t *transaction) apply(change *store.Change) error {
	for i := range change.Merchants {
		if err := t.merchant(&change.Merchants[i]); err != nil {
			return fmt.Errorf("store merchant: %w", err)
		}
	}
	for i := range change.Terminals {
		if err := t.terminal(&change.Terminals[i]); err != nil {
			return fmt.Errorf("store terminal: %w", err)
		}
	}
	for i := range change.Decisions {
		if err := t.decision(&change.Decisions[i]); err != nil {
			return fmt.Errorf("decide about terminal: %w", err)
		}
	}
	t.records = append(t.records, change.Records...)
	for i := range change.Heads {
		if err := t.head(&change.Heads[i]); err != nil {
			return fmt.Errorf("store head: %w", err)
		}
	}
	for i := range change.Epochs {
		if err := t.epoch(&change.Epochs[i]); err != nil {
			return fmt.Errorf("store epoch: %w", err)
		}
	}
	for i := range change.Cancelled {
		if err := t.cancelled(&change.Cancelled[i]); err != nil {
			return fmt.Errorf("store cancelled order: %w", err)
		}
	}
	for i := range change.Payments {
		if err := t.payment(&change.Payments[i], change.Cancelled); err != nil {
			return fmt.Errorf("store payment: %w", err)
		}
	}
	for i := range change.FollowUps {
		if err := t.followUp(&change.FollowUps[i]); err != nil {
			return fmt.Errorf("store follow-up: %w", err)
		}
	}
	for i := range change.Entries {
		if err := t.entry(&change.Entries[i]); err != nil {
			return fmt.Errorf("store entry: %w", err)
		}
	}
	for i := range change.Shifts {
		if err := t.shift(&change.Shifts[i]); err != nil {
			return fmt.Errorf("store shift: %w", err)
		}
	}
	if err := t.offline(change); err != nil {
		return err
	}
	return t.notes(change)
}

// notes adds what comes beside the money.
func (t *transaction) notes(change *store.Change) error {
	for i := range change.Quarantined {
		if err := t.quarantined(&change.Quarantined[i]); err != nil {
			return fmt.Errorf("store quarantined: %w", err)
		}
	}
	for i := range change.Alarms {
		if err := t.alarm(&change.Alarms[i]); err != nil {
			return fmt.Errorf("store alarm: %w", err)
		}
	}
	for i := range change.Settlements {
		if err := t.settlement(&change.Settlements[i]); err != nil {
			return fmt.Errorf("settle alarm: %w", err)
		}
	}
	for i := range change.Reconciliations {
		if err := t.reconciliation(&change.Reconciliations[i]); err != nil {
			return fmt.Errorf("store reconciliation: %w", err)
		}
	}
	return nil
}

// flush writes what apply gathered.
func (t *transaction) flush() error {
	for rest := t.records; len(rest) > 0; {
		n := 1
		for _, size := range chunks {
			if len(rest) >= size && !t.exact {
				n = size
				break
			}
		}
		if err := t.insertRecords(rest[:n]); err != nil {
			return fmt.Errorf("store records: %w", err)
		}
		rest = rest[n:]
	}
	for number, h := range t.heads {
		_, err := t.w.conn.run(upsertHead, values{number, int64(h.Revision), int64(h.HighWater), h.Link[:],
			int64(h.Highest), h.HighestLink[:], int64(h.Records), appendSpans([]byte{}, h.Spans)})
		if err != nil {
			return fmt.Errorf("store head: %w", err)
		}
	}
	return nil
}

const upsertHead = `INSERT INTO heads (terminal, revision, high_water, link, highest, highest_link, records, spans)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (terminal) DO UPDATE SET revision = excluded.revision,
high_water = excluded.high_water, link = excluded.link, highest = excluded.highest,
highest_link = excluded.highest_link, records = excluded.records, spans = excluded.spans`

func (t *transaction) insertRecords(rows []store.Record) error {
	t.args = t.args[:0]
	for i := range rows {
		r := &rows[i]
		number, err := t.number(r.Terminal)
		if err != nil {
			return err
		}
		if r.Sequence == 0 || r.Sequence > store.SequenceMax {
			return fmt.Errorf("sequence %d out of range", r.Sequence)
		}
		t.args = append(t.args, recordID(number, r.Sequence), micros(r.ReceivedAt), []byte(r.Bytes))
	}
	_, err := t.w.conn.run(insertRecords(len(rows)), t.args)
	if isConstraint(err) {
		return &store.ConflictError{Kind: store.RecordExists, Terminal: rows[0].Terminal, Sequence: rows[0].Sequence}
	}
	return err
}

// insertRecords returns the statement for n rows. The texts are few: one for each of chunks.
func insertRecords(n int) string {
	const one, many = "INSERT INTO records (id, received_at, bytes) VALUES (?, ?, ?)", ", (?, ?, ?)"
	if n == 1 {
		return one
	}
	return one + strings.Repeat(many, n-1)
}

// number returns a terminal's number, or a conflict when it is not enrolled.
func (t *transaction) number(id record.Terminal) (int64, error) {
	if number, ok := t.w.terminals[id]; ok {
		return number, nil
	}
	row, err := t.w.conn.queryRow("SELECT number FROM terminals WHERE id = ?", 1, id.String())
	if err != nil {
		return 0, err
	}
	if row == nil {
		return 0, &store.ConflictError{Kind: store.TerminalUnknown, Terminal: id}
	}
	number, _ := row[0].(int64)
	t.w.terminals[id] = number
	return number, nil
}

// head checks that the head follows the stored one and gathers it.
func (t *transaction) head(h *store.Head) error {
	number, err := t.number(h.Terminal)
	if err != nil {
		return err
	}
	revision, known := t.w.revisions[number]
	if !known {
		row, err := t.w.conn.queryRow("SELECT revision FROM heads WHERE terminal = ?", 1, number)
		if err != nil {
			return err
		}
		if row != nil {
			stored, _ := row[0].(int64)
			revision = uint64(stored)
		}
	}
	if h.Revision != revision+1 {
		return &store.ConflictError{Kind: store.HeadMoved, Terminal: h.Terminal, Sequence: h.Highest}
	}
	t.w.revisions[number] = h.Revision
	t.heads[number] = h
	return nil
}

func recordID(number int64, sequence uint64) int64 { return number<<sequenceBits | int64(sequence) }

func micros(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
