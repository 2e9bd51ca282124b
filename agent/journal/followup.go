package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// FollowUpID names one follow-up: a UUID of version 7.
type FollowUpID [16]byte

// FollowUpSnapshot is a follow-up as its machine wants to find it again after a restart.
type FollowUpSnapshot struct {
	ID FollowUpID
	// OrderID is the order it is about, which may be another terminal's.
	OrderID OrderID
	// State is opaque to the journal, at most StateMax bytes.
	State []byte
	// Open says that it is not finished: OpenFollowUps returns it.
	Open bool
}

// FollowUp is a stored snapshot and the records it was committed with.
type FollowUp struct {
	FollowUpSnapshot
	// Number counts this journal's follow-ups: 1, 2, 3 ….
	Number uint64
	// First and Last are the sequences of the first and latest record committed together with it.
	First, Last uint64
	ChangedAt   time.Time
}

// OpenFollowUps returns the follow-ups that are not finished, oldest first, at most 1,000.
func (j *Journal) OpenFollowUps(ctx context.Context) ([]FollowUp, error) {
	return j.followUps(ctx, "WHERE open = 1 ORDER BY number LIMIT ?", openSalesMax)
}

// LastFollowUps returns the latest n follow-ups, newest first, at most 1,000.
func (j *Journal) LastFollowUps(ctx context.Context, n int) ([]FollowUp, error) {
	return j.followUps(ctx, "ORDER BY number DESC LIMIT ?", min(n, readMax))
}

// FollowUpsOf returns what was done with an order on this terminal, oldest first, at most 1,000.
func (j *Journal) FollowUpsOf(ctx context.Context, order OrderID) ([]FollowUp, error) {
	return j.followUps(ctx, "WHERE order_id = ? ORDER BY number LIMIT ?", order[:], readMax)
}

// FindFollowUp returns a follow-up or ErrNotFound.
func (j *Journal) FindFollowUp(ctx context.Context, id FollowUpID) (FollowUp, error) {
	found, err := j.followUps(ctx, "WHERE id = ?", id[:])
	if err != nil {
		return FollowUp{}, err
	}
	if len(found) == 0 {
		return FollowUp{}, fmt.Errorf("%w: follow-up", ErrNotFound)
	}
	return found[0], nil
}

func (j *Journal) followUps(ctx context.Context, condition string, arguments ...any) ([]FollowUp, error) {
	rows, err := j.reader.QueryContext(ctx, `SELECT number, id, order_id, open, state, first_sequence, last_sequence,
		changed_at FROM follow_up `+condition, arguments...)
	if err != nil {
		return nil, j.explain(fmt.Errorf("read follow-ups: %w", err))
	}
	defer rows.Close()
	var all []FollowUp
	for rows.Next() {
		var f FollowUp
		var id, order []byte
		var number, first, last, changed int64
		if err := rows.Scan(&number, &id, &order, &f.Open, &f.State, &first, &last, &changed); err != nil {
			return nil, j.explain(fmt.Errorf("read follow-up: %w", err))
		}
		if len(id) != len(f.ID) || len(order) != len(f.OrderID) {
			return nil, &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("follow-up %d has an id of %d bytes", number, len(id))}
		}
		f.ID, f.OrderID = FollowUpID(id), OrderID(order)
		f.Number, f.First, f.Last = uint64(number), uint64(first), uint64(last)
		f.ChangedAt = time.UnixMicro(changed).UTC()
		all = append(all, f)
	}
	return all, j.explain(rows.Err())
}

// followUpStatements write one row of the table.
type followUpStatements struct{ update, turn, insert *sql.Stmt }

func (s *followUpStatements) prepare(ctx context.Context, conn *sql.Conn) error {
	for _, one := range []struct {
		to   **sql.Stmt
		text string
	}{
		// As for sales: a statement that sets open rewrites its index even when nothing changes.
		{&s.update, "UPDATE follow_up SET state = ?, last_sequence = ?, changed_at = ? WHERE id = ? AND open = ?"},
		{&s.turn, "UPDATE follow_up SET state = ?1, last_sequence = ?2, changed_at = ?3, open = ?5 WHERE id = ?4"},
		{&s.insert, `INSERT INTO follow_up (state, last_sequence, changed_at, id, open, order_id, first_sequence)
			VALUES (?, ?, ?, ?, ?, ?, ?)`},
	} {
		statement, err := conn.PrepareContext(ctx, one.text)
		if err != nil {
			return fmt.Errorf("prepare statement: %w", err)
		}
		*one.to = statement
	}
	return nil
}

func (s *followUpStatements) close() error {
	var errs []error
	for _, statement := range []*sql.Stmt{s.update, s.turn, s.insert} {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	return errors.Join(errs...)
}

func (s *followUpStatements) write(ctx context.Context, f FollowUpSnapshot, sequence uint64, at time.Time) error {
	state := f.State
	if state == nil {
		state = []byte{}
	}
	last, changed := int64(sequence), at.UnixMicro()
	for _, statement := range []*sql.Stmt{s.update, s.turn} {
		result, err := statement.ExecContext(ctx, state, last, changed, f.ID[:], f.Open)
		if err != nil {
			return fmt.Errorf("write follow-up: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
	}
	if _, err := s.insert.ExecContext(ctx, state, last, changed, f.ID[:], f.Open, f.OrderID[:], last); err != nil {
		return fmt.Errorf("write follow-up: %w", err)
	}
	return nil
}
