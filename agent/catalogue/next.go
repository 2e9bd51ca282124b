package catalogue

// NextAfter names the one thing to do after a refusal.
func NextAfter(refusal Phrase) Phrase {
	switch refusal {
	case RefuseKeyMissing, RefuseKeyTooLong, RefuseKeyUnclean, RefuseAmount, RefuseCurrency, RefuseInvalid, RefuseTooLarge, RefuseCount,
		RefuseCash, RefuseLookupText:
		return AfterCorrect // what was sent is wrong, and the same wish sent right is taken
	case RefuseSaleOpen:
		return AfterFinishSale
	case RefuseNoShift:
		return AfterOpenShift
	case RefuseShiftOpen:
		return AfterCloseShift
	case RefuseShiftNoFloat:
		return AfterCashIn
	case RefuseDrawer:
		return AfterLessCash
	case RefuseShiftApproval:
		return AfterApproval
	case RefuseNoRoom:
		return AfterFreeDisk
	case RefuseNotSignedIn, RefuseLookupSilent, RefuseManyReturns:
		return AfterCheckNetwork
	case RefuseJournalMoved:
		return AfterKeepRunning
	case RefuseStopping, RefusePrinter, RefuseTooManyOpen, RefuseFollowUpOpen, RefuseUndecided, RefuseManyFollowUps, RefuseLookupBusy:
		return AfterWait
	default:
		return afterOther(refusal)
	}
}

// afterOther is what to do where sending the same wish again cannot help.
func afterOther(refusal Phrase) Phrase {
	switch refusal {
	case RefuseNoSale:
		return AfterCheckOrder
	case RefuseLookupNothing:
		return AfterCheckNumber
	case RefuseNoFollowUp:
		return AfterCheckFollowUp
	case RefuseKeyReused:
		return AfterNewKey
	case RefuseState, RefuseNoOrder, RefuseOrderUnpaid, RefuseOrderNoPerson:
		return AfterStanding
	case RefuseOrderGoesBack, RefuseOrderGivenBack:
		return AfterOrderGoesBack
	case RefuseNotApproved:
		return AfterNoMoney
	case RefuseKindUnfit:
		return AfterOtherKind
	case RefuseMoreThanLeft:
		return AfterLess
	case RefuseNothingLeft:
		return AfterFind
	case RefuseShiftClosed, RefuseOrderAccepted:
		return AfterRefund
	case RefuseNoBatch:
		return AfterBatch
	case RefuseHoldEnded:
		return AfterNewHold
	case RefuseNoCompletion:
		return AfterCompletions
	case RefuseHost:
		return AfterOwnAddress
	case RefuseOrigin:
		return AfterOwnProgram
	case RefuseToken:
		return AfterToken
	case RefuseNoAddress, RefuseMethod:
		return AfterDescription
	case RefuseListeners:
		return AfterListeners
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
	case AfterCashIn:
		return Text{"请把备用金存入这一班：yuantill shift cash --in", "Put the float into this shift: yuantill shift cash --in"}
	case AfterLessCash:
		return Text{"请核对金额；别处收的现金请先存入：yuantill shift cash --in",
			"Check the amount; cash that was taken elsewhere is put in first: yuantill shift cash --in"}
	case AfterKeepRunning:
		return Text{"请勿关机或重启，等未上传的流水传完，并联系服务商", "Do not switch off or restart until the waiting records are sent; call support"}
	case AfterOldCopy:
		return Text{"先查有没有另一台机器在用本终端的副本，有就停用它。凡平台没收到的，收款可能缺失：请联系服务商，找回原来的流水换上；切勿删除任何文件",
			"Look for another machine with a copy of this terminal first, and switch it off. " +
				"Payments that the cloud never got may be missing: call support and put the true journal back; delete no file"}
	case AfterOldCopyWhole:
		return Text{"先查有没有另一台机器在用本终端的副本，有就停用它。这些记录里的款项不缺；本机那段时间的班次合计可能不全，请联系服务商查明原因",
			"Look for another machine with a copy of this terminal first, and switch it off. " +
				"Of these records no payment is missing; this till's shift totals of that time may be incomplete. Have support find out why"}
	case AfterTwin:
		return Text{"找到那台机器并停用，只留一台；两台机器的收款请服务商逐笔核对；切勿删除任何文件",
			"Find that machine and switch it off, so that one is left; have support settle the payments of both one by one; delete no file"}
	default:
		return p.afterOrder()
	}
}

// afterOrder is what to do about an order or what was done with it.
func (p Phrase) afterOrder() Text {
	switch p {
	case AfterCheckOrder:
		return Text{"请核对订单号，或凭签购单查找：yuantill find", "Check the order id, or look it up by its receipt: yuantill find"}
	case AfterCheckNumber:
		return Text{"请核对号码，或扫二维码；撤销、退货、预授权办理的凭条请用上面的原参考号 ORIG REF",
			"Check the number, or scan the QR code; of the slip of a void, a refund or a step of a hold take the ORIG REF"}
	case AfterCheckFollowUp:
		return Text{"请核对编号，或列出这笔订单的办理：yuantill find", "Check its id, or list what was done with the order: yuantill find"}
	case AfterNewKey:
		return Text{"新的请求请用新的键；要看原来的那一个，请原样再发", "Use a new key for a new request; to see the earlier one, send it unchanged"}
	case AfterStanding:
		return Text{"请看这笔的现状；已收的款要退回，请用撤销或退货", "See how it stands; money that was received goes back by a void or refund"}
	case AfterNoMoney:
		return Text{"没有收款，无可退回；需要时请重新发起收款", "No money was received, so none can go back; start a new sale if needed"}
	case AfterOtherKind:
		return Text{"收款可撤销、退货；预授权可追加、完成、撤销", "A payment can be voided or refunded; a hold topped up, completed or cancelled"}
	case AfterLess:
		return Text{"请退货，金额不超过余下的", "Refund no more than is left"}
	case AfterRefund:
		return Text{"请办退货：yuantill refund", "Refund it: yuantill refund"}
	case AfterBatch:
		return Text{"请加上批次号（--batch，在签购单上），或用参考号", "Give the batch number of the receipt too (--batch), or use its reference"}
	case AfterNewHold:
		return Text{"需要时请重新发起预授权：yuantill hold start", "Start a new hold if needed: yuantill hold start"}
	case AfterCompletions:
		return Text{"请看这笔已做的完成：yuantill find", "See which completions there are: yuantill find"}
	case AfterFind:
		return Text{"请看这笔的现状：yuantill find", "See how the order stands: yuantill find"}
	case AfterCloseShift:
		return Text{"请先交班：yuantill shift close", "Close the open shift first: yuantill shift close"}
	default:
		return p.afterCall()
	}
}

// afterCall is what a program has to do that calls the station.
func (p Phrase) afterCall() Text {
	switch p {
	case AfterOwnAddress:
		return Text{"请用 127.0.0.1 或 localhost 作主机名", "Use 127.0.0.1 or localhost as the host name"}
	case AfterOwnProgram:
		return Text{"请由本机的程序或本机的网页调用", "Call it from a program or page of this till"}
	case AfterToken:
		return Text{"请带上设置中的令牌：Authorization: Bearer ...", "Send the settings' token: Authorization: Bearer ..."}
	case AfterDescription:
		return Text{"接口说明见 /openapi.json", "The interface is described at /openapi.json"}
	case AfterListeners:
		return Text{"请关闭不再读取的事件流", "Close event streams that nobody reads any more"}
	default:
		return Text{}
	}
}
