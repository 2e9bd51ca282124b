package agent

import (
	"context"
	"errors"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/record"
)

// SaleKey reads from a sale's snapshot the idempotency key that began it; it is journal.Config's SaleKey.
func SaleKey(state []byte) (string, error) {
	var s checkout.Sale
	err := s.UnmarshalBinary(state)
	return s.Origin.Key, err
}

// FollowUpKey reads it from a follow-up's snapshot; it is journal.Config's FollowUpKey. What a till asks for by itself has
// none: every such follow-up has the same Origin, which is no intent of anybody's.
func FollowUpKey(state []byte) (string, error) {
	var f followup.FollowUp
	err := f.UnmarshalBinary(state)
	if f.Origin.Key == followup.OwnKey {
		return "", err
	}
	return f.Origin.Key, err
}

// begunSale returns the sale that an intent has begun before, as it stands for it now, nil for none. It refuses with
// RefuseKeyReused what is another intent, and whatever it is when the journal cannot say. The lock is held.
func (t *till) begunSale(ctx context.Context, origin checkout.Origin) (*held, error) {
	begun, err := t.begunBy(ctx, origin.Key)
	if err != nil || begun == nil {
		return nil, err
	}
	if begun.Order == (journal.OrderID{}) {
		return nil, &station.Refusal{Phrase: catalogue.RefuseKeyReused}
	}
	h, err := t.find(ctx, checkout.OrderID(begun.Order))
	if err != nil {
		return nil, err
	}
	if h.sale.Origin.Digest != origin.Digest {
		return nil, &station.Refusal{Phrase: catalogue.RefuseKeyReused}
	}
	return t.newest(ctx, h)
}

// begunFollowUp is the same for a follow-up.
func (t *till) begunFollowUp(ctx context.Context, origin checkout.Origin) (*heldFollowUp, error) {
	begun, err := t.begunBy(ctx, origin.Key)
	if err != nil || begun == nil {
		return nil, err
	}
	if begun.FollowUp == (journal.FollowUpID{}) {
		return nil, &station.Refusal{Phrase: catalogue.RefuseKeyReused}
	}
	h, err := t.findFollowUp(ctx, followup.ID(begun.FollowUp))
	if err != nil {
		return nil, err
	}
	if h.followUp.Origin.Digest != origin.Digest {
		return nil, &station.Refusal{Phrase: catalogue.RefuseKeyReused}
	}
	return h, nil
}

// begunBy asks the journal for what a key began, nil for nothing. It refuses with RefuseKeyReused a key that has done something
// with a shift and began nothing: earlier versions let one key do both, and each is found.
func (t *till) begunBy(ctx context.Context, key string) (*journal.Begun, error) {
	begun, err := t.parts.Journal.FindBegun(ctx, key)
	if err == nil {
		return &begun, nil
	}
	if !errors.Is(err, journal.ErrNotFound) {
		return nil, refuseJournal(err)
	}
	for _, kind := range []record.Type{record.ShiftOpened, record.CashMoved, record.ShiftClosed} {
		_, err := t.parts.Journal.FindAct(ctx, kind, key)
		if err := refuseFound(err); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// actBy asks the journal for the record that a key has left, nil for none. It refuses with RefuseKeyReused a key that has left
// none and began a sale or follow-up.
func (t *till) actBy(ctx context.Context, kind record.Type, key string) (record.Record, error) {
	act, err := t.parts.Journal.FindAct(ctx, kind, key)
	if err == nil {
		return act, nil
	}
	if !errors.Is(err, journal.ErrNotFound) {
		return nil, refuseJournal(err)
	}
	_, err = t.parts.Journal.FindBegun(ctx, key)
	return nil, refuseFound(err)
}

// refuseFound refuses a key that was found where an intent of another kind has left it, by what the search came to.
func refuseFound(err error) error {
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return nil
	case err == nil:
		return &station.Refusal{Phrase: catalogue.RefuseKeyReused}
	default:
		return refuseJournal(err)
	}
}
