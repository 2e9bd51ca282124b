package crashtest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

// storeCommit is one commit as the workload means it: changes that were grouped, or a lease.
type storeCommit struct {
	changes []store.Change
	lease   bool
	orders  int // that nobody used before
}

// storeModel is what a store must hold, and likewise what was read from one. It is a value: with makes another one.
// The lists are in the order in which the store returns them, or that of their keys.
type storeModel struct {
	merchants   []store.Merchant
	terminals   []store.Terminal
	records     []store.Record
	heads       []store.Head
	epochs      []store.Epoch
	payments    []store.Payment
	cancelled   []store.Cancelled
	entries     []store.Entry
	quarantined []store.Quarantined
	alarms      []store.AlarmRow

	orders int    // used so far
	leased uint64 // the last number; it cannot be read
}

// with is the model after one more commit.
func (m storeModel) with(c storeCommit) storeModel {
	for _, change := range c.changes {
		m = m.withChange(change)
	}
	if c.lease {
		m.leased++
	}
	m.orders += c.orders
	return m
}

func (m storeModel) withChange(c store.Change) storeModel {
	m.merchants = put(m.merchants, c.Merchants, func(a, b store.Merchant) int { return cmp.Compare(a.ID, b.ID) })
	m.terminals = put(m.terminals, c.Terminals, func(a, b store.Terminal) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	m.records = put(m.records, c.Records, func(a, b store.Record) int {
		return cmp.Or(bytes.Compare(a.Terminal[:], b.Terminal[:]), cmp.Compare(a.Sequence, b.Sequence))
	})
	m.heads = put(m.heads, c.Heads, func(a, b store.Head) int { return bytes.Compare(a.Terminal[:], b.Terminal[:]) })
	m.epochs = put(m.epochs, c.Epochs, func(a, b store.Epoch) int {
		return cmp.Or(bytes.Compare(a.Terminal[:], b.Terminal[:]), cmp.Compare(a.Number, b.Number))
	})
	m.payments = put(m.payments, c.Payments, func(a, b store.Payment) int { return bytes.Compare(a.Order[:], b.Order[:]) })
	m.entries = put(m.entries, c.Entries, func(a, b store.Entry) int {
		return cmp.Or(bytes.Compare(a.Order[:], b.Order[:]), cmp.Compare(a.Kind, b.Kind))
	})
	m.cancelled = append(slices.Clip(m.cancelled), c.Cancelled...)
	m.quarantined = append(slices.Clip(m.quarantined), c.Quarantined...)
	slices.SortStableFunc(m.quarantined, func(a, b store.Quarantined) int { return bytes.Compare(a.Terminal[:], b.Terminal[:]) })
	for _, alarm := range c.Alarms {
		m.alarms = ring(m.alarms, alarm)
	}
	for _, one := range c.Settlements {
		m.alarms = settled(m.alarms, one)
	}
	return m
}

// put inserts rows in order, or in the place of those with the same key.
func put[T any](rows, changed []T, compare func(T, T) int) []T {
	if len(changed) == 0 {
		return rows
	}
	rows = slices.Clone(rows)
	for _, row := range changed {
		i, known := slices.BinarySearchFunc(rows, row, compare)
		if known {
			rows[i] = row
		} else {
			rows = slices.Insert(rows, i, row)
		}
	}
	return rows
}

// ring adds an alarm to the open one of its key, or as a new one.
func ring(rows []store.AlarmRow, alarm store.Alarm) []store.AlarmRow {
	row := store.AlarmRow{Alarm: alarm, Number: uint64(len(rows) + 1), FirstAt: alarm.At, Count: 1}
	i := slices.IndexFunc(rows, func(r store.AlarmRow) bool { return r.Key == alarm.Key && r.SettledAt.IsZero() })
	if i >= 0 {
		row = rows[i]
		row.Detail, row.At, row.Count = alarm.Detail, alarm.At, row.Count+1
	}
	return put(rows, []store.AlarmRow{row}, compareAlarms)
}

// settled is what a person has looked after; the first settlement of an alarm counts.
func settled(rows []store.AlarmRow, s store.Settlement) []store.AlarmRow {
	row := rows[s.Alarm-1]
	if row.SettledAt.IsZero() {
		row.SettledAt, row.SettledBy, row.Note = s.At, s.By, s.Note
	}
	return put(rows, []store.AlarmRow{row}, compareAlarms)
}

func compareAlarms(a, b store.AlarmRow) int { return cmp.Compare(a.Number, b.Number) }

// readMax is more than there ever is of anything.
const readMax = 10_000

// readStore reads everything that can be read; payments and entries of orders up to a number.
func readStore(ctx context.Context, s *sqlite.Store, orders int) (m storeModel, err error) {
	list := func(read func() error) {
		if err == nil {
			err = read()
		}
	}
	list(func() error { m.merchants, err = s.Merchants(ctx, "", readMax); return err })
	list(func() error { m.terminals, err = s.Terminals(ctx, record.Terminal{}, readMax); return err })
	list(func() error { m.cancelled, err = s.LastCancelled(ctx, readMax); return err })
	list(func() error { m.alarms, err = s.Alarms(ctx, readMax); return err })
	slices.Reverse(m.cancelled)
	slices.SortFunc(m.alarms, compareAlarms)
	for _, terminal := range m.terminals {
		list(func() error { return m.readTerminal(ctx, s, terminal.ID) })
	}
	for n := 1; n <= orders; n++ {
		list(func() error { return m.readOrder(ctx, s, orderID(n)) })
	}
	if err != nil {
		return m, found(unexplained, "read store: %w", err)
	}
	return m, m.add(ctx, s)
}

func (m *storeModel) readTerminal(ctx context.Context, s *sqlite.Store, id record.Terminal) error {
	records, err := s.Records(ctx, id, 0, readMax)
	if err != nil {
		return err
	}
	head, err := s.Head(ctx, id)
	if err == nil {
		m.heads = append(m.heads, head)
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	epochs, err := s.Epochs(ctx, id)
	if err != nil {
		return err
	}
	quarantined, err := s.Quarantined(ctx, id, readMax)
	slices.Reverse(quarantined)
	m.records, m.epochs = append(m.records, records...), append(m.epochs, epochs...)
	m.quarantined = append(m.quarantined, quarantined...)
	return err
}

func (m *storeModel) readOrder(ctx context.Context, s *sqlite.Store, order store.OrderID) error {
	payment, err := s.Payment(ctx, order)
	if err == nil {
		m.payments = append(m.payments, payment)
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	entries, err := s.Entries(ctx, order)
	m.entries = append(m.entries, entries...)
	return err
}

// add checks that the sums are right and that there is nothing besides what was read by its key.
func (m *storeModel) add(ctx context.Context, s *sqlite.Store) error {
	audit, err := s.Audit(ctx, 0, readMax)
	if err != nil {
		return found(unexplained, "audit: %w", err)
	}
	for currency, sum := range audit.Sums {
		if sum != 0 {
			return found(unexplained, "the ledger is off by %d %s", sum, currency)
		}
	}
	counts, err := s.Counts(ctx)
	if err != nil {
		return found(unexplained, "count: %w", err)
	}
	payments := uint64(0)
	for _, n := range counts.Payments {
		payments += n
	}
	switch {
	case len(audit.Unbalanced) > 0:
		return found(unexplained, "%d entries are not balanced", len(audit.Unbalanced))
	case audit.Entries != uint64(len(m.entries)) || counts.Entries != audit.Entries:
		return found(doubled, "%d entries, of which %d are of a known order", counts.Entries, len(m.entries))
	case payments != uint64(len(m.payments)):
		return found(unexplained, "%d payments, of which %d are of a known order", payments, len(m.payments))
	case counts.Quarantined != uint64(len(m.quarantined)) || counts.Records != uint64(len(m.records)):
		return found(unexplained, "counts %+v of %d records", counts, len(m.records))
	}
	return nil
}

// compare returns a *finding unless the store holds exactly what the model says.
func (m storeModel) compare(got storeModel) error {
	return cmp.Or(
		same("merchant", got.merchants, m.merchants),
		same("terminal", got.terminals, m.terminals),
		same("record", got.records, m.records),
		same("head", got.heads, m.heads),
		same("epoch", got.epochs, m.epochs),
		same("payment", got.payments, m.payments),
		same("cancelled order", got.cancelled, m.cancelled),
		same("ledger entry", got.entries, m.entries),
		same("quarantined record", got.quarantined, m.quarantined),
		same("alarm", got.alarms, m.alarms),
	)
}

func same[T any](what string, got, want []T) error {
	for i := range want {
		if i >= len(got) {
			return found(lost, "%d of %d: %s", len(got), len(want), what)
		}
		if !reflect.DeepEqual(got[i], want[i]) {
			return found(lost, "%s %d is %+v, not %+v", what, i, got[i], want[i])
		}
	}
	if len(got) == len(want) {
		return nil
	}
	more := got[len(want)]
	if slices.ContainsFunc(want, func(known T) bool { return reflect.DeepEqual(more, known) }) {
		return found(doubled, "%s %+v", what, more)
	}
	return found(unexplained, "%s that nobody stored: %+v", what, more)
}
