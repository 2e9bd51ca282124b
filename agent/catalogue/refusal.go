package catalogue

func (p Phrase) refusal() Text {
	switch p {
	case RefuseSaleOpen:
		return Text{"本机还有一笔收款未完成", "Another sale is still open on this till"}
	case RefuseNoSale:
		return Text{"没有这笔收款", "There is no such sale"}
	case RefuseKeyMissing:
		return Text{"请求缺少 Idempotency-Key（1 至 64 个字符）", "The request needs an Idempotency-Key of 1 to 64 characters"}
	case RefuseKeyReused:
		return Text{"这个 Idempotency-Key 已用于另一个请求", "This Idempotency-Key was used for a different request"}
	case RefuseAmount:
		return Text{"金额必须大于零且不超过上限", "The amount must be above zero and within the limit"}
	case RefuseCurrency:
		return Text{"本机不支持这种货币", "This till does not take that currency"}
	case RefuseJournal, RefuseJournalMoved, RefuseJournalDamaged, RefuseNoRoom, RefuseTooManyOpen, RefuseNotSignedIn, RefuseStopping,
		RefuseLeftOpen:
		return p.outOfService()
	case RefuseNoShift, RefuseShiftOpen, RefuseShiftApproval, RefuseCount, RefuseCash, RefuseShiftNoFloat, RefuseDrawer:
		return p.shift()
	case RefuseStopped, RefuseSetAside, RefuseBlocked, RefuseOtherCopy:
		return p.notTaken()
	case RefuseState:
		return Text{"本笔当前状态不能这样操作", "This sale's state does not allow that"}
	case RefuseHost, RefuseOrigin, RefuseToken, RefuseTooLarge, RefuseInvalid, RefuseKeyTooLong, RefuseKeyUnclean, RefuseNoAddress, RefuseMethod,
		RefuseListeners:
		return p.call()
	case RefusePrinter:
		return Text{"打印任务已满，请稍后再试", "The printer's queue is full, try again later"}
	case RefuseInternal:
		return Text{"本机内部错误，请查看日志", "Internal error, see the log"}
	default:
		return Text{}
	}
}

// call says what is wrong with a program's call.
func (p Phrase) call() Text {
	switch p {
	case RefuseHost:
		return Text{"请求的主机名不是本机", "The request's host name is not this till"}
	case RefuseOrigin:
		return Text{"不接受其他网站发来的请求", "Requests from other sites are refused"}
	case RefuseToken:
		return Text{"访问令牌缺失或错误", "The access token is missing or wrong"}
	case RefuseTooLarge:
		return Text{"请求内容过大", "The request is too large"}
	case RefuseInvalid:
		return Text{"请求内容有误", "The request is not valid"}
	case RefuseKeyTooLong:
		return Text{"Idempotency-Key 过长，最多 64 个字节", "The Idempotency-Key is too long, it has at most 64 bytes"}
	case RefuseKeyUnclean:
		return Text{"Idempotency-Key 只能由可见的 ASCII 字符和空格组成", "The Idempotency-Key must be printable ASCII"}
	case RefuseNoAddress:
		return Text{"没有这个地址", "There is nothing at this address"}
	case RefuseMethod:
		return Text{"这个地址不支持这种请求方法", "This address does not take that method"}
	default:
		return Text{"同时监听事件的程序过多", "Too many programs listen to events"}
	}
}

func (p Phrase) outOfService() Text {
	switch p {
	case RefuseJournal:
		return Text{"流水无法写入，不能收款；请联系维护人员", "The journal cannot be written, so no sale can start; call maintenance"}
	case RefuseJournalMoved:
		return Text{"流水文件被删除、移走、替换或截短，不能收款；请联系维护人员",
			"The journal's file was removed, moved, replaced or cut, so no sale can start; call maintenance"}
	case RefuseJournalDamaged:
		return Text{"流水不完整或被改动，不能收款；请联系维护人员，切勿删除",
			"The journal is damaged or was altered, so no sale can start; call maintenance and delete nothing"}
	case RefuseNoRoom:
		return Text{"存储空间不足，不能收款；请清理磁盘", "Not enough room for the journal, so no sale can start; free some disk"}
	case RefuseTooManyOpen:
		return Text{"未有结果的收款过多，请等待或联系服务商", "Too many sales without a result; wait or call support"}
	case RefuseLeftOpen:
		return Text{"未有结果的收款过多，有的未能继续处理，不能收款；请联系服务商",
			"More was left open than could be taken up, so no sale can start; call support"}
	case RefuseNotSignedIn:
		return Text{"本机尚未签到，不能收款；请检查网络", "The till has not signed in yet; check the network"}
	default:
		return Text{"本机正在停止", "The till is stopping"}
	}
}

// shift says what stands in the way of a shift's work.
func (p Phrase) shift() Text {
	switch p {
	case RefuseNoShift:
		return Text{"本机没有开班", "No shift is open on this till"}
	case RefuseShiftOpen:
		return Text{"本机已开班，请先交班", "A shift is open already; close it first"}
	case RefuseShiftApproval:
		return Text{"有交易尚无结果，交班需要负责人同意", "Something has no result yet; closing the shift needs somebody's approval"}
	case RefuseShiftNoFloat:
		return Text{"本机已开班，尚无备用金", "A shift is open already, without a float"}
	case RefuseDrawer:
		return Text{"钱箱里没有这么多现金", "There is not that much cash in the drawer"}
	case RefuseCount:
		return Text{"清点有误", "The counts are not right"}
	default:
		return Text{"现金金额不能为零且不能过大", "The cash must not be zero or too much"}
	}
}

// notTaken says why the cloud takes no new payments from this till.
func (p Phrase) notTaken() Text {
	switch p {
	case RefuseSetAside:
		return Text{"平台发现本机流水有疑问，已暂停新收款；请联系服务商，未完成的收款请勿交货",
			"The cloud doubts this till's journal, so no sale can start; call support, and hand over nothing for open sales"}
	case RefuseBlocked:
		return Text{"平台已停用本机，不能收款；请联系服务商", "The cloud has blocked this till, so no sale can start; call support"}
	case RefuseOtherCopy:
		return Text{"另一台设备在用本机编号，正在核对，暂不能收款；若不恢复请联系服务商",
			"Another machine uses this till's number; no sale can start while that is compared. Call support if it lasts"}
	default:
		return Text{"本机流水与平台账目不一致，已停止收款；请联系服务商",
			"This till's journal and the cloud's books disagree, so no sale can start; call support"}
	}
}
