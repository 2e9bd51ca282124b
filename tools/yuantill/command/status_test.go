package command_test

import (
	"strings"
	"testing"
	"time"

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

// TestStatusTellsOfAnOldCopy: in Chinese first, with the time and the next step; a journal that was never put back has no line.
func TestStatusTellsOfAnOldCopy(t *testing.T) {
	till := sitetest.NewTill(t, "")
	show := func(language string) string {
		code, out, _ := run(t, command.Environment{}, "status", "--station", till.URL, "--lang", language)
		require.Zero(t, code)
		return out
	}
	require.NotContains(t, show("both"), "流水")
	at := time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)
	lost := []station.Loss{{First: 11, Last: 20, FoundAt: &at, Told: true, Missing: []station.Stretch{{First: 13, Last: 15}}}}
	status := station.Status{Journal: station.JournalStatus{Lost: lost}}
	status.Journal.Notice, status.Journal.Next = station.Losses(lost)
	till.SetStatus(status)
	require.Contains(t, show("en"), "journal  ! an older copy was put in the journal's place, records 11 to 20 are not in it: "+
		"the cloud lacks 13-15 as well  found 2026-05-01 ")
	require.Contains(t, show("en"), "next  → Payments that the cloud never got may be missing: call support")
	both := show("both")
	require.Less(t, strings.Index(both, "平台也缺 13-15"), strings.Index(both, "the cloud lacks 13-15"))
	require.Contains(t, both, "切勿删除任何文件")
}
