package command_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"yuantill": func() {
		os.Exit(command.Run(context.Background(), command.Environment{
			Out: os.Stdout, Err: os.Stderr, Clock: time.Now,
		}, os.Args[1:]))
	}})
}

// TestScripts runs testdata/script/*.txtar, each in a folder with two terminals, "mine" and "other", and a station whose
// till plays sales by their note. UPDATE_SCRIPTS=1 writes the golden outputs anew.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "", RequireExplicitExec: true,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			till := sitetest.NewTill(t, "")
			for _, name := range []string{"mine", "other"} {
				folder := filepath.Join(env.WorkDir, name)
				if err := os.Mkdir(folder, 0o700); err != nil {
					return err
				}
				terminal := map[string]string{"mine": "10000001", "other": "10000002"}[name]
				site := sitetest.New(t, folder, terminal)
				site.Configure(t, strings.TrimPrefix(till.URL, "http://"))
				env.Values[name] = site
			}
			env.Setenv("STATION", till.URL)
			env.Setenv("BROKENKEY", "a\nb")
			env.Setenv("LONGNOTE", strings.Repeat("x", 5000))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "damage": damage, "statement": statement, "fill": fill,
			"closeshift": func(ts *testscript.TestScript, _ bool, arguments []string) { closeShift(t, ts, arguments) },
		},
	})
}

// exits N COMMAND… runs a command that must exit with N; stdout and stderr are kept for the script.
func exits(ts *testscript.TestScript, _ bool, arguments []string) {
	want, rest := arguments[0], arguments[1:]
	err := ts.Exec(rest[0], rest[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != want {
		ts.Fatalf("exit code %s, want %s", got, want)
	}
}

// closeshift TERMINAL [wrong|forged] writes a shift into the terminal's journal: with a line that is not what the records
// say, or altered after it was signed.
func closeShift(t *testing.T, ts *testscript.TestScript, arguments []string) {
	site, _ := ts.Value(arguments[0]).(*sitetest.Site)
	raise := func(closed *message.ShiftClosed) { closed.Lines[0].SalesAmount++ }
	var change, forge func(*message.ShiftClosed)
	if len(arguments) > 1 && arguments[1] == "wrong" {
		change = raise
	}
	if len(arguments) > 1 && arguments[1] == "forged" {
		forge = raise
	}
	site.WriteShift(t, change, forge)
}

// damage FILE SEQUENCE flips a bit of a stored record.
func damage(ts *testscript.TestScript, _ bool, arguments []string) {
	db, err := sql.Open("sqlite3", ts.MkAbs(arguments[0]))
	ts.Check(err)
	defer func() { ts.Check(db.Close()) }()
	var stored []byte
	ts.Check(db.QueryRow("SELECT bytes FROM record WHERE sequence = ?", arguments[1]).Scan(&stored))
	stored[len(stored)-seal.TagSize-1] ^= 1
	_, err = db.Exec("UPDATE record SET bytes = ? WHERE sequence = ?", stored, arguments[1])
	ts.Check(err)
}

// statement JOURNAL SQL… carries out a statement in a journal behind its back.
func statement(ts *testscript.TestScript, _ bool, arguments []string) {
	db, err := sql.Open("sqlite3", ts.MkAbs(arguments[0]))
	ts.Check(err)
	_, err = db.Exec(strings.Join(arguments[1:], " "))
	ts.Check(err)
	ts.Check(db.Close())
}

// fill FILE SIZE makes a file of bytes that mean nothing.
func fill(ts *testscript.TestScript, _ bool, arguments []string) {
	size := map[string]int{"none": 0, "page": 4096, "huge": 32 << 20}[arguments[1]]
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i*7 + i>>8)
	}
	ts.Check(os.WriteFile(ts.MkAbs(arguments[0]), content, 0o600))
}

// run carries out a command line in this process.
func run(t *testing.T, environment command.Environment, arguments ...string) (code int, out, errors string) {
	t.Helper()
	var o, e strings.Builder
	environment.Out, environment.Err = &o, &e
	if environment.Clock == nil {
		environment.Clock = time.Now
	}
	code = command.Run(t.Context(), environment, arguments)
	require.NotContains(t, o.String()+e.String(), sitetest.Wallet)
	return code, o.String(), e.String()
}
