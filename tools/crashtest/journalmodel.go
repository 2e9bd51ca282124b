package crashtest

import (
	"bytes"
	"context"
	"slices"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/record"
)

// journalCommit is one commit as the workload means it.
type journalCommit struct {
	records []wantedRecord
	sales   []wantedSale
	epoch   uint32         // opened by this commit, else 0
	lost    *journal.Range // skipped by it
	// acknowledged is set by what is no commit: the cloud's word, which becomes durable with the commit after it.
	acknowledged uint64
	// died is no commit either: what was heard since the last one is forgotten.
	died bool
}

// wantedRecord is a record as it must be found.
type wantedRecord struct {
	sequence uint64
	kind     record.Type
	body     []byte
	stored   record.Record // its very bytes, nil as long as nobody was told
}

// wantedSale is a snapshot as it must be found.
type wantedSale struct {
	journal.Snapshot
	first, last uint64
}

// journalModel is what a journal must hold. It is a value: with makes another one.
type journalModel struct {
	records []wantedRecord
	sales   []wantedSale // in the order of their beginning
	lost    []journal.Range
	epoch   uint32
	// said is the cloud's word so far, saved what of it is durable.
	said, saved uint64
}

func (m journalModel) last() uint64 {
	if len(m.records) == 0 {
		return 0
	}
	return m.records[len(m.records)-1].sequence
}

// with is the model after one more commit.
func (m journalModel) with(c journalCommit) journalModel {
	switch {
	case c.died:
		m.said = m.saved
		return m
	case c.acknowledged != 0:
		m.said = c.acknowledged
		return m
	}
	m.records = append(slices.Clip(m.records), c.records...)
	if len(c.sales) > 0 {
		m.sales = slices.Clone(m.sales)
	}
	for _, sale := range c.sales {
		same := func(known wantedSale) bool { return known.OrderID == sale.OrderID }
		if i := slices.IndexFunc(m.sales, same); i >= 0 {
			sale.first = m.sales[i].first
			m.sales[i] = sale
		} else {
			m.sales = append(m.sales, sale)
		}
	}
	if c.lost != nil {
		m.lost = append(slices.Clip(m.lost), *c.lost)
	}
	if c.epoch != 0 {
		m.epoch = c.epoch
	}
	m.saved = m.said
	return m
}

// readings is everything that can be read from a journal.
type readings struct {
	records      []record.Record
	sales        []journal.Sale // in the order of their beginning
	open         []journal.Sale
	counts       journal.Counts
	report       journal.Report
	tail         journal.Position
	acknowledged uint64
}

func readJournal(ctx context.Context, j *journal.Journal) (r readings, err error) {
	if r.report, err = j.Verify(ctx); err != nil {
		return r, err
	}
	if r.records, err = readRecords(ctx, j); err != nil {
		return r, err
	}
	if r.sales, err = j.LastSales(ctx, 1000); err != nil {
		return r, err
	}
	slices.Reverse(r.sales)
	if r.open, err = j.OpenSales(ctx); err != nil {
		return r, err
	}
	r.tail, r.acknowledged = j.Tail(), j.Acknowledged()
	r.counts, err = j.Counts(ctx)
	return r, err
}

// readRecords reads all of them, which Records does not do at once.
func readRecords(ctx context.Context, j *journal.Journal) (all []record.Record, err error) {
	for after := uint64(0); ; {
		records, err := j.Records(ctx, after, recordsAtOnce, 1<<30)
		if err != nil || len(records) == 0 {
			return all, err
		}
		all = append(all, records...)
		header, err := record.ParseHeader(records[len(records)-1])
		if err != nil {
			return all, err
		}
		after = header.Sequence
	}
}

const recordsAtOnce = 500

// settled is the model after a start: what it was told and had not saved is forgotten, and every byte is known.
func (m journalModel) settled(r readings) journalModel {
	m.records = slices.Clone(m.records)
	for i := range m.records {
		m.records[i].stored = r.records[i]
	}
	m.said, m.saved = r.acknowledged, r.acknowledged
	return m
}

// compare returns a *finding unless the journal is exactly what the model says.
func (m journalModel) compare(r readings) error {
	if err := m.compareRecords(r); err != nil {
		return err
	}
	if err := m.compareSales(r); err != nil {
		return err
	}
	switch {
	case r.tail.Sequence != m.last() || r.tail.Epoch != m.epoch:
		return found(unexplained, "the tail is %d of epoch %d, not %d of %d", r.tail.Sequence, r.tail.Epoch, m.last(), m.epoch)
	case r.report.Records != uint64(len(m.records)) || !r.report.TagsChecked || r.report.Last != m.last():
		return found(unexplained, "the verification saw %+v", r.report)
	case !slices.Equal(r.report.Lost, m.lost):
		return found(unexplained, "lost sequences %v, not %v", r.report.Lost, m.lost)
	case r.acknowledged < m.saved:
		return found(lost, "acknowledged up to %d, not %d", r.acknowledged, m.saved)
	case r.acknowledged > m.said:
		return found(unexplained, "acknowledged up to %d, the cloud said %d", r.acknowledged, m.said)
	case r.counts.Records != uint64(len(m.records)) || r.counts.Sales != uint64(len(m.sales)):
		return found(unexplained, "counts %+v of %d records and %d sales", r.counts, len(m.records), len(m.sales))
	}
	return nil
}

func (m journalModel) compareRecords(r readings) error {
	payments := make(map[string]bool)
	for i, got := range r.records {
		_, header, err := record.Parse(got)
		if err != nil {
			return found(unexplained, "record %d: %w", i+1, err)
		}
		if header.Type == record.PaymentRequested {
			if payments[string(got.Body())] {
				return found(doubled, "payment of record %d", header.Sequence)
			}
			payments[string(got.Body())] = true
		}
		if i >= len(m.records) {
			return found(unexplained, "record %d, which is one too many", header.Sequence)
		}
		want := m.records[i]
		if header.Sequence != want.sequence || header.Type != want.kind || !bytes.Equal(got.Body(), want.body) {
			return found(lost, "record %d is another", want.sequence)
		}
		if want.stored != nil && !bytes.Equal(got, want.stored) {
			return found(lost, "record %d has other bytes", want.sequence)
		}
	}
	if len(r.records) < len(m.records) {
		return found(lost, "%d of %d records are there", len(r.records), len(m.records))
	}
	return nil
}

func (m journalModel) compareSales(r readings) error {
	if len(r.sales) < len(m.sales) {
		return found(lost, "%d of %d sales are there", len(r.sales), len(m.sales))
	}
	open := 0
	for i, got := range r.sales {
		if i >= len(m.sales) {
			return found(unexplained, "sale %d, which is one too many", i+1)
		}
		want := m.sales[i]
		if got.Number != uint64(i+1) || got.OrderID != want.OrderID || got.Open != want.Open ||
			!bytes.Equal(got.State, want.State) || got.First != want.first || got.Last != want.last {
			return found(lost, "sale %d is as it was at record %d, not %d", i+1, got.Last, want.last)
		}
		if want.Open {
			open++
		}
	}
	if len(r.open) != open {
		return found(unexplained, "%d sales are open, not %d", len(r.open), open)
	}
	return nil
}
