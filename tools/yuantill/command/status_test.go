package command_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
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
	status.Journal.Notice, status.Journal.Next = station.Losses(lost, at, false)
	till.SetStatus(status)
	require.Contains(t, show("en"), "journal  ! records 11-20 under this terminal's id were not made with this journal (the cloud lacks 13-15 as well): "+
		"either it was put back from an older copy, or another machine works with a copy of this terminal  found 2026-05-01 ")
	require.Contains(t, show("en"), "next  → Look for another machine with a copy of this terminal first")
	require.Contains(t, show("en"), "Payments that the cloud never got may be missing: call support")
	both := show("both")
	require.Less(t, strings.Index(both, "平台也缺 13-15"), strings.Index(both, "the cloud lacks 13-15"))
	require.Contains(t, both, "切勿删除任何文件")
}

// TestStatusNamesOrders: a person has to see which order it is, and what to do.
func TestStatusNamesOrders(t *testing.T) {
	till := sitetest.NewTill(t, "")
	till.SetStatus(station.Status{Orders: []station.Sale{{
		ID: "0102", Text: "¥12.50", ShopOrder: &station.ShopOrder{Reference: "A-42", State: "person"},
		Title: station.Words{Chinese: "订单需要人工处理", English: "A person has to see to this order"},
		Next:  station.Words{Chinese: "请核对订单", English: "check it"},
	}}})
	code, out, _ := run(t, command.Environment{}, "status", "--station", till.URL, "--lang", "en")
	require.Zero(t, code)
	require.Contains(t, out, "order not accepted  0102  A-42  ¥12.50  A person has to see to this order\nnext  → check it\n")
}

func TestAcceptSaysWhatBecomesOfAnOrder(t *testing.T) {
	till := sitetest.NewTill(t, "")
	code, _, said := run(t, command.Environment{}, "sale", "--amount", "12.50", "--note", "wait", "--timeout", "1ms", "--cancel=false",
		"--station", till.URL)
	require.Equal(t, int(command.CodeUnknown), code, said)
	order := checkout.OrderID{1, 0x96, 1}.String()
	for _, c := range []struct {
		flags []string
		want  checkout.OrderDecided
	}{
		{nil, checkout.OrderDecided{Standing: message.OrderStanding_ORDER_STANDING_ACCEPTED}},
		{[]string{"--reject"}, checkout.OrderDecided{Standing: message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED}},
		{[]string{"--settled", "--cashier", "li"}, checkout.OrderDecided{Standing: message.OrderStanding_ORDER_STANDING_SETTLED, SettledBy: "li"}},
	} {
		arguments := append([]string{"accept", order, "--station", till.URL, "--lang", "en"}, c.flags...)
		code, out, said := run(t, command.Environment{}, arguments...)
		require.Zero(t, code, said)
		require.Contains(t, out, "order  "+order)
		intents := till.Intents()
		require.Equal(t, station.Intent(c.want), intents[len(intents)-1])
	}
}
