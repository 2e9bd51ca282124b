package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/record"
)

// errTooManyEvents is a broken invariant of the machine: an event led to more and more events.
var errTooManyEvents = errors.New("agent: one event led to too many")

// held is a sale in memory.
type held struct {
	sale checkout.Sale
	// notice is what was last shown beside the sale.
	notice catalogue.Phrase
	// wake is when the machine wants a Tick; zero for never.
	wake time.Time
	// records are the sale's urgent records by sequence, kept for sending them again.
	records map[uint64]record.Record
	// card is what the machine wants done with the hard wallet in the field.
	card checkout.Effect
}

// till carries out the checkout machine's effects. All events of all sales take turns under one lock; whoever brings an
// event carries it through in its own goroutine, so that no hand-over stands between a scan and its request.
type till struct {
	config  Config
	rules   checkout.Rules
	parts   Parts
	feed    *station.Feed
	logger  *slog.Logger
	printer *printWorker
	devices *deviceBoard

	mu      sync.Mutex
	sales   map[checkout.OrderID]*held // without a definite outcome, or still printing
	recent  recentSales
	shifts  shiftBoard
	front   checkout.OrderID
	stopped bool
	// standing is what the cloud's refusals say of this terminal.
	standing  standing
	followUps followUpDesk
	late      lateReports
	reprints  reprints
	lookups   *lookupDesk
	offline   offlineBook
	// unread is why something that was left open was not taken up: a newer program wrote it, or there is too much of it.
	unread error
	// oldCopyAt is the finding of an old copy of the journal that was told last.
	oldCopyAt time.Time
	// twinTold says that another machine under this terminal's id was told of.
	twinTold bool
	// lackingAt is the finding of an old copy of the cloud's books that was told last.
	lackingAt time.Time
	// damageTold is the finding about the journal that was written down last.
	damageTold string

	rearm chan struct{} // the timer has to look again
	armed chan struct{} // the reader has to look again
}

func newTill(config Config, parts Parts, feed *station.Feed) *till {
	t := &till{
		config: config, parts: parts, feed: feed, logger: parts.Logger,
		rules: checkout.Rules{
			Timing: config.Timing, MerchantID: config.Merchant.ID, TerminalID: config.Terminal.String(), Terminal: config.Device,
		},
		sales: make(map[checkout.OrderID]*held), recent: newRecentSales(),
		shifts: shiftBoard{wake: make(chan struct{}, 1)}, rearm: make(chan struct{}, 1), armed: make(chan struct{}, 1),
	}
	t.offline.parts = parts.Offline
	t.followUps = newFollowUpDesk(t.rules)
	t.lookups = newLookupDesk()
	t.printer = newPrintWorker(t)
	t.devices = newDeviceBoard(t)
	return t
}

// give brings an event to a sale, carries out all that follows, and returns the first error of the journal. The lock is
// held. secret goes along with a payment that the event leads to; it is used up either way.
func (t *till) give(ctx context.Context, h *held, event checkout.Event, secret []byte) error {
	// A client that hangs up must not stop a commit half-way: what it asked for happens or does not.
	return t.carryThrough(context.WithoutCancel(ctx), h, []checkout.Event{event}, secret)
}

// carryThrough brings events to a sale until nothing follows any more.
func (t *till) carryThrough(ctx context.Context, h *held, pending []checkout.Event, secret []byte) error {
	defer t.settle(h)
	return carry(pending, func(next checkout.Event) ([]checkout.Event, error) {
		follows, err := t.step(ctx, h, next, secret)
		if err != nil {
			t.logger.ErrorContext(ctx, "commit failed", "sale", h.sale.OrderID, "event", fmt.Sprintf("%T", next), "error", err)
			t.keepSaleReports(ctx, h, next)
			follows = afterFailure(next)
		}
		return follows, err
	})
}

// carry takes a step for each event, in turn, until nothing follows any more; what follows an error is told with it. It
// returns all errors.
func carry[E any](pending []E, step func(E) ([]E, error)) (failure error) {
	for range eventsMax {
		if len(pending) == 0 {
			return failure
		}
		follows, err := step(pending[0])
		failure = errors.Join(failure, err)
		pending = append(pending[1:], follows...)
	}
	return errors.Join(failure, errTooManyEvents)
}

// step carries out one event and returns what follows from it; with an error the sale is as before.
func (t *till) step(ctx context.Context, h *held, event checkout.Event, secret []byte) ([]checkout.Event, error) {
	sale, effects := t.timedRules().Step(h.sale, event, t.parts.Clock())
	jobs := t.printer.prepare(saleSlip(sale), sale.OrderID, effects)
	recorded, err := t.commit(ctx, h, sale, effects)
	if err != nil {
		t.printer.abandon(jobs)
		return nil, err
	}
	h.sale = sale
	reports := t.printer.release(jobs)
	t.carryOut(ctx, h, effects, recorded, secret)
	// Places come before reports: the next snapshot has to know them, a restart reckons by it.
	var follows []checkout.Event
	for _, r := range recorded {
		follows = append(follows, checkout.Recorded{Type: r.kind, Sequence: r.sequence})
	}
	return append(follows, reports...), nil
}

// timedRules are the rules with what is known of the cloud's clock now.
func (t *till) timedRules() checkout.Rules {
	rules := t.rules
	rules.ClockOffset, rules.ClockKnown = t.parts.Uplink.ClockOffset()
	link := t.parts.Uplink.Status()
	rules.SignedIn = !link.HeardAt.IsZero() && link.OldCopyAt.IsZero()
	return rules
}

// afterFailure is what the machine is told when an event's commit failed. A sale that could not begin is no sale.
func afterFailure(failed checkout.Event) []checkout.Event {
	switch failed.(type) {
	case checkout.Started, checkout.JournalFailed:
		return nil
	default:
		return []checkout.Event{checkout.JournalFailed{Cause: failed}}
	}
}

// recorded is one record of a commit.
type recorded struct {
	kind     record.Type
	sequence uint64
	bytes    record.Record
}

// commit makes a step's records and the sale durable, all together.
func (t *till) commit(ctx context.Context, h *held, sale checkout.Sale, effects []checkout.Effect) ([]recorded, error) {
	entries, snapshot, err := entriesOf(sale, effects)
	if err != nil || snapshot == nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, t.save(ctx, *snapshot)
	}
	records, err := t.parts.Journal.Append(ctx, entries...)
	if err != nil {
		return nil, fmt.Errorf("commit sale: %w", err)
	}
	committed, err := t.keep(h, records)
	switch sale.State {
	case checkout.ApprovedOffline:
		t.noteAccepted(ctx, committed)
	case checkout.NotHonoured:
		t.offline.taken.Refuse(sale.OrderID, t.parts.Clock())
	default:
	}
	return committed, err
}

// keep reads a sale's committed records and keeps the urgent ones with it.
func (t *till) keep(h *held, records []record.Record) ([]recorded, error) {
	committed, urgent, err := remember(records)
	if h.records == nil {
		h.records = urgent
	} else {
		maps.Copy(h.records, urgent)
	}
	t.shifts.committed()
	return committed, err
}

// entriesOf are a step's records, the last of them with the sale's snapshot. Without records only the snapshot is to be
// saved; nil when nothing is.
func entriesOf(sale checkout.Sale, effects []checkout.Effect) ([]journal.Entry, *journal.Snapshot, error) {
	var entries []journal.Entry
	save := false
	for _, effect := range effects {
		switch e := effect.(type) {
		case checkout.Commit:
			entries = append(entries, journal.Entry{Type: e.Type, Body: e.Body, Begun: e.Begun})
		case checkout.Save:
			save = true
		}
	}
	if len(entries) == 0 && !save {
		return nil, nil, nil
	}
	state, err := sale.MarshalBinary()
	if err != nil {
		return nil, nil, fmt.Errorf("encode sale: %w", err)
	}
	snapshot := &journal.Snapshot{OrderID: journal.OrderID(sale.OrderID), State: state, Open: sale.Open()}
	if len(entries) > 0 {
		entries[len(entries)-1].Sale = snapshot
	}
	return entries, snapshot, nil
}

func (t *till) save(ctx context.Context, snapshot journal.Snapshot) error {
	if err := t.parts.Journal.SaveSale(ctx, snapshot); err != nil {
		return fmt.Errorf("save sale: %w", err)
	}
	return nil
}

// remember reads a commit's records, and picks the urgent ones, which may have to be sent again.
func remember(records []record.Record) (all []recorded, urgent map[uint64]record.Record, err error) {
	all = make([]recorded, 0, len(records))
	for _, bytes := range records {
		header, err := record.ParseHeader(bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("read committed record: %w", err)
		}
		if header.Type.Urgent() {
			if urgent == nil {
				urgent = make(map[uint64]record.Record, 2)
			}
			urgent[header.Sequence] = bytes
		}
		all = append(all, recorded{kind: header.Type, sequence: header.Sequence, bytes: bytes})
	}
	return all, urgent, nil
}

// settle moves a sale that is over out of the way.
func (t *till) settle(h *held) {
	id := h.sale.OrderID
	if id == (checkout.OrderID{}) {
		return // it could not begin
	}
	if h.sale.HoldsTill() {
		t.front = id
	} else if t.front == id {
		t.front = checkout.OrderID{}
	}
	if !h.sale.Open() {
		delete(t.sales, id)
		h.records, h.wake = nil, time.Time{}
		t.recent.put(h)
	}
}
