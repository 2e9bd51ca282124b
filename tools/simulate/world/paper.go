package world

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
)

// number is what stands on a slip to tell it from all others of its terminal.
type number struct{ batch, voucher uint32 }

func (n number) String() string { return fmt.Sprintf("%06d/%06d", n.batch, n.voucher) }

func (n number) compare(other number) int {
	return cmp.Or(cmp.Compare(n.batch, other.batch), cmp.Compare(n.voucher, other.voucher))
}

// numbered writes down the number of a payment or follow-up, which no other of the journal may have.
func (e *evidence) numbered(t *till, item string, n number) {
	if other, used := e.items[n]; used && other != item {
		t.world.violation("number-reused", "%s gives number %s twice", t.name, n)
	}
	e.items[n], e.numbers[item] = item, n
}

// check holds a slip against the journal: what it is of, and that it says what the records say.
func (p *printer) check(sale *purchase, s slip) {
	t, w := p.till, p.till.world
	e := &t.evidence
	item := string(s.order[:])
	if !s.followUp() {
		w.trace("%s prints %s %s", t.name, w.alias(s.order), s.outcome)
		if s.amount != yuan(sale.amount) {
			w.violation("receipt-amount", "%s prints %s for %s", t.name, s.amount, w.alias(s.order))
		}
		if s.unaccepted && !slices.Contains(e.orders[s.order], notAccepted) {
			w.violation("printed-before-recorded", "%s prints that %s was not accepted without a record", t.name, w.alias(s.order))
		}
		if !e.outcome(s.order)[s.outcome] {
			w.violation("printed-before-recorded", "%s prints %s %s without a record", t.name, w.alias(s.order), s.outcome)
		}
		if (s.transaction == holdType) != sale.hold {
			w.violation("receipt-differs", "%s prints %s for %s", t.name, s.transaction, w.alias(s.order))
		}
	} else {
		w.trace("%s prints what was done with %s: %s", t.name, w.alias(s.order), s.outcome)
		f := e.followUpBy(s)
		if f == nil {
			w.violation("receipt-differs", "%s prints %s of %s under %s/%s, which no record has", t.name, s.transaction, w.alias(s.order), s.batch, s.number)
			return
		}
		item = f.id
		t.checkFollowUp(sale, s, f)
	}
	if n := e.numbers[item].String(); n != s.batch+"/"+s.number {
		w.violation("receipt-differs", "%s prints number %s/%s for %s, whose records say %s", t.name, s.batch, s.number, w.alias(s.order), n)
	}
	p.papers[print{item, s.copy, s.again}]++
}

// followUpBy finds the follow-up that a slip is of by what stands on it.
func (e *evidence) followUpBy(s slip) *followed {
	for n, item := range e.items {
		if f := e.followed[item]; f != nil && n.String() == s.batch+"/"+s.number && f.order == s.order && transactions[f.kind] == s.transaction {
			return f
		}
	}
	return nil
}

// checkFollowUp holds a follow-up's slip against its records.
func (t *till) checkFollowUp(sale *purchase, s slip, f *followed) {
	w := t.world
	recorded := true
	switch s.outcome {
	case message.Outcome_OUTCOME_APPROVED:
		recorded = f.done
	case message.Outcome_OUTCOME_DECLINED:
		recorded = f.final && !f.done
	}
	if !recorded {
		w.violation("printed-before-recorded", "%s prints that what was done with %s is %s without a record", t.name, w.alias(s.order), s.outcome)
	}
	if amount := f.onPaper(s.outcome, sale.amount); s.amount != yuan(amount) {
		w.violation("receipt-amount", "%s prints %s of %s for %s of it", t.name, s.transaction, s.amount, yuan(amount))
	}
}

// onPaper is the amount that a slip must say: what was asked for, or of a cancellation or undo that is definite, what it
// came to; of one of which nobody knows the amount, that of the order.
func (f *followed) onPaper(outcome message.Outcome, whole int64) int64 {
	amount := f.asked
	if outcome == message.Outcome_OUTCOME_APPROVED && (f.kind == message.FollowUp_FOLLOW_UP_CANCEL || f.kind == message.FollowUp_FOLLOW_UP_UNDO) {
		amount = f.came
	}
	if amount == 0 {
		return whole
	}
	return amount
}

// printRecorded takes a record of a print: what is certainly printed came out.
func (e *evidence) printRecorded(t *till, body []byte) {
	m := &message.ReceiptPrinted{}
	if proto.Unmarshal(body, m) != nil {
		return
	}
	item := string(m.GetOrderId())
	if len(m.GetFollowUpId()) > 0 {
		item = string(m.GetFollowUpId())
	}
	e.reported[item] = true
	if m.GetCopy() == message.ReceiptPrinted_COPY_CUSTOMER {
		e.customers[item]++
	}
	if m.GetResult() == message.ReceiptPrinted_RESULT_NOT_STARTED {
		return
	}
	one := print{item, m.GetCopy(), m.GetReprint()}
	e.prints[one]++
	if m.GetResult() != message.ReceiptPrinted_RESULT_DONE {
		return
	}
	if e.printed[one]++; e.printed[one] <= t.printer.papers[one] {
		return
	}
	t.world.violation("recorded-not-printed", "%s records that %s of %s was printed, and no such slip came out", t.name, m.GetCopy(),
		t.world.alias(order(m.GetOrderId())))
}

// print is one copy of a slip of an order or follow-up.
type print struct {
	item  string
	copy  message.ReceiptPrinted_Copy
	again bool
}

// checkPapers checks that of every slip that came out a record says so, for certain or perhaps, and that of all that was
// approved a record says what became of its slip.
func (t *till) checkPapers() {
	e := &t.evidence
	for _, n := range slices.SortedFunc(maps.Keys(e.items), number.compare) {
		item := e.items[n]
		f := e.followed[item]
		approved := f != nil && f.done || f == nil && e.outcomes[order([]byte(item))][message.Outcome_OUTCOME_APPROVED]
		if approved && !e.reported[item] {
			t.world.violation("never-printed", "%s: number %s is approved, and nothing says that a slip was printed or could not be", t.name, n)
		}
	}
	for _, one := range slices.SortedFunc(maps.Keys(t.printer.papers), func(a, b print) int {
		return cmp.Or(e.numbers[a.item].compare(e.numbers[b.item]), cmp.Compare(a.copy, b.copy))
	}) {
		if t.printer.papers[one] > e.prints[one] {
			t.world.violation("printed-not-recorded", "%s: %s of number %s", t.name, one.copy, e.numbers[one.item])
		}
	}
}
