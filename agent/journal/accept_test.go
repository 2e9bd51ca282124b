package journal_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// unsure is a journal that was looked at after a kill, and whose machine was started since; three records and a sale are in it.
func unsure(t *testing.T) journal.Config {
	t.Helper()
	c := booted(t)
	j := started(t, c)
	add(t, j, payment(1), shown(1))
	require.NoError(t, j.SaveSale(context.Background(), snapshotOf("waiting")))
	look := lookedAt(t, killed(t, c))
	look.Boot = "another"
	return look
}

// TestAccept: what a person takes for whole goes on, and who it was is a record that the cloud gets.
func TestAccept(t *testing.T) {
	ctx := context.Background()
	c := unsure(t)
	require.ErrorIs(t, refused(t, c), journal.ErrUnsure)
	report, err := journal.Accept(ctx, c, "王店长", "断电后\n核对过")
	require.NoError(t, err)
	require.EqualValues(t, 3, report.Last)
	require.EqualValues(t, 1, report.Sales)
	require.True(t, report.TagsChecked)
	j := open(t, c)
	require.EqualValues(t, 4, j.Tail().Sequence)
	verified(t, j)
	said, err := j.Get(ctx, 4)
	require.NoError(t, err)
	header, err := record.ParseHeader(said)
	require.NoError(t, err)
	require.Equal(t, record.DeviceFault, header.Type)
	var body message.DeviceFault
	require.NoError(t, proto.Unmarshal(said.Body(), &body))
	require.Equal(t, "journal", body.GetDevice())
	require.Equal(t, "accepted without its log as it ended at record 3, by 王店长: 断电后 核对过", body.GetFault())
	add(t, j, payment(2))
	require.NoError(t, j.Close())
	_, err = journal.Accept(ctx, c, "王店长", "again")
	require.ErrorIs(t, err, journal.ErrSure, "once is enough")
}

// TestAcceptRefuses: what certainly lacks something or was altered is nobody's to accept, and stays refused as it was.
func TestAcceptRefuses(t *testing.T) {
	ctx := context.Background()
	accept := func(c journal.Config) error {
		_, err := journal.Accept(ctx, c, "x", "y")
		return err
	}
	for name, harm := range map[string]string{
		"ARecordMissing": "DELETE FROM record WHERE sequence = 2", "TheLastRecordMissing": "DELETE FROM record WHERE sequence = 3",
		"ARecordAltered": flip(2, 80), "TheSaleMissing": "DELETE FROM sale",
	} {
		t.Run(name, func(t *testing.T) {
			c := unsure(t)
			alter(t, c.Path, harm)
			require.True(t, journal.IsDamaged(accept(c)))
			require.ErrorIs(t, refused(t, c), journal.ErrUnsure)
		})
	}
	t.Run("RecordsThatTheLockNames", func(t *testing.T) {
		c := booted(t)
		j := started(t, c)
		database := lookedAt(t, killed(t, c))
		add(t, j, payment(1))
		lock, err := os.ReadFile(c.Path + ".lock")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(database.Path+".lock", lock, 0o600))
		require.ErrorContains(t, accept(database), "ends at record 1, and 2 was being written", "in the same run of the machine")
		database.Boot = "another"
		require.ErrorContains(t, accept(database), "ends at record 1, and 2 was being written")
		require.True(t, journal.IsDamaged(accept(database)))
		require.Error(t, refused(t, database))
	})
	t.Run("ALogOfOnlyItsBeginning", func(t *testing.T) {
		c := unsure(t)
		require.NoError(t, os.WriteFile(c.Path+"-wal", make([]byte, 100), 0o600))
		require.True(t, journal.IsDamaged(accept(c)))
		require.Error(t, refused(t, c))
	})
	t.Run("ErrHeldError", func(t *testing.T) {
		c := booted(t)
		started(t, c)
		var held *journal.HeldError
		require.ErrorAs(t, accept(c), &held)
	})
	t.Run("ErrSureAfterALook", func(t *testing.T) {
		c := booted(t)
		started(t, c)
		require.ErrorIs(t, accept(lookedAt(t, killed(t, c))), journal.ErrSure, "the lock file says it")
	})
	t.Run("ErrDecision", func(t *testing.T) {
		c := unsure(t)
		for _, by := range [][2]string{{"", "why"}, {"by", " "}} {
			_, err := journal.Accept(ctx, c, by[0], by[1])
			require.ErrorIs(t, err, journal.ErrDecision)
		}
		require.Error(t, refused(t, c))
	})
	t.Run("ErrGone", func(t *testing.T) {
		c := unsure(t)
		require.NoError(t, os.Remove(c.Path))
		require.ErrorIs(t, accept(c), journal.ErrGone)
	})
}
