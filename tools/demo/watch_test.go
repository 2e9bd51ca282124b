package main

import (
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/shop/shoptest"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// commandLine is a line of the demonstration that is meant for a shell.
func commandLine() *regexp.Regexp { return regexp.MustCompile(`(?m)^  (\S.*)$`) }

// TestUsageIsQuoted: the commands that are printed work where the folders' names have blanks and brackets.
func TestUsageIsQuoted(t *testing.T) {
	station, err := stationclient.New("http://127.0.0.1:7400", "")
	require.NoError(t, err)
	settings := "/home/shop owner/demo (copy)/10000001.toml"
	paper := &page{}
	words := &transcript{out: paper, begun: time.Now()}
	words.usage("/opt/it's here/bin", &shop.Shop{Station: station, API: "127.0.0.1:7401", Till: &shop.Till{Settings: settings}}, &keeper{})
	lines := commandLine().FindAllStringSubmatch(paper.String(), -1)
	require.NotEmpty(t, lines)
	for _, line := range lines {
		said, err := exec.Command("sh", "-c", `set -- `+line[1]+"\n"+`printf '%s\n' "$@"`).CombinedOutput()
		require.NoError(t, err, "%s\n%s", line[1], said)
		if arguments := strings.Split(strings.TrimSpace(string(said)), "\n"); strings.HasSuffix(arguments[0], "yuantill") {
			require.Equal(t, "/opt/it's here/bin/yuantill", arguments[0])
			require.Equal(t, settings, arguments[len(arguments)-1])
		}
	}
	require.Contains(t, paper.String(), "sale --amount 12.50 --station http://127.0.0.1:7400 --settings '"+settings+"'")
}

// TestUsageTellsOfTheControls: what else the simulated machines can be told is one command away.
func TestUsageTellsOfTheControls(t *testing.T) {
	ctx, w, paper := attended(t, false)
	w.out.usage(shoptest.Bin(), w.shop, w.keeper)
	devices, operator := w.shop.Devices.Address(), w.shop.Operator.Address()
	for _, want := range []string{"curl " + devices + "/", "curl " + operator + "/"} {
		require.Contains(t, paper.String(), want)
	}
	// The examples work as they are printed.
	for _, example := range []string{"/rules", "/printer/paper-out", "/scan", "/tap", "/remove", "/card/connect"} {
		line := regexp.MustCompile(`curl (?:-X POST|-d '(.*)') (http://\S+` + example + `)  `).FindStringSubmatch(paper.String())
		require.NotNil(t, line, "%s\n%s", example, paper)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, line[2], strings.NewReader(line[1]))
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Less(t, response.StatusCode, http.StatusBadRequest, line[0])
	}
}
