package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
)

const (
	orderNeedsPerson = message.OrderStanding_ORDER_STANDING_PERSON
	orderGoneBack    = message.OrderStanding_ORDER_STANDING_GONE_BACK
)

// refuseOrder says why the shop may not say so of an order, or nil. What was given back by hand, here or elsewhere, is not
// accepted any more.
func (t *till) refuseOrder(ctx context.Context, h *held, says checkout.OrderStanding) error {
	phrase := h.sale.RefusesOrder(says)
	accepts := says == message.OrderStanding_ORDER_STANDING_ACCEPTED && h.sale.Order.Standing != says
	if phrase == catalogue.None && accepts {
		done, err := t.followUpsOf(ctx, h.sale.OrderID)
		if err != nil {
			return err
		}
		if followup.Kept(t.asFound(h.sale), done) == 0 {
			phrase = catalogue.RefuseOrderGivenBack
		}
	}
	if phrase == catalogue.None {
		return nil
	}
	return &station.Refusal{Phrase: phrase}
}

// giveBack sees to it that the money of an order that was not accepted goes back, through refusals and restarts: a look at
// what was asked for says what is to be asked for next. The lock is held.
func (t *till) giveBack(ctx context.Context, h *held) {
	if !h.sale.GoesBack() && !h.sale.NeedsPerson() {
		return
	}
	id := h.sale.OrderID
	done, err := t.followUpsOf(ctx, id)
	if err != nil {
		t.logger.ErrorContext(ctx, "order's follow-ups not read", "sale", id, "error", err)
		return
	}
	way, kind, amount := followup.GiveBack(t.asFound(h.sale), done, t.shiftNow())
	switch {
	case way == followup.WayBack:
		_ = t.give(ctx, h, checkout.OrderDecided{Standing: orderGoneBack}, nil) // its error is in the log: looked at again
	case h.sale.NeedsPerson():
	case way == followup.WayPerson:
		t.logger.ErrorContext(ctx, "order's money cannot be given back by the till", "sale", id)
		_ = t.give(ctx, h, checkout.OrderDecided{Standing: orderNeedsPerson}, nil)
	case way == followup.WayAsk:
		said := catalogue.NoticeOrderUnaccepted.Text()
		_, err := t.beginFollowUp(ctx, id, station.FollowUpWish{Kind: kind, Amount: amount, Cashier: h.sale.Cashier,
			Note: said.Chinese + " " + said.English, Origin: checkout.Origin{Key: followup.OwnKey}})
		t.tellNotAsked(ctx, h, err)
	}
}

// tellNotAsked says beside the sale why its money cannot be asked back yet; that is tried again.
func (t *till) tellNotAsked(ctx context.Context, h *held, err error) {
	var refusal *station.Refusal
	if !errors.As(err, &refusal) || h.notice == refusal.Phrase {
		return
	}
	t.logger.WarnContext(ctx, "order's money not asked back yet", "sale", h.sale.OrderID, "error", err)
	h.notice = refusal.Phrase
	t.feed.PublishSale(t.view(h), t.parts.Clock())
}

// lookAfter has the order that a follow-up was about looked after at once. The lock is held.
func (t *till) lookAfter(id checkout.OrderID) {
	if h := t.sales[id]; h != nil && (h.sale.GoesBack() || h.sale.NeedsPerson()) {
		h.wake = t.parts.Clock()
		signal(t.rearm)
	}
}

// doubtOrders hands the orders to a person of which an old copy of the journal cannot know whether they were accepted. What
// cannot be recorded now is at the next look. The lock is held.
func (t *till) doubtOrders(ctx context.Context) {
	if t.parts.Uplink.Status().OldCopyAt.IsZero() {
		return
	}
	for _, h := range t.byAge(func(h *held) bool { return h.sale.Resumed }) {
		t.doubtOrder(ctx, h)
	}
}

// doubtLost does the same for a sale that was taken up and is older than records which are known to be lost.
func (t *till) doubtLost(ctx context.Context, h *held) error {
	if h.sale.Order.Within == 0 || !h.sale.Resumed {
		return nil
	}
	counts, err := t.parts.Journal.Counts(ctx)
	if err != nil {
		return fmt.Errorf("read losses: %w", err)
	}
	if older(h.sale, counts.Lost) {
		t.doubtOrder(ctx, h)
	}
	return nil
}

func older(s checkout.Sale, lost []journal.Loss) bool {
	for _, l := range lost {
		if s.PaymentSequence < l.First {
			return true
		}
	}
	return false
}

func (t *till) doubtOrder(ctx context.Context, h *held) {
	if h.sale.Order.Within > 0 && h.sale.Order.Standing == 0 {
		t.logger.ErrorContext(ctx, "old copy of the journal: order's acceptance may be lost", "sale", h.sale.OrderID)
		_ = t.give(ctx, h, checkout.OrderDecided{Standing: orderNeedsPerson}, nil) // its error is in the log
	}
}

// openOrders are the orders whose money is kept and that were not accepted, oldest first. The lock is held.
func (t *till) openOrders() []station.Sale {
	var open []station.Sale
	for _, h := range t.byAge(func(h *held) bool { return h.sale.GoesBack() || h.sale.NeedsPerson() }) {
		if len(open) == ordersTold {
			break
		}
		open = append(open, station.NewSale(t.view(h), t.parts.Clock()))
	}
	return open
}

// ordersTold bounds the orders that a status names.
const ordersTold = 32

// shopOrder is the shop's order that a sale begins with.
func shopOrder(start station.Start) checkout.ShopOrder {
	if start.AcceptWithin <= 0 {
		return checkout.ShopOrder{Reference: start.OrderReference}
	}
	within := min(max(start.AcceptWithin, checkout.AcceptMin), checkout.AcceptMax)
	return checkout.ShopOrder{Reference: start.OrderReference, Within: within.Truncate(time.Second)}
}
