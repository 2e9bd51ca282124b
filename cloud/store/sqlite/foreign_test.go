package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

// TestForeignSchema: what others have put into the database and may change or refuse what is written is not taken, beside a
// running cloud either.
func TestForeignSchema(t *testing.T) {
	altered := func(t *testing.T, statements ...string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "cloud.db")
		s, err := sqlite.Open(t.Context(), path, options(0))
		require.NoError(t, err)
		require.NoError(t, s.Close())
		db, err := sql.Open("sqlite3", path)
		require.NoError(t, err)
		for _, statement := range statements {
			_, err := db.Exec(statement)
			require.NoError(t, err, statement)
		}
		require.NoError(t, db.Close())
		return path
	}
	asItIs := options(0)
	asItIs.AsItIs = true
	for name, c := range map[string]struct{ statement, says string }{
		"a trigger": {"CREATE TRIGGER thief AFTER INSERT ON entries BEGIN DELETE FROM entries WHERE number = new.number; END",
			`added the trigger "thief"`},
		"a view":                {"CREATE VIEW sums AS SELECT * FROM postings", `added the view "sums"`},
		"a unique index":        {"CREATE UNIQUE INDEX once ON payments (terminal, sequence)", `added the index "once"`},
		"an index that is gone": {"DROP INDEX alarms_open", "there is no index alarms_open"},
		"an index of ours":      {"DROP INDEX alarms_open; CREATE INDEX alarms_open ON alarms (key)", "changed the index alarms_open"},
		"a table of ours":       {"ALTER TABLE entries ADD COLUMN note TEXT", "changed the table entries"},
	} {
		t.Run("ErrForeignSchema for "+name, func(t *testing.T) {
			path := altered(t, c.statement)
			for _, o := range []sqlite.Options{options(0), asItIs} {
				_, err := sqlite.Open(t.Context(), path, o)
				require.ErrorIs(t, err, sqlite.ErrForeignSchema)
				require.ErrorContains(t, err, c.says)
			}
		})
	}
	t.Run("OK for what reports are made with", func(t *testing.T) {
		path := altered(t, "CREATE TABLE note (x UNIQUE)", "CREATE INDEX by_merchant ON payments (merchant)", "ANALYZE", "VACUUM")
		for _, o := range []sqlite.Options{options(2 << 20), asItIs} {
			s, err := sqlite.Open(t.Context(), path, o)
			require.NoError(t, err)
			require.NoError(t, s.Close())
		}
	})
}
