package journal_test

import (
	"context"
	"database/sql"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/seal"
)

// booted is a journal's settings within one run of the machine.
func booted(t *testing.T) journal.Config {
	t.Helper()
	c := config(newPath(t))
	c.Boot = journal.ThisBoot()
	require.NotEmpty(t, c.Boot)
	return c
}

// killed are a journal's files as a kill leaves them.
func killed(t *testing.T, c journal.Config) journal.Config {
	t.Helper()
	c.Path = image(t, c.Path)
	return c
}

// lookedAt has a program of the kind of sqlite3 look at a journal: the last to close it deletes the log.
func lookedAt(t *testing.T, c journal.Config) journal.Config {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+c.Path)
	require.NoError(t, err)
	var records int
	require.NoError(t, db.QueryRowContext(context.Background(), "SELECT count(*) FROM record").Scan(&records))
	require.NoError(t, db.Close())
	require.NoFileExists(t, c.Path+"-wal")
	return c
}

func snapshotOf(state string) journal.Snapshot {
	return journal.Snapshot{OrderID: orderID(1), State: []byte(state), Open: true}
}

// TestLookAfterAKill: whoever looks at a killed till's journal with sqlite3 takes nothing away.
func TestLookAfterAKill(t *testing.T) {
	ctx := context.Background()
	for name, last := range map[string]func(t *testing.T, j *journal.Journal){
		"AfterTheStart":      func(*testing.T, *journal.Journal) {},
		"AfterAPayment":      func(t *testing.T, j *journal.Journal) { add(t, j, payment(1)) },
		"AfterMany":          func(t *testing.T, j *journal.Journal) { add(t, j, payment(1), shown(1), payment(2)) },
		"AfterASaleAlone":    func(t *testing.T, j *journal.Journal) { require.NoError(t, j.SaveSale(ctx, snapshotOf("code"))) },
		"AfterAcknowledging": func(t *testing.T, j *journal.Journal) { acknowledge(t, j); journal.Tick(j) },
		"AfterAFullDisk": func(t *testing.T, j *journal.Journal) {
			require.NoError(t, journal.LimitPages(j, 0))
			var err error
			for n := uint64(0); err == nil && n < 10_000; n++ {
				_, err = j.Append(ctx, payment(n))
			}
			require.ErrorIs(t, err, journal.ErrNoRoom)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := booted(t)
			j := started(t, c)
			last(t, j)
			look := lookedAt(t, killed(t, c))
			beside, err := journal.OpenReadOnly(ctx, look.Path, seal.Portable(), look.Keyring)
			require.NoError(t, err)
			require.NoError(t, beside.Close())
			again := open(t, look)
			require.Equal(t, j.Tail(), again.Tail())
			verified(t, again)
			require.GreaterOrEqual(t, size(t, look.Path+"-wal"), look.WALSize, "the log is there again")
			add(t, again, fault("goes on"))
			require.Equal(t, j.Tail().Sequence+1, open(t, lookedAt(t, killed(t, look))).Tail().Sequence, "and so once more")
		})
	}
}

// acknowledge has the cloud acknowledge all there is.
func acknowledge(t *testing.T, j *journal.Journal) {
	t.Helper()
	tail := j.Tail()
	require.NoError(t, j.Acknowledge(context.Background(),
		&message.Acknowledgement{HighWater: tail.Sequence, HighWaterLink: tail.Link[:], Highest: tail.Sequence}))
}

// TestLogGoneWithRecords: the database alone is whole in all of these, and still not what was written.
func TestLogGoneWithRecords(t *testing.T) {
	ctx := context.Background()
	// behind puts the database of an earlier moment beside the lock file of a later one, without a log.
	behind := func(t *testing.T, earlier, later func(j *journal.Journal)) journal.Config {
		c := booted(t)
		j := started(t, c)
		earlier(j)
		database := lookedAt(t, killed(t, c))
		later(j)
		lock, err := os.ReadFile(c.Path + ".lock")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(database.Path+".lock", lock, 0o600))
		return database
	}
	nothing := func(*journal.Journal) {}
	t.Run("ErrCutBehindTheCheckpoint", func(t *testing.T) {
		c := behind(t, nothing, func(j *journal.Journal) { add(t, j, payment(1)) })
		require.ErrorContains(t, refused(t, c), "ends at record 1, and 2 was being written")
		_, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), c.Keyring)
		require.True(t, journal.IsDamaged(err), "%v", err)
		require.NoFileExists(t, c.Path+"-wal", "looking makes nothing")
	})
	t.Run("ErrCutWithoutALatestSnapshot", func(t *testing.T) {
		c := behind(t, func(j *journal.Journal) { require.NoError(t, j.SaveSale(ctx, snapshotOf("waiting"))) },
			func(j *journal.Journal) { require.NoError(t, j.SaveSale(ctx, snapshotOf("tapping"))) })
		require.ErrorContains(t, refused(t, c), "another bookkeeping row")
	})
	t.Run("ErrCutWithoutTheAcknowledgement", func(t *testing.T) {
		c := behind(t, nothing, func(j *journal.Journal) { acknowledge(t, j); journal.Tick(j) })
		require.ErrorContains(t, refused(t, c), "another bookkeeping row")
	})
	t.Run("ErrCutAfterAPowerCut", func(t *testing.T) {
		c := booted(t)
		j := started(t, c)
		add(t, j, payment(1))
		look := lookedAt(t, killed(t, c))
		look.Boot = "another"
		require.ErrorContains(t, refused(t, look), "the machine was started since")
		look.Boot = ""
		require.ErrorContains(t, refused(t, look), "the machine was started since")
	})
	t.Run("ErrCutWithALogOfOnlyItsBeginning", func(t *testing.T) {
		c := booted(t)
		started(t, c)
		cut := killed(t, c)
		require.NoError(t, os.Truncate(cut.Path+"-wal", 20_000))
		require.ErrorContains(t, refused(t, cut), "write-ahead log has 20000 bytes")
	})
	for name, harm := range map[string]string{
		"ErrCutWithARecordMissing":   "DELETE FROM record WHERE sequence = 2",
		"ErrCutWithARecordAltered":   flip(2, 80),
		"ErrCutWithALandmarkMissing": "DELETE FROM landmark",
	} {
		t.Run(name, func(t *testing.T) {
			c := booted(t)
			j := started(t, c)
			for n := range uint64(300) { // more than a start verifies
				add(t, j, payment(n))
			}
			add(t, j, shiftOpened(1))
			look := killed(t, c)
			alter(t, look.Path, harm)
			require.NoFileExists(t, look.Path+"-wal")
			require.ErrorContains(t, refused(t, look), "database alone")
		})
	}
}
