package front

import (
	"net/http"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/tools/action"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// Help lists what the admin listener does, with examples for one at an address such as "http://127.0.0.1:7600".
func Help(address string) string { return action.Help(address, new(Front).actions()) }

// Decline is the request that makes the next payment of ¥12.50 fail.
func Decline() action.Example {
	return action.Example{Path: "/rules", Body: `{"operation":"authorise","amount":1250,"count":1,"do":"decline","reason":"insufficient_funds"}`}
}

// PayShown is the request with which a customer pays a shown code: its text goes where CODE stands.
func PayShown() action.Example {
	return action.Example{Path: "/pay", Body: `{"shown_code":"CODE","wallet":"0012000000000009"}`}
}

type payBody struct {
	ShownCode string `json:"shown_code" doc:"码的内容 · the code's text"`
	Wallet    string `json:"wallet" doc:"付款钱包，16 位 · the paying wallet, 16 digits"`
}

type walletBody struct {
	Wallet  string `json:"wallet" doc:"16 位，以 00 开头 · 16 digits starting 00"`
	Balance int64  `json:"balance" doc:"余额（分） · in fen"`
	Class   int    `json:"class" doc:"1–4 类，缺省不变 · 1 to 4, as it was when left out"`
}

type verifyBody struct {
	Order  string `json:"order" doc:"订单号 · the order's id"`
	Amount int64  `json:"amount" doc:"金额（分） · in fen"`
	Factor string `json:"factor" doc:"password、finger 或 face · password, finger or face"`
	Answer string `json:"answer" doc:"right、wrong 或 leave · right, wrong or leave"`
}

type disputeBody struct {
	Order  string `json:"order" doc:"订单号 · the order's id"`
	Amount int64  `json:"amount" doc:"金额（分） · in fen"`
}

// actions are what the admin listener serves.
func (f *Front) actions() []action.Action {
	return []action.Action{
		{Pattern: "POST /rules", Text: "加一条规则，最先符合的生效 · adds a rule; the first that matches wins", Body: bank.Rule{},
			Names: ruleNames(), Example: Decline(), Serve: f.addRule},
		{Pattern: "GET /rules", Text: "现有规则 · the rules in the order they are tried", Serve: func(w http.ResponseWriter, _ *http.Request) {
			f.reply(w, http.StatusOK, f.config.Bank.Rules())
		}},
		{Pattern: "DELETE /rules", Text: "清除规则，恢复正常 · honest again", Serve: func(w http.ResponseWriter, _ *http.Request) {
			f.config.Bank.ClearRules()
			w.WriteHeader(http.StatusNoContent)
		}},
		{Pattern: "POST /pay", Text: "顾客扫出示的码 · the customer scans a shown code", Body: payBody{}, Serve: f.pay,
			Example: PayShown()},
		{Pattern: "POST /wallets", Text: "设定钱包余额与类别 · sets a wallet's balance and class", Body: walletBody{}, Serve: f.setBalance,
			Example: action.Example{Path: "/wallets", Body: `{"wallet":"0012000000000007","balance":100}`}},
		{Pattern: "POST /verify", Text: "顾客回答验证 · the customer answers a verification", Body: verifyBody{}, Serve: f.verify},
		{Pattern: "POST /dispute", Text: "顾客拒付，钱由发卡方退回 · a chargeback: the customer's bank takes it back", Body: disputeBody{}, Serve: f.dispute},
		{Pattern: "GET /books", Text: "账目 · the books", Serve: func(w http.ResponseWriter, _ *http.Request) {
			f.reply(w, http.StatusOK, f.config.Bank.Books())
		}},
		{Pattern: "GET /moments", Text: "最近几千笔的时刻 · when the latest few thousand payments were asked for and answered", Serve: f.tellMoments},
		{Pattern: "GET /stats", Text: "请求计数 · how many calls came", Serve: func(w http.ResponseWriter, _ *http.Request) {
			f.reply(w, http.StatusOK, Stats{Calls: f.calls.Load(), Refused: f.refused.Load()})
		}},
		{Pattern: "GET /livez", Text: "在运行 · it runs", Serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }},
	}
}

// ruleNames are the words that a rule's fields take.
func ruleNames() []action.Name {
	var names []action.Name
	for _, call := range bank.Operations() {
		names = append(names, action.Name{Word: "operation=" + call.Word, Text: call.Text})
	}
	for _, does := range bank.Behaviours() {
		if does.Word != bank.DoHonest {
			names = append(names, action.Name{Word: "do=" + string(does.Word), Text: does.Text})
		}
	}
	for reason := operator.ReasonNone + 1; reason <= operator.ReasonMax; reason++ {
		names = append(names, action.Name{Word: "reason=" + reason.String()})
	}
	return names
}
