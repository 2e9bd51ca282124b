package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
)

// mistakes are command lines that are not understood; %s is the station.
func mistakes() []string {
	return []string{
		"sale", "sale --amount 1.005", "sale --amount x", "sale --amount 99999999999999999999", "sale --amount 0", "sale --amount 1 --timeout 0s",
		"sale --amount 1 --timeout x", "sale --amount 1 --currency XXX", "sale --amount 1 more", "sale --frob", "sale -x", "sale --amount",
		"sale --amount 1 --key " + strings.Repeat("k", 60), "cancel", "cancel a b", "accept", "accept a --reject --settled", "reprint a b", "reprint --copy all", "reprint 1 --voucher 2",
		"refund", "refund 1 --voucher x", "refund 260501000042 --amount 0",
		"hold complete 260501000043", "hold start --amount 1 --days 999", "hold frob", "shift cash", "shift cash --in 0", "shift cash --in x",
		"shift open --float -1", "shift close", "shift close --count cash", "shift list --last 0", "journal show", "journal show x",
		"journal list --last -1", "journal list --type frob", "journal export", "journal export --out x --format frob", "journal show 1",
		"frob", "help frob", "status --lang fr", "status --json=perhaps", "status --station garbage",
	}
}

// TestEveryMistakeIsInBothLanguages: what is wrong is said in the language asked for, with where to look next.
func TestEveryMistakeIsInBothLanguages(t *testing.T) {
	till := sitetest.NewTill(t, "")
	for _, line := range mistakes() {
		t.Run(line, func(t *testing.T) {
			arguments := append(strings.Fields(line), "--station", till.URL)
			if strings.Contains(line, "--station") {
				arguments = strings.Fields(line)
			}
			code, out, said := run(t, command.Environment{}, append(arguments, "--lang", "zh")...)
			if strings.Contains(line, "--lang") {
				code, out, said = run(t, command.Environment{}, arguments...)
			}
			require.Equal(t, int(command.CodeUsage), code, said)
			require.Empty(t, out)
			_, detail, found := strings.Cut(strings.SplitN(said, "\n", 2)[0], "有误：")
			require.True(t, found, said)
			require.True(t, strings.ContainsFunc(detail, func(r rune) bool { return unicode.Is(unicode.Han, r) }), said)
			require.Contains(t, said, "→ 用法：yuantill")
			if strings.Contains(line, "--lang") {
				return
			}
			_, _, said = run(t, command.Environment{}, append(arguments, "--lang", "en")...)
			require.False(t, strings.ContainsFunc(said, func(r rune) bool { return unicode.Is(unicode.Han, r) }), said)
			require.NotContains(t, said, "money:", "a package's name is no help")
			_, out, said = run(t, command.Environment{}, append(arguments, "--json")...)
			if !strings.Contains(line, "--json") {
				require.True(t, json.Valid([]byte(out)), "%s%s", out, said)
				require.Empty(t, said)
			}
		})
	}
}

// TestSettingsMistakesHavePlaceAndNextStep: the command line says it as the agent does, in one language if asked to.
func TestSettingsMistakesHavePlaceAndNextStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.toml")
	site := sitetest.New(t, t.TempDir(), "10000001")
	text, err := os.ReadFile(site.Settings)
	require.NoError(t, err)
	text = append(text, "[printer]\ndriver = \"escpos\"\npath = \"/dev/x\"\npaper = 77\n"...)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	code, _, said := run(t, command.Environment{}, "status", "--settings", path, "--lang", "zh")
	require.Equal(t, int(command.CodeUsage), code)
	require.Equal(t, "yuantill: 命令、参数或设置有误："+path+":15:9: printer.paper：不能为 77，可用 58、80\n"+
		"  → 改正后检查：yuantill-agent check-settings "+path+"；示例：yuantill-agent example-settings\n", said)
	code, out, _ := run(t, command.Environment{}, "status", "--settings", path, "--json")
	require.Equal(t, int(command.CodeUsage), code)
	var answer struct {
		Text struct{ Zh, En string }
		Exit string
	}
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	require.Equal(t, path+":15:9: printer.paper: cannot be 77, there is 58, 80", answer.Text.En)
	require.Contains(t, answer.Text.Zh, "可用 58、80")
	require.Equal(t, "usage", answer.Exit)
}

// TestAFolderForSettings: whoever names a folder is told to name the file, as the agent says it.
func TestAFolderForSettings(t *testing.T) {
	folder := t.TempDir()
	code, _, said := run(t, command.Environment{}, "status", "--settings", folder, "--lang", "en")
	require.Equal(t, int(command.CodeUsage), code)
	require.Contains(t, said, "→ "+folder+" is a folder; name the settings file in it, such as "+filepath.Join(folder, "agent.toml")+"\n")
	_, out, _ := run(t, command.Environment{}, "doctor", "--settings", folder, "--lang", "en")
	require.Contains(t, out, "is a folder; name the settings file in it")
}

// TestADamagedJournalIsSaidOnce: cause and next step do not repeat each other.
func TestADamagedJournalIsSaidOnce(t *testing.T) {
	s := sitetest.New(t, t.TempDir(), "10000001")
	require.NoError(t, os.Truncate(s.Journal, 0))
	for _, arguments := range [][]string{{"journal", "verify"}, {"journal", "list"}, {"doctor"}} {
		_, out, said := run(t, command.Environment{}, append(arguments, "--lang", "en", "--settings", s.Settings)...)
		require.Equal(t, 1, strings.Count(out+said, "-wal aside"), out+said)
		require.Equal(t, 1, strings.Count(out+said, "call support"), out+said)
	}
}
