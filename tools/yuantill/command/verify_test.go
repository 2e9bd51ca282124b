package command_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
)

// grown is a terminal whose journal is longer than what is looked at when it is opened and than one reading.
func grown(t *testing.T, records int) *sitetest.Site {
	t.Helper()
	s := sitetest.New(t, t.TempDir(), "10000001")
	j := s.Open(t)
	entries := make([]journal.Entry, records-7)
	for i := range entries {
		entries[i] = journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "scanner", Fault: "gone"}}
	}
	for len(entries) > 0 {
		n := min(len(entries), 500)
		_, err := j.Append(t.Context(), entries[:n]...)
		require.NoError(t, err)
		entries = entries[n:]
	}
	require.NoError(t, j.Close())
	return s
}

func TestLongJournal(t *testing.T) {
	s := grown(t, 1500)
	t.Run("all of it is listed", func(t *testing.T) {
		code, out, errs := run(t, command.Environment{}, "journal", "list", "--last", "0", "--json", "--settings", s.Settings)
		require.Equal(t, 0, code, errs)
		var records []struct{ Sequence uint64 }
		require.NoError(t, json.Unmarshal([]byte(out), &records))
		require.Len(t, records, 1500)
		for i, r := range records {
			require.Equal(t, uint64(i+1), r.Sequence)
		}
	})
	t.Run("and verified beside the agent that writes it", func(t *testing.T) {
		agent := s.Open(t)
		defer func() { require.NoError(t, agent.Close()) }()
		code, out, errs := run(t, command.Environment{}, "journal", "verify", "--lang", "en", "--settings", s.Settings)
		require.Equal(t, 0, code, errs)
		require.Contains(t, out, "intact: 1500 records, 1 to 1500")
	})
	t.Run("damage in its middle is found, and what is before it counted", func(t *testing.T) {
		db, err := sql.Open("sqlite3", s.Journal)
		require.NoError(t, err)
		_, err = db.Exec("DELETE FROM record WHERE sequence = 700")
		require.NoError(t, errors.Join(err, db.Close()))
		code, out, _ := run(t, command.Environment{}, "journal", "verify", "--json", "--settings", s.Settings)
		require.Equal(t, int(command.CodeJournal), code)
		var report struct {
			Intact  bool
			Records uint64
			Broken  uint64 `json:"broken_sequence"`
		}
		require.NoError(t, json.Unmarshal([]byte(out), &report))
		require.False(t, report.Intact)
		require.Equal(t, uint64(699), report.Records)
		require.Equal(t, uint64(701), report.Broken)
	})
}

// TestAlteredSale: a sale that was changed behind the agent's back is found though every record is whole.
func TestAlteredSale(t *testing.T) {
	s := sitetest.New(t, t.TempDir(), "10000001")
	j := s.Open(t)
	for n := range byte(2) {
		require.NoError(t, j.SaveSale(t.Context(), journal.Snapshot{OrderID: journal.OrderID{n + 1}, State: []byte("open"), Open: true}))
	}
	require.NoError(t, j.Close())
	code, out, errs := run(t, command.Environment{}, "journal", "verify", "--lang", "en", "--settings", s.Settings)
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "intact: 7 records, 1 to 7, 2 sales, 0 follow-ups")
	db, err := sql.Open("sqlite3", s.Journal)
	require.NoError(t, err)
	_, err = db.Exec("UPDATE sale SET state = x'00' WHERE number = 2")
	require.NoError(t, errors.Join(err, db.Close()))
	code, out, errs = run(t, command.Environment{}, "journal", "verify", "--lang", "en", "--settings", s.Settings)
	require.Equal(t, int(command.CodeJournal), code)
	require.Contains(t, out, "NOT intact")
	require.Contains(t, errs, "sale 2: altered")
	code, out, _ = run(t, command.Environment{}, "journal", "verify", "--json", "--settings", s.Settings)
	require.Equal(t, int(command.CodeJournal), code)
	require.Contains(t, out, `"broken_sale":2`)
	code, _, errs = run(t, command.Environment{}, "journal", "list", "--settings", s.Settings)
	require.Equal(t, 0, code, errs, "the records are whole")
}

func TestRestoredJournal(t *testing.T) {
	s := sitetest.New(t, t.TempDir(), "10000001")
	ring := s.Keyring(t)
	epoch, _ := ring.Current()
	epoch.Number++
	require.NoError(t, ring.Add(epoch))
	j := s.Open(t)
	_, err := j.OpenEpoch(t.Context(), journal.EpochOpening{Keys: ring.Derive(epoch), Highest: 1 << 40})
	require.NoError(t, err)
	require.NoError(t, j.Close())
	t.Run("verify tells what only the cloud has", func(t *testing.T) {
		code, out, errs := run(t, command.Environment{}, "journal", "verify", "--lang", "en", "--settings", s.Settings)
		require.Equal(t, 0, code, errs)
		require.Contains(t, out, "8 to 1099511627776 are not here")
	})
	t.Run("list leaps over it", func(t *testing.T) {
		code, out, errs := run(t, command.Environment{}, "journal", "list", "--last", "1", "--lang", "en", "--settings", s.Settings)
		require.Equal(t, 0, code, errs)
		require.Contains(t, out, "1099511627777  ")
	})
}

// TestVerifySaysWhatToDo about what is no damage: nobody is sent to look for permissions.
func TestVerifySaysWhatToDo(t *testing.T) {
	version := func(n string) func(*testing.T, *sitetest.Site) {
		return func(t *testing.T, s *sitetest.Site) {
			db, err := sql.Open("sqlite3", s.Journal)
			require.NoError(t, err)
			_, err = db.Exec("PRAGMA user_version = " + n)
			require.NoError(t, errors.Join(err, db.Close()))
		}
	}
	remove := func(path func(*sitetest.Site) string) func(*testing.T, *sitetest.Site) {
		return func(t *testing.T, s *sitetest.Site) { require.NoError(t, os.Remove(path(s))) }
	}
	for name, c := range map[string]struct {
		harm func(*testing.T, *sitetest.Site)
		says []string
	}{
		"MadeByANewerProgram": {version("99"), []string{"请升级本程序", "a newer program made the journal, and nothing is damaged: update this program"}},
		"MadeByAnOlderOne":    {version("2"), []string{"请先启动一次收银程序", "start the agent once"}},
		"Removed": {remove(func(s *sitetest.Site) string { return s.Journal }),
			[]string{"journal.db", "本机有过流水，现在不见了：请挂上数据盘", "this till had a journal, and it is gone: mount the data disk"}},
		"EpochsRemoved": {remove(func(s *sitetest.Site) string { return s.Epochs }),
			[]string{"epochs.json", "请把本机的密钥期文件从备份放回原处", "put this till's epochs file back from a backup"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := sitetest.New(t, t.TempDir(), "10000001")
			c.harm(t, s)
			code, _, errs := run(t, command.Environment{}, "journal", "verify", "--settings", s.Settings)
			require.Equal(t, int(command.CodeUnreadable), code)
			for _, says := range c.says {
				require.Contains(t, errs, says)
			}
			require.NotContains(t, errs, "permissions")
			require.NotContains(t, errs, "altered")
		})
	}
	t.Run("EpochsEmptied", func(t *testing.T) {
		s := sitetest.New(t, t.TempDir(), "10000001")
		require.NoError(t, os.WriteFile(s.Epochs, []byte("{}"), 0o600))
		code, _, errs := run(t, command.Environment{}, "journal", "verify", "--journal", s.Journal, "--enrolment", s.Enrolment, "--epochs", s.Epochs)
		require.Equal(t, int(command.CodeUnreadable), code)
		require.Contains(t, errs, s.Epochs)
		require.Contains(t, errs, "put this till's epochs file back from a backup")
	})
}

// TestVerifyAgreesWithTheAgent: what the agent does not start on is damaged to verify, and what it starts on is not.
func TestVerifyAgreesWithTheAgent(t *testing.T) {
	statement := func(text string) func(*testing.T, *sitetest.Site) {
		return func(t *testing.T, s *sitetest.Site) {
			db, err := sql.Open("sqlite3", s.Journal)
			require.NoError(t, err)
			_, err = db.Exec(text)
			require.NoError(t, errors.Join(err, db.Close()))
		}
	}
	empty := func(paths ...func(*sitetest.Site) string) func(*testing.T, *sitetest.Site) {
		return func(t *testing.T, s *sitetest.Site) {
			require.NoError(t, os.Truncate(s.Journal, 0))
			require.NoError(t, os.RemoveAll(s.Journal+"-wal"))
			for _, path := range paths {
				require.NoError(t, os.Remove(path(s)))
			}
		}
	}
	lock := func(s *sitetest.Site) string { return s.Journal + ".lock" }
	epochs := func(s *sitetest.Site) string { return s.Epochs }
	harms := map[string]func(*testing.T, *sitetest.Site){
		"NoOwner": statement("DELETE FROM owner"), "NoHeadRow": statement("DELETE FROM head"),
		"NoIntentEnds":           statement("DELETE FROM intent_end"),
		"EmptyWithLockAndEpochs": empty(), "EmptyWithEpochs": empty(lock), "EmptyWithLock": empty(epochs),
	}
	for _, table := range []string{"owner", "record", "sale", "lost", "head", "follow_up", "directory", "directory_end", "landmark", "intent", "intent_end"} {
		harms["Without_"+table] = statement("DROP TABLE " + table)
	}
	for name, harm := range harms {
		t.Run(name, func(t *testing.T) {
			s := sitetest.New(t, t.TempDir(), "10000001")
			harm(t, s)
			_, err := s.TryOpen(t)
			require.True(t, journal.IsDamaged(err), "%v", err)
			code, out, errs := run(t, command.Environment{}, "journal", "verify", "--lang", "en", "--settings", s.Settings)
			require.Equal(t, int(command.CodeJournal), code, errs)
			require.Contains(t, out, "NOT intact")
			code, out, _ = run(t, command.Environment{}, "journal", "verify", "--json", "--settings", s.Settings)
			require.Equal(t, int(command.CodeJournal), code)
			require.Contains(t, out, `"intact":false`)
		})
	}
	t.Run("IntentEndBeyond", func(t *testing.T) { // the agent starts, and takes no payment
		s := sitetest.New(t, t.TempDir(), "10000001")
		statement("UPDATE intent_end SET number = 5 WHERE kind = 1")(t, s)
		j := s.Open(t)
		require.True(t, journal.IsDamaged(j.Room()))
		require.NoError(t, j.Close())
		code, out, errs := run(t, command.Environment{}, "journal", "verify", "--lang", "en", "--settings", s.Settings)
		require.Equal(t, int(command.CodeJournal), code, errs)
		require.Contains(t, out, "NOT intact")
	})
	t.Run("New", func(t *testing.T) {
		s := sitetest.New(t, t.TempDir(), "10000001")
		empty(lock, epochs)(t, s)
		code, out, errs := run(t, command.Environment{}, "journal", "verify", "--lang", "en", "--settings", s.Settings)
		require.Equal(t, int(command.CodeOK), code, errs)
		require.Equal(t, "empty: no record yet\n", out)
		code, out, _ = run(t, command.Environment{}, "journal", "verify", "--json", "--settings", s.Settings)
		require.Equal(t, int(command.CodeOK), code)
		require.Contains(t, out, `"intact":true,"records":0`)
		for _, arguments := range [][]string{{"journal", "list"}, {"journal", "show", "1"}, {"journal", "export", "--out", "x"}, {"shift", "verify"}} {
			code, _, errs := run(t, command.Environment{}, append(arguments, "--lang", "en", "--settings", s.Settings)...)
			require.Equal(t, int(command.CodeNoRecord), code, "%v: %s", arguments, errs)
			require.Contains(t, errs, "nothing has been written to the journal yet")
		}
		j, err := s.TryOpen(t)
		require.NoError(t, err)
		require.NoError(t, j.Close())
	})
}
