package journalfile_test

import (
	"database/sql"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/loadtest/journalfile"
)

func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "load.journal")
	file, err := journalfile.Open(path)
	require.NoError(t, err)
	var wait sync.WaitGroup
	failed := make(chan error, 500)
	for worker := range 10 {
		wait.Go(func() {
			for i := range 50 {
				if err := file.Append(t.Context(), record.Terminal([]byte("10000001")), record.Record{byte(worker), byte(i)}); err != nil {
					failed <- err
				}
			}
		})
	}
	wait.Wait()
	require.Empty(t, failed)
	require.NoError(t, file.Close())

	t.Run("ErrClosed", func(t *testing.T) {
		require.ErrorIs(t, file.Append(t.Context(), record.Terminal{}, record.Record{1}), journalfile.ErrClosed)
	})
	t.Run("all records are in the file once", func(t *testing.T) {
		database, err := sql.Open("sqlite3", path)
		require.NoError(t, err)
		defer database.Close()
		var rows, distinct int
		require.NoError(t, database.QueryRow("SELECT count(*), count(DISTINCT bytes) FROM record").Scan(&rows, &distinct))
		require.Equal(t, 500, rows)
		require.Equal(t, 500, distinct)
	})
}
