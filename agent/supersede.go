package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/record"
)

// supersedeMax bounds how many sales one after another may take each other's place.
const supersedeMax = 64

// present brings what a customer presented to the sale that holds the till, and returns the sale that it went to: another
// one when it takes the place of a shown code. The lock is held.
func (t *till) present(ctx context.Context, h *held, event checkout.Event, secret []byte) (*held, error) {
	if !t.rules.Supersedes(h.sale, event) || t.undecided() >= openMax || t.needShift(ctx, h.sale.Cashier) != nil {
		return h, t.give(ctx, h, event, secret)
	}
	next, err := t.supersede(context.WithoutCancel(ctx), h, event, secret)
	if err != nil {
		t.logger.ErrorContext(ctx, "shown code not superseded", "sale", h.sale.OrderID, "error", err)
		_ = t.give(ctx, h, checkout.JournalFailed{Cause: event}, nil) // it says so on the screen
		return h, err
	}
	return next, nil
}

// supersede makes both sales durable in one commit and carries out what follows: the shown order goes on being taken
// back behind, the new one holds the till.
func (t *till) supersede(ctx context.Context, h *held, event checkout.Event, secret []byte) (*held, error) {
	id, err := uuid.NewV7FromReader(t.parts.Random)
	if err != nil {
		return nil, fmt.Errorf("mint order id: %w", err)
	}
	batch, voucher := t.shifts.numbers()
	before, after := t.timedRules().Supersede(h.sale,
		checkout.Successor{OrderID: checkout.OrderID(id), Batch: batch, Voucher: voucher}, event, t.parts.Clock())
	taken, _, err := entriesOf(before.Sale, before.Effects)
	if err != nil {
		return nil, err
	}
	begun, _, err := entriesOf(after.Sale, after.Effects)
	if err != nil {
		return nil, err
	}
	records, err := t.parts.Journal.Append(ctx, slices.Concat(taken, begun)...)
	if err != nil {
		return nil, fmt.Errorf("commit sales: %w", err)
	}
	t.shifts.voucher = voucher
	next := &held{}
	t.sales[after.Sale.OrderID] = next
	if err := t.adopt(ctx, h, before, records[:len(taken)], nil); err != nil {
		return nil, err
	}
	return next, t.adopt(ctx, next, after, records[len(taken):], secret)
}

// adopt carries out a change that is durable.
func (t *till) adopt(ctx context.Context, h *held, change checkout.Change, records []record.Record, secret []byte) error {
	h.sale = change.Sale
	committed, err := t.keep(h, records)
	if err != nil {
		return err
	}
	t.carryOut(ctx, h, change.Effects, committed, secret)
	t.settle(h)
	for _, r := range committed {
		// An error is in the log, and the machine tries again.
		_ = t.give(ctx, h, checkout.Recorded{Type: r.kind, Sequence: r.sequence}, nil)
	}
	return nil
}

// newest follows a sale to the one that stands for it now.
func (t *till) newest(ctx context.Context, h *held) (*held, error) {
	for range supersedeMax {
		if h.sale.SupersededBy == (checkout.OrderID{}) {
			return h, nil
		}
		next, err := t.find(ctx, h.sale.SupersededBy)
		if err != nil {
			return nil, err
		}
		h = next
	}
	return h, nil
}
