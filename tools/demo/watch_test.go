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
	words.usage("/opt/it's here/bin", &shop.Shop{Station: station, API: "127.0.0.1:7401", Till: &shop.Till{Settings: settings}}, &keeper{}, "http://127.0.0.1:7402")
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
	w.out.usage(shoptest.Bin(), w.shop, w.keeper, "http://127.0.0.1:7402")
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

// TestUsageTellsWhereSomebodyIsTold: the command for the alarms works as it is printed.
func TestUsageTellsWhereSomebodyIsTold(t *testing.T) {
	ctx, w, paper := attended(t, false)
	w.out.usage(shoptest.Bin(), w.shop, w.keeper, "http://127.0.0.1:7402")
	line := regexp.MustCompile(`(?m)^  (\S+yuantill-cloud alarms .*)$`).FindStringSubmatch(paper.String())
	require.NotNil(t, line, paper)
	said, err := exec.CommandContext(ctx, "sh", "-c", line[1]).CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.NotEmpty(t, said)
}

// TestUsageTellsHowAShownCodeIsPaid: with the code's text put into the printed request, the sale is paid.
func TestUsageTellsHowAShownCodeIsPaid(t *testing.T) {
	ctx, w, paper := attended(t, false)
	w.out.usage(shoptest.Bin(), w.shop, w.keeper, "http://127.0.0.1:7402")
	require.Regexp(t, `(?m)^  \S+yuantill sale --amount 8\.00 --shown --station `, paper.String())
	line := regexp.MustCompile(`curl -d '(.*CODE.*)' (http://\S+/pay)  `).FindStringSubmatch(paper.String())
	require.NotNil(t, line, paper)
	station := w.shop.Station
	sale, err := station.Start(ctx, "shown", stationclient.Start{Amount: 800, Currency: "CNY"})
	require.NoError(t, err)
	_, err = station.ShowCode(ctx, "shown-code", sale.ID)
	require.NoError(t, err)
	becomes := func(done func(stationclient.Sale) bool) {
		require.Eventually(t, func() bool {
			sale, err = station.Sale(ctx, sale.ID)
			return err == nil && done(sale)
		}, 10*time.Second, 20*time.Millisecond)
	}
	becomes(func(s stationclient.Sale) bool { return s.ShownCode != "" })
	body := strings.Replace(line[1], "CODE", sale.ShownCode, 1)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, line[2], strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNoContent, response.StatusCode)
	becomes(func(s stationclient.Sale) bool { return s.Outcome == "approved" })
}
