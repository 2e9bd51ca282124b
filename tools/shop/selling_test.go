package shop_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// TestSelling: a till lists a device once it has tried it, so that an empty list says nothing of them.
func TestSelling(t *testing.T) {
	const uplink = `"uplink":{"connected":true,"epoch":1}`
	for name, c := range map[string]struct{ status, says string }{
		"none tried yet":  {`{` + uplink + `,"devices":[]}`, "0 of 3 devices tried"},
		"the printer not": {`{` + uplink + `,"devices":[{"name":"scanner","state":"ready"},{"name":"reader","state":"ready"}]}`, "2 of 3"},
		"no printer": {`{` + uplink + `,"devices":[{"name":"scanner","state":"ready"},{"name":"reader","state":"ready"},
			{"name":"printer","state":"absent","fault":"unplugged"}]}`, "printer absent unplugged"},
		"not connected": {`{"uplink":{"connected":false},"devices":[]}`, "not connected"},
		"all of them": {`{` + uplink + `,"devices":[{"name":"scanner","state":"ready"},{"name":"reader","state":"ready"},
			{"name":"printer","state":"ready"}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			station := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, c.status)
			}))
			defer station.Close()
			client, err := stationclient.New(station.URL, "secret-token")
			require.NoError(t, err)
			till := &shop.Till{Station: client}
			err = till.Selling(t.Context())
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
		})
	}
}
