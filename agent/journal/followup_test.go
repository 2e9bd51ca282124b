package journal_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

func followUpID(n byte) journal.FollowUpID { return journal.FollowUpID{0xF0, n} }

// followUp is the entry that asks for follow-up n of an order.
func followUp(n byte, order uint64, state string, open bool) journal.Entry {
	id, of := followUpID(n), orderID(order)
	kind := record.FollowUpShown
	if state == "asking" {
		kind = record.FollowUpRequested
	}
	body := &message.FollowUpRequested{FollowUpId: id[:], OrderId: of[:], Amount: 500, Currency: "CNY"}
	return journal.Entry{Type: kind, Body: body, FollowUp: &journal.FollowUpSnapshot{
		ID: id, OrderID: of, State: []byte(state), Open: open,
	}}
}

func TestFollowUps(t *testing.T) {
	ctx := context.Background()
	t.Run("survives with its record", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, payment(1), followUp(1, 1, "asking", true))
		add(t, j, followUp(2, 9, "asking", true))
		both := followUp(1, 1, "approved", false)
		both.Sale = &journal.Snapshot{OrderID: orderID(1), State: []byte("refunded")}
		add(t, j, both)
		require.NoError(t, j.Close())
		j = open(t, c)
		verified(t, j)
		pending, err := j.OpenFollowUps(ctx)
		require.NoError(t, err)
		require.Len(t, pending, 1)
		require.Equal(t, followUpID(2), pending[0].ID)
		require.Equal(t, orderID(9), pending[0].OrderID, "another terminal's order")
		require.Equal(t, uint64(4), pending[0].First)
		done, err := j.FindFollowUp(ctx, followUpID(1))
		require.NoError(t, err)
		require.Equal(t, "approved", string(done.State))
		require.Equal(t, [2]uint64{3, 5}, [2]uint64{done.First, done.Last})
		sale, err := j.Find(ctx, orderID(1))
		require.NoError(t, err)
		require.Equal(t, "refunded", string(sale.State), "in the same commit")
		of, err := j.FollowUpsOf(ctx, orderID(1))
		require.NoError(t, err)
		require.Len(t, of, 1)
		latest, err := j.LastFollowUps(ctx, 1)
		require.NoError(t, err)
		require.Equal(t, uint64(2), latest[0].Number)
		require.Equal(t, uint64(1), of[0].Number)
		require.Equal(t, uint64(2), pending[0].Number)
	})
	t.Run("ErrNotFound", func(t *testing.T) {
		_, err := started(t, config(newPath(t))).FindFollowUp(ctx, followUpID(1))
		require.ErrorIs(t, err, journal.ErrNotFound)
	})
	t.Run("ErrTooLarge", func(t *testing.T) {
		_, err := started(t, config(newPath(t))).Append(ctx, followUp(1, 1, strings.Repeat("x", journal.StateMax+1), true))
		require.ErrorIs(t, err, journal.ErrTooLarge)
	})
	t.Run("ErrNoRoom for a new one, not for its end", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, followUp(1, 1, "asking", true))
		require.NoError(t, j.Close())
		c.RoomMin = 1 << 60
		j = open(t, c)
		_, err := j.Append(ctx, followUp(2, 1, "asking", true))
		require.ErrorIs(t, err, journal.ErrNoRoom)
		add(t, j, followUp(1, 1, "approved", false))
	})
}

// copyOld puts a journal that an earlier program wrote where it may be changed.
func copyOld(t *testing.T, name string) string {
	t.Helper()
	source, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer source.Close()
	path := newPath(t)
	copied, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	_, err = io.Copy(copied, source)
	require.NoError(t, err)
	require.NoError(t, copied.Close())
	return path
}

// TestOldSchema opens a journal of the program before follow-ups: an epoch, three payments, two of them approved.
func TestOldSchema(t *testing.T) {
	ctx := context.Background()
	c := config(copyOld(t, "schema-1.db"))
	c.Labels = stateLabels
	j := open(t, c)
	verified(t, j)
	require.Equal(t, uint64(6), j.Tail().Sequence)
	pending, err := j.OpenSales(ctx)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	require.Equal(t, orderID(3), pending[0].OrderID)
	found, err := j.FindLabel(ctx, "state approved")
	require.NoError(t, err, "sales from before are found too")
	require.Equal(t, orderID(2), found.OrderID, "the latest of two")
	add(t, j, followUp(1, 1, "asking", true))
	require.NoError(t, j.Close())
	j = open(t, c)
	verified(t, j)
	of, err := j.FollowUpsOf(ctx, orderID(1))
	require.NoError(t, err)
	require.Len(t, of, 1)
}

// stateLabels makes a label of the state itself.
func stateLabels(state []byte) []string { return []string{"state " + string(state)} }

func TestFindLabel(t *testing.T) {
	ctx := context.Background()
	sell := func(t *testing.T, j *journal.Journal, from, to uint64) {
		for n := from; n <= to; n++ {
			entry := payment(n)
			entry.Sale = &journal.Snapshot{OrderID: orderID(n), State: fmt.Appendf(nil, "%d", n)}
			add(t, j, entry)
		}
	}
	find := func(t *testing.T, j *journal.Journal, label string) journal.OrderID {
		t.Helper()
		sale, err := j.FindLabel(ctx, label)
		require.NoError(t, err)
		return sale.OrderID
	}
	t.Run("behind and within the directory", func(t *testing.T) {
		c := config(newPath(t))
		c.Labels = stateLabels
		j := started(t, c)
		sell(t, j, 1, 200)
		journal.Tick(j)
		require.Zero(t, journal.DirectoryEnd(t, j), "too few to bother the disk")
		require.Equal(t, orderID(7), find(t, j, "state 7"))
		sell(t, j, 201, 700)
		journal.Tick(j)
		require.EqualValues(t, 256, journal.DirectoryEnd(t, j))
		journal.Tick(j)
		require.EqualValues(t, 512, journal.DirectoryEnd(t, j))
		journal.Tick(j)
		require.EqualValues(t, 512, journal.DirectoryEnd(t, j))
		for _, n := range []uint64{1, 256, 257, 512, 513, 700} {
			require.Equal(t, orderID(n), find(t, j, fmt.Sprintf("state %d", n)))
		}
		require.NoError(t, j.Close())
		require.Equal(t, orderID(300), find(t, open(t, c), "state 300"))
	})
	t.Run("an open sale holds the directory back until it is over", func(t *testing.T) {
		c := config(newPath(t))
		c.Labels = stateLabels
		j := started(t, c)
		sell(t, j, 1, 10)
		add(t, j, payment(11)) // open
		sell(t, j, 12, 600)
		journal.Tick(j)
		require.Zero(t, journal.DirectoryEnd(t, j))
		require.Equal(t, orderID(600), find(t, j, "state 600"))
		add(t, j, shown(11))
		journal.Tick(j)
		require.EqualValues(t, 256, journal.DirectoryEnd(t, j))
		require.Equal(t, orderID(11), find(t, j, "state approved"))
	})
	t.Run("ErrNotFound", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		sell(t, j, 1, 3)
		_, err := j.FindLabel(ctx, "state 1")
		require.ErrorIs(t, err, journal.ErrNotFound, "nobody said what to look for")
		require.NoError(t, j.Close())
		c.Labels = stateLabels
		j = open(t, c)
		for _, label := range []string{"", "state 9", strings.Repeat("x", 1000)} {
			_, err := j.FindLabel(ctx, label)
			require.ErrorIs(t, err, journal.ErrNotFound)
		}
	})
}

// TestPlainSaleWritesNoPageMore counts the pages of a sale's three commits; the numbers are those of the program before
// there were follow-ups.
func TestPlainSaleWritesNoPageMore(t *testing.T) {
	c := config(newPath(t))
	c.Labels, c.SaleKey, c.FollowUpKey = stateLabels, stateKey, stateKey
	j := started(t, c)
	add(t, j, payment(1))
	add(t, j, shown(1))
	journal.LoggedPages(t, j)
	var pages []int
	for _, entry := range []journal.Entry{payment(2), shown(2), fault("paper out")} {
		add(t, j, entry)
		pages = append(pages, journal.LoggedPages(t, j))
	}
	require.Equal(t, []int{5, 4, 2}, pages)
}
