package agent

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// An answer about a shift may be lost with the process that gave it. What a key did is in the journal with the key: asked
// again it is told again, and nothing is opened, closed or printed a second time.

// openedBefore returns the id of the shift that a key has opened, nil for none; it refuses with RefuseKeyReused a key of
// another intent.
func (t *till) openedBefore(ctx context.Context, opening station.Opening) (*shift.ID, error) {
	latest, err := t.keyed(ctx, record.ShiftOpened, opening.Key)
	if err != nil {
		return nil, err
	}
	for _, r := range latest {
		var body message.ShiftOpened
		if err := proto.Unmarshal(r.Body(), &body); err != nil {
			return nil, fmt.Errorf("read shift: %w", err)
		}
		if body.GetKey() != opening.Key {
			continue
		}
		same := body.GetCashier() == opening.Cashier && body.GetFloat() == opening.Float.Minor &&
			body.GetCurrency() == opening.Float.Currency.Code
		return sameIntent(body.GetShiftId(), same)
	}
	return nil, nil
}

// closedBefore is the same for the shift that a key has closed.
func (t *till) closedBefore(ctx context.Context, count shift.Count) (*shift.ID, error) {
	latest, err := t.keyed(ctx, record.ShiftClosed, count.Key)
	if err != nil {
		return nil, err
	}
	for _, r := range latest {
		var body message.ShiftClosed
		if err := proto.Unmarshal(r.Body(), &body); err != nil {
			return nil, fmt.Errorf("read end of shift: %w", err)
		}
		if body.GetKey() == count.Key {
			return sameIntent(body.GetShiftId(), count.Counts(&body))
		}
	}
	return nil, nil
}

// keyed returns the records among which a key is looked for; none for an intent without one.
func (t *till) keyed(ctx context.Context, kind record.Type, key string) ([]record.Record, error) {
	if key == "" {
		return nil, nil
	}
	latest, err := t.parts.Journal.Landmarks(ctx, kind, 0, cashKeysMax)
	if err != nil {
		return nil, fmt.Errorf("look for key among shifts: %w", err)
	}
	return latest, nil
}

func sameIntent(id []byte, same bool) (*shift.ID, error) {
	if !same || len(id) != len(shift.ID{}) {
		return nil, &station.Refusal{Phrase: catalogue.RefuseKeyReused}
	}
	found := shift.ID(id)
	return &found, nil
}

// shiftAgain tells of a shift once more, as it is now.
func (t *till) shiftAgain(ctx context.Context, id *shift.ID, err error) (station.Shift, error) {
	if err != nil {
		return station.Shift{}, err
	}
	latest, err := t.readShifts(ctx, shiftsKept)
	if err != nil {
		return station.Shift{}, err
	}
	for _, s := range latest {
		if s.ID != *id {
			continue
		}
		if s.State() == shift.Open {
			if s, err = t.sumUp(ctx, s); err != nil {
				return station.Shift{}, err
			}
		}
		return station.NewShift(s.Report()), nil
	}
	return station.Shift{}, fmt.Errorf("find shift %s: not among the latest %d", id, shiftsKept)
}
