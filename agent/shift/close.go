package shift

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// CountMax bounds what can be counted, in minor units; it is the protocol's bound of an amount.
const CountMax = 1_000_000_000_000

var (
	// ErrCount marks counts that leave out the cash, name an unknown method, or are out of range.
	ErrCount = errors.New("shift: count")
	// ErrApproval says that something is open, so that somebody has to approve the end.
	ErrApproval = errors.New("shift: something is open: the end needs approval")
	// ErrState says that the shift has ended already, or has not.
	ErrState = errors.New("shift: not in that state")
)

// Count is what the cashier says at the end.
type Count struct {
	// Key is the intent's idempotency key; empty for none.
	Key     string
	Cashier string
	// Methods holds what was counted by method of package closing, minor units; cash must be among them.
	Methods map[string]int64
	// ApprovedBy allowed an end with something open; empty when nobody did.
	ApprovedBy string
}

// CountError is an ErrCount in words for people.
type CountError struct{ What catalogue.Text }

// Error implements error.
func (e *CountError) Error() string { return ErrCount.Error() + ": " + e.What.English }

// Unwrap returns ErrCount.
func (e *CountError) Unwrap() error { return ErrCount }

// validate returns a *CountError; the amounts are of a currency.
func (c Count) validate(currency string) error {
	if _, counted := c.Methods[closing.Cash]; !counted {
		return &CountError{What: catalogue.CashUncounted()}
	}
	for _, method := range slices.Sorted(maps.Keys(c.Methods)) {
		if !slices.Contains(closing.Methods(), method) {
			return &CountError{What: catalogue.NoMethod(method, closing.Methods())}
		}
		if amount := c.Methods[method]; amount < 0 || amount > CountMax {
			most, err := money.Of(CountMax, currency)
			if err != nil {
				return err
			}
			return &CountError{What: catalogue.CountOutside(method, most)}
		}
	}
	return nil
}

// Close returns the message that ends the shift with the record at last, unsigned. All records up to last have been
// looked at. Errors: *CountError, ErrApproval, ErrState.
func (s Shift) Close(c Count, last uint64, now time.Time) (*message.ShiftClosed, error) {
	if s.State() != Open || last < s.Sum.UpTo {
		return nil, ErrState
	}
	if err := c.validate(s.Currency); err != nil {
		return nil, err
	}
	if len(s.Sum.Open) > 0 && c.ApprovedBy == "" {
		return nil, fmt.Errorf("%w: %d", ErrApproval, len(s.Sum.Open))
	}
	closed := &message.ShiftClosed{
		ShiftId: s.ID[:], Cashier: c.Cashier, Batch: s.Batch, Revision: 1,
		OpenedAt: s.OpenedAt.UnixMicro(), ClosedAt: now.UnixMicro(), FirstSequence: s.First, LastSequence: last,
		Currency: s.Currency, Float: s.Float, CashMoved: s.Sum.CashMoved, CashCounted: c.Methods[closing.Cash], Key: c.Key,
	}
	if len(s.Sum.Open) > 0 {
		closed.Provisional, closed.ApprovedBy = true, c.ApprovedBy
	}
	closed.Lines, closed.OpenOrders = s.lines(c.Methods), s.openOrders()
	return closed, nil
}

// Counts reports whether an end says what this count says. Who approved stands in an end only where that was needed, and
// is not compared.
func (c Count) Counts(closed *message.ShiftClosed) bool {
	return closed.GetCashier() == c.Cashier && maps.Equal(Shift{Closed: closed}.counts(), c.Methods)
}

// Complete returns the message that completes a provisional end once everything is definite, unsigned; nil before, and
// when there is nothing to complete.
func (s Shift) Complete() *message.ShiftClosed {
	if s.State() != Provisional || len(s.Sum.Open) > 0 {
		return nil
	}
	closed := proto.CloneOf(s.Closed)
	closed.Revision++
	closed.Provisional, closed.OpenOrders, closed.Signature = false, nil, nil
	closed.Lines = s.lines(s.counts())
	return closed
}

// counts are what was counted at the end.
func (s Shift) counts() map[string]int64 {
	counts := make(map[string]int64)
	for _, line := range s.Closed.GetLines() {
		if line.Counted != nil {
			counts[line.GetMethod()] = line.GetCounted()
		}
	}
	return counts
}

// lines are those in which something happened or was counted.
func (s Shift) lines(counts map[string]int64) []*message.ShiftLine {
	var lines []*message.ShiftLine
	for i, method := range closing.Methods() {
		sum := s.Sum.Lines[i]
		amount, counted := counts[method]
		if sum == (Line{}) && !counted {
			continue
		}
		line := &message.ShiftLine{
			Method: method, Sales: sum.Sales, SalesAmount: sum.SalesAmount,
			Refunds: sum.Refunds, RefundsAmount: sum.RefundsAmount,
		}
		if counted {
			line.Counted = proto.Int64(amount)
		}
		lines = append(lines, line)
	}
	return lines
}

func (s Shift) openOrders() [][]byte {
	orders := make([][]byte, 0, len(s.Sum.Open))
	for _, open := range s.Sum.Open {
		orders = append(orders, open.Item[:])
	}
	return orders
}
