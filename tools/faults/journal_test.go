package faults_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	_ "github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// files keeps a till's journal aside and puts it back.
type files map[string][]byte

func keep(t *testing.T, till *shop.Till) files {
	t.Helper()
	kept := files{}
	for _, suffix := range []string{"", "-wal", ".lock"} {
		content, err := os.ReadFile(till.Journal + suffix)
		require.NoError(t, err)
		kept[suffix] = content
	}
	return kept
}

func (f files) restore(t *testing.T, till *shop.Till) {
	t.Helper()
	for suffix, content := range f {
		require.NoError(t, os.WriteFile(till.Journal+suffix, content, 0o600))
	}
	require.NoError(t, os.RemoveAll(till.Journal+"-shm")) // an index that SQLite makes anew
}

// TestJournal damages a till's journal in every way a person or a disk can.
func TestJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 2})
	other := w.Tills[1]
	for i := range int64(3) {
		w.sell(t, w.Till, 101+i)
		w.sell(t, other, 201+i)
	}
	t.Run("SecondAgentNamesTheFirst", func(t *testing.T) {
		first := w.Till.Agent
		text := w.refused(t, w.Till, program.ExitJournal)
		w.Till.Agent = first
		require.Contains(t, text, fmt.Sprintf("in use by process %d", first.PID()))
		require.Contains(t, text, "stop it first")
		require.Contains(t, text, "请先停止")
		w.sell(t, w.Till, 110)
	})
	t.Run("SaleUnderWayAltered", func(t *testing.T) {
		w.alterSaleUnderWay(t, "UPDATE sale SET state = x'00' WHERE open = 1")
	})
	t.Run("SaleUnderWayRemoved", func(t *testing.T) { w.alterSaleUnderWay(t, "DELETE FROM sale WHERE open = 1") })
	t.Run("Killed", func(t *testing.T) {
		w.Till.Agent.Kill()
		w.damage(t, true)
	})
	t.Run("Stopped", func(t *testing.T) {
		require.NoError(t, w.Till.Agent.Stop())
		w.damage(t, false)
	})
	t.Run("OfAnotherTerminal", func(t *testing.T) {
		require.NoError(t, w.Till.Agent.Stop())
		require.NoError(t, other.Agent.Stop())
		mine := keep(t, w.Till)
		keep(t, other).restore(t, w.Till)
		text := w.refused(t, w.Till, program.ExitJournal)
		require.Contains(t, text, "belongs to terminal "+other.Terminal)
		require.Contains(t, text, "restore the right file")
		mine.restore(t, w.Till)
		require.NoError(t, w.StartAgent(t.Context(), w.Till))
		require.NoError(t, w.StartAgent(t.Context(), other))
	})
	w.sell(t, w.Till, 111)
	w.sell(t, other, 211)
	w.audit(t)
	w.settle(t, "journal-damaged")
	w.quiet(t)
}

// alterSaleUnderWay changes what the journal knows of a sale whose payment is on its way. The agent comes up and tells
// what waits, but begins no payment before somebody has looked.
func (w *world) alterSaleUnderWay(t *testing.T, statement string) {
	w.rule(t, bank.Rule{Operation: "authorise", Amount: 130, LatencyMillis: 1000, Count: 1})
	begun := w.begin(t, w.Till, 130)
	w.reach(t, w.Till, begun.ID, "authorising")
	require.NoError(t, w.Till.Agent.Stop())
	const columns = "number, order_id, open, state, first_sequence, last_sequence, changed_at, tag"
	var row [8]any
	w.inJournal(t, func(db *sql.DB) error {
		targets := make([]any, len(row))
		for i := range row {
			targets[i] = &row[i]
		}
		err := db.QueryRowContext(t.Context(), "SELECT "+columns+" FROM sale WHERE open = 1").Scan(targets...)
		_, change := db.ExecContext(t.Context(), statement)
		return errors.Join(err, change)
	})

	require.NoError(t, w.LaunchAgent(w.Till))
	await(t, patience, "a till that says what is wrong and sends what waits", func(ctx context.Context) (bool, string) {
		status, err := w.Till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		seen := fmt.Sprintf("%+v %+v", status.Refusing, status.Journal)
		return status.Refusing != nil && strings.Contains(status.Refusing.English, "journal is damaged") &&
			status.Uplink.Connected && status.Journal.Unsent == 0, seen
	})
	_, err := w.Till.Station.Start(t.Context(), uuid.NewString(), stationclient.Start{Amount: 131, Currency: "CNY"})
	require.ErrorContains(t, err, "journal is damaged")
	w.alarmed(t, "journal-damaged", w.Till.Terminal)
	require.NoError(t, w.Till.Agent.Stop())

	w.inJournal(t, func(db *sql.DB) error {
		_, err := db.ExecContext(t.Context(), "INSERT OR REPLACE INTO sale ("+columns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row[:]...)
		return err
	})
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	w.end(t, w.Till, begun.ID, "approved")
}

// inJournal opens the stopped till's journal behind its back.
func (w *world) inJournal(t *testing.T, act func(*sql.DB) error) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+w.Till.Journal)
	require.NoError(t, err)
	err = act(db)
	require.NoError(t, errors.Join(err, db.Close()))
}

// damage tries each kind of damage on the stopped till's journal; the agent refuses and touches nothing. With the right
// file back it goes on.
func (w *world) damage(t *testing.T, killed bool) {
	whole := keep(t, w.Till)
	cases := map[string]func(t *testing.T){
		"CutShort":  func(t *testing.T) { truncate(t, w.Till.Journal, 2) },
		"NotAFile":  func(t *testing.T) { overwrite(t, w.Till.Journal, 0, 4096) },
		"EmptyFile": func(t *testing.T) { require.NoError(t, os.Truncate(w.Till.Journal, 0)) },
	}
	if killed { // what is not yet in the database is in its log
		cases["LogCutShort"] = func(t *testing.T) { truncate(t, w.Till.Journal+"-wal", 2) }
		cases["LogTakenAway"] = func(t *testing.T) { require.NoError(t, os.Remove(w.Till.Journal+"-wal")) }
	} else {
		cases["RecordFlipped"] = func(t *testing.T) { flipText(t, w.Till.Journal, w.Till.Terminal) }
	}
	for name, harm := range cases {
		t.Run(name, func(t *testing.T) {
			defer whole.restore(t, w.Till)
			harm(t)
			text := w.refused(t, w.Till, program.ExitJournal)
			require.Contains(t, text, filepath.Base(w.Till.Journal))
			require.Contains(t, text, "keep the file")
			require.FileExists(t, w.Till.Journal, "evidence was taken away")
		})
	}
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	w.sell(t, w.Till, 120)
}

func truncate(t *testing.T, path string, part int64) {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()/part))
}

// overwrite flips every bit of a stretch of a file.
func overwrite(t *testing.T, path string, from, count int64) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Greater(t, int64(len(content)), from)
	for i := from; i < min(from+count, int64(len(content))); i++ {
		content[i] ^= 0xFF
	}
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

// flipText changes one bit behind the last place in a file where a record names its terminal.
func flipText(t *testing.T, path, terminal string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	at := strings.LastIndex(string(content), terminal)
	require.Positive(t, at)
	content[at+len(terminal)+4] ^= 1
	require.NoError(t, os.WriteFile(path, content, 0o600))
}
