package crashdisk_test

import (
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

func newDisk(t *testing.T) *crashdisk.Disk {
	t.Helper()
	d, err := crashdisk.New(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// connect opens a database on the disk in WAL mode, synchronous FULL, with one connection.
func connect(t *testing.T, d *crashdisk.Disk) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+d.Path("a.db")+"?_journal_mode=WAL&_synchronous=FULL&vfs="+d.VFS())
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
}

const createTable = "CREATE TABLE t (n INTEGER PRIMARY KEY, bytes BLOB)"

func insert(n int) string { return fmt.Sprintf("INSERT INTO t VALUES (%d, zeroblob(300))", n) }

func count(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT count(*) FROM t").Scan(&n))
	return n
}

func tables(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRow("SELECT count(*) FROM sqlite_master").Scan(&n))
	return n
}

// after cuts the power and opens what is left.
func after(t *testing.T, d *crashdisk.Disk, db *sql.DB, loss crashdisk.Loss) *sql.DB {
	t.Helper()
	d.Cut()
	_ = db.Close() // the power is off
	require.NoError(t, d.PowerOn(loss, chance(1)))
	return connect(t, d)
}

func TestPowerCut(t *testing.T) {
	t.Run("committed rows survive", func(t *testing.T) {
		d := newDisk(t)
		db := connect(t, d)
		execute(t, db, createTable, insert(1), insert(2))
		require.Equal(t, 2, count(t, after(t, d, db, crashdisk.LoseUnsynced)))
	})
	t.Run("and so they do after each operation of a workload", func(t *testing.T) {
		d := newDisk(t)
		for k := range 60 {
			require.NoError(t, d.Load(nil))
			db := connect(t, d)
			d.CutAt(k)
			committed := 0
			_, err := db.Exec(createTable)
			for n := 1; err == nil; n++ {
				committed = n - 1
				_, err = db.Exec(insert(n))
			}
			require.True(t, d.Off())
			_ = db.Close()
			require.NoError(t, d.PowerOn(crashdisk.LoseSectors, chance(uint64(k))))
			if committed > 0 {
				require.LessOrEqual(t, committed, count(t, connect(t, d)))
			}
		}
	})
	t.Run("nothing works while it is off", func(t *testing.T) {
		d := newDisk(t)
		db := connect(t, d)
		execute(t, db, createTable)
		d.Cut()
		_, err := db.Exec(insert(1))
		require.Error(t, err)
		require.Error(t, connect(t, d).Ping())
		_, err = d.OpenFile(d.Path("f"), os.O_CREATE|os.O_RDWR, 0o600)
		require.ErrorIs(t, err, crashdisk.ErrOff)
		_, err = d.Free(d.Path("f"))
		require.ErrorIs(t, err, crashdisk.ErrOff)
		require.ErrorIs(t, d.Remove(d.Path("a.db")), crashdisk.ErrOff)
	})
	t.Run("files of before stay dead", func(t *testing.T) {
		d := newDisk(t)
		db := connect(t, d)
		execute(t, db, createTable)
		f, err := d.OpenFile(d.Path("f"), os.O_CREATE|os.O_RDWR, 0o600)
		require.NoError(t, err)
		require.NoError(t, d.Load(nil))
		_, err = db.Exec(insert(1))
		require.Error(t, err)
		_, err = f.WriteAt([]byte("x"), 0)
		require.ErrorIs(t, err, crashdisk.ErrOff)
		require.ErrorIs(t, f.Sync(), crashdisk.ErrOff)
		require.NoError(t, f.Close())
	})
	t.Run("a killed process loses nothing, until the power goes", func(t *testing.T) {
		d := newDisk(t)
		d.SetLies(crashdisk.Lies{Log: true})
		db := connect(t, d)
		execute(t, db, createTable, insert(1))
		d.Kill()
		_, err := db.Exec(insert(2))
		require.Error(t, err)
		_ = db.Close()
		db = connect(t, d)
		require.Equal(t, 1, count(t, db))
		_, err = after(t, d, db, crashdisk.LoseUnsynced).Exec(insert(3))
		require.ErrorContains(t, err, "no such table")
	})
}

// TestLies: what a lie takes away is gone after a power cut, and only then.
func TestLies(t *testing.T) {
	for name, lies := range map[string]crashdisk.Lies{
		"NORMAL": {Synchronous: crashdisk.Normal}, "OFF": {Synchronous: crashdisk.Never},
		"log": {Log: true}, "directory": {Directory: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDisk(t)
			d.SetLies(lies)
			db := connect(t, d)
			execute(t, db, createTable, insert(1))
			require.Equal(t, 1, count(t, db))
			image := d.Image(crashdisk.LoseNothing, chance(1))
			db = after(t, d, db, crashdisk.LoseUnsynced)
			require.Zero(t, tables(t, db))
			require.NoError(t, db.Close())
			require.NoError(t, d.Load(image))
			require.Equal(t, 1, count(t, connect(t, d)), "a dead process loses nothing")
		})
	}
	t.Run("database", func(t *testing.T) {
		d := newDisk(t)
		d.SetLies(crashdisk.Lies{Database: true})
		db := connect(t, d)
		execute(t, db, createTable, insert(1), "PRAGMA wal_checkpoint(TRUNCATE)", insert(2))
		require.Zero(t, tables(t, after(t, d, db, crashdisk.LoseUnsynced)))
	})
	t.Run("other files", func(t *testing.T) {
		for _, lie := range []bool{false, true} {
			d := newDisk(t)
			d.SetLies(crashdisk.Lies{Other: lie})
			f, err := d.OpenFile(d.Path("f"), os.O_CREATE|os.O_RDWR, 0o600)
			require.NoError(t, err)
			_, err = f.WriteAt([]byte("text"), 0)
			require.NoError(t, err)
			require.NoError(t, f.Sync())
			require.NoError(t, f.Close())
			execute(t, connect(t, d), createTable) // syncs the directory
			want := map[bool]string{false: "text", true: ""}[lie]
			require.Equal(t, want, string(d.Image(crashdisk.LoseUnsynced, chance(1))["f"]))
		}
	})
}

func TestSnapshot(t *testing.T) {
	d := newDisk(t)
	db := connect(t, d)
	execute(t, db, createTable, insert(1))
	require.NoError(t, db.Close())
	old, err := d.Snapshot()
	require.NoError(t, err)
	require.NotContains(t, old, "a.db-shm")
	db = connect(t, d)
	execute(t, db, insert(2))
	require.NoError(t, db.Close())
	require.NoError(t, d.Load(old))
	require.Equal(t, 1, count(t, connect(t, d)))
}

// TestTrace: the same seed makes the same operations, byte for byte, and folding them makes the disk.
func TestTrace(t *testing.T) {
	d := newDisk(t)
	run := func(seed uint64) (crashdisk.Trace, string) {
		require.NoError(t, d.Load(nil))
		crashdisk.SeedRandomness(seed)
		defer crashdisk.SeedRandomness(0)
		d.SetClock(time.UnixMilli(1_790_000_000_000))
		defer d.SetClock(time.Time{})
		d.Record()
		db := connect(t, d)
		execute(t, db, createTable, insert(1), "INSERT INTO t VALUES (2, randomblob(20))")
		d.Mark(7)
		var now string
		require.NoError(t, db.QueryRow("SELECT datetime('now')").Scan(&now))
		require.NoError(t, db.Close())
		return d.Trace(), now
	}
	first, now := run(5)
	again, _ := run(5)
	other, _ := run(6)
	require.Equal(t, first, again)
	require.NotEqual(t, first, other)
	require.Equal(t, "2026-09-21 14:13:20", now)
	require.Contains(t, first.Operations, crashdisk.Operation{Kind: crashdisk.Mark, File: -1, Offset: 7})
	p := steps(crashdisk.NewPlatter(first.Base), other.Operations...)
	snapshot, err := d.Snapshot()
	require.NoError(t, err)
	require.Equal(t, snapshot, kept(p))
}

func TestHoldAndWatch(t *testing.T) {
	d := newDisk(t)
	db := connect(t, d)
	execute(t, db, createTable)
	var seen []crashdisk.Operation
	d.Watch(func(op crashdisk.Operation) { seen = append(seen, op) })
	held, release := d.Hold()
	done := make(chan error, 1)
	go func() {
		_, err := db.Exec(insert(1))
		done <- err
	}()
	<-held
	require.Empty(t, done)
	require.Empty(t, seen)
	release()
	require.NoError(t, <-done)
	require.Equal(t, crashdisk.Sync, seen[len(seen)-1].Kind)
	d.Watch(nil)
	before := len(seen)
	execute(t, db, insert(2))
	require.Len(t, seen, before)
}

func TestNew(t *testing.T) {
	_, err := crashdisk.New(t.TempDir() + "/missing")
	require.ErrorIs(t, err, os.ErrNotExist)
	one, two := newDisk(t), newDisk(t)
	require.NotEqual(t, one.VFS(), two.VFS())
	require.NoError(t, one.Close())
	require.NoError(t, one.Close())
}
