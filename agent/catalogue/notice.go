package catalogue

func (p Phrase) scanNotice() Text {
	switch p {
	case NoticeWeChat:
		return Text{"顾客出示的是微信付款码，请出示数字人民币付款码", "That is a WeChat Pay code; ask for the e-CNY code"}
	case NoticeAlipay:
		return Text{"顾客出示的是支付宝付款码，请出示数字人民币付款码", "That is an Alipay code; ask for the e-CNY code"}
	case NoticeUnionPay:
		return Text{"顾客出示的是银联付款码，请出示数字人民币付款码", "That is a UnionPay code; ask for the e-CNY code"}
	case NoticeGoods:
		return Text{"扫到的是商品条码，不是付款码", "That is a product's bar code, not a payment code"}
	case NoticeNotPayment:
		return Text{"扫到的不是付款码", "That is not a payment code"}
	case NoticeUnreadable:
		return Text{"没有读清，请再扫一次", "Not read clearly, please scan again"}
	case NoticeSecondScan:
		return Text{"本笔正在支付，又扫到的码未使用", "A payment is under way; the second code was not used"}
	case NoticeScanIdle:
		return Text{"没有待收款，扫到的码未使用", "No sale is open; the code was not used"}
	case NoticeSecondCard:
		return Text{"本笔正在支付，硬件钱包未使用", "A payment is under way; the hard wallet was not used"}
	default:
		return Text{}
	}
}

func (p Phrase) notice() Text {
	switch p {
	case NoticeRecordRefused:
		return Text{"平台拒收了本笔的记录，请勿交货；如不久未自动得出结果，请联系服务商",
			"The cloud refused this sale's record; hand over nothing, and call support if no result comes by itself soon"}
	case NoticeOldCopy:
		return Text{"本终端号有记录不是本机流水所记：流水丢失或被换成旧副本，或另有机器在用本终端的副本；请先查有没有另一台机器，并联系服务商，切勿删除文件",
			"Records under this terminal's id were not made with this till's journal: it was lost or put back from an older copy, or another machine " +
				"works with a copy of this terminal. Look for another machine first, call support and delete no file"}
	case NoticeTwin:
		return Text{"另有一台机器在用本终端的副本，并以同一终端号写记录",
			"another machine works with a copy of this terminal and writes records under the same id"}
	case NoticeCloudOldCopy:
		return Text{"平台的账簿被换成旧副本，缺少它确认过的交易；请联系服务商，结果以本机流水为准，切勿重复收款或退款",
			"The cloud's books were put back from an older copy and lack what it had acknowledged; call support. What this till's journal says counts: charge and refund nothing again"}
	case NoticeRecordAnew:
		return Text{"有本终端的副本在用，平台拒收了原记录；已重新记录并上报，会自动得出结果",
			"A copy of this terminal was in use, and the cloud refused the record; it was made anew and ends by itself"}
	case NoticeReversalWithdrawn:
		return Text{"有本终端的副本在用，平台未收下撤销请求；正在查询这笔支付的实际结果，结果出来前请勿交货",
			"A copy of this terminal was in use, and the cloud did not take the reversal; the payment's own result is asked for. Hand over nothing before"}
	case NoticePaidAfterAll:
		return Text{"这笔支付没有撤销，款已收到；如顾客尚未拿到商品，请交货或退货",
			"This payment was not taken back, and the money is received; if the customer has not got the goods, hand them over or refund"}
	case NoticeOfflineRefused:
		return Text{"平台拒收了这笔脱机收款的记录，款项不会自动到账；请保留商户联，请联系服务商",
			"The cloud refused this offline payment's record, so the money does not come by itself; keep the merchant's slip and call support"}
	case NoticeFollowUpRefused:
		return Text{"平台拒收了这次办理的记录，结果须由服务商核对；请勿重复办理，请联系服务商",
			"The cloud refused the record of this, so only support can settle it; do not repeat it, call support"}
	case NoticeStrangeAnswer:
		return Text{"平台答复了本机流水中没有的一笔交易：可能另有机器使用本终端号，或流水是旧副本；请联系服务商",
			"The cloud answered about a payment that this till's journal does not have: another machine may be using this terminal's " +
				"number, or the journal may be an old copy; call support"}
	case NoticeCardPaidLate:
		return Text{"硬件钱包在本笔放弃之后才答复：它已记扣款；请勿交货，请把凭条交给顾客并联系服务商",
			"The hard wallet answered after this sale was given up: it has debited itself. Hand over nothing, give the customer the slip " +
				"and call support"}
	case NoticeTwoCards:
		return Text{"感应区有多张卡，请只放一张", "More than one card in the field, present just one"}
	case NoticeCardLying:
		return Text{"请先取走卡片再重新轻触", "Take the card away and tap again"}
	case NoticeCardFunds:
		return Text{"硬件钱包余额不足", "The hard wallet's balance is too low"}
	case NoticeCardLimit:
		return Text{"超出硬件钱包的限额", "Over the hard wallet's limit"}
	case NoticeCardOnline:
		return Text{"硬件钱包不联网可付的次数已用完，须先联网；请改用其他方式",
			"The hard wallet has used up its payments without the network: it must go online first; pay another way"}
	case NoticeCardBlocked:
		return Text{"硬件钱包已停用或过期", "The hard wallet is blocked or expired"}
	case NoticeCardForeign:
		return Text{"这不是可用的硬件钱包", "That is not a hard wallet this till can use"}
	case NoticeCardRefused:
		return Text{"硬件钱包拒绝付款，未扣款", "The hard wallet refused, nothing was charged"}
	case NoticeCardAway:
		return Text{"硬件钱包过早移开，未扣款，请再碰一次", "The hard wallet left too early, nothing was charged, tap again"}
	case NoticeCardOther:
		return Text{"这不是刚才的硬件钱包，请用同一个", "That is not the hard wallet from before, use the same one"}
	case NoticeCancelDuringTap:
		return Text{"已收到取消；硬件钱包处理完毕后撤销", "Cancel noted; it takes effect when the hard wallet is done"}
	case NoticeAlreadyDecided:
		return Text{"本笔已有结果，不能取消", "This sale already has its result and cannot be cancelled"}
	case NoticeJournal:
		return Text{"流水无法写入，本机暂停收款，请联系维护人员",
			"The journal cannot be written; no payment is taken until it is mended"}
	case NoticeMismatch:
		return Text{"平台回复与本笔金额不符，未采用，请联系服务商", "The answer does not match this sale and was not used; call support"}
	case NoticePaidTakenBack:
		return Text{"顾客手机可能显示已付款：本笔仍在撤销，款项会退回，请勿交货",
			"The customer's phone may say paid: this payment is still being taken back and the money returned; hand over nothing"}
	case NoticeRestarted:
		return Text{"程序重新启动，正在继续处理本笔", "The till restarted and is carrying on with this sale"}
	default:
		return p.deviceNotice()
	}
}

func (p Phrase) deviceNotice() Text {
	switch p {
	case NoticeReceiptUnsure:
		return Text{"重新启动前的签购单可能未打印，请查看；需要时手动重印",
			"The receipt may not have printed before the restart; look, and reprint by hand if needed"}
	case NoticePaper:
		return Text{"签购单未打印：请检查纸张和机盖，然后重印", "Receipt not printed: check paper and cover, then reprint"}
	case NoticePrinterGone:
		return Text{"签购单未打印：打印机未连接", "Receipt not printed: the printer is not connected"}
	case NoticePrintUnsure:
		return Text{"签购单可能没有打印完整，请查看；需要时手动重印", "The receipt may be incomplete; look, and reprint by hand if needed"}
	case NoticePrintAltered:
		return Text{"签购单已打印，但有打印机没有的字符（以〓代替）或条码（改印文字），请核对",
			"Printed, but with substitutes (a thick = sign) for characters, or text for codes, that the printer does not have; check it"}
	case NoticePrinted:
		return Text{"签购单已打印", "Receipt printed"}
	case NoticePrinterAway:
		return Text{"打印机未连接", "The printer is not connected"}
	case NoticeScannerGone:
		return Text{"扫码器未连接", "The scanner is not connected"}
	case NoticeReaderGone:
		return Text{"硬件钱包读卡器未连接", "The hard-wallet reader is not connected"}
	case NoticeReaderSilent:
		return Text{"硬件钱包读卡器没有应答，请检查电源和连线，或拔下重新插上",
			"The hard-wallet reader does not answer: check power and cable, or unplug it and plug it in again"}
	case NoticeShiftPaper:
		return Text{"交班单没有打印完整，请检查打印机后再打印一次", "The shift's slip did not print; check the printer and print it again"}
	case NoticeShiftComplete:
		return Text{"之前交班时未有结果的交易已全部有结果，交班已完成", "What was open when the shift ended now has its results; the shift is complete"}
	case NoticeSuperseding:
		return Text{"收款码已收回，改用顾客出示的方式收款", "The code shown was taken back; the customer pays this way instead"}
	case NoticePaperOut:
		return Text{"打印机缺纸，请装纸", "The printer is out of paper, put a roll in"}
	case NoticeCoverOpen:
		return Text{"打印机机盖未合上", "The printer's cover is open, shut it"}
	case NoticeCutterJam:
		return Text{"打印机切刀卡住，请清理", "The printer's cutter is jammed, clear it"}
	case NoticePrinterTrouble:
		return Text{"打印机不能打印，请检查电源、连线、纸张和机盖", "The printer does not print: check power, cable, paper and cover"}
	case NoticePaperLow:
		return Text{"打印纸快用完，请备好纸卷", "The paper is nearly used up, have a new roll ready"}
	case NoticeDeviceBack:
		return Text{"设备已恢复", "The device is back"}
	default:
		return Text{}
	}
}
