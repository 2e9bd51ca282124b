package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

func testDirectory(t *testing.T, opener Opener) {
	s := open(t, opener)
	_, err := s.Terminal(t.Context(), one)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.Merchant(t.Context(), "301310053110001")
	require.ErrorIs(t, err, store.ErrNotFound)

	shop := store.Merchant{ID: "301310053110001", Name: "王记早点", Operators: []string{"ICBC", "ABC"}, FeeBasisPoints: 10,
		Jurisdiction: "CN", CompletionPercent: 115, HoldDays: 7, CreatedAt: epoch}
	require.NoError(t, s.Commit(t.Context(), store.Change{Merchants: []store.Merchant{shop},
		Terminals: []store.Terminal{terminal(two), terminal(one)}}))
	gotShop, err := s.Merchant(t.Context(), shop.ID)
	require.NoError(t, err)
	require.Equal(t, shop, gotShop)
	got, err := s.Terminal(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, terminal(one), got)

	none, err := s.Blocked(t.Context(), record.Terminal{}, 10)
	require.NoError(t, err)
	require.Empty(t, none)
	blocked := terminal(one)
	blocked.State = store.TerminalBlocked
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{blocked}}))
	all, err := s.Terminals(t.Context(), record.Terminal{}, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Terminal{blocked, terminal(two)}, all)
	shut, err := s.Blocked(t.Context(), record.Terminal{}, 10)
	require.NoError(t, err)
	require.Equal(t, []record.Terminal{one}, shut)
	shut, err = s.Blocked(t.Context(), one, 10)
	require.NoError(t, err)
	require.Empty(t, shut)
	require.NoError(t, s.Health())
	rest, err := s.Terminals(t.Context(), one, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Terminal{terminal(two)}, rest)
	shops, err := s.Merchants(t.Context(), "", 1)
	require.NoError(t, err)
	require.Equal(t, []store.Merchant{shop}, shops)
}

func testMerchantChanges(t *testing.T, opener Opener) {
	s := open(t, opener)
	shop := func(id, name string) store.Merchant {
		return store.Merchant{ID: id, Name: name, Operators: []string{"ICBC"}, Jurisdiction: "CN", CreatedAt: epoch}
	}
	changed := func(after uint64, limit int) (ids []string, last uint64) {
		t.Helper()
		found, err := s.ChangedMerchants(t.Context(), after, limit)
		require.NoError(t, err)
		for _, c := range found {
			require.Greater(t, c.Number, max(after, last))
			ids, last = append(ids, c.Merchant), c.Number
		}
		return ids, last
	}
	ids, _ := changed(0, 10)
	require.Empty(t, ids)
	require.NoError(t, s.Commit(t.Context(), store.Change{Merchants: []store.Merchant{
		shop("301310053110001", "一"), shop("301310053110002", "二"), shop("301310053110003", "三")}}))
	ids, two := changed(0, 2)
	require.Equal(t, []string{"301310053110001", "301310053110002"}, ids)
	ids, last := changed(two, 2)
	require.Equal(t, []string{"301310053110003"}, ids)
	require.NoError(t, s.Commit(t.Context(), store.Change{Merchants: []store.Merchant{shop("301310053110001", "壹")}}))
	require.NoError(t, s.Commit(t.Context(), store.Change{Merchants: []store.Merchant{shop("301310053110001", "壱")}}))
	ids, again := changed(last, 10)
	require.Equal(t, []string{"301310053110001"}, ids)
	ids, _ = changed(again, 10)
	require.Empty(t, ids)
}

func testRecords(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	_, err := s.Head(t.Context(), one)
	require.ErrorIs(t, err, store.ErrNotFound)

	const count = 150 // more than one statement takes
	var change store.Change
	for sequence := uint64(1); sequence <= count; sequence++ {
		change.Records = append(change.Records, stored(one, sequence, "bytes"))
	}
	change.Heads = []store.Head{head(one, 1, count)}
	require.NoError(t, s.Commit(t.Context(), change))
	require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(two, store.SequenceMax, "far")}}))

	got, err := s.Record(t.Context(), one, 77)
	require.NoError(t, err)
	require.Equal(t, stored(one, 77, "bytes"), got)
	for _, missing := range []uint64{0, count + 1, store.SequenceMax + 1} {
		_, err = s.Record(t.Context(), one, missing)
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	tail, err := s.Records(t.Context(), one, 147, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Record{stored(one, 148, "bytes"), stored(one, 149, "bytes"), stored(one, 150, "bytes")}, tail)
	some, err := s.Records(t.Context(), one, 0, 2)
	require.NoError(t, err)
	require.Len(t, some, 2)
	far, err := s.Records(t.Context(), two, 5, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Record{stored(two, store.SequenceMax, "far")}, far)
	h, err := s.Head(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, head(one, 1, count), h)

	gapped := head(one, 2, count)
	gapped.Highest, gapped.Records = count+20, count+11
	gapped.Spans = []store.Span{
		{First: count + 2, Last: count + 2, Before: seal.Hash{1}, Link: seal.Hash{2}},
		{First: count + 11, Last: count + 20, Before: seal.Hash{3}, Link: seal.Hash{31: 4}},
	}
	require.NoError(t, s.Commit(t.Context(), store.Change{Heads: []store.Head{gapped}}))
	h, err = s.Head(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, gapped, h)
	require.NoError(t, s.Commit(t.Context(), store.Change{Heads: []store.Head{head(two, 1, 3)}}))
	for after, want := range map[record.Terminal][]store.Head{{}: {gapped}, one: nil} {
		found, err := s.Gapped(t.Context(), after, 10)
		require.NoError(t, err)
		require.Equal(t, want, found, "only what has gaps")
	}
}

func testEpochs(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	first := store.Epoch{Terminal: one, Number: 1, KeyVersion: 1, TerminalNonce: [16]byte{1}, CloudNonce: [16]byte{2},
		OpenedAt: epoch}
	second := first
	second.Number, second.Named = 2, 7
	require.NoError(t, s.Commit(t.Context(), store.Change{Epochs: []store.Epoch{second, first}}))
	requireConflict(t, s.Commit(t.Context(), store.Change{Epochs: []store.Epoch{first}}), store.EpochExists)

	opened := first
	opened.FirstSequence = 12
	require.NoError(t, s.Commit(t.Context(), store.Change{Epochs: []store.Epoch{opened}}))
	again := first
	again.FirstSequence = 99 // an epoch begins once
	require.NoError(t, s.Commit(t.Context(), store.Change{Epochs: []store.Epoch{again}}))
	got, err := s.Epochs(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, []store.Epoch{opened, second}, got)
	none, err := s.Epochs(t.Context(), two)
	require.NoError(t, err)
	require.Empty(t, none)
}

func testPayments(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	_, err := s.Payment(t.Context(), order(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, s.Commit(t.Context(), store.Change{
		Payments: []store.Payment{payment(1, 1), payment(2, 1), payment(3, 1)}}))
	final := payment(2, 2)
	final.State, final.Final, final.NextAt = 5, true, time.Time{}
	require.NoError(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{final}}))

	got, err := s.Payment(t.Context(), order(2))
	require.NoError(t, err)
	require.Equal(t, final, got)
	openOnes, err := s.OpenPayments(t.Context(), store.OrderID{}, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Payment{payment(1, 1), payment(3, 1)}, openOnes)
	rest, err := s.OpenPayments(t.Context(), order(1), 10)
	require.NoError(t, err)
	require.Equal(t, []store.Payment{payment(3, 1)}, rest)
	counts, err := s.Counts(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[uint8]uint64{1: 2, 5: 1}, counts.Payments)
}

func testNotes(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	q := store.Quarantined{Terminal: one, Epoch: 3, Sequence: 9, Cause: "other bytes", Digest: seal.Hash{7},
		Bytes: []byte("forged"), ReceivedAt: epoch}
	other := q
	other.Digest, other.Bytes = seal.Hash{8}, []byte("forged again")
	alarm := store.Alarm{Key: "clone/10000001", Kind: "clone", Terminal: one.String(), Detail: "sequence 9", At: epoch}
	later := alarm
	later.Detail, later.At = "sequence 10", epoch.Add(time.Hour)
	change := store.Change{Quarantined: []store.Quarantined{q, q, other}, Alarms: []store.Alarm{alarm, later}}
	require.NoError(t, s.Commit(t.Context(), change))

	quarantined, err := s.Quarantined(t.Context(), one, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Quarantined{other, q}, quarantined, "the same bytes are kept once, the newest comes first")
	alarms, err := s.Alarms(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []store.AlarmRow{{Alarm: later, Number: 1, FirstAt: epoch, Count: 2}}, alarms)
	counts, err := s.Counts(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, counts.Quarantined)
	require.EqualValues(t, 1, counts.Alarms)
	require.EqualValues(t, 2, counts.Terminals)
}

func testLedger(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	approved := payment(1, 1)
	approved.State = 4
	lost := payment(2, 1)
	lost.State = 4
	require.NoError(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{approved, lost},
		Entries: []store.Entry{entry(1, store.EntrySale, 1250), entry(3, store.EntrySale, 500)}}))
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{entry(1, store.EntryReversal, -1250)}}))

	entries, err := s.Entries(t.Context(), order(1))
	require.NoError(t, err)
	require.Equal(t, []store.Entry{entry(1, store.EntrySale, 1250), entry(1, store.EntryReversal, -1250)}, entries)
	balances, err := s.Balances(t.Context())
	require.NoError(t, err)
	require.Equal(t, []store.Balance{
		{Account: "fees", Currency: "CNY", Amount: -3},
		{Account: "merchant/301310053110001", Currency: "CNY", Amount: -497},
		{Account: "operator/ICBC", Currency: "CNY", Amount: 500},
	}, balances)

	unposted, err := s.Unposted(t.Context(), 4, store.EntrySale, store.EntryReversal, 10)
	require.NoError(t, err)
	require.Equal(t, []store.OrderID{order(1), order(2)}, unposted, "one was undone, the other never posted")
	unfounded, err := s.Unfounded(t.Context(), store.EntrySale, store.EntryReversal, []uint8{4, 9}, 10)
	require.NoError(t, err)
	require.Equal(t, []store.OrderID{order(3)}, unfounded)
	unfounded, err = s.Unfounded(t.Context(), store.EntryReversal, store.EntrySuspense, []uint8{9}, 10)
	require.NoError(t, err)
	require.Equal(t, []store.OrderID{order(1)}, unfounded)

	crooked := entry(9, store.EntrySale, 100)
	crooked.Postings[0].Amount++
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{crooked}}))
	first, err := s.Audit(t.Context(), 0, 2)
	require.NoError(t, err)
	require.Equal(t, store.Audit{Last: 2, Entries: 2, Sums: map[string]int64{"CNY": 0}}, first)
	rest, err := s.Audit(t.Context(), first.Last, 10)
	require.NoError(t, err)
	require.Equal(t, store.Audit{Last: 4, Entries: 2, Sums: map[string]int64{"CNY": 1},
		Unbalanced: []store.OrderID{order(9)}}, rest)
}
