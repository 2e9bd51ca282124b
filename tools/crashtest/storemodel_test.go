package crashtest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
)

func workedStore(t *testing.T) (*storeSubject, storeModel) {
	t.Helper()
	s := worked(t, newStoreSubject(newDisk(t), 4).(*storeSubject), 60)
	seen, err := readStore(t.Context(), s.store, s.model.orders)
	require.NoError(t, err)
	require.NoError(t, s.model.compare(seen))
	return s, seen
}

// TestStoreModelNotices changes what was read: each change is a broken promise.
func TestStoreModelNotices(t *testing.T) {
	s, seen := workedStore(t)
	for name, test := range map[string]struct {
		spoil func(*storeModel)
		want  verdict
	}{
		"no merchant":                  {func(m *storeModel) { m.merchants = nil }, lost},
		"no terminal":                  {func(m *storeModel) { m.terminals = m.terminals[:2] }, lost},
		"a record missing":             {func(m *storeModel) { m.records = m.records[1:] }, lost},
		"a record twice":               {func(m *storeModel) { m.records = more(m.records, m.records[0]) }, doubled},
		"a record nobody sent":         {func(m *storeModel) { m.records = more(m.records, store.Record{Sequence: 9}) }, unexplained},
		"a head moved back":            {func(m *storeModel) { m.heads = changed(m.heads, 0, func(h *store.Head) { h.Revision-- }) }, lost},
		"an epoch missing":             {func(m *storeModel) { m.epochs = m.epochs[1:] }, lost},
		"a payment's earlier state":    {func(m *storeModel) { m.payments = changed(m.payments, 0, func(p *store.Payment) { p.Revision-- }) }, lost},
		"a payment missing":            {func(m *storeModel) { m.payments = m.payments[1:] }, lost},
		"a cancellation missing":       {func(m *storeModel) { m.cancelled = m.cancelled[1:] }, lost},
		"a ledger entry missing":       {func(m *storeModel) { m.entries = m.entries[1:] }, lost},
		"a ledger entry twice":         {func(m *storeModel) { m.entries = more(m.entries, m.entries[0]) }, doubled},
		"a quarantined record missing": {func(m *storeModel) { m.quarantined = m.quarantined[1:] }, lost},
		"a settlement forgotten": {func(m *storeModel) {
			i := slices.IndexFunc(m.alarms, func(a store.AlarmRow) bool { return !a.SettledAt.IsZero() })
			m.alarms = changed(m.alarms, i, func(a *store.AlarmRow) { a.SettledAt = time.Time{} })
		}, lost},
		"an alarm counted once": {func(m *storeModel) { m.alarms = changed(m.alarms, 0, func(a *store.AlarmRow) { a.Count-- }) }, lost},
	} {
		t.Run(name, func(t *testing.T) {
			spoiled := seen
			test.spoil(&spoiled)
			err := s.model.compare(spoiled)
			require.Error(t, err)
			require.Equal(t, test.want, verdictOf(err), err)
		})
	}
}

func more[T any](rows []T, row T) []T { return append(rows[:len(rows):len(rows)], row) }

func TestStoreLease(t *testing.T) {
	s := worked(t, newStoreSubject(newDisk(t), 4).(*storeSubject), 1)
	require.NoError(t, s.lease(t.Context()))
	require.Equal(t, uint64(1), s.model.leased)
	t.Run("one that nobody got is passed over", func(t *testing.T) {
		_, err := s.store.Lease(t.Context(), leaseName, 0)
		require.NoError(t, err)
		s.slack = 1
		require.NoError(t, s.lease(t.Context()))
		require.Equal(t, uint64(3), s.model.leased)
		require.Zero(t, s.slack)
	})
	t.Run("a leap is unexplained", func(t *testing.T) {
		_, err := s.store.Lease(t.Context(), leaseName, 0)
		require.NoError(t, err)
		require.Equal(t, unexplained, verdictOf(s.lease(t.Context())))
	})
	t.Run("a number given again is doubled", func(t *testing.T) {
		s.model.leased = 20
		require.Equal(t, doubled, verdictOf(s.lease(t.Context())))
	})
}

func TestStoreUnknownOrders(t *testing.T) {
	s, _ := workedStore(t)
	_, err := readStore(t.Context(), s.store, s.model.orders-8)
	require.Error(t, err, "payments or entries of orders that nobody knows of")
}
