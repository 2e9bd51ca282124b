package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

func followUp(n byte, terminal record.Terminal) store.FollowUp {
	return store.FollowUp{ID: store.FollowUpID{1, 15: n}, Order: order(1), Terminal: terminal, Sequence: uint64(n),
		State: store.FollowUpWaiting, At: epoch}
}

// testFollowUps: an id is used once for ever, with its record or not at all; what became of it is said once, with what its
// order made of it.
func testFollowUps(t *testing.T, opener Opener) {
	s := opener(t)
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{terminal(one), terminal(two)}}))
	_, err := s.FollowUp(t.Context(), store.FollowUpID{9})
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(one, 1, "asks")},
		FollowUps: []store.FollowUp{followUp(1, one), followUp(2, one), followUp(3, two)}}))

	again := store.Change{Records: []store.Record{stored(two, 1, "asks too")}, FollowUps: []store.FollowUp{followUp(1, two)}}
	requireConflict(t, s.Commit(t.Context(), again), store.FollowUpExists)
	_, err = s.Record(t.Context(), two, 1)
	require.ErrorIs(t, err, store.ErrNotFound, "its record neither")
	requireConflict(t, s.Commit(t.Context(), store.Change{FollowUps: []store.FollowUp{
		followUp(4, record.Terminal([]byte("99999999")))}}), store.TerminalUnknown)

	taken, declined := followUp(1, one), followUp(2, one)
	taken.State = store.FollowUpTaken
	declined.State, declined.Reason = store.FollowUpDeclined, 4
	require.NoError(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{payment(1, 1)}, FollowUps: []store.FollowUp{taken, declined}}))
	declined.Reason = 5
	requireConflict(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{payment(1, 2)}, FollowUps: []store.FollowUp{declined}}),
		store.FollowUpMoved)
	kept, err := s.Payment(t.Context(), order(1))
	require.NoError(t, err)
	require.EqualValues(t, 1, kept.Revision, "nor is the payment's step stored")
	unknown := followUp(8, one)
	unknown.State = store.FollowUpTaken
	requireConflict(t, s.Commit(t.Context(), store.Change{FollowUps: []store.FollowUp{unknown}}), store.FollowUpMoved)

	require.NoError(t, s.Close())
	s = open(t, opener)
	declined.Reason = 4
	for _, want := range []store.FollowUp{taken, declined, followUp(3, two)} {
		got, err := s.FollowUp(t.Context(), want.ID)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	waiting, err := s.WaitingFollowUps(t.Context(), store.FollowUpID{}, 10)
	require.NoError(t, err)
	require.Equal(t, []store.FollowUp{followUp(3, two)}, waiting)
	waiting, err = s.WaitingFollowUps(t.Context(), followUp(3, two).ID, 10)
	require.NoError(t, err)
	require.Empty(t, waiting)
}

// testParts: an order has several entries of one kind, one a follow-up.
func testParts(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	sale, first, second := entry(1, store.EntrySale, 1000), refundEntry(1, 1, 400), refundEntry(1, 2, 599)
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{sale, first}}))
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{second}}))
	requireConflict(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{second}}), store.EntryExists)
	requireConflict(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{sale}}), store.EntryExists)
	entries, err := s.Entries(t.Context(), order(1))
	require.NoError(t, err)
	require.Equal(t, []store.Entry{sale, first, second}, entries)

	debits := []string{"operator/", "hold/"}
	overdrawn, err := s.Overdrawn(t.Context(), debits, 10)
	require.NoError(t, err)
	require.Empty(t, overdrawn)
	unfounded, err := s.Unfounded(t.Context(), store.EntryRefund, 0, []uint8{4}, 10)
	require.NoError(t, err)
	require.Equal(t, []store.OrderID{order(1)}, unfounded, "named once, though it has two")

	hold, released := holdEntry(2, store.EntryHold, 0, 500), holdEntry(2, store.EntryRelease, 1, -501)
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{hold, released, refundEntry(1, 3, 1)}}))
	overdrawn, err = s.Overdrawn(t.Context(), debits, 10)
	require.NoError(t, err)
	require.Equal(t, []store.OrderID{order(1), order(2)}, overdrawn)
	overdrawn, err = s.Overdrawn(t.Context(), debits, 1)
	require.NoError(t, err)
	require.Equal(t, []store.OrderID{order(1)}, overdrawn)
}

func refundEntry(n, part byte, amount int64) store.Entry {
	return store.Entry{Order: order(n), Kind: store.EntryRefund, Part: store.FollowUpID{part}, At: epoch, Postings: []store.Posting{
		{Account: "operator/ICBC", Amount: -amount, Currency: "CNY"},
		{Account: "merchant/301310053110001", Amount: amount, Currency: "CNY"}}}
}

func holdEntry(n byte, kind store.EntryKind, part byte, amount int64) store.Entry {
	e := store.Entry{Order: order(n), Kind: kind, At: epoch, Postings: []store.Posting{
		{Account: "hold/ICBC", Amount: amount, Currency: "CNY"},
		{Account: "held/301310053110001", Amount: -amount, Currency: "CNY"}}}
	if part != 0 {
		e.Part = store.FollowUpID{part}
	}
	return e
}

// testReferences: what is on a receipt leads to its order, for its merchant only; numbers may repeat.
func testReferences(t *testing.T, opener Opener) {
	s := opener(t)
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{terminal(one)}}))
	const number = "000000000042"
	numbered := func(n byte, reference, merchant string) store.Payment {
		p := payment(n, 1)
		p.Reference, p.Merchant = reference, merchant
		return p
	}
	shop, other := payment(1, 1).Merchant, "301310053110002"
	early, late := numbered(1, number, shop), numbered(2, number, shop)
	require.NoError(t, s.Commit(t.Context(), store.Change{
		Payments: []store.Payment{early, late, numbered(3, number, other), numbered(4, "000000000000", shop), numbered(5, number, shop), numbered(6, "", shop), numbered(7, "000000000007", shop)},
		// The second order is booked before the first.
		Entries: []store.Entry{entry(2, store.EntrySale, 5), entry(1, store.EntrySale, 5), entry(3, store.EntrySale, 5),
			holdEntry(4, store.EntryHold, 0, 5), entry(6, store.EntrySale, 5), entry(7, store.EntryLoss, 5)}}))
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{entry(2, store.EntryReversal, -5), entry(1, store.EntrySuspense, 5)}}))
	require.NoError(t, s.Close())
	s = open(t, opener)

	found, err := s.PaymentsByReference(t.Context(), shop, number, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Payment{early, late}, found, "the one booked last comes first; the fifth was never booked")
	found, err = s.PaymentsByReference(t.Context(), shop, number, 1)
	require.NoError(t, err)
	require.Equal(t, []store.Payment{early}, found)
	found, err = s.PaymentsByReference(t.Context(), shop, "000000000000", 10)
	require.NoError(t, err)
	require.Equal(t, []store.Payment{numbered(4, "000000000000", shop)}, found)
	found, err = s.PaymentsByReference(t.Context(), shop, "000000000007", 10)
	require.NoError(t, err)
	require.Equal(t, []store.Payment{numbered(7, "000000000007", shop)}, found, "a loss is booked as well")
	for _, none := range []string{"", "42", "000000000043", "00000000004x"} {
		found, err = s.PaymentsByReference(t.Context(), shop, none, 10)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	again := payment(1, 2)
	require.NoError(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{again}}))
	kept, err := s.Payment(t.Context(), order(1))
	require.NoError(t, err)
	require.Equal(t, number, kept.Reference, "a later revision keeps it")
	require.Error(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{numbered(8, "12", shop)}}))
}

// testManyReferences: every one of many is found at once, however far the store's own index lags behind.
func testManyReferences(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	const count, each = 200, 5
	for n := range count / each * 4 {
		var change store.Change
		for i := range each {
			p, e := payment(0, 1), entry(0, store.EntrySale, 5)
			p.Order[0], p.Order[1], p.Reference = byte(n), byte(i), reference(n*each+i)
			e.Order = p.Order
			change.Payments, change.Entries = append(change.Payments, p), append(change.Entries, e)
		}
		require.NoError(t, s.Commit(t.Context(), change))
		found, err := s.PaymentsByReference(t.Context(), change.Payments[0].Merchant, reference(n*each/2), 2)
		require.NoError(t, err)
		require.Len(t, found, 1)
	}
}

func reference(n int) string {
	digits := []byte("000000000000")
	for i := len(digits) - 1; n > 0; i, n = i-1, n/10 {
		digits[i] += byte(n % 10)
	}
	return string(digits)
}

// testDue: what wants to be looked at by a time.
func testDue(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	later, never, ended := payment(2, 1), payment(3, 1), payment(4, 1)
	later.NextAt = epoch.Add(time.Hour)
	never.NextAt = time.Time{}
	ended.Final = true
	require.NoError(t, s.Commit(t.Context(), store.Change{Payments: []store.Payment{payment(1, 1), later, never, ended}}))
	due, err := s.DuePayments(t.Context(), epoch.Add(time.Minute), store.OrderID{}, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Payment{payment(1, 1)}, due)
	due, err = s.DuePayments(t.Context(), epoch.Add(time.Hour), order(1), 10)
	require.NoError(t, err)
	require.Equal(t, []store.Payment{later}, due)
}
