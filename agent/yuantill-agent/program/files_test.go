package program_test

import (
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
	"github.com/yuantill/yuantill/protocol/sign"
)

// TestFilesOfSettings: which setting names no file, which a folder, on which line and what to do.
func TestFilesOfSettings(t *testing.T) {
	const reader = "[reader]\ndriver = \"pn532\"\npath = \"reader\"\nissuers = [\"issuer.pub\"]\n"
	remove := func(t *testing.T, m *machine) {
		require.NoError(t, os.Remove(filepath.Join(m.folder, "enrolment.json")))
	}
	folder := func(name string) func(*testing.T, *machine) {
		return func(t *testing.T, m *machine) { require.NoError(t, os.Mkdir(filepath.Join(m.folder, name), 0o700)) }
	}
	pipe := func(name string) func(*testing.T, *machine) {
		return func(t *testing.T, m *machine) {
			path := filepath.Join(m.folder, name)
			require.NoError(t, os.RemoveAll(path))
			require.NoError(t, syscall.Mkfifo(path, 0o600))
		}
	}
	nothing := func(*testing.T, *machine) {}
	for name, test := range map[string]struct {
		more string // settings
		harm func(*testing.T, *machine)
		run  int // the exit code of run
		says string
	}{
		"NoEnrolment":    {"", remove, program.ExitKeys, "agent.toml: keys.enrolment：没有文件 "},
		"NoIssuer":       {reader, nothing, program.ExitKeys, "agent.toml:22:1: reader.issuers：没有文件 "},
		"IssuerAFolder":  {reader, folder("issuer.pub"), program.ExitKeys, "issuer.pub 是文件夹，须为文件  "},
		"EpochsAFolder":  {"[keys]\nepochs = \"e\"\n", folder("e"), program.ExitKeys, "agent.toml:20:10: keys.epochs："},
		"EnrolmentAPipe": {"", pipe("enrolment.json"), program.ExitKeys, "agent.toml: keys.enrolment："},
		"KeyAPipe":       {"", pipe("enrolment.devicekey"), program.ExitKeys, "enrolment.devicekey 是管道或设备，须为普通文件  "},
		"NoKey": {"", func(t *testing.T, m *machine) {
			require.NoError(t, os.Remove(filepath.Join(m.folder, "enrolment.devicekey")))
		}, program.ExitKeys, "agent.toml: keys.enrolment：没有文件 "},
		"IssuerAPipe":    {reader, pipe("issuer.pub"), program.ExitKeys, "issuer.pub 是管道或设备，须为普通文件  "},
		"EpochsAPipe":    {"", pipe("epochs.json"), program.ExitKeys, "agent.toml: keys.epochs："},
		"JournalAPipe":   {"", pipe("journal.db"), program.ExitJournal, "agent.toml:12:2: journal.path："},
		"SettingsAPipe":  {"", pipe("agent.toml"), program.ExitSettings, "agent.toml 是管道或设备，须为普通文件  "},
		"JournalAFolder": {"", folder("journal.db"), program.ExitJournal, "agent.toml:12:2: journal.path："},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.configure(t, test.more)
			test.harm(t, m)
			code, _, said := say(t, "check-settings", m.settings)
			require.Equal(t, program.ExitSettings, code, said)
			require.Contains(t, said, "yuantill-agent: 参数或设置有误  wrong arguments or settings\n")
			require.Contains(t, said, test.says)
			require.Contains(t, said, "  → 改正后检查：yuantill-agent check-settings "+m.settings)
			code, _, said = say(t, "run", m.settings)
			require.Equal(t, test.run, code, said)
		})
	}
}

// TestCheckTellsWhatRunWouldRefuse: what is in the files that settings name, their modes and their folders.
func TestCheckTellsWhatRunWouldRefuse(t *testing.T) {
	const reader = "[reader]\ndriver = \"pn532\"\npath = \"reader\"\nissuers = [\"issuer.pub\"]\n"
	mode := func(name string, mode os.FileMode) func(*testing.T, *machine) {
		return func(t *testing.T, m *machine) {
			m.signIn(t)
			require.NoError(t, os.Chmod(filepath.Join(m.folder, name), mode))
		}
	}
	write := func(name, text string) func(*testing.T, *machine) {
		return func(t *testing.T, m *machine) {
			require.NoError(t, os.WriteFile(filepath.Join(m.folder, name), []byte(text), 0o600))
		}
	}
	private := func(t *testing.T, m *machine) {
		key, err := sign.NewKey(rand.Reader)
		require.NoError(t, err)
		text, err := key.MarshalPEM()
		require.NoError(t, err)
		write("issuer.pub", string(text))(t, m)
	}
	altered := func(statement string) func(*testing.T, *machine) {
		return func(t *testing.T, m *machine) {
			m.signIn(t)
			db, err := sql.Open("sqlite3", m.journalPath())
			require.NoError(t, err)
			_, err = db.Exec(statement)
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}
	}
	for name, test := range map[string]struct {
		more   string
		harm   func(*testing.T, *machine)
		refuse bool // run does too
		says   string
	}{
		"EnrolmentOthersRead": {"", mode("enrolment.json", 0o644), true, "enrolment.json 他人可读写，请执行 chmod 600  "},
		"KeyOthersWrite":      {"", mode("enrolment.devicekey", 0o666), true, "enrolment.devicekey 他人可读写，请执行 chmod 600  "},
		"EpochsOthersWrite":   {"", mode("epochs.json", 0o666), false, "agent.toml: keys.epochs："},
		"JournalOthersWrite":  {"", mode("journal.db", 0o666), false, "journal.db 他人可读写，请执行 chmod 600  "},
		"NoJournalFolder": {"[keys]\nepochs = \"none/epochs.json\"\n", func(*testing.T, *machine) {}, false,
			"keys.epochs：没有文件夹 "},
		"PrivateKeyAsIssuer": {reader, private, true, "reader.issuers：须为发行方的 SM2 公钥文件  "},
		"EnrolmentMalformed": {"", write("enrolment.json", "{}"), true, "keys.enrolment：入网文件或密钥文件内容有误  "},
		"EpochsMalformed":    {"", write("epochs.json", "{}"), true, "keys.epochs：入网文件或密钥文件内容有误  "},
		"AnotherTerminal": {"", func(t *testing.T, m *machine) {
			text, err := os.ReadFile(m.settings)
			require.NoError(t, err)
			write("agent.toml", strings.Replace(string(text), terminal, "10000002", 1))(t, m)
		}, true, "agent.toml:1:12: terminal：设置的终端号是 10000002，入网文件是 10000001 的  "},
		"JournalOfAnother": {"", altered("UPDATE owner SET terminal = '10000002'"), true, "journal.path：流水不能使用  "},
		"JournalDamaged":   {"", altered("DELETE FROM record"), true, "journal.path：流水不能使用  "},
		"JournalWithATrigger": {"", altered("CREATE TRIGGER t AFTER INSERT ON record BEGIN SELECT 1; END"), true,
			"journal.path：流水不能使用  "},
		"JournalGoneWithAllBesideIt": {"", func(t *testing.T, m *machine) {
			m.signIn(t)
			for _, path := range append(journal.Beside(m.journalPath()), m.journalPath()) {
				require.NoError(t, os.RemoveAll(path))
			}
		}, true, "journal.path：本机有过流水，现在不见了：请挂上数据盘"},
		"EpochsGone": {"", func(t *testing.T, m *machine) {
			m.signIn(t)
			require.NoError(t, os.Remove(filepath.Join(m.folder, "epochs.json")))
		}, true, "agent.toml: keys.epochs："},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.configure(t, test.more)
			test.harm(t, m)
			code, _, said := say(t, "check-settings", m.settings)
			require.Equal(t, program.ExitSettings, code, said)
			require.Contains(t, said, test.says)
			if test.refuse {
				code, _, _ = say(t, "run", m.settings)
				require.NotEqual(t, program.ExitOK, code)
			}
		})
	}
	t.Run("OKForATillThatHasSold", func(t *testing.T) {
		m := newMachine(t)
		m.signIn(t)
		code, said, _ := say(t, "check-settings", m.settings)
		require.Equal(t, program.ExitOK, code)
		require.Contains(t, said, "agent.toml")
	})
	t.Run("OKBesideARunningOne", func(t *testing.T) {
		m := newMachine(t)
		m.signIn(t)
		j := m.journal(t)
		defer func() { require.NoError(t, j.Close()) }()
		code, _, said := say(t, "check-settings", m.settings)
		require.Equal(t, program.ExitOK, code, said)
	})
}

// TestAllFilesAtOnce: nobody wants to be told of one a time.
func TestAllFilesAtOnce(t *testing.T) {
	m := newMachine(t)
	m.configure(t, "[keys]\nenrolment = \"none.json\"\nepochs = \"e\"\n")
	for _, name := range []string{"e", "journal.db"} {
		require.NoError(t, os.Mkdir(filepath.Join(m.folder, name), 0o700))
	}
	_, _, said := say(t, "check-settings", m.settings)
	for _, key := range []string{"keys.enrolment", "keys.epochs", "journal.path"} {
		require.Contains(t, said, ": "+key+"：")
	}
}
