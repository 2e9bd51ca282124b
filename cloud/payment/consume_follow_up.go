package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// A follow-up's id becomes durable with its record, as waiting; its order then takes it on or declines it, in one step
// and one commit with the limits it is checked against. What waits is taken up by the sweep, and at the next start.

// FollowUps consumes FollowUpRequested records.
func (s *Service) FollowUps() collector.Consumer { return followUps{s} }

type followUps struct{ *Service }

// request is a follow-up as a record asks for it.
type request struct {
	terminal record.Terminal
	sequence uint64
	id       store.FollowUpID
	order    store.OrderID
	body     *message.FollowUpRequested
}

// parseFollowUp reads a record's body. A reason other than ReasonNone says that it is no follow-up at all.
func parseFollowUp(terminal record.Terminal, sequence uint64, content []byte) (request, operator.Reason) {
	r := request{terminal: terminal, sequence: sequence, body: new(message.FollowUpRequested)}
	err := proto.Unmarshal(content, r.body)
	if err != nil || len(r.body.GetFollowUpId()) != len(r.id) || len(r.body.GetOrderId()) != len(r.order) {
		return r, operator.ReasonInvalidRequest
	}
	r.id, r.order = store.FollowUpID(r.body.GetFollowUpId()), store.OrderID(r.body.GetOrderId())
	if r.id == (store.FollowUpID{}) || !r.body.GetOffline() && !message.Understood(r.body) {
		return r, operator.ReasonInvalidRequest
	}
	return r, operator.ReasonNone
}

// kindOf returns the kind, or an invalid one for what this program does not know.
func kindOf(body *message.FollowUpRequested) operator.FollowUpKind {
	if body.GetKind() < message.FollowUp_FOLLOW_UP_VOID || body.GetKind() > message.FollowUp_FOLLOW_UP_UNDO {
		return 0
	}
	return operator.FollowUpKind(body.GetKind())
}

func parseVerified(r collector.Verified) (request, operator.Reason) {
	asked, reason := parseFollowUp(r.Terminal.ID, r.Header.Sequence, r.Record.Body())
	if reason == operator.ReasonNone && asked.body.GetMerchantId() != r.Terminal.Merchant {
		reason = operator.ReasonTerminalNotAllowed
	}
	return asked, reason
}

// Consume notes the follow-up in the same commit as its record, and has its order look at it after the commit.
func (s followUps) Consume(ctx context.Context, r collector.Verified, _ []byte) (store.Change, func(error)) {
	asked, reason := parseVerified(r)
	newer := s.newer(r, "follow-up", asked.id, message.Understood(asked.body))
	if reason != operator.ReasonNone {
		return newer, s.afterCommit(func() { s.sendFollowUp(asked.terminal, declinedFollowUp(asked.body, reason, r.Header.Time)) })
	}
	first, err := s.config.Store.FollowUp(ctx, asked.id)
	switch {
	case err == nil:
		return store.Change{Alarms: []store.Alarm{s.reusedFollowUp(asked)}}, s.afterCommit(func() { s.tellFirst(s.ctx, asked, first) })
	case !errors.Is(err, store.ErrNotFound): // if the id is taken, the store refuses the record, which comes again
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "look for follow-up", slog.Any("cause", err))
	}
	row := store.FollowUp{ID: asked.id, Order: asked.order, Terminal: asked.terminal, Sequence: asked.sequence,
		State: store.FollowUpWaiting, At: instant(s.config.Clock.Now())}
	return store.Change{FollowUps: []store.FollowUp{row}, Alarms: newer.Alarms}, s.afterCommit(func() { s.follow(s.ctx, asked) })
}

// Again tells how the follow-up stands, or takes it up when its order has not looked at it yet.
func (s followUps) Again(ctx context.Context, r collector.Verified, _ []byte) {
	asked, reason := parseVerified(r)
	if reason != operator.ReasonNone {
		s.sendFollowUp(asked.terminal, declinedFollowUp(asked.body, reason, r.Header.Time))
		return
	}
	s.start(func() {
		row, err := s.config.Store.FollowUp(s.ctx, asked.id)
		switch {
		case err != nil: // the terminal asks again
			s.config.Logger.LogAttrs(ctx, slog.LevelError, "look for follow-up", slog.Any("cause", err))
		case row.Terminal != asked.terminal || row.Sequence != asked.sequence:
			s.tellFirst(s.ctx, asked, row)
		case row.State == store.FollowUpDeclined:
			s.sendFollowUp(asked.terminal, declinedFollowUp(asked.body, operator.Reason(row.Reason), row.At))
		default:
			s.follow(s.ctx, asked)
		}
	})
}

// afterCommit runs something once the record is stored; otherwise the terminal sends it again.
func (s *Service) afterCommit(run func()) func(error) {
	return func(err error) {
		if err == nil {
			s.start(run)
		}
	}
}

// recoverFollowUps takes up what was stored with its record and that no order looked at. One that cannot be read is told
// of, and holds up none of the others.
func (s *Service) recoverFollowUps(ctx context.Context) error {
	var after store.FollowUpID
	for {
		rows, err := s.config.Store.WaitingFollowUps(ctx, after, recoverAtOnce)
		if err != nil {
			return fmt.Errorf("load waiting follow-ups: %w", err)
		}
		for _, row := range rows {
			after = row.ID
			asked, err := s.readRequest(ctx, row)
			if err != nil {
				s.unreadable(ctx, "follow-up "+row.ID.String(), row.Terminal, err)
				continue
			}
			s.start(func() { s.follow(s.ctx, asked) })
		}
		if len(rows) < recoverAtOnce {
			return nil
		}
	}
}

// readRequest reads the record that a row belongs to.
func (s *Service) readRequest(ctx context.Context, row store.FollowUp) (request, error) {
	stored, err := s.config.Store.Record(ctx, row.Terminal, row.Sequence)
	if err != nil {
		return request{}, fmt.Errorf("read record of follow-up %s: %w", row.ID, err)
	}
	asked, reason := parseFollowUp(row.Terminal, row.Sequence, stored.Bytes.Body())
	if reason != operator.ReasonNone {
		return request{}, fmt.Errorf("read record of follow-up %s: %s", row.ID, reason)
	}
	return asked, nil
}

// follow lets the order look at a follow-up that is stored; one that it knows is told how it stands. What cannot be done
// now waits for the next time that the terminal asks, the sweep or the next start.
func (s *Service) follow(ctx context.Context, asked request) {
	err := s.tryFollow(ctx, asked)
	if err != nil && s.ctx.Err() == nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "follow order up", slog.String("order", asked.order.String()),
			slog.Any("cause", err))
	}
}

func (s *Service) tryFollow(ctx context.Context, asked request) error {
	p, err := s.look(ctx, asked.order)
	offline := asked.body.GetOffline()
	if offline && errors.Is(err, store.ErrNotFound) || err == nil && (offline || p.Offline) && p.Outcome() == OutcomeUnknown {
		return nil // the payment is on its way, or not decided yet (SPEC 7.8.6): the sweep looks again
	}
	if errors.Is(err, store.ErrNotFound) || err == nil && p.Merchant != asked.body.GetMerchantId() {
		return s.declineRow(ctx, asked, operator.ReasonUnknownOrder)
	}
	if err != nil {
		return err
	}
	if taken, err := s.taken(ctx, store.OrderID(asked.id)); taken || err != nil {
		if err != nil {
			return err
		}
		return s.declineRow(ctx, asked, operator.ReasonInvalidRequest, s.reusedFollowUp(asked))
	}
	reference, err := s.references.next(ctx)
	if err != nil {
		return err
	}
	l, err := s.find(ctx, asked.order)
	if err != nil {
		return err
	}
	body := asked.body
	f := FollowUp{ID: operator.FollowUpID(asked.id), Kind: kindOf(body),
		Amount: body.GetAmount(), Last: body.GetLast(), Terminal: asked.terminal.String(), Sequence: asked.sequence, Reference: reference}
	if len(body.GetUndoes()) == len(f.Undoes) {
		f.Undoes = operator.FollowUpID(body.GetUndoes())
	}
	s.handle(l, Event{Kind: EventFollowUpRequested, Asked: &Asked{FollowUp: f, Currency: body.GetCurrency(), Batch: body.GetBatch(),
		Offline: body.GetOffline()}})
	return nil
}

// declineRow declines a follow-up that no order looks at.
func (s *Service) declineRow(ctx context.Context, asked request, reason operator.Reason, alarms ...store.Alarm) error {
	now := instant(s.config.Clock.Now())
	row := store.FollowUp{ID: asked.id, Order: asked.order, Terminal: asked.terminal, Sequence: asked.sequence,
		State: store.FollowUpDeclined, Reason: uint8(reason), At: now}
	if asked.body.GetOffline() { // the terminal has told the customer that it is done
		alarms = append(alarms, store.Alarm{Key: "payment-return-not-done/" + asked.order.String(), Kind: "payment-return-not-done",
			Terminal: asked.terminal.String(), At: now, Detail: fmt.Sprintf("order %s: follow-up %s was accepted offline and is declined: %s",
				asked.order, asked.id, reason)})
	}
	err := s.config.Store.Commit(ctx, store.Change{FollowUps: []store.FollowUp{row}, Alarms: alarms})
	var conflict *store.ConflictError
	if errors.As(err, &conflict) && conflict.Kind == store.FollowUpMoved {
		return nil // it was asked for twice at once, and the other one was told
	}
	if err != nil {
		return err
	}
	s.metrics.followUp.WithLabelValues(kindOf(asked.body).String(), OutcomeDeclined.String()).Inc()
	s.sendFollowUp(asked.terminal, declinedFollowUp(asked.body, reason, now))
	return nil
}

func (s *Service) reusedFollowUp(asked request) store.Alarm {
	return store.Alarm{Key: "follow-up-reused/" + asked.terminal.String(), Kind: "follow-up-reused", Terminal: asked.terminal.String(),
		Detail: "the id of follow-up " + asked.id.String() + " was used before", At: s.config.Clock.Now()}
}

// tellFirst answers a record whose id another record had used with what became of that one; another merchant's is told
// nothing.
func (s *Service) tellFirst(ctx context.Context, asked request, row store.FollowUp) {
	first, err := s.readRequest(ctx, row)
	if err != nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "look for first follow-up", slog.Any("cause", err))
		return
	}
	if first.body.GetMerchantId() != asked.body.GetMerchantId() {
		s.sendFollowUp(asked.terminal, declinedFollowUp(asked.body, operator.ReasonUnknownOrder, row.At))
		return
	}
	if row.State == store.FollowUpDeclined {
		s.sendFollowUp(asked.terminal, declinedFollowUp(first.body, operator.Reason(row.Reason), row.At))
		return
	}
	p, err := s.look(ctx, row.Order)
	if err != nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "find payment", slog.Any("cause", err))
		return
	}
	if f, known := p.FollowUp(operator.FollowUpID(row.ID)); known {
		s.sendFollowUp(asked.terminal, followUpResult(p, f))
	}
}

// followUpRow is what a step made of a follow-up.
func followUpRow(p Payment, asked *Asked, effect Effect) store.FollowUp {
	row := store.FollowUp{ID: store.FollowUpID(effect.FollowUp), Order: store.OrderID(p.OrderID), State: store.FollowUpTaken,
		Reason: uint8(effect.Reason)}
	if effect.Kind == DeclineFollowUp {
		row.State = store.FollowUpDeclined
	}
	if asked != nil {
		row.Sequence = asked.Sequence
		copy(row.Terminal[:], asked.Terminal)
	}
	return row
}

// answerFollowUp tells the terminal that asked how its follow-up stands.
func (s *Service) answerFollowUp(p Payment, id operator.FollowUpID) {
	f, known := p.FollowUp(id)
	if !known || f.own() {
		return
	}
	var terminal record.Terminal
	copy(terminal[:], f.Terminal)
	s.sendFollowUp(terminal, followUpResult(p, f))
}

// answerDeclined tells the terminal that asked that its follow-up was declined at once.
func (s *Service) answerDeclined(p Payment, asked *Asked, effect Effect) {
	if asked == nil {
		return
	}
	refused := asked.FollowUp
	refused.Status, refused.Reason, refused.Revision, refused.Reference = Refused, effect.Reason, 1, ""
	refused.DecidedAt = s.config.Clock.Now()
	var terminal record.Terminal
	copy(terminal[:], asked.Terminal)
	s.sendFollowUp(terminal, followUpResult(p, refused))
}

func (s *Service) sendFollowUp(terminal record.Terminal, result *message.FollowUpResult) {
	if err := s.config.Answers.Send(s.ctx, terminal, record.FollowUpResult, result); err != nil && s.ctx.Err() == nil {
		s.config.Logger.LogAttrs(s.ctx, slog.LevelWarn, "send follow-up result", slog.String("terminal", terminal.String()),
			slog.Any("cause", err))
	}
}
