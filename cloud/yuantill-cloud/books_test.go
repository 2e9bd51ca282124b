package main

import (
	"database/sql"
	"fmt"
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
