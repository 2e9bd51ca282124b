package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/action"
)

// TestNetworkIsCutAndMended: the requests work as they are printed, the till says what came of them, and it sells again.
func TestNetworkIsCutAndMended(t *testing.T) {
	ctx, w, paper := attended(t, false)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.openDoors(ctx, "bin") }()
	paper.requireLine(t, `/mend   # `)
	press := func(what string) string {
		t.Helper()
		line := regexp.MustCompile(`(?m)^  curl -X POST (http://\S+)/` + what + `   # `).FindStringSubmatch(paper.String())
		require.NotNil(t, line, paper)
		require.Equal(t, http.StatusNoContent, ask(t, http.MethodPost, line[1]+"/"+what, nil))
		return line[1]
	}
	address := press("cut")
	paper.requireLine(t, `网络   network   断网 · cut`)
	paper.requireLine(t, `终端   till      平台断开，流水照常记在本机`)
	press("mend")
	paper.requireLine(t, `网络   network   恢复 · back`)
	paper.requireLine(t, `终端   till      已连接平台`)
	elsewhere := &world{shop: w.shop, out: &transcript{out: nobody{}}, tally: map[string]int{}, began: map[string]bool{}, keeper: w.keeper}
	require.NoError(t, elsewhere.play(ctx, scene{amount: 950, pay: scan, want: "approved"}))

	var listed string
	require.Equal(t, http.StatusOK, ask(t, http.MethodGet, address+"/", &listed))
	require.Equal(t, action.Help(address, networkControl{}.actions()), listed)
	cancel()
	require.NoError(t, <-done)
	_, err := http.Get(address + "/")
	require.Error(t, err, "nobody listens any more")
}

// ask returns the status of an answer, and its text where there is a place for it.
func ask(t *testing.T, method, address string, text *string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	if text != nil {
		*text = string(body)
	}
	return response.StatusCode
}
