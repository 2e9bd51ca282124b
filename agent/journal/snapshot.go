package journal

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// shelf is one of the two tables of snapshots.
type shelf struct {
	table string
	// columns are the row's in the order of snapshot.scan; a sale is its own order.
	columns string
	id      string // the column that names the row
	name    string // in messages
}

var (
	saleShelf = shelf{
		table: "sale", id: "order_id", name: "sale",
		columns: "number, order_id, order_id, open, state, first_sequence, last_sequence, changed_at, tag",
	}
	followUpShelf = shelf{
		table: "follow_up", id: "id", name: "follow-up",
		columns: "number, id, order_id, open, state, first_sequence, last_sequence, changed_at, tag",
	}
)

// snapshot is a row of either table.
type snapshot struct {
	shelf               *shelf
	id, order           [16]byte
	number, first, last uint64
	open                bool
	state               []byte
	changed             int64 // microseconds since 1970-01-01 UTC
	stored              []byte
}

// tag is over everything the row says, under the terminal's key: two rows cannot be exchanged.
func (s *snapshot) tag(mac *seal.MAC, terminal record.Terminal) seal.Tag {
	var fixed [16 + 16 + 4*8 + 1]byte
	copy(fixed[0:], s.id[:])
	copy(fixed[16:], s.order[:])
	for i, n := range []uint64{s.number, s.first, s.last, uint64(s.changed)} {
		binary.BigEndian.PutUint64(fixed[32+8*i:], n)
	}
	if s.open {
		fixed[64] = 1
	}
	return mac.Tag([]byte("yuantill journal snapshot "+s.shelf.table), terminal[:], fixed[:], s.state)
}

// scan reads a row of shelf.columns; it fails on the first column that has not the form it was written with.
func (s *snapshot) scan(rows *sql.Rows) error {
	var id, order []byte
	var number, first, last int64
	if err := rows.Scan(&number, &id, &order, &s.open, &s.state, &first, &last, &s.changed, &s.stored); err != nil {
		return fmt.Errorf("read %s: %w", s.shelf.name, err)
	}
	s.number, s.first, s.last = uint64(number), uint64(first), uint64(last)
	s.id, s.order = [16]byte{}, [16]byte{}
	if copy(s.id[:], id) != len(id) || copy(s.order[:], order) != len(order) {
		s.stored = nil // no tag fits an id that is too long
	}
	return nil
}

// intact is nil for a row that is what was written.
func (j *Journal) intact(s *snapshot) *DamagedError {
	if j.config.Keyring == nil { // opened for looking, without keys
		return nil
	}
	want := s.tag(j.config.Keyring.JournalMAC(), j.config.Terminal)
	if subtle.ConstantTimeCompare(want[:], s.stored) == 1 {
		return nil
	}
	return j.damagedSnapshot(s.shelf, s.number, errSnapshotTag)
}

var (
	errSnapshotTag  = errors.New("altered, or written under another terminal key")
	errSnapshotGone = errors.New("removed")
	errSnapshotSet  = errors.New("sales or follow-ups are not those that were left here: one was removed, altered or put back")
	errUntagged     = errors.New("journal: its sales have no tags yet: start the agent once")
)

func (j *Journal) damagedSnapshot(from *shelf, number uint64, cause error) *DamagedError {
	damaged := &DamagedError{Path: j.config.Path, Cause: cause}
	if from == &saleShelf {
		damaged.Sale = number
	} else {
		damaged.FollowUp = number
	}
	return damaged
}

// read hands the rows of a query's condition to each, in its order; the row is each's until it returns.
func (s *shelf) read(ctx context.Context, db querier, each func(*snapshot) error, condition string, arguments ...any) error {
	rows, err := db.QueryContext(ctx, "SELECT "+s.columns+" FROM "+s.table+" "+condition, arguments...)
	if err != nil {
		return fmt.Errorf("read %ss: %w", s.name, err)
	}
	defer rows.Close()
	for rows.Next() {
		row := snapshot{shelf: s}
		if err := row.scan(rows); err != nil {
			return err
		}
		if err := each(&row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %ss: %w", s.name, err)
	}
	return nil
}

// trusted hands the intact rows to each. It returns the first that is not, after which no payment begins.
func (j *Journal) trusted(ctx context.Context, s *shelf, each func(*snapshot), condition string, arguments ...any) (
	*DamagedError, error,
) {
	var first *DamagedError
	err := s.read(ctx, j.reader, func(row *snapshot) error {
		damaged := j.intact(row)
		if damaged == nil {
			each(row)
		} else if first == nil {
			first = damaged
		}
		return nil
	}, condition, arguments...)
	if first != nil {
		j.tellDamage(first)
	}
	return first, j.explain(err)
}

// tellDamage stops new payments.
func (j *Journal) tellDamage(damaged error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.damage != nil {
		return
	}
	j.damage = damaged
	j.logger.Error("journal damaged: no further payments", "path", j.config.Path, "error", damaged)
}
