package agent

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers"
)

// Stepwise is a till to which everything happens on its caller's goroutine, when the caller says so: what Run does by
// itself, for a world that has devices and a time of its own. Run must not be running.
type Stepwise struct{ till *till }

// Stepwise returns the till for being worked step by step.
func (a *Agent) Stepwise() Stepwise { return Stepwise{till: a.till} }

// Till is what the station drives.
func (s Stepwise) Till() station.Desk { return s.till }

// Recover takes up what the journal has open; it comes first.
func (s Stepwise) Recover(ctx context.Context) error { return s.till.recover(ctx) }

// RecordStart puts the start into the journal, and reports whether that is settled or to be tried again.
func (s Stepwise) RecordStart(ctx context.Context) (settled bool) { return s.till.tryRecordStart(ctx) }

// Scan brings a symbol to the open sale.
func (s Stepwise) Scan(ctx context.Context, scan drivers.Scan) { s.till.scanned(ctx, scan) }

// WantsCard reports whether a card would be asked now.
func (s Stepwise) WantsCard() bool { return s.till.wantsCard().sale != (checkout.OrderID{}) }

// Tap asks a card in the field.
func (s Stepwise) Tap(ctx context.Context, card drivers.Card) {
	s.till.mu.Lock()
	meant := s.till.front
	s.till.mu.Unlock()
	if asked, event := s.till.askCard(ctx, exchanger{card: card}, meant); event != nil {
		s.till.cardEvent(ctx, asked, event)
	}
}

// Answers brings what the uplink has heard to its sales, follow-ups and questions.
func (s Stepwise) Answers(ctx context.Context) {
	for s.till.unheard() > 0 {
		if s.till.hear(ctx) != nil {
			return
		}
	}
}

// Tick does what is due by the till's clock, completes shifts whose open payments have become definite, and returns for
// how long nothing will be due.
func (s Stepwise) Tick(ctx context.Context) time.Duration {
	s.till.tick(ctx)
	s.till.completeShifts(ctx)
	return s.till.untilNext()
}

// PrinterUp says that there is a printer.
func (s Stepwise) PrinterUp(ctx context.Context) { s.till.devices.up(ctx, devicePrinter) }

// PrinterDown says that there is none any more, and reports what was queued for it.
func (s Stepwise) PrinterDown(ctx context.Context, cause error) {
	s.till.mu.Lock()
	s.till.devices.down(ctx, devicePrinter, cause)
	jobs := s.till.printer.take()
	s.till.mu.Unlock()
	s.till.printer.drain(ctx, jobs)
}

// Print has the printer print the next job, and reports whether there was one. Its error is that of a printer that has
// gone: PrinterDown follows.
func (s Stepwise) Print(ctx context.Context, printer drivers.Printer) (printed bool, err error) {
	select {
	case job := <-s.till.printer.queue:
		return true, s.till.printer.print(ctx, printer, job)
	default:
		return false, nil
	}
}

// Printing returns how many jobs wait for the printer.
func (s Stepwise) Printing() int { return len(s.till.printer.queue) }

// Open returns how many sales and follow-ups are in memory because they are not over, and do not wait for a person.
func (s Stepwise) Open() int {
	s.till.mu.Lock()
	defer s.till.mu.Unlock()
	person := s.till.byAge(func(h *held) bool { return h.sale.NeedsPerson() && h.sale.Unprinted == 0 })
	return len(s.till.sales) - len(person) + len(s.till.followUps.open)
}

// Sizes counts, by name, what is in memory until something ends it: nothing of it is left once everything is settled.
func (s Stepwise) Sizes() map[string]int {
	s.till.mu.Lock()
	sizes := map[string]int{
		"sales": s.till.going(), "follow-ups": len(s.till.followUps.open), "late reports": len(s.till.late.kept),
		"provisional shifts": len(s.till.shifts.provisional), "print jobs": len(s.till.printer.queue), "answers": s.till.unheard(),
	}
	s.till.mu.Unlock()
	sizes["lookups"] = s.till.lookups.size()
	return sizes
}

// going counts the sales that something goes on about by itself; an order that waits for a person is listed until one has seen to
// it. The lock is held.
func (t *till) going() int {
	n := 0
	for _, h := range t.sales {
		if !h.sale.NeedsPerson() {
			n++
		}
	}
	return n
}

// Question is a lookup that waits for the cloud. It ends with an answer, or with End.
type Question struct{ asked *question }

// Lookup finds an order as the station's Lookup does, but waits for nobody: where the cloud has to be asked, a question is
// returned instead. The station's own would block its caller.
func (s Stepwise) Lookup(ctx context.Context, wanted station.Wanted) (station.FoundOrder, *Question, error) {
	wanted, found, done, err := s.till.lookupFirst(ctx, wanted)
	if done || err != nil {
		return found, nil, err
	}
	q, err := s.till.inquire(ctx, wanted)
	if err != nil {
		return station.FoundOrder{}, nil, err
	}
	return station.FoundOrder{}, &Question{q}, nil
}

// Waits are after how long the question is to be repeated once, and given up.
func (q *Question) Waits() (repeat, end time.Duration) { return lookupAgain, lookupWait }

// Answer returns what the cloud has answered; answered is false before that. Errors are the station's.
func (q *Question) Answer(ctx context.Context) (found station.FoundOrder, answered bool, err error) {
	select {
	case order := <-q.asked.place:
		q.asked.end()
		if order, err = heard(order); err != nil {
			return station.FoundOrder{}, true, err
		}
		found, err = q.asked.till.keepFound(ctx, order)
		return found, true, err
	default:
		return station.FoundOrder{}, false, nil
	}
}

// Repeat asks once more.
func (q *Question) Repeat(ctx context.Context) { q.asked.repeat(ctx) }

// End gives the question up.
func (q *Question) End() { q.asked.end() }
