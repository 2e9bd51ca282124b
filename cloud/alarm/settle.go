package alarm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/yuantill/yuantill/cloud/store"
)

// Bounds of what a person says, in characters.
const (
	ByMax   = 40
	NoteMax = 200
)

// The errors of this package.
var (
	// ErrSettlement says that a settlement does not say who, or too much.
	ErrSettlement = errors.New("alarm: settlement needs a name of 1 to 40 characters and a note of at most 200")
	// ErrMoved says that the alarm has happened again since the person looked.
	ErrMoved = errors.New("alarm: it has happened again since: look once more")
)

// Store is where alarms are kept.
type Store interface {
	Commit(ctx context.Context, change store.Change) error
	Alarm(ctx context.Context, number uint64) (store.AlarmRow, error)
}

// Settle makes a person's settlement durable and returns the alarm as it is then: settled by whoever was first. It returns
// ErrSettlement, ErrMoved, store.ErrNotFound and the store's errors.
func Settle(ctx context.Context, s Store, one store.Settlement) (store.AlarmRow, error) {
	one.By, one.Note = strings.TrimSpace(one.By), strings.TrimSpace(one.Note)
	if one.By == "" || !store.OneLine(one.By, ByMax) || !store.OneLine(one.Note, NoteMax) {
		return store.AlarmRow{}, ErrSettlement
	}
	err := s.Commit(ctx, store.Change{Settlements: []store.Settlement{one}})
	var conflict *store.ConflictError
	switch {
	case errors.As(err, &conflict) && conflict.Kind == store.AlarmUnknown:
		return store.AlarmRow{}, store.ErrNotFound
	case errors.As(err, &conflict) && conflict.Kind == store.AlarmMoved:
		return store.AlarmRow{}, ErrMoved
	case err != nil:
		return store.AlarmRow{}, fmt.Errorf("settle alarm %d: %w", one.Alarm, err)
	}
	return s.Alarm(ctx, one.Alarm)
}
