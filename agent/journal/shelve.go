package journal

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/protocol/seal"
)

// rowKey names a row of either table.
type rowKey struct {
	shelf *shelf
	id    [16]byte
}

// mark is what a writer must know of the row it replaces.
type mark struct {
	number, first uint64
	open          bool
	tag           seal.Tag
}

// openRows is what the head row says of the open rows: how many there are, and their tags added without carry. The sum
// hides nothing, but without the terminal's key no other set of rows can be made that has it.
type openRows struct {
	count uint64
	sum   seal.Tag
}

func (o *openRows) add(m mark) {
	if m.open {
		o.count++
		subtle.XORBytes(o.sum[:], o.sum[:], m.tag[:])
	}
}

func (o *openRows) remove(m mark) {
	if m.open {
		o.count--
		subtle.XORBytes(o.sum[:], o.sum[:], m.tag[:])
	}
}

// shelfStatements write one table's rows.
type shelfStatements struct{ find, update, turn, insert *sql.Stmt }

func (s *shelfStatements) prepare(ctx context.Context, conn *sql.Conn, of *shelf) error {
	insert := "INSERT INTO " + of.table + " (state, last_sequence, changed_at, tag, " + of.id +
		", open, number, first_sequence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
	if of == &followUpShelf {
		insert = "INSERT INTO " + of.table + " (state, last_sequence, changed_at, tag, " + of.id +
			", open, number, first_sequence, order_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
	}
	update := "UPDATE " + of.table + " SET state = ?1, last_sequence = ?2, changed_at = ?3, tag = ?4"
	for _, one := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&s.find, "SELECT number, first_sequence, open, tag FROM " + of.table + " WHERE " + of.id + " = ?"},
		// A statement that sets open rewrites its index even when nothing changes: one more page a commit.
		{&s.update, update + " WHERE " + of.id + " = ?5"},
		{&s.turn, update + ", open = ?6 WHERE " + of.id + " = ?5"},
		{&s.insert, insert},
	} {
		statement, err := conn.PrepareContext(ctx, one.text)
		if err != nil {
			return fmt.Errorf("prepare statement: %w", err)
		}
		*one.to = statement
	}
	return nil
}

func (s *shelfStatements) close() error {
	var errs []error
	for _, statement := range []*sql.Stmt{s.find, s.update, s.turn, s.insert} {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	return errors.Join(errs...)
}

// shelve writes a snapshot's row and follows it in the head. writeMu is held.
func (d *draft) shelve(ctx context.Context, j *Journal, s snapshot) error {
	statements, numbered := &j.prepared.sale, &d.head.sales
	if s.shelf == &followUpShelf {
		statements, numbered = &j.prepared.followUp, &d.head.followUps
	}
	if s.state == nil {
		s.state = []byte{}
	}
	key := rowKey{shelf: s.shelf, id: s.id}
	before, found, err := d.find(ctx, j, statements, key)
	if err != nil {
		return err
	}
	s.number, s.first = before.number, before.first
	if !found {
		*numbered++
		s.number, s.first = *numbered, s.last
	}
	after := mark{
		number: s.number, first: s.first, open: s.open,
		tag: s.tag(j.config.Keyring.JournalMAC(), j.config.Terminal),
	}
	written, err := statements.write(ctx, s, after.tag, before, found)
	if err != nil {
		return err
	}
	if !written {
		return j.damagedSnapshot(s.shelf, s.number, errSnapshotGone)
	}
	if !found {
		kind := saleIntent
		if s.shelf == &followUpShelf {
			kind = followUpIntent
		}
		if _, keyOf := j.shelfOf(kind); keyOf != nil {
			key, _ := keyOf(s.state) // what this program writes it can read
			d.begins(kind, s.number, key)
		}
	}
	d.head.open.remove(before)
	d.head.open.add(after)
	d.marks[key] = after
	return nil
}

// find returns what is known of a row: from this draft, from the open rows in memory, else from the table.
func (d *draft) find(ctx context.Context, j *Journal, statements *shelfStatements, key rowKey) (mark, bool, error) {
	for _, known := range []map[rowKey]mark{d.marks, j.openRows} {
		if m, here := known[key]; here {
			return m, true, nil
		}
	}
	var number, first int64
	var m mark
	var tag []byte
	err := statements.find.QueryRowContext(ctx, key.id[:]).Scan(&number, &first, &m.open, &tag)
	if errors.Is(err, sql.ErrNoRows) {
		return mark{}, false, nil
	}
	if err != nil {
		return mark{}, false, fmt.Errorf("find %s: %w", key.shelf.name, err)
	}
	m.number, m.first = uint64(number), uint64(first)
	if copy(m.tag[:], tag) != len(tag) || m.open {
		return mark{}, false, j.damagedSnapshot(key.shelf, m.number, errSnapshotTag)
	}
	return m, true, nil
}

// write reports whether the row was there to be written.
func (s *shelfStatements) write(ctx context.Context, row snapshot, tag seal.Tag, before mark, found bool) (bool, error) {
	statement, arguments := s.update, []any{row.state, int64(row.last), row.changed, tag[:], row.id[:]}
	switch {
	case !found:
		statement, arguments = s.insert, append(arguments, row.open, int64(row.number), int64(row.first))
		if row.shelf == &followUpShelf {
			arguments = append(arguments, row.order[:])
		}
	case before.open != row.open:
		statement, arguments = s.turn, append(arguments, row.open)
	}
	result, err := statement.ExecContext(ctx, arguments...)
	if err != nil {
		return false, fmt.Errorf("write %s: %w", row.shelf.name, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("write %s %d: %w", row.shelf.name, row.number, err)
	}
	return n == 1, nil
}
