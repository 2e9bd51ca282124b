package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/cloud/store/storetest"
	"github.com/yuantill/yuantill/protocol/record"
)

func options(logSize int64) sqlite.Options {
	return sqlite.Options{Logger: slog.New(slog.DiscardHandler), LogSize: logSize}
}

func TestStore(t *testing.T) {
	inline := options(2 << 20)
	inline.Inline = true
	for name, options := range map[string]sqlite.Options{
		"GrowingLog": options(0), "FilledLog": options(2 << 20), "Inline": inline,
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Opener {
				path := filepath.Join(t.TempDir(), "cloud.db")
				return func(t *testing.T) store.Store {
					s, err := sqlite.Open(context.Background(), path, options)
					require.NoError(t, err)
					return s
				}
			})
		})
	}
}

func TestOpen(t *testing.T) {
	t.Run("ErrNewer", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cloud.db")
		db, err := sql.Open("sqlite3", path)
		require.NoError(t, err)
		_, err = db.Exec("PRAGMA user_version = 9999")
		require.NoError(t, err)
		require.NoError(t, db.Close())
		_, err = sqlite.Open(t.Context(), path, options(0))
		require.ErrorIs(t, err, sqlite.ErrNewer)
	})
	t.Run("NotADatabase", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cloud.db")
		require.NoError(t, os.WriteFile(path, []byte("this is not a database, and long enough to be looked at at all"), 0o600))
		_, err := sqlite.Open(t.Context(), path, options(0))
		require.Error(t, err)
	})
	t.Run("NoFolder", func(t *testing.T) {
		_, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "missing", "cloud.db"), options(0))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("NobodyElseReadsTheFile", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cloud.db")
		s, err := sqlite.Open(t.Context(), path, options(0))
		require.NoError(t, err)
		require.NoError(t, s.Close())
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	})
}

// TestFull takes the room away and gives it back.
func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	s, err := sqlite.Open(t.Context(), path, options(0))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	terminal := enrol(t, s, 0)
	require.NoError(t, s.LimitPages(64))
	sequence, big := uint64(0), make([]byte, 30_000)
	for err == nil {
		sequence++
		require.Less(t, sequence, uint64(100), "the limit has no effect")
		err = s.Commit(t.Context(), store.Change{Records: []store.Record{{Terminal: terminal, Sequence: sequence, Bytes: big}}})
	}
	require.ErrorIs(t, err, store.ErrFull)
	require.ErrorIs(t, s.Health(), store.ErrFull)
	require.NoError(t, s.LimitPages(1<<30))
	require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{{Terminal: terminal, Sequence: sequence, Bytes: big}}}),
		"the store goes on when there is room again")
	require.NoError(t, s.Health())
	all, err := s.Records(t.Context(), terminal, 0, 200)
	require.NoError(t, err)
	require.Len(t, all, int(sequence))
}

// TestFailed lets the disk fail under a commit: the store stays failed, and says so, until it is opened again.
func TestFailed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	s, err := sqlite.Open(t.Context(), path, options(0))
	require.NoError(t, err)
	enrol(t, s, 0)
	require.NoError(t, s.Health())
	require.NoError(t, s.Break())
	require.ErrorIs(t, s.Health(), store.ErrFailed)
	require.ErrorIs(t, s.Commit(t.Context(), store.Change{Alarms: []store.Alarm{{Key: "a"}}}), store.ErrFailed)
	require.ErrorIs(t, s.Health(), store.ErrFailed)
	require.NoError(t, s.Close())
	s, err = sqlite.Open(t.Context(), path, options(0))
	require.NoError(t, err)
	require.NoError(t, s.Health())
	require.NoError(t, s.Close())
}

// TestNumberOfAnEntryIsTaken has two programs count the entries of one file, which the folder's lock does not allow. A number
// that is taken says nothing about the order: the booking is made under the next one, and only the order's own is refused.
//
// formance/ledger#364: what was refused for its number was taken for a repetition, and its sender was told that all was well.
func TestNumberOfAnEntryIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	first, err := sqlite.Open(t.Context(), path, options(0))
	require.NoError(t, err)
	defer func() { require.NoError(t, first.Close()) }()
	second, err := sqlite.Open(t.Context(), path, options(0))
	require.NoError(t, err)
	defer func() { require.NoError(t, second.Close()) }()
	require.NoError(t, first.Commit(t.Context(), booked(1)))
	require.NoError(t, second.Commit(t.Context(), booked(2)))
	var conflict *store.ConflictError
	require.ErrorAs(t, second.Commit(t.Context(), booked(1)), &conflict)
	require.Equal(t, store.EntryExists, conflict.Kind)
	audit, err := first.Audit(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Equal(t, store.Audit{Last: 2, Entries: 2, Sums: map[string]int64{"CNY": 0}}, audit)
}

// booked is a change that books the sale of an order.
func booked(n byte) store.Change {
	return store.Change{Entries: []store.Entry{{Order: store.OrderID{15: n}, Kind: store.EntrySale, Postings: []store.Posting{
		{Account: "operator/ICBC", Amount: 1250, Currency: "CNY"},
		{Account: "merchant/301310053110001", Amount: -1250, Currency: "CNY"},
	}}}}
}

// TestLog writes many times the log's length and finds its file as long as it was at the start.
func TestLog(t *testing.T) {
	for name, inline := range map[string]bool{"Background": false, "Inline": true} {
		t.Run(name, func(t *testing.T) { testLog(t, inline) })
	}
}

func testLog(t *testing.T, inline bool) {
	const logSize = 4 << 20
	options := options(logSize)
	options.Inline = inline
	path := filepath.Join(t.TempDir(), "cloud.db")
	s, err := sqlite.Open(t.Context(), path, options)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	before, err := os.Stat(path + "-wal")
	require.NoError(t, err)
	require.GreaterOrEqual(t, before.Size(), int64(logSize))
	terminal := enrol(t, s, 0)
	for sequence := uint64(1); sequence <= 2000; sequence++ {
		require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{
			{Terminal: terminal, Sequence: sequence, Bytes: make([]byte, 8000)}}}))
	}
	after, err := os.Stat(path + "-wal")
	require.NoError(t, err)
	require.Equal(t, before.Size(), after.Size())
}

func enrol(tb testing.TB, s *sqlite.Store, n int) record.Terminal {
	tb.Helper()
	id := record.Terminal([]byte(fmt.Sprintf("%08d", 10000001+n)))
	require.NoError(tb, s.Commit(context.Background(), store.Change{Terminals: []store.Terminal{
		{ID: id, Merchant: "301310053110001", State: store.TerminalActive}}}))
	return id
}

// BenchmarkRecords stores changes of 50 and of 1 record of 200 bytes from 100 terminals, as the collector does.
func BenchmarkRecords(b *testing.B) {
	for _, size := range []int{50, 1} {
		b.Run(fmt.Sprintf("%d", size), func(b *testing.B) {
			s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "cloud.db"), sqlite.DefaultOptions(slog.Default()))
			require.NoError(b, err)
			defer func() { require.NoError(b, s.Close()) }()
			const terminals = 100
			var ids [terminals]record.Terminal
			var heads [terminals]store.Head
			for i := range ids {
				ids[i] = enrol(b, s, i)
				heads[i].Terminal = ids[i]
			}
			bytes := make([]byte, 200)
			var wait sync.WaitGroup
			start := time.Now()
			for i := 0; i < b.N; i += size {
				h := &heads[i/size%terminals]
				change := store.Change{Records: make([]store.Record, size)}
				for j := range change.Records {
					h.Highest++
					change.Records[j] = store.Record{Terminal: h.Terminal, Sequence: h.Highest, Bytes: bytes, ReceivedAt: start}
				}
				h.Revision++
				change.Heads = []store.Head{*h}
				wait.Add(1)
				require.NoError(b, s.Submit(b.Context(), change, func(err error) {
					if err != nil {
						b.Error(err)
					}
					wait.Done()
				}))
			}
			wait.Wait()
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "records/s")
		})
	}
}

// BenchmarkCommit is one lone change at a time: what a payment waits for.
func BenchmarkCommit(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "cloud.db"), sqlite.DefaultOptions(slog.Default()))
	require.NoError(b, err)
	defer func() { require.NoError(b, s.Close()) }()
	terminal := enrol(b, s, 0)
	for i := 0; b.Loop(); i++ {
		require.NoError(b, s.Commit(b.Context(), store.Change{Records: []store.Record{
			{Terminal: terminal, Sequence: uint64(i) + 1, Bytes: make([]byte, 300)}}}))
	}
}
