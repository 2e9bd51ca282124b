package program_test

import (
	"bytes"
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	_ "github.com/mattn/go-sqlite3" // alters journals
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
)

// requireOnce holds that no sentence of a failure stands in it twice, and that it names a next step.
func requireOnce(t *testing.T, said string) {
	t.Helper()
	require.Contains(t, said, "\n  → ", "no next step")
	seen := map[string]bool{}
	for _, part := range regexp.MustCompile(`[:：,，;；\n→]|  `).Split(said, -1) {
		part = strings.TrimSpace(part)
		if len(part) < 10 || strings.Contains(part, "/") || strings.HasPrefix(part, "yuantill-agent ") { // paths and commands
			continue
		}
		require.False(t, seen[part], "%q stands twice in\n%s", part, said)
		seen[part] = true
	}
}

func TestWhatToDoIsSaidOnce(t *testing.T) {
	alter := func(statement string) func(*testing.T, *machine) {
		return func(t *testing.T, m *machine) {
			db, err := sql.Open("sqlite3", m.journalPath())
			require.NoError(t, err)
			_, err = db.Exec(statement)
			require.NoError(t, err)
			require.NoError(t, db.Close())
		}
	}
	const keep = "  → 请勿删除；把流水文件与 -wal 一起复制保存，联系服务商  keep the file, delete nothing: copy it with its -wal aside and call support\n"
	for name, test := range map[string]struct {
		harm func(*testing.T, *machine)
		code int
		want string
	}{
		"HeadAltered":   {alter("UPDATE head SET sequence = 7"), program.ExitJournal, keep},
		"HeadGone":      {alter("DELETE FROM head"), program.ExitJournal, keep},
		"HeadTableGone": {alter("DROP TABLE head"), program.ExitJournal, keep},
		"TriggerAdded": {alter("CREATE TRIGGER thief AFTER INSERT ON record BEGIN DELETE FROM record; END"), program.ExitJournal,
			"  → 有人改动了流水数据库的结构：请勿删除，先复制保存流水文件与 -wal，再由服务商去掉或改回所示对象"},
		"RecordsGone":    {alter("DELETE FROM record"), program.ExitJournal, keep},
		"JournalEmptied": {func(t *testing.T, m *machine) { require.NoError(t, os.Truncate(m.journalPath(), 0)) }, program.ExitJournal, keep},
		"JournalOfAByte": {func(t *testing.T, m *machine) { require.NoError(t, os.Truncate(m.journalPath(), 1)) }, program.ExitJournal, keep},
		"JournalGone": {func(t *testing.T, m *machine) { require.NoError(t, os.Remove(m.journalPath())) }, program.ExitJournal,
			"  → 本机有过流水，现在不见了：请挂上数据盘，或把原流水文件放回原处（位置见设置中的 journal.path）；" +
				"找不回请联系服务商以新终端号入网，切勿删除其余文件  this till had a journal, and it is gone: mount the data disk, "},
		"JournalGoneWithAllBesideIt": {func(t *testing.T, m *machine) {
			for _, path := range append(journal.Beside(m.journalPath()), m.journalPath()) {
				require.NoError(t, os.RemoveAll(path))
			}
		}, program.ExitJournal, "  → 本机有过流水，现在不见了：请挂上数据盘"},
		"JournalCut": {func(t *testing.T, m *machine) { require.NoError(t, os.Truncate(m.journalPath(), 8192)) }, program.ExitJournal, keep},
		"LogGoneAndAnotherRunOfTheMachine": {func(t *testing.T, m *machine) {
			require.NoError(t, os.WriteFile(m.journalPath()+".lock", []byte("4711 open 4194304\n"), 0o600))
			require.NoError(t, os.RemoveAll(m.journalPath()+"-wal"))
		}, program.ExitJournal, "  → 请勿删除，先复制保存流水文件；由负责人决定是否接受现有流水，见 yuantill journal accept --help  delete nothing "},
		"OfAnother": {alter("UPDATE owner SET terminal = '10000002'"), program.ExitJournal,
			"  → 换回本机的流水，或恢复原来的入网文件  restore the right file or the right enrolment\n"},
		"InUse": {func(t *testing.T, m *machine) {
			j := m.journal(t)
			t.Cleanup(func() { require.NoError(t, j.Close()) })
		}, program.ExitJournal, "  → 本机已有一个收银程序在运行，请先停止它  another agent is running, stop it first\n"},
		"AFolder": {func(t *testing.T, m *machine) {
			require.NoError(t, os.Remove(m.journalPath()))
			require.NoError(t, os.Mkdir(m.journalPath(), 0o700))
		}, program.ExitJournal, "ls -l "},
		"EpochsGone": {func(t *testing.T, m *machine) {
			require.NoError(t, os.Remove(filepath.Join(m.folder, "epochs.json")))
		}, program.ExitKeys, "epochs.json: journal: none of its epochs has keys here"},
		"EpochsEmptied": {func(t *testing.T, m *machine) {
			require.NoError(t, os.WriteFile(filepath.Join(m.folder, "epochs.json"), []byte("{}"), 0o600))
		}, program.ExitKeys, "  → 请把本机的密钥期文件从备份放回原处，没有备份请联系服务商；切勿删除它和流水  put this till's epochs file back"},
		"OfANewerProgram": {alter("PRAGMA user_version = 99"), program.ExitJournal,
			"  → 流水由更新的程序建立，没有损坏：请升级本程序  a newer program made the journal, and nothing is damaged: update this program\n"},
		"EpochsAFolder": {func(t *testing.T, m *machine) {
			require.NoError(t, os.Remove(filepath.Join(m.folder, "epochs.json")))
			require.NoError(t, os.Mkdir(filepath.Join(m.folder, "epochs.json"), 0o700))
		}, program.ExitKeys, "ls -l "},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.signIn(t)
			test.harm(t, m)
			code, _, said := say(t, "run", m.settings)
			require.Equal(t, test.code, code, said)
			require.Contains(t, said, test.want)
			requireOnce(t, said)
		})
	}
}

// TestJournalFileUnusable: what the file system refuses is said as that, and not as a journal that is damaged.
func TestJournalFileUnusable(t *testing.T) {
	const heading = "yuantill-agent: 流水文件打不开或无法建立  the journal's file cannot be opened or made\n"
	for name, test := range map[string]struct {
		harm func(*testing.T, *machine)
		next string
	}{
		"AFolder": {func(t *testing.T, m *machine) {
			require.NoError(t, os.Remove(m.journalPath()))
			require.NoError(t, os.Mkdir(m.journalPath(), 0o700))
		}, "  → 请检查路径与权限：ls -l "},
		"LockAFolder": {func(t *testing.T, m *machine) {
			require.NoError(t, os.Remove(m.journalPath()+".lock"))
			require.NoError(t, os.Mkdir(m.journalPath()+".lock", 0o700))
		}, "  → 请检查路径与权限：ls -l "},
		"FilesMayNotBeAsLarge": {func(t *testing.T, _ *machine) {
			var limit syscall.Rlimit
			require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
			small := syscall.Rlimit{Cur: 1 << 20, Max: limit.Max}
			require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small))
			t.Cleanup(func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)) })
		}, "  → 请检查流水所在的磁盘和程序的限制：ulimit -a，dmesg；切勿删除任何文件  check the disk that the journal is on, "},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.signIn(t)
			test.harm(t, m)
			code, _, said := say(t, "run", m.settings)
			require.Equal(t, program.ExitJournal, code, said)
			require.True(t, strings.HasPrefix(said, heading), said)
			require.Contains(t, said, test.next)
			requireOnce(t, said)
		})
	}
	t.Run("what is damaged keeps its own heading", func(t *testing.T) {
		m := newMachine(t)
		m.signIn(t)
		require.NoError(t, os.Truncate(m.journalPath(), 8192))
		_, _, said := say(t, "run", m.settings)
		require.True(t, strings.HasPrefix(said, "yuantill-agent: 流水损坏、"), said)
	})
}

// TestAFolderForSettings: whoever names a folder is told to name the file.
func TestAFolderForSettings(t *testing.T) {
	for _, command := range []string{"run", "check-settings"} {
		for _, folder := range []string{".", t.TempDir()} {
			code, _, said := say(t, command, folder)
			require.Equal(t, program.ExitSettings, code)
			require.Contains(t, said, "  → "+folder+" 是文件夹，请给出其中的设置文件，如 "+filepath.Join(folder, "agent.toml")+
				"  "+folder+" is a folder; name the settings file in it, such as "+filepath.Join(folder, "agent.toml")+"\n")
			requireOnce(t, said)
		}
	}
}

// TestSettingsThatTheTillRefuses: what run refuses, check-settings refuses in the same words, before anything is opened.
func TestSettingsThatTheTillRefuses(t *testing.T) {
	m := newMachine(t)
	text, err := os.ReadFile(m.settings)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(m.settings, bytes.Replace(text, []byte("102290053110001"), []byte("10229005311000"), 1), 0o600))
	for _, command := range []string{"run", "check-settings"} {
		code, out, said := say(t, command, m.settings)
		require.Equal(t, program.ExitSettings, code)
		require.Empty(t, out)
		require.Contains(t, said, "agent.toml:4:6: merchant.id：“10229005311000”不是 15 位数字  \"10229005311000\" is not 15 digits\n")
		require.Contains(t, said, "  → 改正后检查：yuantill-agent check-settings "+m.settings)
	}
	require.NoFileExists(t, m.journalPath())
}

// TestCausesInBothLanguages: keys and address have causes that a person can act on, in Chinese first.
func TestCausesInBothLanguages(t *testing.T) {
	for name, test := range map[string]struct {
		harm          func(*testing.T, *machine)
		code          int
		chinese, next string
	}{
		"KeysOfAnother": {func(t *testing.T, m *machine) {
			text, err := os.ReadFile(m.settings)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(m.settings, bytes.Replace(text, []byte(terminal), []byte("10000002"), 1), 0o600))
		}, program.ExitKeys, "  设置的终端号是 10000002，入网文件是 10000001 的  the settings say terminal 10000002, ", "核对设置中的 terminal"},
		"KeysOthersRead": {func(t *testing.T, m *machine) {
			require.NoError(t, os.Chmod(filepath.Join(m.folder, "enrolment.json"), 0o644))
		}, program.ExitKeys, "  密钥文件他人可读写  ", "只许收银程序的用户读写它：chmod 600  "},
		"Malformed": {func(t *testing.T, m *machine) {
			require.NoError(t, os.WriteFile(filepath.Join(m.folder, "enrolment.json"), []byte("{}"), 0o600))
		}, program.ExitKeys, "  入网文件或密钥文件内容有误  ", "恢复签发给本机的密钥文件"},
		"AddressTaken": {func(t *testing.T, m *machine) {
			listener, err := net.Listen("tcp", m.address)
			require.NoError(t, err)
			t.Cleanup(func() { _ = listener.Close() })
		}, program.ExitStation, "  无法使用本地接口地址  ", "station.listen"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			test.harm(t, m)
			code, _, said := say(t, "run", m.settings)
			require.Equal(t, test.code, code, said)
			require.Contains(t, said, test.chinese)
			require.Contains(t, said, test.next)
			requireOnce(t, said)
		})
	}
}
