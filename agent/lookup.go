package agent

import (
	"context"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	// referenceSize is the digits of a reference number.
	referenceSize = 12
	// followUpsSearched is how many of the latest follow-ups are looked through for a number.
	followUpsSearched = 1000
)

// SaleLabels reads from a sale's snapshot what it is found by beside its order id; it is journal.Config's Labels.
func SaleLabels(state []byte) []string {
	var s checkout.Sale
	if s.UnmarshalBinary(state) != nil {
		return nil
	}
	labels := []string{voucherLabel(s.Batch, s.Voucher)}
	if reference := s.Result.GetReference(); reference != "" {
		labels = append(labels, referenceLabel(reference))
	}
	return labels
}

func voucherLabel(batch, voucher uint32) string { return fmt.Sprintf("voucher %d %d", batch, voucher) }

func referenceLabel(reference string) string { return "reference " + reference }

// lookupDesk brings the cloud's answers to those who wait for them.
type lookupDesk struct {
	// search is the one place for looking through the journal: what else is read there must not wait for lookups.
	search  chan struct{}
	mu      sync.Mutex
	waiting map[[16]byte]chan *message.OrderFound
}

func newLookupDesk() *lookupDesk {
	return &lookupDesk{search: make(chan struct{}, 1), waiting: make(map[[16]byte]chan *message.OrderFound)}
}

// expect opens a place for an answer, or returns nil when there are too many.
func (d *lookupDesk) expect(id [16]byte) chan *message.OrderFound {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) >= lookupsMax {
		return nil
	}
	place := make(chan *message.OrderFound, 1)
	d.waiting[id] = place
	return place
}

// size is how many places are open.
func (d *lookupDesk) size() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiting)
}

func (d *lookupDesk) leave(id [16]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.waiting, id)
}

// answer hands an answer over; one that nobody waits for, or a second one, is dropped.
func (d *lookupDesk) answer(order *message.OrderFound) {
	if len(order.GetLookupId()) != 16 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case d.waiting[[16]byte(order.GetLookupId())] <- order:
	default:
	}
}

// Lookup finds an order of the merchant: in the own journal first, else in the cloud. It answers within lookupWait,
// whatever the disk, the cloud or its caller do: what is not known by then is refused with RefuseLookupSilent, which says
// so and nothing else. Nobody else at the till waits for it.
func (t *till) Lookup(ctx context.Context, wanted station.Wanted) (station.FoundOrder, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupWait)
	defer cancel()
	found, err := t.lookup(ctx, wanted)
	if err != nil && ctx.Err() != nil {
		return station.FoundOrder{}, &station.Refusal{Phrase: catalogue.RefuseLookupSilent}
	}
	return found, err
}

func (t *till) lookup(ctx context.Context, wanted station.Wanted) (station.FoundOrder, error) {
	wanted, found, done, err := t.lookupFirst(ctx, wanted)
	if done || err != nil {
		return found, err
	}
	order, err := t.lookupCloud(ctx, wanted)
	if err != nil {
		return station.FoundOrder{}, err
	}
	return t.keepFound(ctx, order)
}

// lookupFirst understands what is wanted and looks in the journal. It reports whether that is all that can be done.
func (t *till) lookupFirst(ctx context.Context, wanted station.Wanted) (station.Wanted, station.FoundOrder, bool, error) {
	wanted, err := understand(wanted)
	if err != nil {
		return wanted, station.FoundOrder{}, true, err
	}
	if wanted.Voucher != 0 && wanted.Batch == 0 {
		if wanted.Batch, err = t.openBatch(); err != nil {
			return wanted, station.FoundOrder{}, true, err
		}
	}
	nothing := &station.Refusal{Phrase: catalogue.RefuseLookupNothing}
	if wanted.Order == (checkout.OrderID{}) {
		id, err := t.searchHere(ctx, wanted)
		switch {
		case errors.Is(err, nothing) && wanted.Voucher == 0:
			return wanted, station.FoundOrder{}, false, nil
		case err != nil:
			return wanted, station.FoundOrder{}, true, err
		}
		wanted = station.Wanted{Order: id, Cashier: wanted.Cashier}
	}
	found, err := t.lookupHere(ctx, wanted.Order)
	if errors.Is(err, nothing) {
		return wanted, found, false, nil
	}
	return wanted, found, true, err
}

// openBatch is the open shift's batch number, or refuses with RefuseNoBatch: vouchers are counted anew in each, so another's
// would be another customer's.
func (t *till) openBatch() (uint32, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shifts.current == nil {
		return 0, &station.Refusal{Phrase: catalogue.RefuseNoBatch}
	}
	return t.shifts.current.Batch, nil
}

// keepFound remembers an order that the cloud has found.
func (t *till) keepFound(ctx context.Context, order *message.OrderFound) (station.FoundOrder, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.followUps.keep(order)
	return t.foundOrder(ctx, order, false)
}

// understand reads a receipt's QR code or number, whichever was given.
func understand(wanted station.Wanted) (station.Wanted, error) {
	text := strings.TrimSpace(wanted.Text)
	switch {
	case wanted.Voucher != 0 || wanted.Order != (checkout.OrderID{}):
		return wanted, nil
	case wanted.Reference != "":
		text = wanted.Reference
	}
	if at := strings.LastIndex(text, "/r/"); at >= 0 {
		text = text[at+len("/r/"):]
	}
	var id checkout.OrderID
	switch {
	case len(text) == referenceSize && digits(text):
		return station.Wanted{Reference: text, Cashier: wanted.Cashier}, nil
	case len(text) == hex.EncodedLen(len(id)):
		if _, err := hex.Decode(id[:], []byte(strings.ToLower(text))); err != nil {
			id = checkout.OrderID{}
		}
	case len(text) == crockford().EncodedLen(len(id)):
		if _, err := crockford().Decode(id[:], []byte(strings.ToUpper(text))); err != nil {
			id = checkout.OrderID{}
		}
	}
	if id != (checkout.OrderID{}) { // of zeros alone is none (SPEC.md 8), and would be no id at all from here on
		return station.Wanted{Order: id, Cashier: wanted.Cashier}, nil
	}
	return wanted, &station.Refusal{Phrase: catalogue.RefuseLookupText}
}

// crockford writes order ids on receipts (Crockford's base 32).
func crockford() *base32.Encoding {
	return base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
}

// lookupHere finds an order in this till's journal, or refuses with RefuseLookupNothing.
func (t *till) lookupHere(ctx context.Context, id checkout.OrderID) (station.FoundOrder, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, err := t.find(ctx, id)
	if errors.Is(err, &station.Refusal{Phrase: catalogue.RefuseNoSale}) {
		return station.FoundOrder{}, &station.Refusal{Phrase: catalogue.RefuseLookupNothing}
	}
	if err != nil {
		return station.FoundOrder{}, err
	}
	return t.foundOrder(ctx, t.asFound(h.sale), true)
}

// searchHere looks through the journal for the order of a sale's number, or of that of something done with an order. While
// a sale stays open for long, as one that was taken offline does, that may be many sales: it is done without the lock, one
// search after another.
func (t *till) searchHere(ctx context.Context, wanted station.Wanted) (checkout.OrderID, error) {
	select {
	case t.lookups.search <- struct{}{}:
		defer func() { <-t.lookups.search }()
	case <-ctx.Done():
		return checkout.OrderID{}, ctx.Err()
	}
	label := referenceLabel(wanted.Reference)
	if wanted.Voucher != 0 {
		label = voucherLabel(wanted.Batch, wanted.Voucher)
	}
	stored, err := t.parts.Journal.FindLabel(ctx, label)
	if errors.Is(err, journal.ErrNotFound) {
		return t.searchFollowUps(ctx, wanted)
	}
	if err != nil {
		return checkout.OrderID{}, fmt.Errorf("look up order: %w", err)
	}
	return checkout.OrderID(stored.OrderID), nil
}

// searchFollowUps returns the order of the latest follow-up with the number, which may be another terminal's, or refuses
// with RefuseLookupNothing.
func (t *till) searchFollowUps(ctx context.Context, wanted station.Wanted) (checkout.OrderID, error) {
	latest, err := t.parts.Journal.LastFollowUps(ctx, followUpsSearched)
	if err != nil {
		return checkout.OrderID{}, fmt.Errorf("look up follow-up: %w", err)
	}
	if wanted.Voucher == 0 && wanted.Reference == "" { // what has no number yet has none in common
		return checkout.OrderID{}, &station.Refusal{Phrase: catalogue.RefuseLookupNothing}
	}
	for _, one := range latest {
		var f followup.FollowUp
		if f.UnmarshalBinary(one.State) != nil {
			continue // a newer program's; its order is found by its own number
		}
		if wanted.Voucher != 0 && f.Voucher == wanted.Voucher && f.Batch == wanted.Batch ||
			wanted.Voucher == 0 && f.Result.GetReference() == wanted.Reference {
			return f.Order(), nil
		}
	}
	return checkout.OrderID{}, &station.Refusal{Phrase: catalogue.RefuseLookupNothing}
}

// foundOrder adds what was done with an order here. The lock is held.
func (t *till) foundOrder(ctx context.Context, order *message.OrderFound, here bool) (station.FoundOrder, error) {
	done, err := t.followUpsOf(ctx, checkout.OrderID(order.GetPayment().GetOrderId()))
	if err != nil {
		return station.FoundOrder{}, err
	}
	found := station.FoundOrder{Order: order, Here: here, Left: followup.LeftOf(order, done)}
	for _, f := range done {
		found.FollowUps = append(found.FollowUps, t.followUps.rules.View(f, catalogue.None))
	}
	return found, nil
}

// question is a lookup that waits for the cloud.
type question struct {
	till     *till
	id       [16]byte
	place    <-chan *message.OrderFound
	recorded []recorded
}

// lookupCloud asks the cloud, and once more when the answer may have been lost.
func (t *till) lookupCloud(ctx context.Context, wanted station.Wanted) (*message.OrderFound, error) {
	q, err := t.inquire(ctx, wanted)
	if err != nil {
		return nil, err
	}
	defer q.end()
	again := time.NewTimer(lookupAgain)
	defer again.Stop()
	for {
		select {
		case order := <-q.place:
			return heard(order)
		case <-again.C:
			q.repeat(ctx)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// inquire records the question, sends it, and opens a place for the answer.
func (t *till) inquire(ctx context.Context, wanted station.Wanted) (*question, error) {
	id, err := uuid.NewV7FromReader(t.parts.Random)
	if err != nil {
		return nil, fmt.Errorf("mint lookup id: %w", err)
	}
	q := &question{till: t, id: id}
	place := t.lookups.expect(id)
	if place == nil {
		return nil, &station.Refusal{Phrase: catalogue.RefuseLookupBusy}
	}
	q.place = place
	body := &message.OrderLookup{LookupId: id[:], Reference: wanted.Reference, Cashier: wanted.Cashier}
	if wanted.Order != (checkout.OrderID{}) {
		body.OrderId = wanted.Order[:]
	}
	if q.recorded, err = t.recordLookup(ctx, body); err != nil {
		t.lookups.leave(id)
		return nil, err
	}
	return q, nil
}

// repeat sends the question once more.
func (q *question) repeat(ctx context.Context) { q.till.sendNow(ctx, q.recorded, nil) }

// end lets go of the question, answered or not.
func (q *question) end() {
	q.till.forgetAll(q.recorded)
	q.till.lookups.leave(q.id)
}

// heard reads an answer, or refuses with RefuseLookupNothing.
func heard(order *message.OrderFound) (*message.OrderFound, error) {
	if !order.GetFound() || len(order.GetPayment().GetOrderId()) != len(checkout.OrderID{}) {
		return nil, &station.Refusal{Phrase: catalogue.RefuseLookupNothing}
	}
	return order, nil
}

// recordLookup commits the question and sends it.
func (t *till) recordLookup(ctx context.Context, body *message.OrderLookup) ([]recorded, error) {
	// It moves nothing: whether it is recorded after all when nobody waits any more makes no difference.
	records, err := t.parts.Journal.Append(ctx, journal.Entry{Type: record.OrderLookup, Body: body})
	if err != nil {
		return nil, refuseJournal(err)
	}
	recorded, _, err := remember(records)
	if err != nil {
		return nil, err
	}
	t.sendNow(ctx, recorded, nil)
	return recorded, nil
}

// forgetAll lets the uplink stop repeating records at once; the journal still brings them.
func (t *till) forgetAll(records []recorded) {
	for _, r := range records {
		t.parts.Uplink.Forget(r.sequence)
	}
}

// Sales returns the latest sales of this till, newest first; of holds only those that still hold something.
func (t *till) Sales(ctx context.Context, n int, holds bool) ([]checkout.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const holdsWithin = 1000 // sales that are looked through for holds
	read := n
	if holds {
		read = holdsWithin
	}
	stored, err := t.parts.Journal.LastSales(ctx, read)
	if err != nil {
		return nil, fmt.Errorf("read latest sales: %w", err)
	}
	var views []checkout.View
	for _, one := range stored {
		h, err := t.heldOf(one)
		if err != nil {
			t.logger.ErrorContext(ctx, "sale cannot be read", "sale", checkout.OrderID(one.OrderID), "error", err)
			continue
		}
		if holds && !holdsMoney(h.sale) {
			continue
		}
		if views = append(views, t.view(h)); len(views) == n {
			break
		}
	}
	return views, nil
}

// holdsMoney reports whether a hold still holds something, as far as this till was told.
func holdsMoney(s checkout.Sale) bool {
	return s.Hold && s.State == checkout.Approved && !s.Standing().GetClosed()
}

// heldOf is a stored sale, as memory has it where it does.
func (t *till) heldOf(stored journal.Sale) (*held, error) {
	id := checkout.OrderID(stored.OrderID)
	if h, open := t.sales[id]; open {
		return h, nil
	}
	if h, found := t.recent.get(id); found {
		return h, nil
	}
	h := &held{}
	if err := h.sale.UnmarshalBinary(stored.State); err != nil {
		return nil, fmt.Errorf("read sale: %w", err)
	}
	return h, nil
}
