package journal

import (
	"context"
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

// OpenFollowUps returns the follow-ups that are not finished, oldest first, at most OpenMax.
func (j *Journal) OpenFollowUps(ctx context.Context) ([]FollowUp, error) {
	return j.followUps(ctx, "WHERE open = 1 ORDER BY number LIMIT ?", OpenMax)
}

// LastFollowUps returns the latest n follow-ups, newest first, at most 1,000.
func (j *Journal) LastFollowUps(ctx context.Context, n int) ([]FollowUp, error) {
	return j.followUps(ctx, "ORDER BY number DESC LIMIT ?", min(n, readMax))
}

// FollowUpsOf returns what was done with an order on this terminal, oldest first, at most 1,000.
func (j *Journal) FollowUpsOf(ctx context.Context, order OrderID) ([]FollowUp, error) {
	return j.followUps(ctx, "WHERE order_id = ? ORDER BY number LIMIT ?", order[:], readMax)
}

// FindFollowUp returns a follow-up, ErrNotFound, or *DamagedError for one that was altered.
func (j *Journal) FindFollowUp(ctx context.Context, id FollowUpID) (FollowUp, error) {
	found, damaged, err := j.readFollowUps(ctx, "WHERE id = ?", id[:])
	if err != nil {
		return FollowUp{}, err
	}
	if damaged != nil {
		return FollowUp{}, damaged
	}
	if len(found) == 0 {
		return FollowUp{}, fmt.Errorf("%w: follow-up", ErrNotFound)
	}
	return found[0], nil
}

// followUps leaves out what is not intact; FindFollowUp says so.
func (j *Journal) followUps(ctx context.Context, condition string, arguments ...any) (all []FollowUp, err error) {
	all, _, err = j.readFollowUps(ctx, condition, arguments...)
	return all, err
}

func (j *Journal) readFollowUps(ctx context.Context, condition string, arguments ...any) (all []FollowUp, damaged *DamagedError, err error) {
	damaged, err = j.trusted(ctx, &followUpShelf, func(row *snapshot) {
		all = append(all, FollowUp{
			FollowUpSnapshot: FollowUpSnapshot{ID: row.id, OrderID: row.order, State: row.state, Open: row.open},
			Number:           row.number, First: row.first, Last: row.last, ChangedAt: time.UnixMicro(row.changed).UTC(),
		})
	}, condition, arguments...)
	return all, damaged, err
}
