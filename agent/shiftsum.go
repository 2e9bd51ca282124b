package agent

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// sumUp looks at the records that a shift has not been told of yet. Where there are none, as at most times, nothing is read.
func (t *till) sumUp(ctx context.Context, s shift.Shift) (shift.Shift, error) {
	orders := t.originalOrder(ctx)
	for s.Sum.UpTo < t.parts.Journal.Tail().Sequence {
		records, err := t.parts.Journal.Records(ctx, s.Sum.UpTo, sumRecords, sumBytes)
		if err != nil {
			return s, fmt.Errorf("read records of shift: %w", err)
		}
		for _, r := range records {
			header, err := record.ParseHeader(r)
			if err != nil {
				return s, fmt.Errorf("read record of shift: %w", err)
			}
			fact, err := shift.Read(header, r.Body(), orders)
			if err != nil {
				return s, fmt.Errorf("read record %d of shift: %w", header.Sequence, err)
			}
			s = s.Step(header.Sequence, fact)
		}
		if len(records) == 0 {
			break
		}
	}
	return s, nil
}

// sumAhead does most of the summing without holding up the till.
func (t *till) sumAhead(ctx context.Context) error {
	t.mu.Lock()
	current := t.shifts.current
	t.mu.Unlock()
	if current == nil {
		return &station.Refusal{Phrase: catalogue.RefuseNoShift}
	}
	summed, err := t.sumUp(ctx, *current)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.adoptSum(summed)
	return nil
}

// sumCurrent sums up the open shift to the journal's end, or refuses with RefuseNoShift. The lock is held.
func (t *till) sumCurrent(ctx context.Context) error {
	if t.shifts.current == nil {
		return &station.Refusal{Phrase: catalogue.RefuseNoShift}
	}
	summed, err := t.sumUp(ctx, *t.shifts.current)
	if err != nil {
		return err
	}
	t.adoptSum(summed)
	return nil
}

// adoptSum keeps what was summed up of the open shift, unless it is another by now or further on.
func (t *till) adoptSum(summed shift.Shift) {
	if current := t.shifts.current; current != nil && current.ID == summed.ID && current.Sum.UpTo < summed.Sum.UpTo {
		t.shifts.current = &summed
	}
}

// readShifts returns the latest shifts, newest first, not summed up.
func (t *till) readShifts(ctx context.Context, limit int) ([]shift.Shift, error) {
	opened, err := t.parts.Journal.Landmarks(ctx, record.ShiftOpened, 0, limit)
	if err != nil {
		return nil, fmt.Errorf("find shifts: %w", err)
	}
	shifts := make([]shift.Shift, 0, len(opened))
	for _, r := range opened {
		begun, err := readShift(r)
		if err != nil {
			return nil, err
		}
		shifts = append(shifts, begun)
	}
	return shifts, t.readEnds(ctx, shifts)
}

// readShift reads a shift-opened record.
func readShift(opened record.Record) (shift.Shift, error) {
	header, err := record.ParseHeader(opened)
	if err != nil {
		return shift.Shift{}, fmt.Errorf("read shift: %w", err)
	}
	var body message.ShiftOpened
	if err := proto.Unmarshal(opened.Body(), &body); err != nil {
		return shift.Shift{}, fmt.Errorf("read shift: %w", err)
	}
	return shift.Begin(header, &body)
}

// readEnds tells the shifts how they ended. A shift has two ends at most: a provisional one and the one that completes it.
func (t *till) readEnds(ctx context.Context, shifts []shift.Shift) error {
	ends, err := t.parts.Journal.Landmarks(ctx, record.ShiftClosed, 0, 2*len(shifts))
	if err != nil {
		return fmt.Errorf("find ends of shifts: %w", err)
	}
	for _, r := range ends {
		var body message.ShiftClosed
		if err := proto.Unmarshal(r.Body(), &body); err != nil {
			return fmt.Errorf("read end of shift: %w", err)
		}
		i := slices.IndexFunc(shifts, func(s shift.Shift) bool { return string(s.ID[:]) == string(body.GetShiftId()) })
		if i < 0 {
			continue
		}
		if shifts[i], err = shifts[i].End(&body); err != nil {
			return err
		}
	}
	return nil
}

// recoverShifts finds the open shift, those that are to be completed, and the numbers given last.
func (t *till) recoverShifts(ctx context.Context) error {
	latest, err := t.readShifts(ctx, shiftsKept)
	if err != nil {
		return err
	}
	for i, s := range slices.Backward(latest) {
		switch {
		case s.State() == shift.Provisional:
			t.shifts.provisional = append(t.shifts.provisional, s)
		case s.State() == shift.Open && i == 0:
			t.shifts.current = &s
		case s.State() == shift.Open:
			t.logger.ErrorContext(ctx, "shift without an end: its records were lost", "shift", s.ID, "batch", s.Batch)
		}
	}
	if len(latest) > 0 {
		t.shifts.batch = latest[0].Batch
	}
	if len(latest) == shiftsKept {
		if err := t.tellForgotten(ctx, latest); err != nil {
			return err
		}
	}
	return t.recoverVoucher(ctx, len(latest) > 0)
}

// tellForgotten tells of shifts that ended provisionally before the latest ones began: nothing completes them any more.
func (t *till) tellForgotten(ctx context.Context, latest []shift.Shift) error {
	ends, err := t.parts.Journal.Landmarks(ctx, record.ShiftClosed, 0, endsLooked)
	if err != nil {
		return fmt.Errorf("find ends of shifts: %w", err)
	}
	seen := make(map[string]bool, len(ends))
	for _, s := range latest {
		seen[string(s.ID[:])] = true
	}
	forgotten, batch := 0, uint32(0)
	for _, r := range ends { // the newest end of a shift is how it stands
		var body message.ShiftClosed
		if err := proto.Unmarshal(r.Body(), &body); err != nil {
			return fmt.Errorf("read end of shift: %w", err)
		}
		if !seen[string(body.GetShiftId())] && body.GetProvisional() {
			forgotten, batch = forgotten+1, body.GetBatch()
		}
		seen[string(body.GetShiftId())] = true
	}
	if forgotten > 0 {
		t.logger.ErrorContext(ctx, "shifts stay provisional: they are older than those that are completed",
			"shifts", forgotten, "batch", batch)
	}
	return nil
}

// recoverVoucher finds the voucher number given last: the newest sale's, or that of a follow-up behind it.
func (t *till) recoverVoucher(ctx context.Context, numbered bool) error {
	newest, err := t.parts.Journal.LastSales(ctx, vouchersRead)
	if err != nil {
		return fmt.Errorf("read latest sale: %w", err)
	}
	after := uint64(0)
	for _, stored := range newest {
		var sale checkout.Sale
		if err := sale.UnmarshalBinary(stored.State); err != nil {
			t.logger.ErrorContext(ctx, "sale cannot be read", "sale", checkout.OrderID(stored.OrderID), "error", err)
			continue
		}
		after = stored.First
		if !numbered {
			t.shifts.batch = sale.Batch // of the time before there were shifts
		}
		if sale.Batch == t.shifts.batch {
			t.shifts.voucher = sale.Voucher
		}
		break
	}
	if t.shifts.current == nil {
		return nil
	}
	return t.followUpVoucher(ctx, max(after, t.shifts.current.First))
}

// followUpVoucher looks for follow-ups behind a record.
func (t *till) followUpVoucher(ctx context.Context, after uint64) error {
	for {
		records, err := t.parts.Journal.Records(ctx, after, sumRecords, sumBytes)
		if err != nil {
			return fmt.Errorf("read vouchers: %w", err)
		}
		for _, r := range records {
			header, err := record.ParseHeader(r)
			if err != nil {
				return fmt.Errorf("read voucher: %w", err)
			}
			after = header.Sequence
			var body message.FollowUpRequested
			if header.Type != record.FollowUpRequested {
				continue
			}
			if err := proto.Unmarshal(r.Body(), &body); err != nil {
				return fmt.Errorf("read voucher: %w", err)
			}
			if body.GetBatch() == t.shifts.batch && body.GetAgain() == 0 { // made anew it keeps its number
				t.shifts.voucher = body.GetVoucher()
			}
		}
		if len(records) == 0 {
			return nil
		}
	}
}
