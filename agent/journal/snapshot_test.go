package journal_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// dayOf is a closed journal: sales 1 and 4 are approved, 2 and 3 open; follow-up 1 is approved, 2 open.
func dayOf(t *testing.T) journal.Config {
	t.Helper()
	c := config(newPath(t))
	c.Labels = stateLabels
	j := started(t, c)
	for n := range uint64(4) {
		add(t, j, payment(n+1))
	}
	add(t, j, shown(1), shown(4), followUp(1, 1, "asking", true), followUp(2, 4, "asking", true))
	add(t, j, followUp(1, 1, "approved", false))
	require.NoError(t, j.Close())
	return c
}

// tampering is one way to change what a journal knows of its sales, and what must be named.
type tampering struct {
	statement      string
	sale, followUp uint64
	// closed rows are looked at when they are used and by the background verification, not at the start.
	closed bool
	// counted ones are known at the start by how many there are, and named by the verification.
	counted bool
}

func tamperings() map[string]tampering {
	return map[string]tampering{
		"an open sale's state":             {statement: "UPDATE sale SET state = CAST('approved' AS BLOB) WHERE number = 2", sale: 2},
		"an open sale said to be over":     {statement: "UPDATE sale SET open = 0 WHERE number = 2"},
		"an open sale removed":             {statement: "DELETE FROM sale WHERE number = 2"},
		"the latest sale removed":          {statement: "DELETE FROM sale WHERE number = 4", sale: 4, counted: true},
		"all sales removed":                {statement: "DELETE FROM sale"},
		"a sale under another order":       {statement: "UPDATE sale SET order_id = zeroblob(16) WHERE number = 2", sale: 2},
		"a sale without a whole order id":  {statement: "UPDATE sale SET order_id = x'00' WHERE number = 2", sale: 2},
		"a sale's number":                  {statement: "UPDATE sale SET number = 9 WHERE number = 2", sale: 9},
		"a sale's first record":            {statement: "UPDATE sale SET first_sequence = 1 WHERE number = 2", sale: 2},
		"a sale's tag":                     {statement: "UPDATE sale SET tag = zeroblob(16) WHERE number = 2", sale: 2},
		"a sale without a tag":             {statement: "UPDATE sale SET tag = x'' WHERE number = 2", sale: 2},
		"another sale's row":               {statement: "UPDATE sale SET (state, tag) = (SELECT state, tag FROM sale WHERE number = 3) WHERE number = 2", sale: 2},
		"a sale that is over":              {statement: "UPDATE sale SET state = CAST('declined' AS BLOB) WHERE number = 1", sale: 1, closed: true},
		"a sale that is over removed":      {statement: "DELETE FROM sale WHERE number = 1", sale: 1, counted: true},
		"a sale that is over, open again":  {statement: "UPDATE sale SET open = 1 WHERE number = 1", sale: 1},
		"a sale too many":                  {statement: "INSERT INTO sale SELECT 5, zeroblob(16), 0, state, 2, 2, changed_at, tag FROM sale WHERE number = 1", sale: 5, counted: true},
		"an open follow-up's state":        {statement: "UPDATE follow_up SET state = CAST('approved' AS BLOB) WHERE number = 2", followUp: 2},
		"an open follow-up removed":        {statement: "DELETE FROM follow_up WHERE number = 2"},
		"a follow-up of another order":     {statement: "UPDATE follow_up SET order_id = zeroblob(16) WHERE number = 2", followUp: 2},
		"a follow-up that is over":         {statement: "UPDATE follow_up SET state = CAST('declined' AS BLOB) WHERE number = 1", followUp: 1, closed: true},
		"a follow-up that is over removed": {statement: "DELETE FROM follow_up WHERE number = 1", followUp: 1, counted: true},
		"how many follow-ups there are":    {statement: "DELETE FROM follow_up"},
	}
}

// TestAlteredSnapshots changes the rows of sales behind the journal's back: it must be told at the start where money may
// be under way, and by the verification in any case, and no further payment may begin.
func TestAlteredSnapshots(t *testing.T) {
	ctx := context.Background()
	for name, one := range tamperings() {
		t.Run(name, func(t *testing.T) {
			c := dayOf(t)
			alter(t, c.Path, one.statement)
			for range 2 { // it stays so
				j := open(t, c)
				atStart := one
				if one.counted {
					atStart = tampering{}
				}
				if !one.closed {
					requireSnapshot(t, j.Damage(), atStart)
					requireSnapshot(t, j.Room(), atStart)
				}
				_, err := j.Verify(ctx)
				requireSnapshot(t, err, one)
				journal.VerifyBehind(ctx, j)
				requireSnapshot(t, j.Damage(), atStart)
				_, err = j.Append(ctx, payment(7))
				requireSnapshot(t, err, atStart)
				add(t, j, fault("what is in progress is finished"))
				require.NoError(t, j.Close())
			}
			require.True(t, looked(t, c), "without keys it still opens")
		})
	}
}

// looked verifies beside the agent, with keys, as a technician does; it reports whether it opens without any.
func looked(t *testing.T, c journal.Config) bool {
	t.Helper()
	ctx := context.Background()
	keyed, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), c.Keyring)
	require.NoError(t, err)
	_, err = keyed.Verify(ctx)
	require.True(t, journal.IsDamaged(err), "%v", err)
	require.NoError(t, keyed.Close())
	blind, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), nil)
	require.NoError(t, err)
	return blind.Close() == nil
}

func requireSnapshot(t *testing.T, err error, one tampering) {
	t.Helper()
	var damaged *journal.DamagedError
	require.True(t, errors.As(err, &damaged), "%v", err)
	if one.sale != 0 || one.followUp != 0 {
		require.Equal(t, [2]uint64{one.sale, one.followUp}, [2]uint64{damaged.Sale, damaged.FollowUp}, damaged.Error())
	}
}

// TestAnAlteredSaleIsNotShown: what cannot be trusted is no answer to anybody who asks for a sale.
func TestAnAlteredSaleIsNotShown(t *testing.T) {
	ctx := context.Background()
	c := dayOf(t)
	alter(t, c.Path, "UPDATE sale SET state = CAST('refunded' AS BLOB) WHERE number IN (1, 2)")
	j := open(t, c)
	for _, order := range []uint64{1, 2} {
		_, err := j.Find(ctx, orderID(order))
		requireSnapshot(t, err, tampering{sale: order})
	}
	pending, err := j.OpenSales(ctx)
	require.NoError(t, err)
	require.Len(t, pending, 1, "the others go on")
	require.Equal(t, orderID(3), pending[0].OrderID)
	latest, err := j.LastSales(ctx, 10)
	require.NoError(t, err)
	require.Len(t, latest, 2)
	_, err = j.FindLabel(ctx, "state refunded")
	require.True(t, journal.IsDamaged(err), "%v", err)
}

// TestADirectoryThatPointsElsewhere must not refund another sale than the one whose label was read.
func TestADirectoryThatPointsElsewhere(t *testing.T) {
	c := dayOf(t)
	alter(t, c.Path, "INSERT INTO directory VALUES ('state of another', 1)", "UPDATE directory_end SET number = 4")
	_, err := open(t, c).FindLabel(context.Background(), "state of another")
	require.True(t, journal.IsDamaged(err), "%v", err)
}

// TestSideTablesAreVerified: what shifts and lost ranges are read from must agree with the records.
func TestSideTablesAreVerified(t *testing.T) {
	for name, statement := range map[string]string{
		"a landmark removed":   "DELETE FROM landmark",
		"a landmark elsewhere": "UPDATE landmark SET sequence = 2",
	} {
		t.Run(name, func(t *testing.T) {
			c := config(newPath(t))
			j := started(t, c)
			add(t, j, payment(1), shiftOpened(1))
			verified(t, j)
			require.NoError(t, j.Close())
			alter(t, c.Path, statement)
			_, err := open(t, c).Verify(context.Background())
			require.True(t, journal.IsDamaged(err), "%v", err)
		})
	}
}

// TestALandmarkOfAnotherRecord is no shift's beginning.
func TestALandmarkOfAnotherRecord(t *testing.T) {
	c := config(newPath(t))
	j := started(t, c)
	add(t, j, payment(1), shiftOpened(1))
	require.NoError(t, j.Close())
	alter(t, c.Path, "UPDATE landmark SET sequence = 2")
	_, err := open(t, c).Landmarks(context.Background(), record.ShiftOpened, 0, 1)
	require.True(t, journal.IsDamaged(err), "%v", err)
}

// TestLogTakenAwayIsSeenBeside: who only looks must not call intact what the agent refuses.
func TestLogTakenAwayIsSeenBeside(t *testing.T) {
	c := config(newPath(t))
	j := started(t, c)
	add(t, j, payment(1))
	path := image(t, c.Path)
	_, err := journal.OpenReadOnly(context.Background(), path, seal.Portable(), c.Keyring)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path+"-wal"))
	_, err = journal.OpenReadOnly(context.Background(), path, seal.Portable(), c.Keyring)
	require.True(t, journal.IsDamaged(err), "%v", err)
	require.ErrorContains(t, err, "write-ahead log has 0 bytes")
}

// TestManySnapshotsInOneCommit: several of one sale in a group, closing and opening again, leave the sum right.
func TestManySnapshotsInOneCommit(t *testing.T) {
	ctx := context.Background()
	c := config(newPath(t))
	j := started(t, c)
	add(t, j, payment(1), shown(1), payment(1), payment(2), shown(2), shown(1))
	add(t, j, payment(1), followUp(1, 1, "asking", true), followUp(1, 1, "done", false), followUp(1, 1, "asking", true))
	verified(t, j)
	require.NoError(t, j.Close())
	j = open(t, c)
	verified(t, j)
	require.NoError(t, j.Room())
	pending, err := j.OpenSales(ctx)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	report, err := j.Verify(ctx)
	require.NoError(t, err)
	require.Equal(t, [2]uint64{2, 1}, [2]uint64{report.Sales, report.FollowUps})
}
