package program_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
)

// say runs the program with arguments under which it ends by itself.
func say(t *testing.T, arguments ...string) (code int, out, errOut string) {
	t.Helper()
	var said, failed bytes.Buffer
	code = program.Main(t.Context(), time.Now, arguments, &said, &failed)
	return code, said.String(), failed.String()
}

func TestHelp(t *testing.T) {
	for _, arguments := range [][]string{{"help"}, {"-h"}, {"--help"}, {"run", "--help"}} {
		code, out, errOut := say(t, arguments...)
		require.Equal(t, program.ExitOK, code, arguments)
		require.Empty(t, errOut)
		require.Contains(t, out, "数字人民币收银程序  Digital yuan till")
		require.Contains(t, out, "  4  流水损坏")
		require.Contains(t, out, "  7  存储空间已满  the disk is full\n")
		for _, line := range []string{
			"  yuantill-agent run [SETTINGS]              运行  Run the till; settings default to /etc/yuantill/agent.toml\n",
			"  yuantill-agent check-settings [SETTINGS]   检查设置",
			"  yuantill-agent example-settings            输出示例设置",
			"  yuantill-agent version                     版本",
		} {
			require.Contains(t, out, line)
		}
	}
}

// TestNoArguments: nothing was done, and a script has to notice.
func TestNoArguments(t *testing.T) {
	_, usage, _ := say(t, "help")
	code, out, errOut := say(t)
	require.Equal(t, program.ExitSettings, code)
	require.Empty(t, out)
	require.Equal(t, "yuantill-agent: 参数或设置有误  wrong arguments or settings\n  缺少命令  a command is missing\n\n"+usage, errOut)
}

func TestWrongArguments(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"UnknownCommand":    {[]string{"sell"}, `没有“sell”这个命令  there is no command "sell"`},
		"UnknownFlag":       {[]string{"run", "--fast"}, "没有 --fast 这个选项  there is no flag --fast"},
		"FlagFirst":         {[]string{"--fast"}, `没有“--fast”这个命令  there is no command "--fast"`},
		"TwoFiles":          {[]string{"check-settings", "a", "b"}, "check-settings 最多 1 个参数  check-settings takes at most 1 argument"},
		"FileForTheVersion": {[]string{"version", "a"}, "version 不带参数  version takes no arguments"},
		"Nothing":           {[]string{""}, `没有“”这个命令  there is no command ""`},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := say(t, test.arguments...)
			require.Equal(t, program.ExitSettings, code)
			require.Empty(t, out)
			require.Equal(t, "yuantill-agent: 参数或设置有误  wrong arguments or settings\n  "+test.want+
				"\n  → 用法：yuantill-agent --help  see yuantill-agent --help\n", errOut)
		})
	}
}
