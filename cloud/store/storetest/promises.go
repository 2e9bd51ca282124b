package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

func testConflicts(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	require.NoError(t, s.Commit(t.Context(), store.Change{
		Records: []store.Record{stored(one, 1, "first")}, Heads: []store.Head{head(one, 1, 1)},
		Payments: []store.Payment{payment(1, 1)}, Entries: []store.Entry{entry(1, store.EntrySale, 5)}}))
	stranger := record.Terminal([]byte("99999999"))
	for name, c := range map[string]struct {
		change store.Change
		kind   store.ConflictKind
	}{
		"same sequence":           {store.Change{Records: []store.Record{stored(one, 1, "other")}}, store.RecordExists},
		"same bytes":              {store.Change{Records: []store.Record{stored(one, 1, "first")}}, store.RecordExists},
		"head of the past":        {store.Change{Heads: []store.Head{head(one, 1, 1)}}, store.HeadMoved},
		"head of the future":      {store.Change{Heads: []store.Head{head(one, 3, 1)}}, store.HeadMoved},
		"order id taken":          {store.Change{Payments: []store.Payment{payment(1, 1)}}, store.PaymentMoved},
		"payment of the future":   {store.Change{Payments: []store.Payment{payment(1, 3)}}, store.PaymentMoved},
		"payment never requested": {store.Change{Payments: []store.Payment{payment(7, 2)}}, store.PaymentMoved},
		"entry posted":            {store.Change{Entries: []store.Entry{entry(1, store.EntrySale, 5)}}, store.EntryExists},
		"stranger":                {store.Change{Records: []store.Record{stored(stranger, 1, "x")}}, store.TerminalUnknown},
	} {
		t.Run(name, func(t *testing.T) { requireConflict(t, s.Commit(t.Context(), c.change), c.kind) })
	}
	balances, err := s.Balances(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(5), balances[2].Amount, "nothing was posted twice")
}

// testAtomicity submits good changes around a bad one so fast that they share a commit: only the bad one is refused,
// with all of its rows, and so is the one that was built upon it.
func testAtomicity(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(one, 5, "taken")}}))
	changes := []store.Change{
		{Records: []store.Record{stored(two, 1, "a")}, Heads: []store.Head{head(two, 1, 1)}},
		{Records: []store.Record{stored(one, 4, "b"), stored(one, 5, "c"), stored(one, 6, "d")},
			Heads: []store.Head{head(one, 1, 6)}, Payments: []store.Payment{payment(1, 1)},
			Entries: []store.Entry{entry(1, store.EntrySale, 5)}},
		{Records: []store.Record{stored(one, 7, "e")}, Heads: []store.Head{head(one, 2, 7)}},
		{Records: []store.Record{stored(two, 2, "f")}, Heads: []store.Head{head(two, 2, 2)},
			Entries: []store.Entry{entry(2, store.EntrySale, 8)}},
	}
	results := make([]error, len(changes))
	var wait sync.WaitGroup
	for i, change := range changes {
		wait.Add(1)
		require.NoError(t, s.Submit(t.Context(), change, func(err error) {
			results[i] = err
			wait.Done()
		}))
	}
	wait.Wait()
	require.NoError(t, results[0])
	requireConflict(t, results[1], store.RecordExists)
	requireConflict(t, results[2], store.HeadMoved)
	require.NoError(t, results[3])

	kept, err := s.Records(t.Context(), one, 0, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Record{stored(one, 5, "taken")}, kept)
	_, err = s.Payment(t.Context(), order(1))
	require.ErrorIs(t, err, store.ErrNotFound)
	entries, err := s.Entries(t.Context(), order(1))
	require.NoError(t, err)
	require.Empty(t, entries)
	h, err := s.Head(t.Context(), two)
	require.NoError(t, err)
	require.EqualValues(t, 2, h.Highest)
	require.NoError(t, s.Commit(t.Context(), store.Change{Heads: []store.Head{head(one, 1, 5)}}), "heads go on from what is stored")
}

// testConcurrency lets several goroutines submit; every order arrives, the results come in order for each of them,
// and of two that claim the same sequence exactly one wins.
func testConcurrency(t *testing.T, opener Opener) {
	const submitters, each = 4, 100
	s := enrolled(t, opener)
	var won, lost atomic.Int64
	var submitting, done sync.WaitGroup
	for submitter := range submitters {
		submitting.Go(func() {
			var last atomic.Int64
			for i := range int64(each) {
				done.Add(1)
				content := string(binary.BigEndian.AppendUint32(nil, uint32(submitter)))
				change := store.Change{Records: []store.Record{stored(one, uint64(i)+1, content)}}
				err := s.Submit(context.Background(), change, func(err error) {
					defer done.Done()
					var conflict *store.ConflictError
					switch {
					case err == nil:
						won.Add(1)
					case errors.As(err, &conflict):
						lost.Add(1)
					}
					if !last.CompareAndSwap(i, i+1) {
						t.Errorf("change %d of submitter %d was reported out of order", i, submitter)
					}
				})
				if err != nil {
					t.Errorf("submit: %v", err)
				}
			}
		})
	}
	submitting.Wait()
	done.Wait()
	require.EqualValues(t, each, won.Load())
	require.EqualValues(t, each*(submitters-1), lost.Load())
	all, err := s.Records(t.Context(), one, 0, each*2)
	require.NoError(t, err)
	require.Len(t, all, each)
}

func testDurability(t *testing.T, opener Opener) {
	s := opener(t)
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{terminal(one)}}))
	require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(one, 1, "kept")},
		Heads: []store.Head{head(one, 1, 1)}, Payments: []store.Payment{payment(1, 1)},
		Entries: []store.Entry{entry(1, store.EntrySale, 70)}}))
	require.NoError(t, s.Close())

	s = open(t, opener)
	got, err := s.Record(t.Context(), one, 1)
	require.NoError(t, err)
	require.Equal(t, stored(one, 1, "kept"), got)
	openOnes, err := s.OpenPayments(t.Context(), store.OrderID{}, 10)
	require.NoError(t, err)
	require.Equal(t, []store.Payment{payment(1, 1)}, openOnes)
	requireConflict(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(one, 1, "kept")}}), store.RecordExists)
	requireConflict(t, s.Commit(t.Context(), store.Change{Heads: []store.Head{head(one, 1, 1)}}), store.HeadMoved)
	require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(one, 2, "next")},
		Heads: []store.Head{head(one, 2, 2)}, Entries: []store.Entry{entry(2, store.EntrySale, 30)}}))
	audit, err := s.Audit(t.Context(), 0, 10)
	require.NoError(t, err)
	require.EqualValues(t, 2, audit.Entries)
	require.Equal(t, map[string]int64{"CNY": 0}, audit.Sums)
}

func testLeases(t *testing.T, opener Opener) {
	s := opener(t)
	for want := uint64(1); want <= 3; want++ {
		got, err := s.Lease(t.Context(), "instance", 0)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.NoError(t, s.Close())
	s = open(t, opener)
	got, err := s.Lease(t.Context(), "instance", 0)
	require.NoError(t, err)
	require.EqualValues(t, 4, got, "a number is never given again")
	for _, c := range []struct{ least, want uint64 }{{3, 5}, {1000, 1000}, {1000, 1001}, {7, 1002}} {
		got, err = s.Lease(t.Context(), "instance", c.least)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	got, err = s.Lease(t.Context(), "other", 0)
	require.NoError(t, err)
	require.EqualValues(t, 1, got)
	_, err = s.Lease(t.Context(), "", 0)
	require.Error(t, err)
}

func testBounds(t *testing.T, opener Opener) {
	s := enrolled(t, opener)
	var large store.Change
	for sequence := range uint64(store.RowsMax + 1) {
		large.Records = append(large.Records, stored(one, sequence+1, "x"))
	}
	require.ErrorIs(t, s.Commit(t.Context(), large), store.ErrTooLarge)
	large.Records = large.Records[:store.RowsMax]
	require.NoError(t, s.Commit(t.Context(), large))

	for _, sequence := range []uint64{0, store.SequenceMax + 1} {
		require.Error(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(two, sequence, "x")}}))
	}
	bare := entry(1, store.EntrySale, 1)
	bare.Postings = bare.Postings[:1]
	require.Error(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{bare}}), "one posting cannot balance")
	none, err := s.Records(t.Context(), two, 0, 10)
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(two, 1, "x")}}), "the store still works")
}

func testClosing(t *testing.T, opener Opener) {
	s := opener(t)
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{terminal(one)}}))
	const count = 200
	var stillDone atomic.Int64
	for sequence := range uint64(count) {
		change := store.Change{Records: []store.Record{stored(one, sequence+1, "x")}}
		require.NoError(t, s.Submit(t.Context(), change, func(err error) {
			if err == nil {
				stillDone.Add(1)
			}
		}))
	}
	require.NoError(t, s.Close())
	require.EqualValues(t, count, stillDone.Load(), "what was submitted is stored before the files are released")
	require.NoError(t, s.Close(), "closing again is harmless")
	require.ErrorIs(t, s.Commit(t.Context(), store.Change{}), store.ErrClosed)
	_, err := s.Lease(t.Context(), "instance", 0)
	require.ErrorIs(t, err, store.ErrClosed)

	s = open(t, opener)
	all, err := s.Records(t.Context(), one, 0, count*2)
	require.NoError(t, err)
	require.Len(t, all, count)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Commit(ended, store.Change{Records: []store.Record{stored(one, count+1, "x")}}), context.Canceled)
}
