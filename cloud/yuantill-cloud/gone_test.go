package main

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

// everyCommand is each command that works with the books.
func everyCommand(s *site) map[string][]string {
	return map[string][]string{
		"serve": {"serve"}, "check": {"check"}, "alarms": {"alarms"}, "settle": {"settle", "--alarm", "1", "--by", "x"},
		"merchant": {"merchant", "--id", shopID, "--name", "x"},
		"enrol":    {"enrol", "--terminal", "10000002", "--merchant", shopID, "--out", s.dir},
		"block":    {"block", "--terminal", "10000001"},
		"retire":   {"retire", "--terminal", "10000001", "--by", "x", "--why", "y"},
		"init":     {"init"},
	}
}

// files are the names and sizes of a folder.
func (s *site) files() map[string]int64 {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir, "data"))
	require.NoError(s.t, err)
	found := map[string]int64{}
	for _, entry := range entries {
		info, err := entry.Info()
		require.NoError(s.t, err)
		found[entry.Name()] = info.Size()
	}
	delete(found, "cloud.lock") // says who has the folder, and nothing of what is in it
	return found
}

// TestADatabaseThatIsGone: keys without a database are a cloud that has lost its books. No command begins new ones, and
// nothing is made that a backup put back would meet.
func TestADatabaseThatIsGone(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"Missing": os.Remove,
		"Emptied": func(path string) error { return os.Truncate(path, 0) },
		"LogAlone": func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path+"-wal", make([]byte, 5000), 0o600))
		},
		"EmptiedBesideItsLog": func(path string) error {
			return errors.Join(os.Truncate(path, 0), os.WriteFile(path+"-wal", make([]byte, 5000), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := prepared(t)
			require.NoError(t, lose(filepath.Join(s.dir, "data", "cloud.db")))
			before := s.files()
			for command, arguments := range everyCommand(s) {
				_, err := s.briefly(arguments...)
				require.ErrorIs(t, err, sqlite.ErrGone, command)
				require.Equal(t, exitBooks, exitCode(err), command)
				said := advice(err)
				require.Len(t, said, 1, command)
				require.Contains(t, said[0].Chinese, "备份", command)
				require.Contains(t, said[0].English, "backup", command)
				require.Contains(t, said[0].English, "init", "how to begin anew on purpose")
				require.Equal(t, before, s.files(), command)
			}
		})
	}
}

// TestADatabaseThatIsPutBack goes on where it was.
func TestADatabaseThatIsPutBack(t *testing.T) {
	s := prepared(t)
	path := filepath.Join(s.dir, "data", "cloud.db")
	require.NoError(t, os.Rename(path, path+".backup"))
	_, err := s.briefly("serve")
	require.ErrorIs(t, err, sqlite.ErrGone)
	require.NoError(t, os.Rename(path+".backup", path))
	s.serving()
	require.Contains(t, string(s.get("/v1/terminals")), "10000001")
}

// TestNothingWasEverSetUp is said as such: there is no backup to look for.
func TestNothingWasEverSetUp(t *testing.T) {
	s := newSite(t, "")
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, "data"), 0o700))
	for command, arguments := range everyCommand(s) {
		if command == "init" {
			continue
		}
		_, err := s.briefly(arguments...)
		require.ErrorIs(t, err, os.ErrNotExist, command)
		require.NotErrorIs(t, err, sqlite.ErrGone, command)
		require.Contains(t, advice(err)[0].English, "init", command)
		require.NoFileExists(t, filepath.Join(s.dir, "data", "cloud.db"), command)
	}
	s.must("init")
	require.Contains(t, s.must("check"), "balanced: 0 entries", "the set-up makes the database")
}

// TestADatabaseOfAnotherCloud: a database that was used under one root key is not used under another.
func TestADatabaseOfAnotherCloud(t *testing.T) {
	one, other := prepared(t), prepared(t)
	for _, s := range []*site{one, other} {
		s.usedOnce()
	}
	text, err := os.ReadFile(filepath.Join(other.dir, "data", "cloud.db"))
	require.NoError(t, err)
	path := filepath.Join(one.dir, "data", "cloud.db")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	for command, arguments := range everyCommand(one) {
		if command == "init" {
			continue // it has nothing to make, and says so
		}
		_, err := one.briefly(arguments...)
		require.ErrorIs(t, err, sqlite.ErrForeign, command)
		require.Equal(t, exitBooks, exitCode(err), command)
		require.Len(t, advice(err), 1, command)
	}
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, text, after, "nothing was written to it")
	t.Run("KeysAreNotNeededToReadACopy", func(t *testing.T) {
		require.NoError(t, os.Remove(filepath.Join(one.dir, "data", "root.key")))
		one.must("check")
	})
}

// TestADatabaseFromBeforeItHadAnOwner is taken by the cloud that serves it first.
func TestADatabaseFromBeforeItHadAnOwner(t *testing.T) {
	s := prepared(t)
	s.must("check")
	require.Zero(t, s.owners(), "reading leaves it as it is")
	s.usedOnce()
	require.Equal(t, 1, s.owners())
	s.usedOnce()
	require.Equal(t, 1, s.owners())
}

func (s *site) owners() (number int) {
	s.t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(s.dir, "data", "cloud.db"))
	require.NoError(s.t, err)
	defer db.Close()
	require.NoError(s.t, db.QueryRow("SELECT count(*) FROM owner").Scan(&number))
	return number
}

// usedOnce serves until it is ready.
func (s *site) usedOnce() {
	s.t.Helper()
	s.t.Run("Used", func(t *testing.T) {
		used := *s
		used.t = t
		used.serving()
	})
}

// briefly runs a command that should end at once.
func (s *site) briefly(arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	return s.run(ctx, arguments...)
}
