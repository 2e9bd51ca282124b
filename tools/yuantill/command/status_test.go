package command_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
)

// TestStatusCounts: one of a thing is called as one is.
func TestStatusCounts(t *testing.T) {
	for number, want := range map[int][]string{
		1: {"pending  1 sale not known yet\n", "pending follow-ups  1 not known yet, do not repeat it\n", "¥1.00 left, 1 payment, 1 day\n"},
		2: {"pending  2 sales not known yet\n", "pending follow-ups  2 not known yet, do not repeat them\n", "¥1.00 left, 2 payments, 2 days\n"},
	} {
		till := sitetest.NewTill(t, "")
		till.SetStatus(station.Status{
			Pending: number, Pursued: number, Offline: &station.Offline{LeftText: "¥1.00", PaymentsLeft: number, DaysLeft: number},
		})
		code, out, _ := run(t, command.Environment{}, "status", "--station", till.URL, "--lang", "en")
		require.Zero(t, code)
		for _, line := range want {
			require.Contains(t, out, line)
		}
	}
}
