package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

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

// followUpID is an id for a follow-up whose key the journal does not know. It is made of the intent: a till whose journal was
// lost, or put back from an older copy, asks for what its client asks for once more under the id that the cloud knows, which
// does nothing twice (SPEC.md 7.6.1). A journal that has the id and not the key was altered. What a till asks for by itself is
// a new one each time. It refuses as FindBegun would be. The lock is held.
func (t *till) followUpID(ctx context.Context, order checkout.OrderID, origin checkout.Origin) (followup.ID, error) {
	if origin.Key == followup.OwnKey || origin.Key == "" {
		id, err := uuid.NewV7FromReader(t.parts.Random)
		if err != nil {
			return followup.ID{}, fmt.Errorf("mint follow-up id: %w", err)
		}
		return followup.ID(id), nil
	}
	name := slices.Concat(t.config.Terminal[:], order[:], origin.Digest[:], []byte(origin.Key))
	id := followup.ID(uuid.NewHash(sha256.New(), uuid.Nil, name, 8))
	switch _, err := t.parts.Journal.FindFollowUp(ctx, journal.FollowUpID(id)); {
	case err == nil:
		return id, &station.Refusal{Phrase: catalogue.RefuseJournalDamaged, Detail: "follow-up " + id.String() + " is there, its key is not"}
	case !errors.Is(err, journal.ErrNotFound):
		return id, refuseJournal(err)
	}
	return id, nil
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
