package catalogue

// NextAfter names the one thing to do after a refusal.
func NextAfter(refusal Phrase) Phrase {
	switch refusal {
	case RefuseSaleOpen:
		return AfterFinishSale
	case RefuseNoSale, RefuseKeyMissing, RefuseKeyReused, RefuseAmount, RefuseCurrency, RefuseInvalid, RefuseTooLarge,
		RefuseHost, RefuseOrigin, RefuseToken, RefuseState, RefuseShiftOpen, RefuseCount, RefuseCash:
		return AfterCorrect
	case RefuseNoShift:
		return AfterOpenShift
	case RefuseShiftApproval:
		return AfterApproval
	case RefuseNotApproved, RefuseKindUnfit, RefuseMoreThanLeft, RefuseHoldEnded, RefuseNoFollowUp, RefuseNoCompletion,
		RefuseLookupText, RefuseLookupNothing:
		return AfterCorrect
	case RefuseFollowUpOpen, RefuseManyFollowUps, RefuseLookupBusy:
		return AfterWait
	case RefuseNoRoom:
		return AfterFreeDisk
	case RefuseNotSignedIn, RefuseLookupSilent:
		return AfterCheckNetwork
	case RefuseJournalMoved:
		return AfterKeepRunning
	case RefuseStopping, RefusePrinter, RefuseTooManyOpen:
		return AfterWait
	default:
		return AfterCallSupport
	}
}

func (p Phrase) after() Text {
	switch p {
	case AfterFinishSale:
		return Text{"请先完成或取消正在进行的收款", "Finish or cancel the open sale first"}
	case AfterCorrect:
		return Text{"请改正后再发送", "Correct the request and send it again"}
	case AfterFreeDisk:
		return Text{"请释放磁盘空间，已有收款不受影响", "Free some disk space; sales already made are safe"}
	case AfterCheckNetwork:
		return Text{"请检查网线、无线网络和服务器地址", "Check the cable, the wireless network and the server's address"}
	case AfterWait:
		return Text{"请稍后再试", "Try again in a moment"}
	case AfterCallSupport:
		return Text{"请联系服务商，并保留本机日志", "Call support and keep this till's log"}
	case AfterOpenShift:
		return Text{"请先开班：yuantill shift open", "Open a shift first: yuantill shift open"}
	case AfterApproval:
		return Text{"等结果出来再交班，或由负责人同意后带上同意人交班", "Wait for the results, or close with the name of who approves it"}
	case AfterKeepRunning:
		return Text{"请勿关机或重启，等未上传的流水传完，并联系服务商", "Do not switch off or restart until the waiting records are sent; call support"}
	default:
		return Text{}
	}
}
