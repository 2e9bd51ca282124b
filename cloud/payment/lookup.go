package payment

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// lookupIDLen is the length of a lookup's id in bytes.
const lookupIDLen = 16

// Lookups consumes OrderLookup records: they move nothing and are answered once, each time they come.
func (s *Service) Lookups() collector.Consumer { return lookups{s} }

type lookups struct{ *Service }

// Consume answers after the commit of the record.
func (s lookups) Consume(_ context.Context, r collector.Verified, _ []byte) (store.Change, func(error)) {
	return store.Change{}, s.afterCommit(func() { s.answer(s.ctx, r) })
}

// Again answers once more.
func (s lookups) Again(_ context.Context, r collector.Verified, _ []byte) {
	s.start(func() { s.answer(s.ctx, r) })
}

func (s lookups) answer(ctx context.Context, r collector.Verified) {
	var body message.OrderLookup
	if err := proto.Unmarshal(r.Record.Body(), &body); err != nil || len(body.GetLookupId()) != lookupIDLen {
		s.config.Logger.LogAttrs(ctx, slog.LevelWarn, "unreadable lookup", slog.String("terminal", r.Terminal.ID.String()))
		return
	}
	p, err := s.locate(ctx, r.Terminal.Merchant, &body)
	found := &message.OrderFound{LookupId: body.GetLookupId()}
	switch {
	case err == nil:
		found.Found, found.Payment, found.Method = true, result(p), message.Method(p.Method)
		found.RequestedAt, found.Terminal, found.Batch, found.Voucher = protocolTime(p.CreatedAt), p.Terminal, p.Batch, p.Voucher
	case !errors.Is(err, store.ErrNotFound): // the terminal asks again
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "look order up", slog.Any("cause", err))
		return
	}
	if err := s.config.Answers.Send(ctx, r.Terminal.ID, record.OrderFound, found); err != nil && s.ctx.Err() == nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelWarn, "send found order", slog.String("terminal", r.Terminal.ID.String()),
			slog.Any("cause", err))
	}
}

// locate finds an order of the merchant by its id or the number on its receipt, or returns store.ErrNotFound.
func (s *Service) locate(ctx context.Context, merchant string, body *message.OrderLookup) (Payment, error) {
	if len(body.GetOrderId()) == len(store.OrderID{}) {
		p, err := s.look(ctx, store.OrderID(body.GetOrderId()))
		if err == nil && p.Merchant != merchant {
			return Payment{}, store.ErrNotFound
		}
		return p, err
	}
	if len(body.GetReference()) != referenceLen {
		return Payment{}, store.ErrNotFound
	}
	// What is going on is newer than what was booked.
	if p, going := s.goingOn(merchant, body.GetReference()); going {
		return p, nil
	}
	rows, err := s.config.Store.PaymentsByReference(ctx, merchant, body.GetReference(), 1)
	if err != nil {
		return Payment{}, err
	}
	if len(rows) == 0 {
		return Payment{}, store.ErrNotFound
	}
	return s.look(ctx, rows[0].Order)
}

// goingOn finds a payment of the merchant that is in memory by its number.
func (s *Service) goingOn(merchant, reference string) (Payment, bool) {
	s.mu.Lock()
	l := s.numbered[reference]
	s.mu.Unlock()
	if l == nil {
		return Payment{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.payment, l.revision > 0 && l.payment.Merchant == merchant
}
