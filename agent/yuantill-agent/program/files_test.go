package program_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
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
