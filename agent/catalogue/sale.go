package catalogue

func (p Phrase) title() Text {
	switch p {
	case TitleWaiting:
		return Text{"请顾客付款", "Waiting for the customer"}
	case TitleTapping:
		return Text{"正在读取硬件钱包", "Reading the hard wallet"}
	case TitleCardUnknown:
		return Text{"硬件钱包结果未知", "Hard wallet: result not known"}
	case TitleAuthorising:
		return Text{"支付中", "Paying"}
	case TitlePassword:
		return Text{"等待顾客输入密码", "The customer is typing a password"}
	case TitleShown:
		return Text{"请顾客扫描收款码", "The customer scans the code shown"}
	case TitleQuerying:
		return Text{"结果未知，查询中", "Result not known yet, asking"}
	case TitleReversing:
		return Text{"结果未知，正在撤销", "Result not known, being taken back"}
	case TitleApproved:
		return Text{"支付成功", "Paid"}
	case TitleDeclined:
		return Text{"支付失败", "Declined"}
	case TitleReversed:
		return Text{"已撤销，未收款", "Taken back, no money received"}
	case TitleAbandoned:
		return Text{"已关闭，未发起付款", "Closed, no payment was asked for"}
	default:
		return Text{}
	}
}

func (p Phrase) step() Text {
	switch p {
	case StepPresent:
		return Text{"扫描付款码、轻触硬件钱包，或出示收款码", "Scan the code, tap the hard wallet, or show our code"}
	case StepHoldCard:
		return Text{"请勿移开硬件钱包", "Hold the hard wallet still"}
	case StepSameCard:
		return Text{"请用同一个硬件钱包再碰一次，不会重复扣款；请勿交货",
			"Tap the same hard wallet again, it is not charged twice; do not hand over the goods"}
	case StepWait:
		return Text{"请稍候", "Please wait"}
	case StepPassword:
		return Text{"请顾客在手机上输入密码", "The customer types the password on the phone"}
	case StepScanShown:
		return Text{"请顾客用数字人民币扫描屏幕上的码；也可以扫付款码或轻触硬件钱包",
			"The customer scans the code on the screen with the e-CNY app; a scanned code or a tap will do as well"}
	case StepUnknown:
		return Text{"请勿交货，请勿重复收款；倒计时结束前会有结果，否则自动撤销",
			"Do not hand over the goods or charge again; a result comes before the countdown ends, or it is taken back"}
	case StepReversing:
		return Text{"请勿交货；本笔正在撤销，有结果会通知，可先接待下一位顾客",
			"Do not hand over the goods; this payment is being taken back and you will be told; you may serve the next customer"}
	case StepHandOver:
		return Text{"已收款，可以交货", "Money received, hand over the goods"}
	case StepOtherMeans:
		return Text{"未收款；请顾客换一种方式，重新发起收款", "No money received; start a new sale with another means of payment"}
	case StepNoMoney:
		return Text{"未收款，请勿交货；如需收款请重新发起", "No money received, do not hand over the goods; start a new sale if needed"}
	case StepCardInDoubt:
		return Text{"未收款，请勿交货；请顾客查看硬件钱包余额，如已扣款，凭小票请钱包运营机构退回；已通知服务商核查",
			"No money received, do not hand over the goods. The customer checks the hard wallet's balance: if it was debited, " +
				"the wallet's operator returns it on showing the slip; support has been told to look into it"}
	case StepRefunded:
		return Text{"顾客的款项已退回", "The customer's money has gone back"}
	case StepSuperseded:
		return Text{"顾客已改用其他方式，请看新的一笔；本笔自动撤销，如已付款会退回",
			"The customer pays another way: see the sale that took its place; this one is taken back, and money that came in goes back"}
	case StepCardDebited:
		return Text{"未收款，请勿交货；硬件钱包已记扣款，由钱包运营机构退回钱包，请把小票交给顾客",
			"No money received, do not hand over the goods. The hard wallet has debited itself; its operator returns that to the " +
				"wallet. Give the customer the slip"}
	case StepNewSale:
		return Text{"可以发起新的收款", "A new sale can be started"}
	default:
		return Text{}
	}
}
