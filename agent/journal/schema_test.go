package journal_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/seal"
)

// TestSchema: what is checked is what the migrations make, from the first version too.
func TestSchema(t *testing.T) {
	require.ElementsMatch(t, journal.Schema(), journal.SchemaOf(t, open(t, config(newPath(t)))))
}

// thief is a trigger that lets a commit succeed and keeps nothing of it.
const thief = "CREATE TRIGGER thief AFTER INSERT ON record BEGIN DELETE FROM record WHERE sequence = new.sequence; END"

// TestForeignSchema: what others have put into the database and may change or refuse what is written is not taken.
func TestForeignSchema(t *testing.T) {
	ctx := context.Background()
	const master = "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = replace(sql, "
	for name, c := range map[string]struct{ statement, says string }{
		"a trigger":             {thief, `added the trigger "thief"`},
		"a view":                {"CREATE VIEW sales AS SELECT * FROM sale", `added the view "sales"`},
		"a unique index":        {"CREATE unique INDEX fast ON record (bytes)", `added the index "fast"`},
		"a table of ours":       {master + "'BLOB NOT NULL', 'BLOB') WHERE name = 'record'", "changed the table record"},
		"an index of ours":      {"DROP INDEX sale_open; CREATE INDEX sale_open ON sale (number) WHERE open = 2", "changed the index sale_open"},
		"a column more":         {"ALTER TABLE sale ADD COLUMN note TEXT", "changed the table sale"},
		"an index that is gone": {"DROP INDEX follow_up_open", "there is no index follow_up_open"},
		"a trigger as a table":  {"DROP TABLE landmark; CREATE TRIGGER landmark AFTER INSERT ON record BEGIN SELECT 1; END", "changed the table landmark"},
	} {
		t.Run("ErrForeignSchema for "+name, func(t *testing.T) {
			config := closedWith(t, 3)
			alter(t, config.Path, c.statement)
			_, err := journal.Open(ctx, config)
			require.True(t, journal.IsDamaged(err), "%v", err)
			require.ErrorContains(t, err, c.says)
			if name != "an index that is gone" {
				require.ErrorIs(t, err, journal.ErrForeignSchema)
			}
			_, err = journal.OpenReadOnly(ctx, config.Path, seal.Portable(), &keys{})
			require.ErrorContains(t, err, c.says)
		})
	}
	t.Run("OK for tables and plain indexes", func(t *testing.T) {
		c := closedWith(t, 3)
		alter(t, c.Path, "CREATE TABLE note (x)", "CREATE INDEX changed ON sale (changed_at)", "ANALYZE")
		j := open(t, c)
		add(t, j, payment(9), shown(9))
		require.Equal(t, []string{"changed", "note"}, verified(t, j).Foreign)
		require.NoError(t, j.Close())
		look, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), &keys{})
		require.NoError(t, err)
		defer look.Close()
		require.Equal(t, []string{"changed", "note"}, verified(t, look).Foreign)
	})
	t.Run("OK once it is gone", func(t *testing.T) {
		c := closedWith(t, 3)
		alter(t, c.Path, thief)
		require.ErrorIs(t, refused(t, c), journal.ErrForeignSchema)
		alter(t, c.Path, "DROP TRIGGER thief", "VACUUM")
		require.Equal(t, uint64(4), verified(t, open(t, c)).Records)
	})
}

// TestForeignSchemaUnderARunningJournal: from then on nothing is written that might not be kept, and what is there stays.
func TestForeignSchemaUnderARunningJournal(t *testing.T) {
	ctx := context.Background()
	c := config(newPath(t))
	j := started(t, c)
	add(t, j, payment(1))
	alter(t, c.Path, "CREATE TABLE note (x)")
	add(t, j, shown(1), payment(2))
	require.Equal(t, []string{"note"}, verified(t, j).Foreign, "that is nobody's concern")

	alter(t, c.Path, thief)
	_, err := j.Append(ctx, shown(2))
	require.ErrorIs(t, err, journal.ErrForeignSchema)
	require.ErrorIs(t, j.Room(), journal.ErrForeignSchema, "no further payment")
	require.ErrorIs(t, j.Damage(), journal.ErrForeignSchema)
	_, err = j.Verify(ctx)
	require.ErrorIs(t, err, journal.ErrForeignSchema)
	require.Equal(t, uint64(4), j.Tail().Sequence)
	require.ErrorIs(t, refused(t, config(image(t, c.Path))), journal.ErrForeignSchema)

	alter(t, c.Path, "DROP TRIGGER thief")
	require.NoError(t, j.Close())
	require.Equal(t, uint64(4), verified(t, open(t, c)).Records, "nothing was written that is not there")
}
