package alarm

// The kinds about statements; those of differences are "reconcile-" and the name of the difference (package reconcile).
const (
	StatementMissing = "statement-missing"
	StatementPartial = "statement-partial"
	DisputeOpen      = "dispute-open"
	ReconcileMany    = "reconcile-many"
)

// statements are the alarms about what operators state of a day.
func statements() []Entry {
	return []Entry{
		{Kind: StatementMissing, Title: Text{"取不到运营机构的对账单", "an operator's statement cannot be had"},
			Meaning: Text{"多次索取没有得到；这一天及其后还没有对账，每天仍会再取",
				"it was asked for many times; this day and those after it are not compared, and it is asked for again each day"},
			Next: Text{"请运营机构提供这一天的对账单，并查看线路；确定不会再有时：yuantill-cloud forgo",
				"have the operator provide that day's statement, and look at the line; once it is certain that it will not come: yuantill-cloud forgo"}},
		{Kind: StatementPartial, Title: Text{"运营机构的对账单不完整", "an operator's statement is not whole"},
			Meaning: Text{"笔数、合计或页数对不上，没有采信；每天仍会再取",
				"its count, sums or pages do not agree, so nothing of it is believed; it is asked for again each day"},
			Next: Text{"把详情交给运营机构，请其重新出具；确定不会再有时：yuantill-cloud forgo",
				"give the detail to the operator and have it made again; once it is certain that it will not be: yuantill-cloud forgo"}},
		{Kind: DisputeOpen, Title: Text{"拒付长时间不能入账", "a dispute cannot be booked for long"},
			Meaning: Text{"该付款上有别的办理没有结果，拒付在等它；这一天还没有对完",
				"something else of the payment is still open, and the dispute waits for it; the day is not compared yet"},
			Next: Text{"向运营机构核对该付款上没有结果的退款或撤销", "ask the operator about the refund or reversal of that payment that is open"}},
		{Kind: ReconcileMany, Title: Text{"对账差异过多", "too many orders differ"},
			Meaning: Text{"差异多到没有逐笔报警；多半是整份对账单有误",
				"there are too many to tell of each; most likely the whole statement is wrong"},
			Next: Text{"先与运营机构核对这一天的合计：yuantill-cloud reconciliations",
				"compare the day's sums with the operator first: yuantill-cloud reconciliations"}},
	}
}

// differences are the alarms about orders on which an operator's statement and our ledger do not agree.
func differences() []Entry {
	return []Entry{
		{Kind: "reconcile-unknown-to-us", Title: Text{"对账单上有我们没有的订单", "the statement has an order that we have not"},
			Meaning: Text{"运营机构动了钱，我们的账上没有这笔订单", "the operator moved money for an order that is not in our books"},
			Next:    Text{"请运营机构说明该订单，多扣的退回顾客", "have the operator explain the order and give the customer back what was taken"}},
		{Kind: "reconcile-missing-there", Title: Text{"运营机构没有这笔收款", "an operator has not got a payment"},
			Meaning: Text{"它答复成功，货已交出，对账单上却没有扣款", "it answered approved and the goods are gone, and its statement has no debit"},
			Next:    Text{"凭其签名的答复向运营机构索款，结清前不要付给商户", "claim the amount from the operator with its signed answer; do not pay the merchant before"}},
		{Kind: "reconcile-amount-differs", Title: Text{"对账单金额不符", "the statement has another amount"},
			Meaning: Text{"同一订单两边的金额不同；账上以我们的为准", "both have the order with different amounts; our books keep ours"},
			Next:    Text{"与运营机构逐笔核对该订单，多扣的退回顾客", "compare the order with the operator item by item; give back what was too much"}},
		{Kind: "reconcile-debited-though-declined", Title: Text{"答复拒绝却扣了款", "debited though it was declined"},
			Meaning: Text{"顾客被扣款，我们和商户都没有收到", "the customer was debited, and neither we nor the merchant were paid"},
			Next:    Text{"要求运营机构立即退回顾客", "have the operator give the customer the money back at once"}},
		{Kind: "reconcile-reversed-not-there", Title: Text{"答复已退却没有退", "not given back though it was confirmed"},
			Meaning: Text{"运营机构确认了撤销或退款，对账单上没有", "the operator confirmed a reversal or refund that its statement has not"},
			Next:    Text{"要求运营机构立即退回顾客", "have the operator give the customer the money back at once"}},
		{Kind: "reconcile-returned-there", Title: Text{"运营机构自行退了款", "an operator gave money back by itself"},
			Meaning: Text{"对账单上有一笔我们没有要求的退款", "its statement has a return that we did not ask for"},
			Next:    Text{"请运营机构说明原因，再由人决定是否从商户扣回", "have the operator say why, and decide whether the merchant bears it"}},
		{Kind: "reconcile-duplicate", Title: Text{"顾客被重复扣款", "a customer was debited once more"},
			Meaning: Text{"同一订单在对账单上多扣了一次", "the statement has one debit more of the order"},
			Next:    Text{"要求运营机构退回多扣的一笔", "have the operator give the second debit back"}},
		{Kind: "reconcile-undecided", Title: Text{"对账单上的订单仍没有结果", "an order on the statement is still undecided"},
			Meaning: Text{"运营机构的账上已有，答复却一直不确定", "the operator's books have it, and its answers stay indefinite"},
			Next:    Text{"要求运营机构给出这笔订单的确定结果", "have the operator say definitely how the order stands"}},
		{Kind: "reconcile-dispute-not-booked", Title: Text{"拒付不能入账", "a dispute is not booked"},
			Meaning: Text{"拒付加退款超过已付金额，或不是我们的订单；没有从商户扣", "with the refunds it is more than was paid, or the order is not ours; the merchant was not charged"},
			Next:    Text{"与运营机构核对：顾客可能两处都拿回了钱", "compare it with the operator: the customer may have his money back twice"}},
	}
}
