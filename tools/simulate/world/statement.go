package world

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/reconcile"
	"github.com/yuantill/yuantill/cloud/store"
)

// states writes a movement down.
func (b *bank) states(o *bankOrder, followUp operator.FollowUpID, kind operator.LineKind, amount int64) {
	b.stated = append(b.stated, operator.StatementLine{OrderID: o.id, FollowUp: followUp, Kind: kind, Amount: amount,
		Currency: o.request.Currency, Reference: fmt.Sprintf("%s-L%d", b.code, len(b.stated)+1), At: b.world.time()})
}

var errDayOpen = errors.New("the day is not over")

// statementPage is a page of a day, which must be over.
func (b *bank) statementPage(r operator.StatementRequest) (operator.StatementPage, error) {
	if b.world.time().Before(r.Day.End()) {
		return operator.StatementPage{}, errDayOpen
	}
	const linesEach = 20
	var lines []operator.StatementLine
	page := operator.StatementPage{StatementRequest: r}
	for _, l := range b.stated {
		if operator.DayOf(l.At) == r.Day {
			lines = append(lines, l)
			page.Trailer.Add(l)
		}
	}
	page.Pages = max(1, (len(lines)+linesEach-1)/linesEach)
	page.Lines = lines[min(len(lines), (r.Page-1)*linesEach):min(len(lines), r.Page*linesEach)]
	if len(page.Lines) > 0 && b.stating.chance(b.mood.partial) {
		b.world.hit("operator-partial-statement")
		page.Lines = slices.Delete(slices.Clone(page.Lines), 0, 1)
	}
	return page, nil
}

var _ operator.StatementReader = line{}

// StatementPage implements operator.StatementReader. Its fates are drawn apart, so that asking for statements changes no other call's.
func (n line) StatementPage(_ context.Context, r operator.StatementRequest) (operator.StatementPage, error) {
	b, l := n.bank, n.bank.world.loop
	n.life.point("before statement")
	l.sleep(b.stating.between(10*time.Millisecond, 2*time.Second))
	if b.mood.out || b.stating.chance(b.mood.loseRequests) || b.stating.chance(b.mood.loseAnswers) {
		b.world.hit("operator-statement-lost")
		return operator.StatementPage{}, &operator.UnknownOutcomeError{Operation: "statement", Cause: errLost}
	}
	page, err := b.statementPage(r)
	b.world.trace("bank %s states page %d of %s: %d lines", b.code, r.Page, r.Day, len(page.Lines))
	n.life.point("after statement")
	return page, err
}

// compareStatements has the cloud do what is due of comparing statements, again and again.
func (c *cloud) compareStatements(l *life, wait time.Duration) {
	again := &alarm{loop: c.world.loop, life: l}
	again.run = func() {
		c.world.loop.spawn(l, func() {
			next := c.statements.Step(context.Background())
			c.books.powered()
			c.settle()
			again.exactly(next.Sub(c.world.time()))
		})
	}
	again.in(wait)
}

// disputesBooked is how much of an order the cloud has in its ledger as taken back by the customer's bank; 0 while that cannot be
// looked at.
func (w *World) disputesBooked(o *bankOrder) int64 {
	if w.cloud.life == nil || w.cloud.disk.Off() {
		return 0
	}
	entries, err := w.cloud.books.Entries(context.Background(), store.OrderID(o.id))
	w.must(err)
	booked := int64(0)
	for _, e := range entries {
		if e.Kind == store.EntryDispute {
			amount, _ := feeOf(e, o.at.code)
			booked -= amount
		}
	}
	return booked
}

// deceives reports whether a script has operators deceive, or customers dispute: then the world goes on until the last day's
// statement, and the one behind it, have been compared.
func (s Script) deceives() bool {
	return slices.ContainsFunc(s.Actions, func(a Action) bool { return a.Kind == "dispute" || a.is("lie") || a.is("partial") })
}

// lastStatement is when everything up to the end must have been compared twice: what only one side has is carried once.
func lastStatement(end time.Duration) time.Duration {
	day := operator.DayOf(dawn.Add(end)) + 1
	return day.End().Add(reconcile.DefaultAt + time.Hour).Sub(dawn)
}

// differing are the orders of which the cloud tells that a statement differs, and by which alarms.
func (w *World) differing() map[order][]string {
	const most = 1000
	alarms, err := w.cloud.books.Alarms(context.Background(), most)
	w.must(err)
	found := map[order][]string{}
	for _, a := range alarms {
		kind, id, _ := strings.Cut(a.Key, "/")
		if named, err := operator.ParseOrderID(id); err == nil && strings.HasPrefix(kind, "reconcile-") {
			found[named] = append(found[named], strings.TrimPrefix(kind, "reconcile-"))
		}
	}
	return found
}

// checkStatements checks that every lie was found and told, and nothing was told that is none.
func (w *World) checkStatements() {
	told := w.differing()
	for _, b := range w.banks {
		for _, o := range b.list {
			names, known := told[o.id]
			delete(told, o.id)
			switch {
			case known && o.lie == "":
				w.violation("false-difference", "%s is told of as %s, and %s never lied about it", w.alias(o.id), names, b.code)
			case known && !o.named(names):
				w.violation("lie-misnamed", "%s is told of as %s, and %s's lie about it is: %s", w.alias(o.id), names, b.code, o.lie)
			case !known && o.lie != "" && w.owed(o) != o.net():
				w.violation("lie-untold", "%s lied about %s: the ledger has %s, its books %s, and nobody was told", b.code, w.alias(o.id),
					yuan(w.owed(o)), yuan(o.net()))
			}
		}
	}
	for id, names := range told {
		w.violation("false-difference", "%s is told of as %s, and no operator has it", w.alias(id), names)
	}
	if !w.script.deceives() {
		return
	}
	due := operator.DayOf(w.time()) - 1
	for _, b := range w.banks {
		rows, err := w.cloud.books.Reconciliations(context.Background(), b.code, 1)
		w.must(err)
		if len(rows) == 0 || rows[0].State == store.ReconciliationWaiting || operator.Day(rows[0].Day) < due {
			w.violation("statement-not-compared", "%s's day %s", b.code, due)
		}
	}
}

// owed is what the ledger says an operator owes of an order.
func (w *World) owed(o *bankOrder) int64 {
	entries, err := w.cloud.books.Entries(context.Background(), store.OrderID(o.id))
	w.must(err)
	owed := int64(0)
	for _, e := range entries {
		amount, _ := feeOf(e, o.at.code)
		owed += amount
	}
	return owed
}

// deceived reports whether an operator lied about an order, and somebody was told just that.
func (w *World) deceived(id order) bool {
	o := w.bankOrderOf(id)
	_, told := w.differing()[id]
	return o != nil && o.lie != "" && told
}
