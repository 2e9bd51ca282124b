package command_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/yuantill/command"
)

func TestExitCodesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../EXITCODES.md")
	require.NoError(t, err)
	var rows []string
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| 码") {
			rows = append(rows, line)
		}
	}
	for code := command.CodeOK; code <= command.CodeUnprinted; code++ {
		want := fmt.Sprintf("| %d | %s | %s · %s |", int(code), code, code.Text().Chinese, code.Text().English)
		require.Less(t, int(code), len(rows))
		require.Equal(t, want, rows[code])
	}
	require.Len(t, rows, int(command.CodeUnprinted)+1)
}
