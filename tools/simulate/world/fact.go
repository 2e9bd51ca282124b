package world

import (
	"encoding/hex"
	"fmt"
	"iter"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// fact is what one record of a till's journal says of a shift's money.
type fact struct {
	sequence uint64
	item     string // order or follow-up that is asked for or decided; empty for cash
	asked    bool
	method   string
	side     int64 // 1 for taken, -1 for given back, 0 for neither
	amount   int64
	approved bool
	shift    string // that cash was moved in
}

// opening is a shift as its records have it.
type opening struct {
	sequence    uint64
	name        string // the same in every run
	closed      bool
	provisional bool
}

// shiftRecord writes down what a record says of shifts, and checks a shift's end against what was written down before.
func (e *evidence) shiftRecord(t *till, sequence uint64, kind record.Type, body []byte) {
	e.last = max(e.last, sequence)
	switch kind {
	case record.PaymentRequested:
		m := &message.PaymentRequested{}
		if proto.Unmarshal(body, m) == nil && m.GetAgain() == 0 { // made anew, it is nothing new
			f := fact{sequence: sequence, item: string(m.GetOrderId()), asked: true, method: methodOf(m), side: 1, amount: m.GetAmount()}
			if m.GetHold() {
				f.side = 0
			}
			e.methods[f.item] = f.method
			e.facts = append(e.facts, f)
		}
	case record.OutcomeShown:
		m := &message.OutcomeShown{}
		if proto.Unmarshal(body, m) == nil {
			e.decided(sequence, m.GetOrderId(), m.GetOutcome(), 0)
		}
	case record.FollowUpRequested:
		m := &message.FollowUpRequested{}
		if proto.Unmarshal(body, m) == nil && m.GetAgain() == 0 {
			f := fact{sequence: sequence, item: string(m.GetFollowUpId()), asked: true, method: "hold", side: moved(m.GetKind()), amount: m.GetAmount()}
			if m.GetKind() == message.FollowUp_FOLLOW_UP_VOID || m.GetKind() == message.FollowUp_FOLLOW_UP_REFUND {
				f.method = "other"
				if of, here := e.methods[string(m.GetOrderId())]; here {
					f.method = of
				}
			}
			e.facts = append(e.facts, f)
		}
	case record.FollowUpShown:
		m := &message.FollowUpShown{}
		if proto.Unmarshal(body, m) == nil {
			e.decided(sequence, m.GetFollowUpId(), m.GetOutcome(), m.GetResult().GetAmount())
		}
	case record.CashMoved:
		m := &message.CashMoved{}
		if proto.Unmarshal(body, m) == nil {
			e.facts = append(e.facts, fact{sequence: sequence, amount: m.GetAmount(), shift: string(m.GetShiftId())})
		}
	case record.ShiftOpened:
		m := &message.ShiftOpened{}
		if proto.Unmarshal(body, m) == nil {
			e.openings[hex.EncodeToString(m.GetShiftId())] = opening{sequence: sequence, name: fmt.Sprintf("%06d", m.GetBatch())}
		}
	case record.ShiftClosed:
		m := &message.ShiftClosed{}
		if proto.Unmarshal(body, m) == nil {
			e.shiftClosed(t, sequence, m)
		}
	}
}

func (e *evidence) decided(sequence uint64, id []byte, outcome message.Outcome, amount int64) {
	if outcome != message.Outcome_OUTCOME_UNKNOWN && outcome != message.Outcome_OUTCOME_UNSPECIFIED {
		e.facts = append(e.facts, fact{sequence: sequence, item: string(id), amount: amount, approved: outcome == message.Outcome_OUTCOME_APPROVED})
	}
}

// shiftClosed checks a shift's end.
func (e *evidence) shiftClosed(t *till, sequence uint64, m *message.ShiftClosed) {
	id := hex.EncodeToString(m.GetShiftId())
	o := e.openings[id]
	if p := t.inFront(); p != nil && !o.closed {
		t.world.violation("closed-too-early", "%s closes shift %s while the customer of %s is in front of it", t.name, o.name, t.world.alias(p.order))
	}
	o.closed, o.provisional = true, m.GetProvisional()
	e.openings[id] = o
	got := takings{lines: map[string]taking{}, open: len(m.GetOpenOrders()), cash: m.GetCashMoved()}
	for _, l := range m.GetLines() {
		got.take(l.GetMethod(), taking{l.GetSales(), l.GetRefunds(), l.GetSalesAmount(), l.GetRefundsAmount()})
	}
	t.compare("z-report-differs", id, got, e.sum(m.GetFirstSequence(), m.GetLastSequence(), sequence))
	if m.GetFirstSequence() != o.sequence || (got.open > 0) != m.GetProvisional() {
		t.world.violation("z-report-differs", "%s: shift %s begins at %d and has %d open", t.name, o.name, m.GetFirstSequence(), got.open)
	}
}

// sum adds up what was asked for from first to last, as it was decided by the record at known.
func (e *evidence) sum(first, last, known uint64) takings {
	s := takings{lines: map[string]taking{}}
	for i, asked := range e.facts {
		if asked.sequence < first || asked.sequence > last {
			continue
		}
		if asked.shift != "" {
			s.cash += asked.amount
		}
		if !asked.asked {
			continue
		}
		decision := e.decision(asked.item, e.facts[i:], known)
		if decision == nil {
			s.open++
			continue
		}
		amount := asked.amount
		if decision.amount != 0 {
			amount = decision.amount
		}
		switch {
		case !decision.approved:
		case asked.side > 0:
			s.take(asked.method, taking{sales: 1, salesAmount: amount})
		case asked.side < 0:
			s.take(asked.method, taking{refunds: 1, refundsBack: amount})
		}
	}
	return s
}

// decision is the first that was made of an item.
func (e *evidence) decision(item string, among []fact, known uint64) *fact {
	for i := range among {
		if f := &among[i]; f.item == item && !f.asked && f.sequence <= known {
			return f
		}
	}
	return nil
}

// closedShifts are the shifts that were ended, in no order.
func (e *evidence) closedShifts() iter.Seq[string] {
	return func(yield func(string) bool) {
		for id, o := range e.openings {
			if o.closed && !yield(id) {
				return
			}
		}
	}
}

// shiftEnded reports whether a shift with this batch number was ended.
func (e *evidence) shiftEnded(batch string) bool {
	for _, o := range e.openings {
		if o.name == batch && o.closed {
			return true
		}
	}
	return false
}

// methodOf is the line that a payment belongs to.
func methodOf(m *message.PaymentRequested) string {
	switch {
	case m.GetHold():
		return "hold"
	case m.GetOffline() != nil:
		return "offline-tap"
	case m.GetMethod() == message.Method_METHOD_CODE:
		return "code"
	case m.GetMethod() == message.Method_METHOD_TAP:
		return "tap"
	case m.GetMethod() == message.Method_METHOD_SHOWN:
		return "shown"
	default:
		return "other"
	}
}
