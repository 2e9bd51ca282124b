package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/folder"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

// TestCommandsLeaveARunningCloudsDatabase: no command of a newer program changes the database under an older cloud.
func TestCommandsLeaveARunningCloudsDatabase(t *testing.T) {
	s := prepared(t)
	s.serving()
	settings, err := ReadSettings(s.settings)
	require.NoError(t, err)
	db, err := sql.Open("sqlite3", settings.database())
	require.NoError(t, err)
	defer db.Close()
	version := func() (number int) {
		require.NoError(t, db.QueryRow("PRAGMA user_version").Scan(&number))
		return number
	}
	ours := version()
	_, err = db.Exec(fmt.Sprintf("PRAGMA user_version = %d", ours-1))
	require.NoError(t, err)
	for _, arguments := range [][]string{
		{"merchant", "--id", shopID, "--name", "x"}, {"enrol", "--terminal", "10000002", "--merchant", shopID, "--out", s.dir},
		{"block", "--terminal", "10000001"}, {"retire", "--terminal", "10000001", "--by", "x", "--why", "y"}, {"check"}, {"alarms"},
	} {
		_, err := s.run(t.Context(), arguments...)
		require.ErrorIs(t, err, folder.ErrHeld, arguments)
		require.ErrorIs(t, err, sqlite.ErrOlder, arguments)
		require.ErrorContains(t, err, "先停止云端", arguments)
		require.Equal(t, ours-1, version(), arguments)
	}
	_, err = db.Exec(fmt.Sprintf("PRAGMA user_version = %d", ours))
	require.NoError(t, err)
	s.must("check")
}

// TestCheckAsJSON: the same report as over HTTP, also of books that do not balance, and the same exit code.
func TestCheckAsJSON(t *testing.T) {
	s := prepared(t)
	s.serving()
	type result struct {
		Balanced bool
		Entries  uint64
		Sums     map[string]int64
		Findings []struct {
			Kind   string
			Orders []string
		}
	}
	read := func(text []byte) (report result) {
		require.NoError(t, json.Unmarshal(text, &report))
		return report
	}
	whole := read([]byte(s.must("check", "--json")))
	require.True(t, whole.Balanced)
	require.NotNil(t, whole.Findings, "a list, also where nothing is found")
	require.Equal(t, read(s.get("/v1/ledger/check?full=true")), whole)
	settings, err := ReadSettings(s.settings)
	require.NoError(t, err)
	db, err := sql.Open("sqlite3", settings.database())
	require.NoError(t, err)
	defer db.Close()
	for _, statement := range []string{
		"INSERT INTO accounts (number, name) VALUES (99, 'nobody')", "INSERT INTO postings VALUES (1 << 3, 99, 5, 'CNY')",
		"INSERT INTO entries (number, order_id, kind, at, part) VALUES (1, zeroblob(16), 1, 0, zeroblob(16))",
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	out, err := s.run(t.Context(), "check", "--json")
	require.ErrorIs(t, err, errUnbalanced)
	broken := read([]byte(out))
	require.False(t, broken.Balanced)
	require.EqualValues(t, 5, broken.Sums["CNY"])
	require.NotEmpty(t, broken.Findings)
	require.Equal(t, 1, strings.Count(out, "\n"), "one line and nothing beside it")
	out, err = s.run(t.Context(), "check")
	require.ErrorIs(t, err, errUnbalanced)
	require.Contains(t, out, "unbalanced: ")
}
