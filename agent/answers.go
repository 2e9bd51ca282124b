package agent

import (
	"context"
	"errors"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
)

// runAnswers brings the cloud's answers to their sales. The first may be there before the printer is: an answer that
// was waited for over a restart should still be printed.
func (t *till) runAnswers(ctx context.Context) error {
	select {
	case <-t.devices.printerTried:
	case <-time.After(printerWait):
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		if err := t.hear(ctx); err != nil {
			return err
		}
	}
}

// hear brings the next answer to what waits for it, or returns ctx's error.
func (t *till) hear(ctx context.Context) error {
	uplink := t.parts.Uplink
	select {
	case result := <-uplink.Results():
		t.answer(ctx, result)
	case result := <-uplink.FollowUpResults():
		t.followUpAnswer(ctx, result)
	case order := <-uplink.OrdersFound():
		t.lookups.answer(order)
	case refusal := <-uplink.Refusals():
		t.refusal(ctx, refusal)
	case answer := <-t.limitsCome():
		t.takeLimits(ctx, answer)
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// unheard counts the answers that are there to be heard.
func (t *till) unheard() int {
	uplink := t.parts.Uplink
	return len(uplink.Results()) + len(uplink.FollowUpResults()) + len(uplink.OrdersFound()) + len(uplink.Refusals()) + len(t.limitsCome())
}

func (t *till) answer(ctx context.Context, result *message.PaymentResult) {
	if len(result.GetOrderId()) != len(checkout.OrderID{}) {
		t.logger.ErrorContext(ctx, "answer without an order", "bytes", len(result.GetOrderId()))
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	h, err := t.find(ctx, checkout.OrderID(result.GetOrderId()))
	if err != nil {
		t.logger.ErrorContext(ctx, "answer for a sale that is not known", "sale", checkout.OrderID(result.GetOrderId()), "error", err)
		t.tellStrange(err)
		return
	}
	// On an error the sale is unchanged; the cloud is asked again and answers again.
	_ = t.give(ctx, h, checkout.ResultArrived{Result: result}, nil)
}

// tellStrange says that the cloud knows of money under this terminal's name that the journal has not. The lock is held.
func (t *till) tellStrange(err error) {
	var refusal *station.Refusal
	if errors.As(err, &refusal) {
		t.feed.PublishNotice("", catalogue.NoticeStrangeAnswer, t.parts.Clock())
	}
}

// refusal tells somebody, and ends new payments where the cloud takes none from this terminal; a sale that has asked
// goes on asking until it is definite.
func (t *till) refusal(ctx context.Context, refusal *message.Refusal) {
	t.logger.ErrorContext(ctx, "cloud refused a record",
		"sequence", refusal.GetSequence(), "epoch", refusal.GetEpoch(), "cause", refusal.GetCause().String())
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.standing.note(refusal, t.parts.Journal) {
		t.feed.PublishNotice("", t.standing.phrase, t.parts.Clock())
		signal(t.armed)
	}
	if refusedForEver(refusal, t.parts.Journal.Tail().Epoch) {
		t.anew(ctx, refusal)
		return
	}
	t.tellRefused(refusal)
}

// tellRefused says beside what waits for an answer that its own record was refused: asking again will not settle it. The
// lock is held.
func (t *till) tellRefused(refusal *message.Refusal) {
	sequence := refusal.GetSequence()
	switch refusal.GetCause() {
	case message.Refusal_CAUSE_EPOCH, message.Refusal_CAUSE_CHAIN, message.Refusal_CAUSE_OTHER_BYTES,
		message.Refusal_CAUSE_TAG, message.Refusal_CAUSE_MALFORMED:
	default:
		return
	}
	for _, h := range t.sales {
		own := sequence != 0 && (h.sale.PaymentSequence == sequence || h.sale.ReversalSequence == sequence)
		if notice := refusedNotice(h.sale); own && notice != catalogue.None && h.notice != notice {
			h.notice = notice
			t.feed.PublishSale(t.view(h), t.parts.Clock())
		}
	}
	for _, h := range t.followUps.open {
		own := sequence != 0 && h.followUp.RequestSequence == sequence
		if own && !h.followUp.State.Final() && h.notice != catalogue.NoticeFollowUpRefused {
			h.notice = catalogue.NoticeFollowUpRefused
			t.feed.PublishFollowUp(t.followUpView(h), t.parts.Clock())
		}
	}
}

// refusedNotice is what is said beside a sale whose record was refused; nothing where its outcome is known.
func refusedNotice(s checkout.Sale) catalogue.Phrase {
	switch {
	case s.State == checkout.ApprovedOffline:
		return catalogue.NoticeOfflineRefused
	case s.State.Undecided():
		return catalogue.NoticeRecordRefused
	default:
		return catalogue.None
	}
}
