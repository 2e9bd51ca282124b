package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/offline"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// refusedRead bounds the records that a start reads back for payments that no operator honours: more than a till makes in the
// day for which they count.
const refusedRead = 1 << 15

// refusal is when the till heard that no operator honours an order.
type refusal struct {
	order checkout.OrderID
	at    time.Time
}

// rebuildRefused counts what no operator honours by the records of the last day: a start frees nothing (SPEC.md 7.8.2).
func (t *till) rebuildRefused(ctx context.Context) error {
	var found []refusal
	now, end := t.parts.Clock(), t.parts.Journal.Tail().Sequence
	for least := end - min(end, refusedRead); end > least; {
		begin := end - min(end-least, rebuildAtOnce)
		page, recent, err := t.refusalsOf(ctx, begin, end, now.Add(-offline.RefusedWithin))
		if err != nil {
			return fmt.Errorf("read outcomes: %w", err)
		}
		if found = append(found, page...); !recent {
			break
		}
		end = begin
	}
	for _, r := range slices.Backward(found) { // the first that was heard counts
		t.noteRefused(ctx, r)
	}
	return nil
}

// refusalsOf finds what the records behind one sequence and up to another say was declined, the newest first, and whether any of them
// was made since a time: clocks are set, so that one record's time says little about the others'.
func (t *till) refusalsOf(ctx context.Context, begin, end uint64, since time.Time) (found []refusal, recent bool, err error) {
	for begin < end {
		records, err := t.offline.parts.Journal.Records(ctx, begin, int(end-begin), rebuildBytes)
		if err != nil || len(records) == 0 {
			return found, recent, err
		}
		for _, r := range records {
			header, err := record.ParseHeader(r)
			if err != nil {
				return nil, false, err
			}
			begin, recent = header.Sequence, recent || header.Time.After(since)
			var body message.OutcomeShown
			if header.Type != record.OutcomeShown || proto.Unmarshal(r.Body(), &body) != nil {
				continue
			}
			if id := body.GetOrderId(); len(id) == len(checkout.OrderID{}) && body.GetOutcome() == message.Outcome_OUTCOME_DECLINED {
				found = append(found, refusal{checkout.OrderID(id), header.Time})
			}
		}
	}
	slices.Reverse(found)
	return found, recent, nil
}

// noteRefused counts a payment that the till took by itself and no operator honours; any other is passed over. The lock is held.
func (t *till) noteRefused(ctx context.Context, r refusal) {
	stored, err := t.parts.Journal.Find(ctx, journal.OrderID(r.order))
	if errors.Is(err, journal.ErrNotFound) {
		return
	}
	var sale checkout.Sale
	if err == nil {
		err = sale.UnmarshalBinary(stored.State)
	}
	if err != nil { // it is told where sales are taken up
		t.logger.ErrorContext(ctx, "sale that was declined cannot be read", "sale", r.order, "error", err)
		return
	}
	if sale.State != checkout.NotHonoured {
		return
	}
	if !t.offline.taken.Has(r.order) {
		t.noteRequested(ctx, sale)
	}
	t.offline.taken.Refuse(r.order, r.at)
}
