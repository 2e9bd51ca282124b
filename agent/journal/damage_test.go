package journal_test

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// image copies a journal's files as they are, as after a power cut.
func image(t *testing.T, path string) string {
	t.Helper()
	to := newPath(t)
	for _, suffix := range []string{"", "-wal", ".lock"} {
		content, err := os.ReadFile(path + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to+suffix, content, 0o600))
	}
	return to
}

// closedWith is a closed journal with n records besides the first.
func closedWith(t *testing.T, n int) journal.Config {
	t.Helper()
	c := config(newPath(t))
	j := started(t, c)
	for range n {
		add(t, j, payment(uint64(n)))
	}
	require.NoError(t, j.Close())
	return c
}

// alter changes a closed journal behind its back.
func alter(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	require.NoError(t, err)
	defer db.Close()
	for _, statement := range statements {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
}

func flip(sequence, offset int) string {
	at := func(n int) string { return strconv.Itoa(n) }
	return "UPDATE record SET bytes = CAST(substr(bytes, 1, " + at(offset) + ")" +
		" || CASE substr(bytes, " + at(offset+1) + ", 1) WHEN x'ee' THEN x'11' ELSE x'ee' END" + // never the byte that was there
		" || substr(bytes, " + at(offset+2) + ") AS BLOB) WHERE sequence = " + at(sequence)
}

func refused(t *testing.T, c journal.Config) *journal.DamagedError {
	t.Helper()
	_, err := journal.Open(context.Background(), c)
	var damaged *journal.DamagedError
	require.ErrorAs(t, err, &damaged)
	require.NotContains(t, err.Error(), "keep the file", "what to do is said once, by whoever tells the error")
	_, err = os.Stat(c.Path)
	require.NoError(t, err, "nothing is deleted")
	_, err = journal.Open(context.Background(), c)
	require.ErrorAs(t, err, &damaged, "and it stays refused")
	return damaged
}

func TestAlteredRecords(t *testing.T) {
	ctx := context.Background()
	t.Run("a flipped byte is found by the tag", func(t *testing.T) {
		for name, offset := range map[string]int{"body": 80, "time": 30, "previous link": 50} {
			c := closedWith(t, 20)
			alter(t, c.Path, flip(9, offset))
			damaged := refused(t, c)
			require.Equal(t, uint64(9), damaged.Sequence, name)
			require.ErrorIs(t, damaged, record.ErrTag, name)
		}
	})
	t.Run("a flipped byte is found by the chain when there are no keys", func(t *testing.T) {
		c := closedWith(t, 20)
		alter(t, c.Path, flip(9, 80))
		_, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), nil)
		var damaged *journal.DamagedError
		require.ErrorAs(t, err, &damaged)
		require.Equal(t, uint64(10), damaged.Sequence)
		require.ErrorIs(t, err, record.ErrChainBroken)
	})
	for name, test := range map[string]struct {
		statement string
		sequence  uint64
	}{
		"a removed record":           {"DELETE FROM record WHERE sequence = 9", 10},
		"the last record removed":    {"DELETE FROM record WHERE sequence = 21", 21},
		"all records removed":        {"DELETE FROM record", 1},
		"a record too many":          {"INSERT INTO record SELECT 22, bytes FROM record WHERE sequence = 21", 22},
		"two records swapped":        {"UPDATE record SET sequence = CASE sequence WHEN 9 THEN -10 ELSE -9 END WHERE sequence IN (9, 10)", 0},
		"a record cut short":         {"UPDATE record SET bytes = substr(bytes, 1, 100) WHERE sequence = 9", 9},
		"an empty record":            {"UPDATE record SET bytes = x'' WHERE sequence = 9", 9},
		"a head moved back":          {"UPDATE head SET sequence = 20", 0},
		"a head with another ack":    {"UPDATE head SET acknowledged = 21", 0},
		"no head":                    {"DELETE FROM head", 0},
		"a lost range declared":      {"INSERT INTO lost VALUES (2, 3)", 0},
		"another record's tag":       {"UPDATE record SET bytes = (SELECT bytes FROM record WHERE sequence = 8) WHERE sequence = 9", 9},
		"records without their head": {"DELETE FROM owner", 0},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			c := closedWith(t, 20)
			alter(t, c.Path, test.statement)
			if strings.Contains(test.statement, "CASE") {
				alter(t, c.Path, "UPDATE record SET sequence = -sequence WHERE sequence < 0")
				test.sequence = 9
			}
			require.Equal(t, test.sequence, refused(t, c).Sequence)
		})
	}
	t.Run("an old record altered is found in the background and payments stop", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		for range 6 {
			entries := make([]journal.Entry, 100)
			for i := range entries {
				entries[i] = fault("x")
			}
			add(t, j, entries...)
		}
		require.NoError(t, j.Close())
		alter(t, c.Path, flip(100, 80))
		j = open(t, c)
		require.NoError(t, j.Room())
		_, err := j.Verify(ctx)
		var damaged *journal.DamagedError
		require.ErrorAs(t, err, &damaged)
		require.Equal(t, uint64(100), damaged.Sequence)
		require.NoError(t, j.Damage())

		journal.VerifyBehind(ctx, j)
		require.ErrorAs(t, j.Damage(), &damaged)
		require.ErrorAs(t, j.Room(), &damaged)
		_, err = j.Append(ctx, payment(1))
		require.ErrorAs(t, err, &damaged)
		add(t, j, shown(1))
	})
	t.Run("an epoch nobody has keys for", func(t *testing.T) {
		c := closedWith(t, 2)
		c.Keyring = &keys{missing: 1}
		_, err := journal.Open(ctx, c)
		require.ErrorIs(t, err, errNoEpoch)
		require.ErrorIs(t, err, journal.ErrNoKeys, "the keys of all epochs are gone")
		require.False(t, journal.IsDamaged(err), "which says nothing of the journal")
		_, err = journal.OpenReadOnly(ctx, c.Path, seal.Portable(), c.Keyring)
		require.ErrorIs(t, err, journal.ErrNoKeys)
		c.Keyring = &keys{missing: 1, before: true}
		_, err = journal.Open(ctx, c)
		require.True(t, journal.IsDamaged(err), "where there are others, the record may have been altered")
		require.NotErrorIs(t, err, journal.ErrNoKeys)
	})
}

func TestDamagedFiles(t *testing.T) {
	t.Run("cut to half", func(t *testing.T) {
		c := closedWith(t, 200)
		info, err := os.Stat(c.Path)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(c.Path, info.Size()/2))
		require.Error(t, refused(t, c))
	})
	t.Run("emptied after a clean close", func(t *testing.T) {
		c := closedWith(t, 2)
		require.NoError(t, os.Truncate(c.Path, 0))
		require.ErrorContains(t, refused(t, c), "nothing left")
	})
	t.Run("emptied, its lock file too, of a terminal that has signed in", func(t *testing.T) {
		c := closedWith(t, 2)
		require.NoError(t, os.Truncate(c.Path, 0))
		require.NoError(t, os.Remove(c.Path+".lock"))
		c.Keyring = &keys{before: true}
		require.ErrorContains(t, refused(t, c), "nothing left")
		_, err := journal.OpenReadOnly(context.Background(), c.Path, seal.Portable(), c.Keyring)
		require.True(t, journal.IsDamaged(err), "%v", err)
	})
	t.Run("empty and new is begun", func(t *testing.T) {
		c := config(newPath(t))
		require.NoError(t, os.WriteFile(c.Path, nil, 0o600))
		_, err := journal.OpenReadOnly(context.Background(), c.Path, seal.Portable(), c.Keyring)
		require.ErrorIs(t, err, journal.ErrEmpty)
		require.NoFileExists(t, c.Path+"-wal", "looking makes nothing")
		require.Equal(t, uint64(1), verified(t, started(t, c)).Records)
	})
	t.Run("cut to less than a database's header", func(t *testing.T) {
		for _, left := range []int64{1, 2, 99} { // SQLite takes a file of one byte for an empty database
			c := closedWith(t, 2)
			require.NoError(t, os.Truncate(c.Path, left))
			require.ErrorContains(t, refused(t, c), "cut short")
			require.Equal(t, left, size(t, c.Path), "nothing is written over it")
			_, err := journal.OpenReadOnly(context.Background(), c.Path, seal.Portable(), c.Keyring)
			require.True(t, journal.IsDamaged(err), "%d bytes: %v", left, err)
		}
	})
	t.Run("a few bytes where nothing was written yet are no journal either", func(t *testing.T) {
		c := config(newPath(t))
		require.NoError(t, os.WriteFile(c.Path, []byte("x"), 0o600))
		require.ErrorContains(t, refused(t, c), "cut short")
		content, err := os.ReadFile(c.Path)
		require.NoError(t, err)
		require.Equal(t, "x", string(content))
	})
	t.Run("ErrGone for one that its lock file knows", func(t *testing.T) {
		c := closedWith(t, 2)
		require.NoError(t, os.Remove(c.Path))
		c.Keyring = &keys{before: true}
		for range 2 { // and it stays refused
			_, err := journal.Open(context.Background(), c)
			require.ErrorIs(t, err, journal.ErrGone)
			require.ErrorContains(t, err, c.Path)
			require.False(t, journal.IsDamaged(err))
			require.NoFileExists(t, c.Path, "nothing is made in its place")
		}
	})
	t.Run("gone, and put back", func(t *testing.T) {
		c := closedWith(t, 2)
		require.NoError(t, os.Rename(c.Path, c.Path+".aside"))
		_, err := journal.Open(context.Background(), c)
		require.ErrorIs(t, err, journal.ErrGone)
		require.NoError(t, os.Rename(c.Path+".aside", c.Path))
		require.Equal(t, uint64(3), verified(t, open(t, c)).Records)
	})
	t.Run("ErrGone for all of its folder, of a terminal that has signed in: keys of intents would be unknown", func(t *testing.T) {
		c := closedWith(t, 2)
		require.NoError(t, os.RemoveAll(filepath.Dir(c.Path)))
		require.NoError(t, os.Mkdir(filepath.Dir(c.Path), 0o700))
		_, err := journal.OpenReadOnly(context.Background(), c.Path, seal.Portable(), c.Keyring)
		require.ErrorIs(t, err, fs.ErrNotExist, "nothing says that there was one")
		c.Keyring = &keys{before: true}
		for range 2 { // and it stays refused
			_, err = journal.OpenReadOnly(context.Background(), c.Path, seal.Portable(), c.Keyring)
			require.ErrorIs(t, err, journal.ErrGone)
			_, err = journal.Open(context.Background(), c)
			require.ErrorIs(t, err, journal.ErrGone)
			require.NoFileExists(t, c.Path)
		}
		c.Keyring = &keys{}
		require.Zero(t, verified(t, open(t, c)).Records, "of one that never has, it is begun")
	})
	t.Run("without one of its tables", func(t *testing.T) {
		for _, table := range []string{"owner", "record", "sale", "lost", "head", "follow_up", "directory", "directory_end", "landmark", "intent", "intent_end"} {
			c := closedWith(t, 2)
			alter(t, c.Path, "DROP TABLE "+table)
			require.ErrorContains(t, refused(t, c), "no table "+table)
			_, err := journal.OpenReadOnly(context.Background(), c.Path, seal.Portable(), c.Keyring)
			require.True(t, journal.IsDamaged(err), "%s: %v", table, err)
		}
	})
	t.Run("overwritten with something else", func(t *testing.T) {
		c := closedWith(t, 2)
		require.NoError(t, os.WriteFile(c.Path, []byte(strings.Repeat("not a database. ", 1000)), 0o600))
		require.Error(t, refused(t, c))
	})
	t.Run("a crash leaves everything committed", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		for n := range uint64(30) {
			add(t, j, payment(n))
		}
		crashed := c
		crashed.Path = image(t, c.Path)
		again := open(t, crashed)
		require.Equal(t, j.Tail(), again.Tail())
		require.Equal(t, uint64(31), verified(t, again).Records)
		add(t, again, fault("goes on"))
	})
	t.Run("write-ahead log deleted after a crash", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, payment(1))
		c.Path = image(t, c.Path)
		require.NoError(t, os.Remove(c.Path+"-wal"))
		require.ErrorContains(t, refused(t, c), "write-ahead log has 0 bytes")
	})
	t.Run("database emptied or deleted after a crash leaves its log alone", func(t *testing.T) {
		for _, harm := range []func(path string) error{func(path string) error { return os.Truncate(path, 0) }, os.Remove} {
			c := config(newPath(t))
			j := started(t, c)
			add(t, j, payment(1))
			c.Path = image(t, c.Path)
			log, err := os.ReadFile(c.Path + "-wal")
			require.NoError(t, err)
			require.NoError(t, harm(c.Path))
			_, err = journal.Open(context.Background(), c)
			var damaged *journal.DamagedError
			require.ErrorAs(t, err, &damaged)
			require.ErrorContains(t, err, "nothing left")
			after, err := os.ReadFile(c.Path + "-wal")
			require.NoError(t, err)
			require.Equal(t, log, after)
		}
	})
	t.Run("write-ahead log cut after a crash", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, payment(1))
		c.Path = image(t, c.Path)
		require.NoError(t, os.Truncate(c.Path+"-wal", 20_000))
		require.ErrorContains(t, refused(t, c), "write-ahead log has 20000 bytes")
	})
	t.Run("write-ahead log deleted after a clean close is nothing", func(t *testing.T) {
		c := closedWith(t, 5)
		require.NoError(t, os.Remove(c.Path+"-wal"))
		require.Equal(t, uint64(6), verified(t, open(t, c)).Records)
	})
	t.Run("an older copy of the database put back is taken as it was", func(t *testing.T) {
		c := closedWith(t, 5)
		copied, err := os.ReadFile(c.Path)
		require.NoError(t, err)
		j := open(t, c)
		for n := range uint64(200) {
			add(t, j, payment(n))
		}
		require.NoError(t, j.Close())
		require.NoError(t, os.WriteFile(c.Path, copied, 0o600))
		require.Equal(t, uint64(6), verified(t, open(t, c)).Records)
	})
	t.Run("a newer schema is not touched", func(t *testing.T) {
		c := closedWith(t, 1)
		alter(t, c.Path, "PRAGMA user_version = 99")
		_, err := journal.Open(context.Background(), c)
		require.ErrorContains(t, err, "newer than this program")
		require.ErrorIs(t, err, journal.ErrNewer)
		_, err = journal.OpenReadOnly(context.Background(), c.Path, seal.Portable(), c.Keyring)
		require.ErrorIs(t, err, journal.ErrNewer)
		require.False(t, journal.IsDamaged(err))
	})
	t.Run("ErrOlder for whoever only looks at an older schema", func(t *testing.T) {
		c := closedWith(t, 1)
		alter(t, c.Path, "PRAGMA user_version = 2")
		_, err := journal.OpenReadOnly(context.Background(), c.Path, seal.Portable(), c.Keyring)
		require.ErrorIs(t, err, journal.ErrOlder)
	})
	t.Run("files are for their owner only", func(t *testing.T) {
		c := config(newPath(t))
		started(t, c)
		for _, suffix := range []string{"", "-wal", "-shm", ".lock", ".ballast"} {
			info, err := os.Stat(c.Path + suffix)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode(), suffix)
		}
	})
	t.Run("a folder that does not exist", func(t *testing.T) {
		c := config(filepath.Join(t.TempDir(), "none", "journal.db"))
		_, err := journal.Open(context.Background(), c)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestOwnership(t *testing.T) {
	ctx := context.Background()
	t.Run("ForeignError for another terminal's journal", func(t *testing.T) {
		c := closedWith(t, 3)
		c.Terminal = record.Terminal([]byte("10000002"))
		_, err := journal.Open(ctx, c)
		var foreign *journal.ForeignError
		require.ErrorAs(t, err, &foreign)
		require.Equal(t, terminal, foreign.Owner)
		require.Equal(t, c.Terminal, foreign.Mine)
		c.Terminal = terminal
		require.Equal(t, uint64(4), verified(t, open(t, c)).Records, "and it is unharmed")
	})
	t.Run("HeldError names the process that has it", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		_, err := journal.Open(ctx, c)
		var held *journal.HeldError
		require.ErrorAs(t, err, &held)
		require.Equal(t, os.Getpid(), held.PID)
		require.Equal(t, c.Path, held.Path)
		add(t, j, fault("the first is not disturbed"))
		require.NoError(t, j.Close())
		open(t, c)
	})
	t.Run("HeldError by another of the file's names", func(t *testing.T) {
		c := closedWith(t, 1)
		another := c
		another.Path = filepath.Join(filepath.Dir(c.Path), "hard.db")
		require.NoError(t, os.Link(c.Path, another.Path))
		locked(t, c.Path, func() {
			_, err := journal.Open(ctx, another)
			var held *journal.HeldError
			require.ErrorAs(t, err, &held)
			require.Equal(t, another.Path, held.Path)
			require.NotContains(t, err.Error(), "process 0")
			_, err = journal.Accept(ctx, another, "店长", "停电")
			require.ErrorAs(t, err, &held)
		})
		j := open(t, another)
		taken := exec.Command("flock", "--no-fork", "-n", "-E", "9", c.Path, "true")
		err := taken.Run()
		require.Equal(t, 9, taken.ProcessState.ExitCode(), "the journal has its file locked: %v", err)
		add(t, j, fault("the first is not disturbed"))
		require.NoError(t, j.Close())
		require.Equal(t, uint64(3), verified(t, open(t, c)).Records, "and lets go of it")
	})
	t.Run("HeldError for another process", func(t *testing.T) {
		c := closedWith(t, 1)
		locked(t, c.Path+".lock", func() {
			_, err := journal.Open(ctx, c)
			var held *journal.HeldError
			require.ErrorAs(t, err, &held)
		})
		open(t, c)
	})
}

// locked has another process lock a file while do runs.
func locked(t *testing.T, path string, do func()) {
	t.Helper()
	holder := exec.Command("flock", "--no-fork", "-x", path, "cat")
	stdin, err := holder.StdinPipe()
	require.NoError(t, err)
	stdout, err := holder.StdoutPipe()
	require.NoError(t, err)
	if err := holder.Start(); err != nil {
		t.Skipf("no flock program: %v", err)
	}
	_, err = stdin.Write([]byte("locked\n")) // cat answers once it runs, and it runs once the lock is held
	require.NoError(t, err)
	_, err = stdout.Read(make([]byte, 16))
	require.NoError(t, err)
	do()
	require.NoError(t, stdin.Close())
	require.NoError(t, holder.Wait())
}

func TestOpenReadOnly(t *testing.T) {
	ctx := context.Background()
	t.Run("beside the agent that holds it", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, payment(1))
		look, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), &keys{})
		require.NoError(t, err)
		defer look.Close()
		require.Equal(t, j.Tail(), look.Tail())
		require.Equal(t, terminal, look.Terminal())
		require.Equal(t, uint64(2), verified(t, look).Records)
		sale, err := look.Find(ctx, orderID(1))
		require.NoError(t, err)
		require.True(t, sale.Open)

		add(t, j, payment(2))
		verified(t, look)
		last, err := look.Last(ctx, 1)
		require.NoError(t, err)
		require.Equal(t, uint64(3), header(t, last[0]).Sequence, "it sees what comes later")
	})
	t.Run("ErrReadOnly for what writes", func(t *testing.T) {
		c := closedWith(t, 1)
		look, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), &keys{})
		require.NoError(t, err)
		defer look.Close()
		_, err = look.Append(ctx, fault("x"))
		require.ErrorIs(t, err, journal.ErrReadOnly)
		require.ErrorIs(t, look.Room(), journal.ErrReadOnly)
		require.NoError(t, look.Run(ctx))
	})
	t.Run("without keys only the chain is checked", func(t *testing.T) {
		c := closedWith(t, 5)
		look, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), nil)
		require.NoError(t, err)
		defer look.Close()
		report, err := look.Verify(ctx)
		require.NoError(t, err)
		require.False(t, report.TagsChecked)
		require.Equal(t, uint64(6), report.Records)
	})
	t.Run("looking after a crash takes nothing away", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, payment(1))
		c.Path = image(t, c.Path)
		look, err := journal.OpenReadOnly(ctx, c.Path, seal.Portable(), &keys{})
		require.NoError(t, err)
		require.Equal(t, uint64(2), verified(t, look).Records)
		require.NoError(t, look.Close())
		require.Equal(t, uint64(2), verified(t, open(t, c)).Records)
	})
	t.Run("ErrNotExist without a journal", func(t *testing.T) {
		_, err := journal.OpenReadOnly(ctx, newPath(t), seal.Portable(), nil)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("a file that is no journal", func(t *testing.T) {
		path := newPath(t)
		alter(t, path, "CREATE TABLE something (x)")
		_, err := journal.OpenReadOnly(ctx, path, seal.Portable(), nil)
		require.True(t, journal.IsDamaged(err), "%v", err)
	})
}
