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
	case RefuseJournal, RefuseNoRoom, RefuseTooManyOpen, RefuseNotSignedIn, RefuseStopped, RefuseStopping:
		return p.outOfService()
	case RefuseState:
		return Text{"本笔当前状态不能这样操作", "This sale's state does not allow that"}
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
	case RefusePrinter:
		return Text{"打印任务已满，请稍后再试", "The printer's queue is full, try again later"}
	case RefuseInternal:
		return Text{"本机内部错误，请查看日志", "Internal error, see the log"}
	default:
		return Text{}
	}
}

func (p Phrase) outOfService() Text {
	switch p {
	case RefuseJournal:
		return Text{"流水无法写入，不能收款；请联系维护人员", "The journal cannot be written, so no sale can start; call maintenance"}
	case RefuseNoRoom:
		return Text{"存储空间不足，不能收款；请清理磁盘", "Not enough room for the journal, so no sale can start; free some disk"}
	case RefuseTooManyOpen:
		return Text{"未有结果的收款过多，请等待或联系服务商", "Too many sales without a result; wait or call support"}
	case RefuseNotSignedIn:
		return Text{"本机尚未签到，不能收款；请检查网络", "The till has not signed in yet; check the network"}
	case RefuseStopped:
		return Text{"本机流水与平台账目不一致，已停止收款；请联系服务商",
			"This till's journal and the cloud's books disagree, so no sale can start; call support"}
	default:
		return Text{"本机正在停止", "The till is stopping"}
	}
}
