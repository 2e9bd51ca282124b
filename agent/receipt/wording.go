package receipt

// phrases is what a slip of one outcome says. The banner fields are empty on an approved slip.
type phrases struct {
	title, titleEnglish     string
	warning, warningEnglish []string
	amount                  string
	advice, adviceEnglish   string
	proof, proofEnglish     string
}

// wording keeps the outcomes' words apart: nothing that an approved slip says may stand on another.
func wording(outcome Outcome, transaction Transaction) phrases {
	switch {
	case outcome == Approved:
		return phrases{title: "签购单", titleEnglish: "数字人民币 e-CNY SALES SLIP", amount: transaction.amountLabel()}
	case transaction.goesBack():
		return wordingBack(outcome)
	case transaction == HoldTopUp || transaction == HoldCompletion:
		return wordingHold(outcome)
	default:
		return wordingPay(outcome)
	}
}

// wordingPay is for money that the customer was to pay.
func wordingPay(outcome Outcome) phrases {
	p := phrases{proof: "非付款凭证", proofEnglish: "NOT A PROOF OF PAYMENT"}
	switch outcome {
	case Declined:
		p.title, p.titleEnglish = "交易失败", "数字人民币 e-CNY DECLINED"
		p.warning, p.warningEnglish = []string{"未付款"}, []string{"DECLINED - NOT PAID"}
		p.amount = "未收金额 NOT PAID"
		p.advice = "本次交易未扣款，请换一种方式付款。"
		p.adviceEnglish = "Nothing was charged. Please pay another way."
	case Reversed:
		p.title, p.titleEnglish = "交易冲正", "数字人民币 e-CNY REVERSED"
		p.warning, p.warningEnglish = []string{"已冲正", "未付款"}, []string{"REVERSED - NOT PAID"}
		p.amount = "冲正金额 REVERSED"
		p.advice = "本次交易已取消，如已扣款将原路退回。"
		p.adviceEnglish = "The payment was cancelled; anything charged goes back to the wallet."
	case NotAccepted:
		p.title, p.titleEnglish = "订单未接受", "数字人民币 e-CNY ORDER NOT ACCEPTED"
		p.warning, p.warningEnglish = []string{"订单未接受", "款项退回"}, []string{"ORDER NOT ACCEPTED", "THE MONEY GOES BACK"}
		p.amount = "退回金额 GOES BACK"
		p.advice = "订单未被接受，已付款项原路退回付款钱包；是否退回完成可扫码查验。"
		p.adviceEnglish = "The order was not accepted; what was paid goes back to the paying wallet. Scan the code to see when that is done."
		p.proof, p.proofEnglish = "非取货凭证", "NOT VALID FOR COLLECTION"
	default:
		p.title, p.titleEnglish = "结果未知", "数字人民币 e-CNY RESULT UNKNOWN"
		p.warning = []string{"请勿交货", "请勿重复付款"}
		p.warningEnglish = []string{"DO NOT HAND OVER GOODS", "DO NOT PAY AGAIN"}
		p.amount = "待定金额 UNCONFIRMED"
		// A till prints this when it has asked for the payment to be taken back: it does not come true any more.
		p.advice = "本次交易正在撤销，如已扣款将原路退回；是否撤销完成可扫码查验。"
		p.adviceEnglish = "The payment is being taken back; anything charged goes back to the wallet. Scan the code to see when that is done."
	}
	return p
}

// inDoubt says what the customer of a hard wallet that never answered can do. Nothing on the slip may say that nothing
// was charged.
func (p phrases) inDoubt() phrases {
	p.warning = []string{"未收款", "钱包或已扣款"}
	p.warningEnglish = []string{"NOT RECEIVED BY THE SHOP", "WALLET MAY BE DEBITED"}
	p.advice = "硬件钱包没有应答，可能已扣款。请查看钱包余额；如已扣款，凭此单联系钱包运营机构退回。"
	p.adviceEnglish = "The hard wallet did not answer and may have been debited. Check its balance; if it was, show this slip " +
		"to the wallet's operator to get the money back."
	return p
}

// debited says what the customer of a hard wallet that signed can do. Nothing on the slip may say that nothing was charged.
func (p phrases) debited() phrases {
	p.warning = []string{"未收款", "钱包已记扣款"}
	p.warningEnglish = []string{"NOT RECEIVED BY THE SHOP", "WALLET WAS DEBITED"}
	p.advice = "硬件钱包已记扣款，商户未收到。款项由钱包运营机构退回钱包，钱包联网后可见；如未退回，凭此单联系运营机构。"
	p.adviceEnglish = "The hard wallet debited itself, the shop did not get the money. The wallet's operator returns it, to be seen " +
		"once the wallet was connected; if not, show this slip to the operator."
	return p
}

// wordingBack is for money that the customer was to get back.
func wordingBack(outcome Outcome) phrases {
	p := phrases{proof: "非退款凭证", proofEnglish: "NOT A PROOF OF REFUND"}
	switch outcome {
	case Declined:
		p.title, p.titleEnglish = "交易失败", "数字人民币 e-CNY DECLINED"
		p.warning, p.warningEnglish = []string{"未退回"}, []string{"DECLINED - NOT RETURNED"}
		p.amount = "未退金额 NOT RETURNED"
		p.advice, p.adviceEnglish = "款项未退回，请联系商户。", "No money was returned. Please ask the merchant."
	case Reversed:
		p.title, p.titleEnglish = "交易冲正", "数字人民币 e-CNY REVERSED"
		p.warning, p.warningEnglish = []string{"已冲正", "未退回"}, []string{"REVERSED - NOT RETURNED"}
		p.amount = "冲正金额 REVERSED"
		p.advice, p.adviceEnglish = "本次退回已取消，请联系商户。", "The return was cancelled. Please ask the merchant."
	default:
		p.title, p.titleEnglish = "结果未知", "数字人民币 e-CNY RESULT UNKNOWN"
		p.warning, p.warningEnglish = []string{"请勿另行退款"}, []string{"DO NOT REFUND ANOTHER WAY"}
		p.amount = "待定金额 UNCONFIRMED"
		p.advice = "系统正在查询，结果确定前请勿再次退款。"
		p.adviceEnglish = "The result is being looked up. Do not refund again before it is known."
	}
	return p
}

// wordingHold is for what is added to a hold or completed of it: neither is ever taken back, and the hold itself stands.
func wordingHold(outcome Outcome) phrases {
	p := phrases{proof: "非付款凭证", proofEnglish: "NOT A PROOF OF PAYMENT"}
	switch outcome {
	case Declined, Reversed:
		p.title, p.titleEnglish = "交易失败", "数字人民币 e-CNY DECLINED"
		p.warning, p.warningEnglish = []string{"未办成"}, []string{"DECLINED - NOT DONE"}
		p.amount = "未办金额 NOT DONE"
		p.advice, p.adviceEnglish = "原预授权不变，请联系商户。", "The hold is as it was. Please ask the merchant."
	default:
		p.title, p.titleEnglish = "结果未知", "数字人民币 e-CNY RESULT UNKNOWN"
		p.warning, p.warningEnglish = []string{"请勿重复办理"}, []string{"DO NOT DO IT AGAIN"}
		p.amount = "待定金额 UNCONFIRMED"
		p.advice = "系统正在查询，结果可扫码查验。"
		p.adviceEnglish = "The result is being looked up. Scan the code to see it."
	}
	return p
}

// goesBack reports whether an approval gives money back to the customer.
func (t Transaction) goesBack() bool {
	return t == Void || t == Refund || t == HoldCancel || t == CompletionUndo
}

// signed reports whether the merchant's copy is signed: not where money goes back without anybody at the counter.
func (t Transaction) signed() bool { return t != HoldCancel && t != CompletionUndo }

// signature labels the line: who gets money back is not the one who pays.
func (t Transaction) signature() string {
	if t.goesBack() {
		return "顾客签名 SIGNATURE"
	}
	return "付款人签名 SIGNATURE"
}

// leftLabel names what is left: to be refunded, or held.
func (t Transaction) leftLabel() string {
	if t == Void || t == Refund || t == Sale {
		return "剩余可退 REFUNDABLE"
	}
	return "剩余冻结 STILL HELD"
}

func (t Transaction) label() string {
	switch t {
	case Sale:
		return "消费 SALE"
	case Void:
		return "撤销 VOID"
	case Refund:
		return "退货 REFUND"
	case Hold:
		return "预授权 HOLD"
	case HoldCompletion:
		return "预授权完成 COMPLETION"
	case HoldTopUp:
		return "追加预授权 TOP-UP"
	case CompletionUndo:
		return "预授权完成撤销 UNDO"
	default:
		return "预授权撤销 HOLD CANCEL"
	}
}

// amountLabel names an approved amount: money that went back is not called paid.
func (t Transaction) amountLabel() string {
	switch t {
	case Void, Refund:
		return "退回金额 RETURNED"
	case Hold:
		return "冻结金额 HELD"
	case HoldTopUp:
		return "追加冻结 HELD IN ADDITION"
	case HoldCompletion:
		return "完成金额 PAID"
	case CompletionUndo:
		return "恢复冻结 HELD AGAIN"
	case HoldCancel:
		return "解冻金额 RELEASED"
	default:
		return "金额 AMOUNT"
	}
}
