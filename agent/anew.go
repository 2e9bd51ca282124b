package agent

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// refusedForEver reports whether a refused record can never be taken: its epoch ended before its place, or the cloud has a
// copy's record there, and this terminal has opened another epoch since. What is made anew is of the present epoch, so
// nothing is made anew more than once for each epoch, however often its refusal comes.
func refusedForEver(refusal *message.Refusal, present uint32) bool {
	switch refusal.GetCause() {
	case message.Refusal_CAUSE_EPOCH, message.Refusal_CAUSE_OTHER_BYTES:
		return refusal.GetEpoch() < present
	default: // CHAIN and TERMINAL wait for a person; TAG and MALFORMED are about one message
		return false
	}
}

// anew has what the record asked for asked for once more. Records that only inform are not missed (SPEC.md 7.5.1). A commit
// that fails is tried again at the next refusal, which comes as long as the sale asks. The lock is held.
func (t *till) anew(ctx context.Context, refusal *message.Refusal) {
	refused, err := t.parts.Journal.Get(ctx, refusal.GetSequence())
	if errors.Is(err, journal.ErrNotFound) {
		return // a copy's record
	}
	var header record.Header
	if err == nil {
		header, err = record.ParseHeader(refused)
	}
	if err == nil && header.Epoch == refusal.GetEpoch() { // else a copy's under the same number
		err = t.askAnew(ctx, header, refused.Body())
	}
	if err != nil {
		t.logger.ErrorContext(ctx, "refused record not made anew", "sequence", refusal.GetSequence(), "error", err)
	}
}

// askAnew gives the refusal to the sale or follow-up that the record belongs to.
func (t *till) askAnew(ctx context.Context, header record.Header, body []byte) error {
	switch header.Type {
	case record.PaymentRequested:
		payment := &message.PaymentRequested{}
		if err := proto.Unmarshal(body, payment); err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		return t.saleAnew(ctx, payment.GetOrderId(), header.Sequence)
	case record.ReversalRequested:
		var reversal message.ReversalRequested
		if err := proto.Unmarshal(body, &reversal); err != nil {
			return fmt.Errorf("read reversal: %w", err)
		}
		return t.saleAnew(ctx, reversal.GetOrderId(), header.Sequence)
	case record.FollowUpRequested:
		request := &message.FollowUpRequested{}
		if err := proto.Unmarshal(body, request); err != nil {
			return fmt.Errorf("read follow-up: %w", err)
		}
		return t.followUpAnew(ctx, request, header.Sequence)
	default:
		return nil
	}
}

func (t *till) saleAnew(ctx context.Context, order []byte, sequence uint64) error {
	var id checkout.OrderID
	copy(id[:], order)
	h, err := t.find(ctx, id)
	if err != nil {
		return err
	}
	payment, err := t.paymentOf(ctx, h.sale)
	if err != nil {
		return err
	}
	_ = t.give(ctx, h, checkout.RecordRefused{Sequence: sequence, Payment: payment}, nil) // its error is in the log
	return nil
}

// paymentOf reads what a sale's newest request says; nil while it has none.
func (t *till) paymentOf(ctx context.Context, sale checkout.Sale) (*message.PaymentRequested, error) {
	if sale.PaymentSequence == 0 {
		return nil, nil
	}
	stored, err := t.parts.Journal.Get(ctx, sale.PaymentSequence)
	payment := &message.PaymentRequested{}
	if err == nil {
		err = proto.Unmarshal(stored.Body(), payment)
	}
	if err != nil {
		return nil, fmt.Errorf("read payment: %w", err)
	}
	return payment, nil
}

func (t *till) followUpAnew(ctx context.Context, request *message.FollowUpRequested, sequence uint64) error {
	var id followup.ID
	copy(id[:], request.GetFollowUpId())
	h, err := t.findFollowUp(ctx, id)
	if err != nil {
		return err
	}
	_ = t.giveFollowUp(ctx, h, followup.RecordRefused{Sequence: sequence, Request: request}) // as above
	return nil
}
