package shift

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// Checked is one end of a shift as a journal's records bear it out.
type Checked struct {
	Sequence uint64 // of the shift-closed record
	Closed   *message.ShiftClosed
	// Problems say what the records say otherwise, in English; empty when they agree.
	Problems []string
}

// Audit sums up every shift of a journal anew. Records are given in order from the journal's first; the zero value is
// ready.
type Audit struct {
	orders map[Item]Order
	shifts []Shift // that may still get an end, oldest first
}

// Add takes the next record and returns what became of an end; nil for every other record. Errors: ErrRecord.
func (a *Audit) Add(header record.Header, body []byte) (*Checked, error) {
	switch header.Type {
	case record.ShiftOpened:
		return nil, a.open(header, body)
	case record.ShiftClosed:
		return a.check(header, body)
	}
	fact, err := Read(header, body, a.order)
	if err != nil {
		return nil, err
	}
	if asked, is := fact.(Requested); is && header.Type == record.PaymentRequested {
		if a.orders == nil {
			a.orders = make(map[Item]Order)
		}
		a.orders[asked.Item] = Order{Method: asked.Method, Amount: asked.Amount}
	}
	for i := range a.shifts {
		a.shifts[i] = a.shifts[i].Step(header.Sequence, fact)
	}
	return nil, nil
}

func (a *Audit) order(item Item) (Order, error) {
	if order, known := a.orders[item]; known {
		return order, nil
	}
	return Order{Method: closing.Other}, nil
}

func (a *Audit) open(header record.Header, body []byte) error {
	var m message.ShiftOpened
	if err := unmarshal(body, &m); err != nil {
		return err
	}
	begun, err := Begin(header, &m)
	if err != nil {
		return err
	}
	a.shifts = append(a.shifts, begun)
	return nil
}

func (a *Audit) check(header record.Header, body []byte) (*Checked, error) {
	closed := &message.ShiftClosed{}
	if err := unmarshal(body, closed); err != nil {
		return nil, err
	}
	checked := &Checked{Sequence: header.Sequence, Closed: closed}
	i := slices.IndexFunc(a.shifts, func(s Shift) bool { return string(s.ID[:]) == string(closed.GetShiftId()) })
	if i < 0 {
		checked.Problems = []string{"no such shift is open"}
		return checked, nil
	}
	checked.Problems = a.shifts[i].differs(closed)
	ended, err := a.shifts[i].End(closed)
	if err != nil {
		checked.Problems = append(checked.Problems, err.Error())
		return checked, nil
	}
	a.shifts[i] = ended
	if ended.State() == Complete {
		a.shifts = slices.Delete(a.shifts, i, i+1)
	}
	return checked, nil
}

// differs says where an end is not what the records so far say.
func (s Shift) differs(closed *message.ShiftClosed) (problems []string) {
	open := s.openOrders()
	for _, number := range []struct {
		name      string
		got, want int64
	}{
		{"batch", int64(closed.GetBatch()), int64(s.Batch)},
		{"revision", int64(closed.GetRevision()), int64(s.Closed.GetRevision()) + 1},
		{"first sequence", int64(closed.GetFirstSequence()), int64(s.First)},
		{"float", closed.GetFloat(), s.Float}, {"cash moved", closed.GetCashMoved(), s.Sum.CashMoved},
	} {
		if number.got != number.want {
			problems = append(problems, fmt.Sprintf("%s is %d, the records say %d", number.name, number.got, number.want))
		}
	}
	if closed.GetProvisional() != (len(open) > 0) || !slices.EqualFunc(closed.GetOpenOrders(), open, slices.Equal) {
		problems = append(problems, fmt.Sprintf("%d named as open, the records say %d", len(closed.GetOpenOrders()), len(open)))
	}
	if closed.GetProvisional() && closed.GetApprovedBy() == "" {
		problems = append(problems, "nobody approved an end with something open")
	}
	counted := Shift{Closed: closed}.counts()
	if !slices.EqualFunc(closed.GetLines(), s.lines(counted), func(a, b *message.ShiftLine) bool { return proto.Equal(a, b) }) {
		problems = append(problems, "the lines are not what the records say")
	}
	return problems
}
