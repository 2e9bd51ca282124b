package ledger_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	open     = 1
	approved = 6
	reversed = 9
)

var (
	now       = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	terminal  = record.Terminal([]byte("10000001"))
	standings = []ledger.Standing{
		{Kind: store.EntrySale, Undo: store.EntryReversal, States: []uint8{approved}, Must: approved},
		{Kind: store.EntrySuspense, Undo: store.EntrySuspenseReturn, States: []uint8{open}},
	}
)

func booking(n uint32, amount, fee int64) ledger.Booking {
	b := ledger.Booking{Operator: "ICBC", Merchant: "301310053110001", Amount: amount, Fee: fee, Currency: "CNY", At: now}
	binary.BigEndian.PutUint32(b.Order[:], n)
	return b
}

func held(b ledger.Booking, amount int64) ledger.Booking {
	b.Held = amount
	return b
}

func TestEntry(t *testing.T) {
	t.Run("Sale", func(t *testing.T) {
		entry, err := booking(1, 1250, 1).Entry(store.EntrySale)
		require.NoError(t, err)
		require.Equal(t, []store.Posting{
			{Account: "operator/ICBC", Amount: 1250, Currency: "CNY"},
			{Account: "merchant/301310053110001", Amount: -1249, Currency: "CNY"},
			{Account: "fees", Amount: -1, Currency: "CNY"},
		}, entry.Postings)
	})
	t.Run("NoFeeNoPosting", func(t *testing.T) {
		entry, err := booking(1, 1250, 0).Entry(store.EntrySale)
		require.NoError(t, err)
		require.Len(t, entry.Postings, 2)
	})
	t.Run("ErrAmount", func(t *testing.T) {
		for _, b := range []ledger.Booking{booking(1, 0, 0), booking(1, -5, 0), booking(1, 5, -1), booking(1, 5, 6), held(booking(1, 5, 0), 5)} {
			_, err := b.Entry(store.EntrySale)
			require.ErrorIs(t, err, ledger.ErrAmount)
		}
		for _, b := range []ledger.Booking{booking(1, 0, 0), held(booking(1, 5, 0), 5), held(booking(1, 0, 0), -5)} {
			_, err := b.Entry(store.EntryHold)
			require.ErrorIs(t, err, ledger.ErrAmount)
		}
		_, err := booking(1, 5, 1).Entry(99)
		require.Error(t, err)
	})
	t.Run("Completion", func(t *testing.T) {
		b := held(booking(1, 1250, 1), 2000)
		b.Part = store.FollowUpID{7}
		entry, err := b.Entry(store.EntryCompletion)
		require.NoError(t, err)
		require.Equal(t, store.FollowUpID{7}, entry.Part)
		require.Equal(t, []store.Posting{
			{Account: "operator/ICBC", Amount: 1250, Currency: "CNY"},
			{Account: "merchant/301310053110001", Amount: -1249, Currency: "CNY"},
			{Account: "fees", Amount: -1, Currency: "CNY"},
			{Account: "hold/ICBC", Amount: -2000, Currency: "CNY"},
			{Account: "held/301310053110001", Amount: 2000, Currency: "CNY"},
		}, entry.Postings)
	})
	t.Run("AHoldMovesNobodysMoney", func(t *testing.T) {
		entry, err := held(booking(1, 0, 0), 500).Entry(store.EntryHold)
		require.NoError(t, err)
		require.Equal(t, []store.Posting{{Account: "hold/ICBC", Amount: 500, Currency: "CNY"},
			{Account: "held/301310053110001", Amount: -500, Currency: "CNY"}}, entry.Postings)
	})
	t.Run("FollowUpsAndTheirUndoCancelOut", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			amount := rapid.Int64Range(1, 1_000_000_000_000).Draw(t, "amount")
			money := booking(1, amount, rapid.Int64Range(0, amount).Draw(t, "fee"))
			memo := held(booking(1, 0, 0), rapid.Int64Range(1, 1_000_000_000_000).Draw(t, "held"))
			both := held(money, memo.Held)
			for _, pair := range []struct {
				b         ledger.Booking
				one, back store.EntryKind
			}{{money, store.EntrySale, store.EntryRefund}, {money, store.EntrySale, store.EntryVoid}, {money, store.EntrySale, store.EntryDispute}, {memo, store.EntryHold, store.EntryHoldReturn},
				{memo, store.EntryTopUp, store.EntryRelease}, {both, store.EntryCompletion, store.EntryUndo}} {
				accounts := map[string]int64{}
				for _, kind := range []store.EntryKind{pair.one, pair.back} {
					entry, err := pair.b.Entry(kind)
					require.NoError(t, err)
					require.LessOrEqual(t, len(entry.Postings), store.PostingsMax)
					var sum int64
					for _, p := range entry.Postings {
						sum += p.Amount
						accounts[p.Account] += p.Amount
					}
					require.Zero(t, sum)
				}
				for account, balance := range accounts {
					require.Zero(t, balance, account)
				}
			}
		})
	})
	t.Run("EveryEntryBalancesAndItsUndoCancelsIt", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			amount := rapid.Int64Range(1, 1_000_000_000_000).Draw(t, "amount")
			b := booking(1, amount, rapid.Int64Range(0, amount).Draw(t, "fee"))
			for _, kind := range []store.EntryKind{store.EntrySale, store.EntrySuspense} {
				entry, err := b.Entry(kind)
				require.NoError(t, err)
				undo, err := b.Entry(kind + 1)
				require.NoError(t, err)
				accounts := map[string]int64{}
				var sum int64
				for _, p := range entry.Postings {
					sum += p.Amount
					accounts[p.Account] += p.Amount
				}
				require.Zero(t, sum)
				for _, p := range undo.Postings {
					accounts[p.Account] += p.Amount
				}
				for account, balance := range accounts {
					require.Zero(t, balance, account)
				}
			}
		})
	})
}

// books is a real store with its checker.
func books(t *testing.T) (*sqlite.Store, *ledger.Checker) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"), sqlite.Options{Logger: logger})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Commit(t.Context(), store.Change{Terminals: []store.Terminal{{ID: terminal, State: store.TerminalActive}}}))
	c, err := ledger.NewChecker(ledger.Config{Books: s, Standings: standings, Logger: logger, Every: time.Hour,
		Clock: func() time.Time { return now }})
	require.NoError(t, err)
	return s, c
}

// refundedTwice gives a payment back by two follow-ups.
func refundedTwice(t *testing.T, s *sqlite.Store) {
	t.Helper()
	pay(t, s, 13, approved, store.EntrySale)
	for part := range byte(2) {
		b := booking(13, 1300, 0)
		b.Part = store.FollowUpID{part + 1}
		entry, err := b.Entry(store.EntryRefund)
		require.NoError(t, err)
		require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{entry}}))
	}
}

// pay stores a payment in a state with entries of the kinds.
func pay(t *testing.T, s *sqlite.Store, n uint32, state uint8, kinds ...store.EntryKind) {
	t.Helper()
	b := booking(n, 100*int64(n), 1)
	change := store.Change{Payments: []store.Payment{{Order: b.Order, Terminal: terminal, Sequence: uint64(n), Revision: 1, State: state,
		Final: state != open, Blob: []byte{1}}}}
	for _, kind := range kinds {
		entry, err := b.Entry(kind)
		require.NoError(t, err)
		change.Entries = append(change.Entries, entry)
	}
	require.NoError(t, s.Commit(t.Context(), change))
}

// slowBooks take their time for the last question of a check.
type slowBooks struct {
	ledger.Books
	begun, end chan struct{}
}

func (b slowBooks) Overdrawn(ctx context.Context, debits []string, limit int) ([]store.OrderID, error) {
	close(b.begun)
	<-b.end
	return b.Books.Overdrawn(ctx, debits, limit)
}

func TestCheck(t *testing.T) {
	t.Run("Balanced", func(t *testing.T) {
		s, c := books(t)
		require.Zero(t, c.Latest().At)
		pay(t, s, 1, approved, store.EntrySale)
		pay(t, s, 2, reversed, store.EntrySale, store.EntryReversal)
		pay(t, s, 3, reversed)
		pay(t, s, 4, open, store.EntrySuspense)
		report, err := c.Check(t.Context())
		require.NoError(t, err)
		require.True(t, report.Balanced(), report.Findings)
		require.EqualValues(t, 4, report.Entries)
		require.Equal(t, map[string]int64{"CNY": 0}, report.Sums)
		pay(t, s, 5, approved, store.EntrySale)
		report, err = c.Check(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 5, report.Entries, "goes on where it was")
		report, err = c.Recheck(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 5, report.Entries)
		require.Equal(t, report, c.Latest())
	})
	for name, c := range map[string]struct {
		spoil func(t *testing.T, s *sqlite.Store)
		kind  string
		order uint32
	}{
		"ApprovedButNotPosted":    {func(t *testing.T, s *sqlite.Store) { pay(t, s, 7, approved) }, "unposted", 7},
		"ApprovedButTakenBack":    {func(t *testing.T, s *sqlite.Store) { pay(t, s, 8, approved, store.EntrySale, store.EntryReversal) }, "unposted", 8},
		"PostedButReversed":       {func(t *testing.T, s *sqlite.Store) { pay(t, s, 9, reversed, store.EntrySale) }, "unfounded", 9},
		"SuspenseNeverSentBack":   {func(t *testing.T, s *sqlite.Store) { pay(t, s, 10, reversed, store.EntrySuspense) }, "unfounded", 10},
		"PostedButNeverRequested": {entryAlone, "unfounded", 11},
		"OneSided":                {oneSided, "unbalanced", 12},
		"RefundedTwice":           {refundedTwice, "overdrawn", 13},
	} {
		t.Run(name, func(t *testing.T) {
			s, checker := books(t)
			pay(t, s, 1, approved, store.EntrySale)
			c.spoil(t, s)
			report, err := checker.Check(t.Context())
			require.NoError(t, err)
			require.False(t, report.Balanced())
			var named []store.OrderID
			for _, f := range report.Findings {
				if f.Kind == c.kind {
					named = append(named, f.Orders...)
				}
			}
			require.Equal(t, []store.OrderID{booking(c.order, 1, 0).Order}, named)
			alarms, err := s.Alarms(t.Context(), 10)
			require.NoError(t, err)
			require.Len(t, alarms, 1, "somebody is told")
			require.Equal(t, "ledger", alarms[0].Kind)
		})
	}
	t.Run("LatestDuringACheck", func(t *testing.T) {
		s, _ := books(t)
		slow := slowBooks{s, make(chan struct{}), make(chan struct{})}
		checker, err := ledger.NewChecker(ledger.Config{Books: slow, Clock: time.Now, Logger: slog.New(slog.DiscardHandler), Every: time.Hour})
		require.NoError(t, err)
		var checking sync.WaitGroup
		checking.Go(func() {
			if _, err := checker.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
		<-slow.begun
		require.Zero(t, checker.Latest().At, "it is asked for by every look at the figures")
		close(slow.end)
		checking.Wait()
		require.NotZero(t, checker.Latest().At)
	})
	t.Run("RunUntilTheContextEnds", func(t *testing.T) {
		_, c := books(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		require.Eventually(t, func() bool { return !c.Latest().At.IsZero() }, 5*time.Second, time.Millisecond)
		cancel()
		require.NoError(t, <-done)
	})
	t.Run("Incomplete", func(t *testing.T) {
		_, err := ledger.NewChecker(ledger.Config{})
		require.Error(t, err)
	})
}

func entryAlone(t *testing.T, s *sqlite.Store) {
	entry, err := booking(11, 50, 0).Entry(store.EntrySale)
	require.NoError(t, err)
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{entry}}))
}

func oneSided(t *testing.T, s *sqlite.Store) {
	pay(t, s, 12, open)
	entry, err := booking(12, 50, 0).Entry(store.EntrySuspense)
	require.NoError(t, err)
	entry.Postings[0].Amount++
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{entry}}))
}
