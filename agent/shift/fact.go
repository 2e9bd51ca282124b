package shift

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// Item names a payment or a follow-up: their ids are never the same.
type Item [16]byte

// Side says on which side of a line something counts once it is approved.
type Side uint8

// The sides.
const (
	Neither Side = iota // moves no money that was taken: a hold, or what is added to or released of one
	Sales
	Refunds
)

// Fact is what one record says of a shift's money: Requested, Decided or CashMoved.
type Fact interface{ fact() }

// Requested is a payment or follow-up that was asked for.
type Requested struct {
	Item   Item
	Method string // of package closing
	Side   Side
	Amount int64 // minor units
}

// Decided is what a payment or follow-up came to as the terminal took it; unknown is not decided.
type Decided struct {
	Item    Item
	Outcome message.Outcome
	// Amount is what was moved, 0 where that is what was asked for.
	Amount int64
}

// CashMoved is cash put into the drawer, or taken out of it when below zero.
type CashMoved struct {
	Shift  ID
	Amount int64
}

func (Requested) fact() {}
func (Decided) fact()   {}
func (CashMoved) fact() {}

// Order is what a follow-up has to know of its order: the method of closing, and the amount.
type Order struct {
	Method string
	Amount int64
}

// Orders finds the order of a follow-up; closing.Other stands for one of another terminal.
type Orders func(order Item) (Order, error)

// Read returns what a record says of a shift's money, nil for nothing. Errors: ErrRecord, those of orders.
func Read(header record.Header, body []byte, orders Orders) (Fact, error) {
	switch header.Type {
	case record.PaymentRequested:
		return readPayment(body)
	case record.OutcomeShown:
		var m message.OutcomeShown
		if err := unmarshal(body, &m); err != nil {
			return nil, err
		}
		return decided(m.GetOrderId(), m.GetOutcome(), 0)
	case record.FollowUpRequested:
		return readFollowUp(body, orders)
	case record.FollowUpShown:
		var m message.FollowUpShown
		if err := unmarshal(body, &m); err != nil {
			return nil, err
		}
		return decided(m.GetFollowUpId(), m.GetOutcome(), m.GetResult().GetAmount())
	case record.CashMoved:
		var m message.CashMoved
		if err := unmarshal(body, &m); err != nil {
			return nil, err
		}
		id, err := item(m.GetShiftId())
		return CashMoved{Shift: ID(id), Amount: m.GetAmount()}, err
	default:
		return nil, nil
	}
}

func unmarshal(body []byte, m proto.Message) error {
	if err := proto.Unmarshal(body, m); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return nil
}

func item(id []byte) (Item, error) {
	if len(id) != len(Item{}) {
		return Item{}, fmt.Errorf("%w: id of %d bytes", ErrRecord, len(id))
	}
	return Item(id), nil
}

func decided(id []byte, outcome message.Outcome, amount int64) (Fact, error) {
	if outcome == message.Outcome_OUTCOME_UNKNOWN || outcome == message.Outcome_OUTCOME_UNSPECIFIED {
		return nil, nil
	}
	of, err := item(id)
	return Decided{Item: of, Outcome: outcome, Amount: amount}, err
}

func readPayment(body []byte) (Fact, error) {
	var m message.PaymentRequested
	if err := unmarshal(body, &m); err != nil {
		return nil, err
	}
	if m.GetAgain() != 0 {
		return nil, nil // it counts where it was first requested (SPEC.md 7.9.3)
	}
	id, err := item(m.GetOrderId())
	side := Sales
	if m.GetHold() {
		side = Neither
	}
	return Requested{Item: id, Method: closing.MethodOf(&m), Side: side, Amount: m.GetAmount()}, err
}

// readFollowUp tells on which side a follow-up counts (SPEC.md 7.9.3).
func readFollowUp(body []byte, orders Orders) (Fact, error) {
	var m message.FollowUpRequested
	if err := unmarshal(body, &m); err != nil {
		return nil, err
	}
	id, err := item(m.GetFollowUpId())
	if err != nil || m.GetAgain() != 0 { // as for a payment
		return nil, err
	}
	asked := Requested{Item: id, Method: closing.Hold, Amount: m.GetAmount()}
	switch m.GetKind() {
	case message.FollowUp_FOLLOW_UP_COMPLETE:
		asked.Side = Sales
	case message.FollowUp_FOLLOW_UP_UNDO:
		asked.Side = Refunds
	case message.FollowUp_FOLLOW_UP_VOID, message.FollowUp_FOLLOW_UP_REFUND:
		of, err := item(m.GetOrderId())
		if err != nil {
			return nil, err
		}
		order, err := orders(of)
		if err != nil {
			return nil, fmt.Errorf("find order of follow-up: %w", err)
		}
		asked.Side, asked.Method = Refunds, order.Method
		if asked.Amount == 0 {
			asked.Amount = order.Amount
		}
	}
	return asked, nil
}
