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
	for _, arguments := range [][]string{nil, {"help"}, {"-h"}, {"--help"}, {"run", "--help"}} {
		code, out, errOut := say(t, arguments...)
		require.Equal(t, program.ExitOK, code, arguments)
		require.Empty(t, errOut)
		require.Contains(t, out, "数字人民币收银程序  Digital yuan till")
		require.Contains(t, out, "  4  流水损坏")
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

func TestWrongArguments(t *testing.T) {
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"UnknownCommand":    {[]string{"sell"}, `unknown command "sell"`},
		"UnknownFlag":       {[]string{"run", "--fast"}, "unknown flag --fast"},
		"FlagFirst":         {[]string{"--fast"}, `unknown command "--fast"`},
		"TwoFiles":          {[]string{"check-settings", "a", "b"}, "too many for check-settings"},
		"FileForTheVersion": {[]string{"version", "a"}, "too many for version"},
		"Nothing":           {[]string{""}, `unknown command ""`},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := say(t, test.arguments...)
			require.Equal(t, program.ExitSettings, code)
			require.Empty(t, out)
			require.Equal(t, "yuantill-agent: wrong arguments: "+test.want+"\n", errOut)
		})
	}
}
