package catalogue

// Offline payments: a hard wallet's payment that the till accepted by itself.
const (
	TitleApprovedOffline Phrase = iota + 600
	TitleNotHonoured
	StepHandOverOffline
	StepNotHonoured
	NoticeOfflineSettled
	NoticeNotHonoured
	NoticeOfflineNoLimits
	NoticeOfflineNoClock
	NoticeOfflineTooLong
	NoticeOfflineBlocked
	NoticeOfflineCloned
	NoticeOfflinePayment
	NoticeOfflineWallet
	NoticeOfflineWalletCount
	NoticeOfflineTotal
	NoticeOfflineCount
	TitleReturnedOffline
	TitleReturnNotDone
	StepReturnedOffline
	StepReturnNotDone
	NoticeReturnSettled
	NoticeReturnNotDone
)

func (p Phrase) offline() Text {
	if p >= TitleReturnedOffline {
		return p.offlineReturn()
	}
	switch p {
	case TitleApprovedOffline:
		return Text{"脱机收款成功", "Paid offline"}
	case TitleNotHonoured:
		return Text{"脱机收款未获兑付", "Offline payment not honoured"}
	case StepHandOverOffline:
		return Text{"可以交货；联网后自动上送结算", "Hand over the goods; it is settled when the till is connected again"}
	case StepNotHonoured:
		return Text{"销售仍然有效，款项未到账；已报警，请联系服务商", "The sale stands, the money did not come; support has been told, call them"}
	case NoticeOfflineSettled:
		return Text{"脱机收款已结算到账", "The offline payment has been settled"}
	case NoticeNotHonoured:
		return Text{"运营机构未兑付一笔脱机收款，请联系服务商", "An operator did not honour an offline payment; call support"}
	default:
		return p.offlineStop()
	}
}

// offlineStop says which limit stops an offline payment; the wallet was not asked and so not debited.
func (p Phrase) offlineStop() Text {
	switch p {
	case NoticeOfflineNoLimits:
		return Text{"未联网，且平台未授权脱机收款；未扣款", "Not connected, and the cloud gave no leave for offline payments; nothing was charged"}
	case NoticeOfflineNoClock:
		return Text{"未联网，且本机时钟不可信，暂不能脱机收款；未扣款",
			"Not connected, and this till's clock cannot be trusted, so nothing is taken offline; nothing was charged"}
	case NoticeOfflineTooLong:
		return Text{"脱机时间过长，请先联网；未扣款", "Not connected for too long; connect first, nothing was charged"}
	case NoticeOfflineBlocked:
		return Text{"硬件钱包已被停用，未扣款", "This hard wallet is blocked, nothing was charged"}
	case NoticeOfflineCloned:
		return Text{"硬件钱包计数异常，疑似复制卡，未扣款", "The hard wallet's counter is wrong, it may be a copy; nothing was charged"}
	case NoticeOfflinePayment:
		return Text{"超过单笔脱机限额，未扣款", "Over the limit of one offline payment, nothing was charged"}
	case NoticeOfflineWallet:
		return Text{"超过这个硬件钱包的脱机总额，未扣款", "Over this hard wallet's offline total, nothing was charged"}
	case NoticeOfflineWalletCount:
		return Text{"这个硬件钱包的脱机次数已用完，未扣款", "This hard wallet has used up its offline payments, nothing was charged"}
	case NoticeOfflineTotal:
		return Text{"本机脱机总额已用完，请联网；未扣款", "This till's offline total is used up; connect, nothing was charged"}
	case NoticeOfflineCount:
		return Text{"本机脱机笔数已用完，请联网；未扣款", "This till's offline payments are used up; connect, nothing was charged"}
	default:
		return Text{}
	}
}

// offlineReturn is of an offline payment that the till gave back before the cloud had it.
func (p Phrase) offlineReturn() Text {
	switch p {
	case TitleReturnedOffline:
		return Text{"脱机退回已受理", "Return accepted offline"}
	case TitleReturnNotDone:
		return Text{"脱机退回未办成", "The offline return was not carried out"}
	case StepReturnedOffline:
		return Text{"联网结算后款项原路退回付款钱包，请把凭条交给顾客",
			"The money goes back to the paying wallet once the till is connected and the payment settled; hand over the slip"}
	case StepReturnNotDone:
		return Text{"平台没有退回这笔款项；已报警，请联系服务商，并联系顾客",
			"The cloud did not return this money; support has been told, call them, and the customer"}
	case NoticeReturnSettled:
		return Text{"一笔脱机退回已办成", "An offline return has been carried out"}
	case NoticeReturnNotDone:
		return Text{"平台未能办理一笔脱机退回，请联系服务商", "The cloud did not carry out an offline return; call support"}
	default:
		return Text{}
	}
}
