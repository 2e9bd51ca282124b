package command_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// superseded runs a sale whose shown code another sale takes the place of; that one is paid.
func superseded(t *testing.T, arguments ...string) (code int, out string) {
	t.Helper()
	till := sitetest.NewTill(t, "")
	go func() {
		<-till.Listened()
		till.Supersede()
		till.Finish(checkout.Approved)
	}()
	code, out, errors := run(t, command.Environment{Interrupts: make(chan os.Signal)},
		append([]string{"sale", "--station", till.URL, "--amount", "1", "--lang", "en", "--shown"}, arguments...)...)
	require.Empty(t, errors)
	return code, out
}

// TestSaleFollowsWhatTakesItsPlace: the outcome and the exit code are those of the sale that is paid, not of the one whose
// code was taken back.
func TestSaleFollowsWhatTakesItsPlace(t *testing.T) {
	code, out := superseded(t)
	require.Equal(t, int(command.CodeOK), code, out)
	require.Contains(t, out, catalogue.TitleApproved.Text().English)
	require.Contains(t, out, "voucher 000043")
	require.NotContains(t, out, catalogue.TitleReversed.Text().English)

	code, out = superseded(t, "--json")
	require.Equal(t, int(command.CodeOK), code, out)
	var answer struct{ Sale stationclient.Sale }
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2, "the code, and the end")
	require.Contains(t, lines[0], `"shown_code":`)
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &answer))
	require.Equal(t, "approved", answer.Sale.Outcome)
	require.NotEmpty(t, answer.Sale.Supersedes)
}
