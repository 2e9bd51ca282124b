package crashtest

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

func newDisk(t *testing.T) *crashdisk.Disk {
	t.Helper()
	d, err := crashdisk.New(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// worked is an open subject after some steps of work.
func worked[S subject](t *testing.T, s S, steps int) S {
	t.Helper()
	require.NoError(t, s.open(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.shut()) })
	r := rand.New(rand.NewPCG(11, 1))
	for range steps {
		require.NoError(t, s.work(t.Context(), r))
	}
	require.NoError(t, s.look(t.Context()))
	return s
}

func workedJournal(t *testing.T) (*journalSubject, readings) {
	t.Helper()
	s := worked(t, newJournalSubject(newDisk(t)).(*journalSubject), 12)
	seen, err := readJournal(t.Context(), s.journal)
	require.NoError(t, err)
	require.NoError(t, s.model.compare(seen))
	require.Greater(t, len(seen.records), 15)
	require.Greater(t, len(seen.sales), 2)
	return s, seen
}

// TestJournalModelNotices changes what was read: each change is a broken promise.
func TestJournalModelNotices(t *testing.T) {
	s, seen := workedJournal(t)
	flipped := append(record.Record(nil), seen.records[3]...)
	flipped[len(flipped)-1] ^= 1
	for name, test := range map[string]struct {
		spoil func(*readings)
		want  verdict
	}{
		"the last record missing":  {func(r *readings) { r.records = r.records[:len(r.records)-1] }, lost},
		"a record in the middle":   {func(r *readings) { r.records = append(r.records[:4:4], r.records[5:]...) }, lost},
		"other bytes":              {func(r *readings) { r.records = append(append(r.records[:3:3], flipped), r.records[4:]...) }, lost},
		"a record too many":        {func(r *readings) { r.records = append(r.records[:len(r.records):len(r.records)], r.records[0]) }, unexplained},
		"the last sale missing":    {func(r *readings) { r.sales = r.sales[:len(r.sales)-1] }, lost},
		"a sale too many":          {func(r *readings) { r.sales = append(r.sales[:len(r.sales):len(r.sales)], r.sales[0]) }, unexplained},
		"a sale as it was before":  {func(r *readings) { r.sales = changed(r.sales, 1, func(s *journal.Sale) { s.State = nil }) }, lost},
		"a sale reopened":          {func(r *readings) { r.sales = changed(r.sales, 1, func(s *journal.Sale) { s.Open = !s.Open }) }, lost},
		"a sale with other bounds": {func(r *readings) { r.sales = changed(r.sales, 1, func(s *journal.Sale) { s.Last++ }) }, lost},
		"an open sale too many":    {func(r *readings) { r.open = append(r.open, r.sales[0]) }, unexplained},
		"another tail":             {func(r *readings) { r.tail.Sequence++ }, unexplained},
		"a lost range too many":    {func(r *readings) { r.report.Lost = append(r.report.Lost, journal.Range{First: 1, Last: 1}) }, unexplained},
		"tags not checked":         {func(r *readings) { r.report.TagsChecked = false }, unexplained},
		"acknowledged too far":     {func(r *readings) { r.acknowledged = s.model.said + 1 }, unexplained},
		"a wrong count":            {func(r *readings) { r.counts.Sales++ }, unexplained},
		"no record at all":         {func(r *readings) { r.records[0] = nil }, unexplained},
	} {
		t.Run(name, func(t *testing.T) {
			spoiled := seen
			spoiled.records = append([]record.Record(nil), seen.records...)
			test.spoil(&spoiled)
			err := s.model.compare(spoiled)
			require.Error(t, err)
			require.Equal(t, test.want, verdictOf(err), err)
		})
	}
	t.Run("a payment twice", func(t *testing.T) {
		twice := seen
		for _, r := range seen.records {
			if _, header, err := record.Parse(r); err == nil && header.Type == record.PaymentRequested {
				twice.records = append(seen.records[:len(seen.records):len(seen.records)], r)
			}
		}
		require.Equal(t, doubled, verdictOf(s.model.compare(twice)))
	})
}

func changed[T any](rows []T, i int, change func(*T)) []T {
	rows = append([]T(nil), rows...)
	change(&rows[i])
	return rows
}

// TestJournalInFlight: what was on its way may be there, as a whole and in order.
func TestJournalInFlight(t *testing.T) {
	ctx := context.Background()
	disk := newDisk(t)
	s := worked(t, newJournalSubject(disk).(*journalSubject), 6)
	require.NoError(t, s.sell(ctx, 100)) // three commits that each leave something to be seen
	all := s.history
	for missing := range 3 {
		s.foldedAt, s.folded = 0, journalModel{}
		at := s.at(len(all)-missing, false)(disk).(*journalSubject)
		at.journal = s.journal
		require.NoError(t, at.look(ctx))
		require.Equal(t, len(all), at.count(), "it adopts the %d in flight", missing)
		require.NoError(t, at.look(ctx), "from then on they must be there")
	}
	s.foldedAt, s.folded = 0, journalModel{}
	early := s.at(len(all)-inFlight-3, false)(disk).(*journalSubject)
	early.journal = s.journal
	require.Error(t, early.look(ctx), "more than can have been in flight")
	ahead := &journalSubject{disk: disk, journal: s.journal, model: s.model.with(all[1])}
	require.Error(t, ahead.look(ctx), "something that is not there")
}
