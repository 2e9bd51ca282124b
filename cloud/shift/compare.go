package shift

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// errNotYet says that something of the shift is not stored or not definite yet.
var errNotYet = errors.New("shift: not all is there yet")

// taking is how many and how much.
type taking struct {
	count  uint32
	amount int64 // minor units
}

func (t taking) add(amount int64) taking { return taking{t.count + 1, t.amount + amount} }

// books are what the cloud says of a shift's stretch of records.
type books struct {
	sales     map[string]taking // by method of package closing
	refunds   taking
	cashMoved int64
	// offline are the orders and follow-ups that count on the terminal's word, each once: a record that it had to make anew
	// says the same as the one that was refused.
	offline map[[16]byte]bool
	bounds  bounds
}

// counts reports whether a record stands for its order or follow-up in this shift. One that was made anew in the place of
// a record before the shift does not (SPEC.md 7.9.3), and neither does a second one of what was taken offline.
func (b books) counts(row store.Shift, again uint64, offline bool, id []byte) bool {
	key := [16]byte(id)
	if again != 0 && again < row.First || offline && b.offline[key] {
		return false
	}
	if offline {
		b.offline[key] = true
	}
	return true
}

// compareOne holds a shift against the books and keeps what was found. It reports whether the shift waits no longer.
func (s *Service) compareOne(ctx context.Context, row store.Shift) (bool, error) {
	var closed message.ShiftClosed
	if err := proto.Unmarshal(row.Body, &closed); err != nil {
		return false, fmt.Errorf("read shift %s: %w", row.ID, err)
	}
	own, err := s.read(ctx, row)
	if errors.Is(err, errNotYet) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read books of shift %s: %w", row.ID, err)
	}
	row.State = store.ShiftAgrees
	change := store.Change{}
	if findings := append(own.stretch(&closed, row), differences(&closed, own)...); len(findings) > 0 {
		differing := strings.Join(findings, "; ")
		row.State, row.Findings = store.ShiftDiffers, joined(row.Findings, differing)
		change.Alarms = append(change.Alarms, s.alarm(row, alarmDiffers, differing))
	}
	change.Shifts = append(change.Shifts, row)
	if err := s.config.Store.Commit(ctx, change); err != nil {
		return false, fmt.Errorf("store comparison of shift %s: %w", row.ID, err)
	}
	return true, nil
}

// read goes through the shift's records, all of which must be stored, and asks the books about each payment. Error:
// errNotYet.
func (s *Service) read(ctx context.Context, row store.Shift) (books, error) {
	own := books{sales: make(map[string]taking), offline: make(map[[16]byte]bool)}
	head, err := s.config.Store.Head(ctx, row.Terminal)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return own, errNotYet
	case err != nil:
		return own, err
	case head.HighWater <= row.Last: // the record behind it says whether it is the last
		return own, errNotYet
	}
	for after := max(row.First, 1) - 1; after <= row.Last; {
		records, err := s.config.Store.Records(ctx, row.Terminal, after, recordsMax)
		if err != nil {
			return own, err
		}
		if len(records) == 0 {
			return own, errNotYet
		}
		for _, r := range records {
			after = r.Sequence
			if err := own.bounds.look(row, r); err != nil {
				return own, err
			}
			if after > row.Last {
				break
			}
			if err := s.take(ctx, &own, row, r); err != nil {
				return own, err
			}
		}
	}
	return own, nil
}

// take adds what one record stands for.
func (s *Service) take(ctx context.Context, own *books, row store.Shift, r store.Record) error {
	header, err := record.ParseHeader(r.Bytes)
	if err != nil {
		return err
	}
	switch header.Type {
	case record.PaymentRequested:
		var m message.PaymentRequested
		if err := proto.Unmarshal(r.Bytes.Body(), &m); err != nil || len(m.GetOrderId()) != len(store.OrderID{}) {
			return nil // it became no payment
		}
		if !own.counts(row, m.GetAgain(), m.GetOffline() != nil, m.GetOrderId()) {
			return nil
		}
		return s.takePayment(ctx, own, r, &m)
	case record.FollowUpRequested:
		var m message.FollowUpRequested
		if err := proto.Unmarshal(r.Bytes.Body(), &m); err != nil || len(m.GetFollowUpId()) != len(store.FollowUpID{}) {
			return nil
		}
		if !own.counts(row, m.GetAgain(), m.GetOffline(), m.GetFollowUpId()) {
			return nil
		}
		if m.GetOffline() && m.GetAmount() > 0 { // as for a payment taken offline: the terminal's word counts (SPEC.md 7.9.3)
			own.refunds = own.refunds.add(m.GetAmount())
			return nil
		}
		return s.takeFollowUp(ctx, own, r, store.FollowUpID(m.GetFollowUpId()))
	case record.CashMoved:
		var m message.CashMoved
		if err := proto.Unmarshal(r.Bytes.Body(), &m); err == nil && string(m.GetShiftId()) == string(row.ID[:]) {
			own.cashMoved += m.GetAmount()
		}
	}
	return nil
}

// takePayment adds a payment that the cloud holds to be paid. One that the terminal took offline is the shift's whatever
// its operator says (SPEC.md 7.9.3).
func (s *Service) takePayment(ctx context.Context, own *books, r store.Record, m *message.PaymentRequested) error {
	method := closing.MethodOf(m)
	if method == closing.OfflineTap {
		own.sales[method] = own.sales[method].add(m.GetAmount())
		return nil
	}
	stored, err := s.config.Store.Payment(ctx, store.OrderID(m.GetOrderId()))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil // declined without a payment
	case err != nil:
		return err
	case stored.Terminal != r.Terminal || stored.Sequence != r.Sequence:
		return nil // the order is another record's
	}
	var p payment.Payment
	if err := p.UnmarshalBinary(stored.Blob); err != nil {
		return fmt.Errorf("read payment %s: %w", stored.Order, err)
	}
	switch {
	case p.Outcome() == payment.OutcomeUnknown:
		return errNotYet
	case p.Outcome() == payment.OutcomeApproved && !m.GetHold():
		own.sales[method] = own.sales[method].add(p.Amount)
	}
	return nil
}

// takeFollowUp adds what a follow-up paid or gave back.
func (s *Service) takeFollowUp(ctx context.Context, own *books, r store.Record, id store.FollowUpID) error {
	asked, err := s.config.Store.FollowUp(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case asked.Terminal != r.Terminal || asked.Sequence != r.Sequence || asked.State == store.FollowUpDeclined:
		return nil
	case asked.State == store.FollowUpWaiting:
		return errNotYet
	}
	stored, err := s.config.Store.Payment(ctx, asked.Order)
	if err != nil {
		return err
	}
	var p payment.Payment
	if err := p.UnmarshalBinary(stored.Blob); err != nil {
		return fmt.Errorf("read payment %s: %w", stored.Order, err)
	}
	f, known := p.FollowUp(operator.FollowUpID(id))
	switch {
	case !known || f.Status == payment.Refused:
		return nil
	case f.Status != payment.Done:
		return errNotYet
	}
	switch f.Kind {
	case operator.KindComplete:
		own.sales[closing.Hold] = own.sales[closing.Hold].add(f.Amount)
	case operator.KindVoid, operator.KindRefund, operator.KindUndo:
		own.refunds = own.refunds.add(f.Amount)
	}
	return nil
}

// differences say, for a human, where the terminal's lines are not the books'.
func differences(closed *message.ShiftClosed, own books) []string {
	var findings []string
	said := make(map[string]taking)
	var refunds taking
	for _, line := range closed.GetLines() {
		before := said[line.GetMethod()]
		said[line.GetMethod()] = taking{before.count + line.GetSales(), before.amount + line.GetSalesAmount()}
		refunds = taking{refunds.count + line.GetRefunds(), refunds.amount + line.GetRefundsAmount()}
	}
	methods := closing.Methods()
	for _, line := range closed.GetLines() {
		if !slices.Contains(methods, line.GetMethod()) {
			methods = append(methods, line.GetMethod()) // one that this version does not know
		}
	}
	for _, method := range methods {
		if said[method] != own.sales[method] {
			findings = append(findings, differ(method, said[method], own.sales[method]))
		}
	}
	if refunds != own.refunds {
		findings = append(findings, differ("refunds", refunds, own.refunds))
	}
	if closed.GetCashMoved() != own.cashMoved {
		findings = append(findings, fmt.Sprintf("cash moved: the terminal says %d, its records %d", closed.GetCashMoved(), own.cashMoved))
	}
	return findings
}

func differ(what string, said, own taking) string {
	return fmt.Sprintf("%s: the terminal says %d of together %d, the books %d of together %d",
		what, said.count, said.amount, own.count, own.amount)
}
