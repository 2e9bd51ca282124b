package journal_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

func TestAppend(t *testing.T) {
	ctx := context.Background()
	t.Run("records continue the chain", func(t *testing.T) {
		now := &clock{now: time.UnixMicro(1_795_000_000_123_456).UTC()}
		c := config(newPath(t))
		c.Clock, c.KeyVersion = now.Now, 7
		j := open(t, c)
		first := openEpoch(t, j, 3)
		records := add(t, j, payment(1), fault("paper out"))

		genesis := record.Genesis(seal.Portable(), terminal)
		derived, err := (&keys{}).Keys(3)
		require.NoError(t, err)
		link := genesis
		for i, r := range append([]record.Record{first}, records...) {
			h := header(t, r)
			require.NoError(t, r.Verify(derived.Record))
			require.Equal(t, uint64(i+1), h.Sequence)
			require.Equal(t, link, h.Previous)
			require.Equal(t, uint32(3), h.Epoch)
			require.Equal(t, uint16(7), h.KeyVersion)
			require.Equal(t, seal.Up, h.Direction)
			require.Equal(t, now.Now(), h.Time)
			require.Equal(t, terminal, h.Terminal)
			link = r.Link(seal.Portable())
		}
		require.Equal(t, journal.Position{Sequence: 3, Link: link, Epoch: 3}, j.Tail())
		var body message.PaymentRequested
		require.NoError(t, proto.Unmarshal(records[0].Body(), &body))
		require.Equal(t, int64(1250), body.Amount)
	})
	t.Run("snapshot and record are one commit", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		add(t, j, payment(1))
		add(t, j, payment(2))
		add(t, j, shown(1))
		open, err := j.OpenSales(ctx)
		require.NoError(t, err)
		require.Len(t, open, 1)
		require.Equal(t, orderID(2), open[0].OrderID)
		sale, err := j.Find(ctx, orderID(1))
		require.NoError(t, err)
		require.Equal(t, []byte("approved"), sale.State)
		require.False(t, sale.Open)
		require.Equal(t, uint64(1), sale.Number)
		require.Equal(t, uint64(2), sale.First)
		require.Equal(t, uint64(4), sale.Last)
		last, err := j.LastSales(ctx, 10)
		require.NoError(t, err)
		require.Equal(t, orderID(2), last[0].OrderID)
		require.Equal(t, orderID(1), last[1].OrderID)
		counts, err := j.Counts(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(2), counts.Sales)
	})
	t.Run("a snapshot alone makes no record", func(t *testing.T) {
		c := config(newPath(t))
		j := open(t, c)
		require.NoError(t, j.SaveSale(ctx, journal.Snapshot{OrderID: orderID(1), State: []byte("amount"), Open: true}))
		openEpoch(t, j, 1)
		require.NoError(t, j.SaveSale(ctx, journal.Snapshot{OrderID: orderID(1), State: []byte("code"), Open: true}))
		require.ErrorIs(t, j.SaveSale(ctx, journal.Snapshot{State: make([]byte, journal.StateMax+1)}), journal.ErrTooLarge)
		add(t, j, payment(1))
		require.NoError(t, j.SaveSale(ctx, journal.Snapshot{OrderID: orderID(2)}))
		require.Equal(t, uint64(2), j.Tail().Sequence)
		require.NoError(t, j.Close())
		j = open(t, c)
		verified(t, j)
		sale, err := j.Find(ctx, orderID(1))
		require.NoError(t, err)
		require.True(t, sale.Open)
		require.Equal(t, uint64(2), sale.Last)
		counts, err := j.Counts(ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(2), counts.Sales)
	})
	t.Run("signals the uplink", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		<-j.Appended()
		add(t, j, fault("a"))
		add(t, j, fault("b"))
		<-j.Appended()
		require.Empty(t, j.Appended())
	})
	t.Run("nothing for nothing", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		records, err := j.Append(ctx)
		require.NoError(t, err)
		require.Empty(t, records)
	})
	t.Run("ErrNotFound", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		_, err := j.Find(ctx, orderID(9))
		require.ErrorIs(t, err, journal.ErrNotFound)
		_, err = j.Get(ctx, 9)
		require.ErrorIs(t, err, journal.ErrNotFound)
	})
}

func TestAppendRefuses(t *testing.T) {
	ctx := context.Background()
	t.Run("ErrNoEpoch before the first sign-in", func(t *testing.T) {
		j := open(t, config(newPath(t)))
		_, err := j.Append(ctx, fault("x"))
		require.ErrorIs(t, err, journal.ErrNoEpoch)
		require.Zero(t, j.Tail().Sequence)
	})
	t.Run("ErrTooLarge leaves nothing behind", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		large := payment(1)
		large.Sale.State = make([]byte, journal.StateMax+1)
		for _, entries := range [][]journal.Entry{
			{fault("x"), large},
			{fault("x"), fault(strings.Repeat("x", record.BodyMax))},
			make([]journal.Entry, journal.EntriesMax+1),
		} {
			_, err := j.Append(ctx, entries...)
			require.ErrorIs(t, err, journal.ErrTooLarge)
		}
		require.Equal(t, uint64(1), j.Tail().Sequence)
	})
	t.Run("types that are not the caller's", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		for _, kind := range []record.Type{record.EpochOpened, record.SignIn, record.Acknowledgement} {
			_, err := j.Append(ctx, journal.Entry{Type: kind, Body: &message.EpochOpened{}})
			require.Error(t, err)
		}
		require.Equal(t, uint64(1), j.Tail().Sequence)
	})
	t.Run("ErrClosed after Close, which may be repeated", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		require.NoError(t, j.Close())
		require.NoError(t, j.Close())
		_, err := j.Append(ctx, fault("x"))
		require.ErrorIs(t, err, journal.ErrClosed)
	})
	t.Run("an ended context", func(t *testing.T) {
		j := started(t, config(newPath(t)))
		ended, cancel := context.WithCancel(ctx)
		cancel()
		records, err := j.Append(ended, fault("x"))
		// A place was free, so it may have been committed; then it must say so.
		if err == nil {
			require.Len(t, records, 1)
			return
		}
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, uint64(1), j.Tail().Sequence)
	})
	t.Run("incomplete configurations", func(t *testing.T) {
		for _, spoil := range []func(*journal.Config){
			func(c *journal.Config) { c.Path = "" },
			func(c *journal.Config) { c.Terminal[0] = '-' },
			func(c *journal.Config) { c.KeyVersion = 0 },
			func(c *journal.Config) { c.RoomMin = -1 },
			func(c *journal.Config) { c.WALSize = 1 },
			func(c *journal.Config) { c.Keyring = nil },
			func(c *journal.Config) { c.Logger = nil },
		} {
			c := config(newPath(t))
			spoil(&c)
			_, err := journal.Open(ctx, c)
			require.Error(t, err)
		}
	})
}

func TestConcurrentAppends(t *testing.T) {
	j := started(t, config(newPath(t)))
	const callers, each = 16, 60
	var wait sync.WaitGroup
	sequences := make([][]uint64, callers)
	for caller := range callers {
		wait.Go(func() {
			for n := range each {
				records, err := j.Append(context.Background(), fault(fmt.Sprintf("%d-%d-a", caller, n)),
					fault(fmt.Sprintf("%d-%d-b", caller, n)))
				if err != nil || len(records) != 2 {
					t.Errorf("append: %d records, %v", len(records), err)
					return
				}
				for _, r := range records {
					h, err := record.ParseHeader(r)
					if err != nil {
						t.Error(err)
					}
					sequences[caller] = append(sequences[caller], h.Sequence)
				}
			}
		})
	}
	wait.Wait()
	report := verified(t, j)
	require.Equal(t, uint64(callers*each*2+1), report.Records)
	for caller, own := range sequences {
		for i := 1; i < len(own); i++ {
			require.Greater(t, own[i], own[i-1], "caller %d: own order is kept", caller)
			if i%2 == 1 {
				require.Equal(t, own[i-1]+1, own[i], "entries of one append stand together")
			}
		}
		stored, err := j.Get(context.Background(), own[3])
		require.NoError(t, err)
		var body message.DeviceFault
		require.NoError(t, proto.Unmarshal(stored.Body(), &body))
		require.Equal(t, fmt.Sprintf("%d-1-b", caller), body.Fault)
	}
}

// TestWithdrawnAppends: callers that give up while others commit never lose or double a record.
func TestWithdrawnAppends(t *testing.T) {
	j := started(t, config(newPath(t)))
	var wait sync.WaitGroup
	var mu sync.Mutex
	committed := map[uint64]bool{}
	for caller := range 12 {
		wait.Go(func() {
			for n := range 80 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(caller*n%7)*50*time.Microsecond)
				records, err := j.Append(ctx, fault("x"))
				cancel()
				if err != nil {
					continue
				}
				h, err := record.ParseHeader(records[0])
				mu.Lock()
				if err != nil || committed[h.Sequence] {
					t.Errorf("record %d twice, %v", h.Sequence, err)
				}
				committed[h.Sequence] = true
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	require.Equal(t, uint64(len(committed)+1), verified(t, j).Records, "what was refused is not in the journal")
	add(t, j, fault("still works"))
}

func TestClock(t *testing.T) {
	now := &clock{now: time.Unix(1_795_000_000, 0).UTC()}
	c := config(newPath(t))
	c.Clock = now.Now
	j := started(t, c)
	add(t, j, fault("before"))
	now.advance(-24 * time.Hour)
	late := add(t, j, fault("after"))[0]
	require.Equal(t, now.Now(), header(t, late).Time, "the record says what the clock said")
	require.Equal(t, uint64(3), header(t, late).Sequence)
	now.advance(-time.Second)
	add(t, j, fault("a little back is no jump"))
	counts, err := j.Counts(context.Background())
	require.NoError(t, err)
	require.Equal(t, uint64(1), counts.ClockJumps)
	require.NoError(t, j.Close())
	verified(t, open(t, c))
}

// model is the journal as a list.
type model struct {
	sequences []uint64
	texts     []string
	epoch     uint32
	acked     uint64
	sales     map[uint64]bool // open?
	lost      int
}

// TestModel compares the journal with a list through random appends, epochs, losses, acknowledgements and reopenings.
func TestModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := config(newPath(t))
		j, err := journal.Open(context.Background(), c)
		require.NoError(r, err)
		defer func() { require.NoError(r, j.Close()) }()
		m := &model{sales: map[uint64]bool{}}
		leap := func(r *rapid.T, by uint64) {
			m.epoch++
			derived, err := (&keys{}).Keys(m.epoch)
			require.NoError(r, err)
			tail := j.Tail().Sequence
			opened, err := j.OpenEpoch(context.Background(), journal.EpochOpening{Keys: derived, Highest: tail + by})
			require.NoError(r, err)
			require.Equal(r, tail+by+1, header(t, opened).Sequence)
			m.sequences, m.texts = append(m.sequences, tail+by+1), append(m.texts, "")
			if by > 0 {
				m.lost++
			}
		}
		leap(r, 0)
		r.Repeat(map[string]func(*rapid.T){
			"append": func(r *rapid.T) {
				var entries []journal.Entry
				for range rapid.IntRange(1, 4).Draw(r, "entries") {
					entry := fault(rapid.StringMatching(`[a-z]{0,8}`).Draw(r, "text"))
					if rapid.Bool().Draw(r, "with sale") {
						order, still := rapid.Uint64Range(1, 5).Draw(r, "order"), rapid.Bool().Draw(r, "open")
						entry.Sale = &journal.Snapshot{OrderID: orderID(order), Open: still}
						m.sales[order] = still
					}
					entries = append(entries, entry)
				}
				for i, got := range add(t, j, entries...) {
					m.sequences = append(m.sequences, header(t, got).Sequence)
					m.texts = append(m.texts, entries[i].Body.(*message.DeviceFault).Fault)
				}
			},
			"epoch":  func(r *rapid.T) { leap(r, 0) },
			"losing": func(r *rapid.T) { leap(r, rapid.Uint64Range(1, 9).Draw(r, "lost")) },
			"acknowledge": func(r *rapid.T) {
				at := rapid.IntRange(0, len(m.sequences)-1).Draw(r, "at")
				got, err := j.Get(context.Background(), m.sequences[at])
				require.NoError(r, err)
				link := got.Link(seal.Portable())
				require.NoError(r, j.Acknowledge(context.Background(),
					&message.Acknowledgement{HighWater: m.sequences[at], HighWaterLink: link[:]}))
				m.acked = max(m.acked, m.sequences[at])
			},
			"reopen": func(r *rapid.T) {
				require.NoError(r, j.Close())
				j, err = journal.Open(context.Background(), c)
				require.NoError(r, err)
			},
			"": func(r *rapid.T) { m.check(r, t, j) },
		})
	})
}

func (m *model) check(r *rapid.T, t *testing.T, j *journal.Journal) {
	ctx := context.Background()
	require.Equal(r, m.sequences[len(m.sequences)-1], j.Tail().Sequence)
	require.Equal(r, m.epoch, j.Tail().Epoch)
	report, err := j.Verify(ctx)
	require.NoError(r, err)
	require.Equal(r, uint64(len(m.sequences)), report.Records)
	require.Len(r, report.Lost, m.lost)
	all, err := j.Records(ctx, 0, 1000, 1<<20)
	require.NoError(r, err)
	require.Len(r, all, len(m.sequences))
	var unsent []uint64
	for i, got := range all {
		require.Equal(r, m.sequences[i], header(t, got).Sequence)
		if m.sequences[i] > m.acked {
			unsent = append(unsent, m.sequences[i])
		}
		if header(t, got).Type == record.DeviceFault {
			var body message.DeviceFault
			require.NoError(r, proto.Unmarshal(got.Body(), &body))
			require.Equal(r, m.texts[i], body.Fault)
		}
	}
	waiting, err := j.Unsent(ctx, 0, 1000, 1<<20)
	require.NoError(r, err)
	require.Len(r, waiting, len(unsent))
	counts, err := j.Counts(ctx)
	require.NoError(r, err)
	require.Equal(r, uint64(len(m.sequences)), counts.Records)
	require.Equal(r, uint64(len(unsent)), counts.Unsent)
	require.Equal(r, uint64(len(m.sales)), counts.Sales)
	open, err := j.OpenSales(ctx)
	require.NoError(r, err)
	want := 0
	for _, still := range m.sales {
		if still {
			want++
		}
	}
	require.Len(r, open, want)
}
