package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
)

// Bounds of a comparison.
const (
	entriesAtOnce  = 5_000
	alarmsMax      = 500   // told one by one; the rest in one alarm
	differencesMax = 2_000 // kept with their day
)

// compare asks for a day's statement and holds it against the ledger. Errors: *laterError, the store's.
func (s *Service) compare(ctx context.Context, t turn) (store.Reconciliation, []store.Alarm, error) {
	statement, err := s.fetch(ctx, t)
	if err != nil {
		return store.Reconciliation{}, nil, err
	}
	differences, err := s.disputes(ctx, t, statement)
	if err != nil {
		return store.Reconciliation{}, nil, err
	}
	ours, last, err := movements(ctx, s.config.Store, t)
	if err != nil {
		return store.Reconciliation{}, nil, err
	}
	open := Match(append(append(t.carried, ours...), Lines(statement)...), t.day)
	open = slices.DeleteFunc(open, func(i Item) bool { return i.Forgone })
	facts := map[operator.OrderID]Facts{}
	for _, order := range Overdue(open, t.day) {
		if facts[order], err = s.facts(ctx, t.code, order); err != nil {
			return store.Reconciliation{}, nil, err
		}
	}
	carried, found := Judge(open, t.day, facts)
	differences = append(differences, found...)
	row := t.row
	row.State, row.NextAt, row.Detail, row.Entry, row.At = store.ReconciliationAgrees, time.Time{}, "", last, s.config.Clock()
	sums := statement.Trailer
	row.Lines, row.Paid, row.Returned, row.Disputed = uint32(sums.Count), sums.Paid, sums.Returned, sums.Disputed
	if len(differences) > 0 {
		row.State = store.ReconciliationDiffers
	}
	row.Body, err = Body{Count: len(differences), Differences: differences[:min(len(differences), differencesMax)], Carried: carried}.encode()
	return row, s.alarms(t, differences), err
}

// fetch asks for all pages. Only a whole statement is believed. Error: *laterError.
func (s *Service) fetch(ctx context.Context, t turn) (Statement, error) {
	var pages []operator.StatementPage
	for number, count := 1, 1; number <= count; number++ {
		page, err := s.page(ctx, t, number)
		if err != nil {
			return Statement{}, &laterError{alarm.StatementMissing, fmt.Errorf("fetch page %d: %w", number, err)}
		}
		pages = append(pages, page)
		count = min(page.Pages, operator.StatementPagesMax)
	}
	statement, err := Assemble(t.day, pages)
	if err != nil {
		return Statement{}, &laterError{alarm.StatementPartial, err}
	}
	return statement, nil
}

func (s *Service) page(ctx context.Context, t turn, number int) (operator.StatementPage, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return s.readers[t.code].StatementPage(ctx, operator.StatementRequest{Day: t.day, Page: number})
}

// disputes hands the statement's disputes to their payments; those that cannot be booked are differences. The day waits until
// every payment has decided, which is a matter of a commit. Error: *laterError.
func (s *Service) disputes(ctx context.Context, t turn, statement Statement) ([]Difference, error) {
	var differences []Difference
	waiting := 0
	for _, line := range statement.Lines {
		if line.Kind != operator.LineDispute {
			continue
		}
		decided, booked, err := s.config.Disputes.Dispute(ctx, line.OrderID, payment.Dispute{Operator: t.code, Reference: line.Reference,
			Amount: line.Amount, Currency: line.Currency})
		if err != nil {
			return nil, fmt.Errorf("book dispute of order %s: %w", line.OrderID, err)
		}
		if !decided {
			waiting++
		} else if !booked {
			differences = append(differences, Difference{Kind: DisputeNotBooked, Order: line.OrderID, Day: t.day, Theirs: line.Amount,
				Currency: line.Currency, Reference: line.Reference})
		}
	}
	if waiting > 0 {
		return nil, &laterError{alarm.DisputeOpen, fmt.Errorf("%d disputes are not booked yet", waiting)}
	}
	return differences, nil
}

// movements reads what the ledger has of an operator since the last comparison, and the number of the last entry read.
func movements(ctx context.Context, ledger store.ReconciliationReader, t turn) ([]Item, uint64, error) {
	var items []Item
	for after := t.entry; ; {
		found, err := ledger.Movements(ctx, operatorAccount(t.code), after, entriesAtOnce)
		if err != nil {
			return nil, 0, err
		}
		for _, m := range found.List {
			if m.Kind != store.EntryDispute {
				items = append(items, Item{Order: operator.OrderID(m.Order), Day: operator.DayOf(m.At), Ours: true, Amount: m.Amount, Currency: m.Currency})
			}
		}
		after = found.Last
		if found.Entries < entriesAtOnce {
			return items, after, nil
		}
	}
}

func operatorAccount(code string) string { return "operator/" + code }

// facts reads what we have of an order.
func (s *Service) facts(ctx context.Context, code string, order operator.OrderID) (Facts, error) {
	row, err := s.config.Store.Payment(ctx, store.OrderID(order))
	if errors.Is(err, store.ErrNotFound) {
		return Facts{}, nil
	}
	if err != nil {
		return Facts{}, err
	}
	var p payment.Payment
	if err := p.UnmarshalBinary(row.Blob); err != nil {
		return Facts{}, fmt.Errorf("read payment %s: %w", order, err)
	}
	entries, err := s.config.Store.Entries(ctx, store.OrderID(order))
	if err != nil {
		return Facts{}, err
	}
	rechecked := p.State == payment.Reversed && !p.NextAt.IsZero()
	facts := Facts{Known: p.Operator == code, Open: !p.State.Final() || p.Pursued() || rechecked, Amount: p.Amount,
		Declined: p.Outcome() == payment.OutcomeDeclined, Reversed: p.Outcome() == payment.OutcomeReversed}
	for _, entry := range entries {
		for _, posting := range entry.Postings {
			if entry.Kind != store.EntryDispute && posting.Account == operatorAccount(code) {
				facts.Booked += posting.Amount
			}
		}
	}
	return facts, nil
}

// alarms tells of each difference, and of many in one.
func (s *Service) alarms(t turn, differences []Difference) []store.Alarm {
	var alarms []store.Alarm
	now := s.config.Clock()
	for _, d := range differences[:min(len(differences), alarmsMax)] {
		kind := "reconcile-" + string(d.Kind)
		alarms = append(alarms, store.Alarm{Key: kind + "/" + d.Order.String(), Kind: kind, At: now, Detail: fmt.Sprintf(
			"order %s at operator %s, day %s, reference %q: the operator's books have %d, ours %d (minor units, %s)", d.Order, t.code, d.Day,
			d.Reference, d.Theirs, d.Ours, d.Currency)})
	}
	if more := len(differences) - len(alarms); more > 0 {
		alarms = append(alarms, store.Alarm{Key: alarm.ReconcileMany + "/" + t.code + "/" + t.day.String(), Kind: alarm.ReconcileMany, At: now,
			Detail: fmt.Sprintf("operator %s, day %s: %d more orders differ", t.code, t.day, more)})
	}
	return alarms
}
