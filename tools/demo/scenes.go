package main

import (
	"context"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// scenes is the day's business.
func scenes() []scene {
	type hooks = map[string]func(context.Context, *stage) error
	return []scene{
		{title: "扫付款码 · the customer's code is scanned", amount: 1250, pay: scan, want: "approved"},
		{title: "碰硬钱包 · a hard wallet is tapped", amount: 880, pay: tap, want: "approved",
			on: hooks{"approved": lift}},
		{title: "出示收款码 · the merchant's code is shown", amount: 2500, pay: show, want: "approved",
			on: hooks{"awaiting-scan": payShown}},
		{title: "顾客输密码 · the customer types a password", amount: 128800, pay: scan, want: "approved",
			rules: []bank.Rule{{Operation: "authorise", Amount: 128800, Do: bank.DoPassword, DelayMillis: 2_000, Then: bank.EndApproved}}},
		{title: "余额不足 · declined", amount: 6600, pay: scan, want: "declined",
			rules: []bank.Rule{{Operation: "authorise", Amount: 6600, Do: bank.DoDecline, Reason: "insufficient_funds"}}},
		{title: "机构的回答丢失，直到查询 · the operator's answer is lost until it is asked", amount: 3300, pay: scan, want: "approved",
			rules: []bank.Rule{
				{Operation: "authorise", Amount: 3300, Do: bank.DoLose},
				{Operation: "query", Amount: 3300, Do: bank.DoError, Status: 503, Count: 2}}},
		{title: "付款途中断网 · the network is cut in the middle", amount: 1800, pay: scan, want: "approved",
			rules: []bank.Rule{{Operation: "authorise", Amount: 1800, LatencyMillis: 700}},
			on:    hooks{"authorising": cut}},
		{title: "机构不答，收银员取消 · no answer, the cashier takes it back", amount: 4500, pay: scan, want: "reversed",
			rules: []bank.Rule{{Operation: "authorise", Amount: 4500, Do: bank.DoLate, DelayMillis: 3_600_000, Then: bank.EndClosed}},
			on:    hooks{"querying": cancel}},
		{title: "部分退货，再多退则被拒 · a part is refunded, and no more than is left", amount: 5200, pay: scan, want: "approved",
			then: []step{refundPart(2000), refundTooMuch(3201)}},
		{title: "当班撤销 · a payment is voided", amount: 760, pay: scan, want: "approved", then: []step{voidAll}},
		{title: "预授权：追加、完成、余额解冻 · a hold: topped up, completed, the rest released", amount: 30000, hold: true, pay: scan,
			want: "approved", then: []step{topUp(5000), complete(28600)}},
		{title: "再扫一次付款码 · and business goes on", amount: 950, pay: scan, want: "approved"},
	}
}
