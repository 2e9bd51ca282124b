package catalogue

import "github.com/yuantill/yuantill/protocol/message"

// What has become of an approved order.
const (
	TitleHeld Phrase = iota + 500
	TitleHoldPaid
	TitleHoldEnded
	TitleGoneBack
	TitlePartBack
	StepHeld
	StepHoldPaid
	StepHoldEnded
	StepGoneBack
	StepPartBack
	NoticeStanding
	NoticeCardNoHold
	StepPresentHold
)

// Follow-ups: what is going on, and the one thing to do next.
const (
	TitleFollowUpAsking Phrase = iota + 520
	TitleFollowUpUnknown
	TitleFollowUpDeclined
	TitleVoided
	TitleRefunded
	TitleToppedUp
	TitleCompleted
	TitleReleased
	TitleUndone
	StepFollowUpWait
	StepFollowUpUnknown
	StepFollowUpDeclined
	StepMoneyBack
	StepHoldRaised
	StepCompleted
	StepReleased
	StepHeldAgain
	NoticeFollowUpKnown
	NoticeFollowUpRestarted
	NoticeFollowUpMismatch
)

// Refusals of follow-ups and lookups.
const (
	RefuseNotApproved Phrase = iota + 560
	RefuseKindUnfit
	RefuseMoreThanLeft
	RefuseFollowUpOpen
	RefuseHoldEnded
	RefuseNoFollowUp
	RefuseNoCompletion
	RefuseManyFollowUps
	RefuseLookupText
	RefuseLookupNothing
	RefuseLookupSilent
	RefuseLookupBusy
	RefuseNothingLeft
	RefuseShiftClosed
	RefuseNoBatch
	RefuseUndecided
	RefuseManyReturns
)

// followUpFirst is the first phrase of this file.
const followUpFirst = TitleHeld

// FollowUpName is what a follow-up is called.
func FollowUpName(kind message.FollowUp) Text {
	switch kind {
	case message.FollowUp_FOLLOW_UP_VOID:
		return Text{"撤销", "Void"}
	case message.FollowUp_FOLLOW_UP_REFUND:
		return Text{"退货", "Refund"}
	case message.FollowUp_FOLLOW_UP_TOP_UP:
		return Text{"追加预授权", "Hold top-up"}
	case message.FollowUp_FOLLOW_UP_COMPLETE:
		return Text{"预授权完成", "Hold completion"}
	case message.FollowUp_FOLLOW_UP_CANCEL:
		return Text{"预授权撤销", "Hold cancel"}
	case message.FollowUp_FOLLOW_UP_UNDO:
		return Text{"预授权完成撤销", "Completion undo"}
	default:
		return Text{}
	}
}

func (p Phrase) followUp() Text {
	switch {
	case p < TitleFollowUpAsking:
		return p.standing()
	case p < StepFollowUpWait:
		return p.followUpTitle()
	case p < RefuseNotApproved:
		return p.followUpStep()
	default:
		return p.followUpRefusal()
	}
}

func (p Phrase) standing() Text {
	switch p {
	case TitleHeld:
		return Text{"预授权成功，已冻结", "Held"}
	case TitleHoldPaid:
		return Text{"预授权已办理完成", "Hold with completions"}
	case TitleHoldEnded:
		return Text{"预授权已结束，已解冻", "Hold ended, nothing is held"}
	case TitleGoneBack:
		return Text{"款项已全部退回或正在退回", "All of it has gone back or is on its way"}
	case TitlePartBack:
		return Text{"支付成功，部分已退回或正在退回", "Paid, part of it has gone back or is on its way"}
	case StepHeld:
		return Text{"款项已冻结，尚未收款；完成、追加或撤销请用预授权功能",
			"The amount is held and not paid yet; complete, top up or cancel the hold when it is time"}
	case StepHoldPaid:
		return Text{"是否收款以预授权完成的凭条为准", "Whether it was paid is on the completion's own slip"}
	case StepHoldEnded:
		return Text{"未收款；需要时请重新发起预授权", "Nothing was paid; start a new hold if needed"}
	case StepGoneBack:
		return Text{"款项原路退回顾客钱包，没有余下可退的金额", "It goes back to the paying wallet, nothing is left to refund"}
	case StepPartBack:
		return Text{"还可退余下的金额", "What is left can still be refunded"}
	case NoticeStanding:
		return Text{"本笔的状态有变化（到期或在别处办理），请查看", "This order changed: by its expiry or by something done elsewhere; have a look"}
	case NoticeCardNoHold:
		return Text{"硬件钱包不能做预授权，请扫付款码", "A hard wallet cannot be held, scan the customer's code"}
	case StepPresentHold:
		return Text{"预授权：扫描付款码，或出示收款码", "To hold: scan the customer's code, or show our code"}
	default:
		return Text{}
	}
}

func (p Phrase) followUpTitle() Text {
	switch p {
	case TitleFollowUpAsking:
		return Text{"正在办理", "Under way"}
	case TitleFollowUpUnknown:
		return Text{"办理结果未知，正在查询", "Whether it was done is not known yet, asking"}
	case TitleFollowUpDeclined:
		return Text{"未办成", "Not done"}
	case TitleVoided:
		return Text{"撤销成功", "Voided"}
	case TitleRefunded:
		return Text{"退货成功", "Refunded"}
	case TitleToppedUp:
		return Text{"追加预授权成功", "Hold topped up"}
	case TitleCompleted:
		return Text{"预授权完成成功", "Hold completed"}
	case TitleReleased:
		return Text{"预授权撤销成功", "Hold cancelled"}
	case TitleUndone:
		return Text{"预授权完成撤销成功", "Completion undone"}
	default:
		return Text{}
	}
}

func (p Phrase) followUpStep() Text {
	switch p {
	case StepFollowUpWait:
		return Text{"请稍候，正在等待平台答复", "Please wait for the cloud's answer"}
	case StepFollowUpUnknown:
		return Text{"请勿用其他方式退款，也请勿重复办理；可接待下一位顾客，有结果会通知",
			"Do not refund another way and do not repeat it; serve the next customer, you will be told of the end"}
	case StepFollowUpDeclined:
		return Text{"款项没有变动；请看原因", "No money moved; see the reason"}
	case StepMoneyBack:
		return Text{"款项原路退回顾客钱包，请把凭条交给顾客", "The money goes back to the paying wallet; hand over the slip"}
	case StepHoldRaised:
		return Text{"已冻结更多金额", "More is held now"}
	case StepCompleted:
		return Text{"已收款，请把凭条交给顾客", "Paid; hand over the slip"}
	case StepReleased:
		return Text{"冻结的款项已退回顾客钱包", "What was held has gone back to the wallet"}
	case StepHeldAgain:
		return Text{"完成的款项已撤销，重新冻结", "What was completed is held again"}
	case NoticeFollowUpKnown:
		return Text{"先前结果未知的一笔办理已有结果", "Something whose result was not known has its result now"}
	case NoticeFollowUpRestarted:
		return Text{"程序重新启动，正在继续办理", "The till restarted and is carrying on with it"}
	case NoticeFollowUpMismatch:
		return Text{"平台回复与本次办理的金额不符，未采用，请联系服务商",
			"The answer's amount is not what was asked for and was not used; call support"}
	default:
		return Text{}
	}
}

func (p Phrase) followUpRefusal() Text {
	switch p {
	case RefuseNotApproved:
		return Text{"原交易未成功，无可办理", "The payment was not approved, there is nothing to be done with it"}
	case RefuseKindUnfit:
		return Text{"这笔交易不能这样办理", "That cannot be done with this order"}
	case RefuseMoreThanLeft:
		return Text{"超出本笔还可办理的金额", "That is more than is left of this order"}
	case RefuseFollowUpOpen:
		return Text{"本笔有一次办理尚无结果，请等结果后再办",
			"Something done with this order has no result yet; wait for it before asking for more"}
	case RefuseHoldEnded:
		return Text{"预授权已结束，不能再办理", "The hold has ended, nothing more can be done with it"}
	case RefuseNoFollowUp:
		return Text{"没有这次办理", "There is no such follow-up"}
	case RefuseNoCompletion:
		return Text{"没有可撤销的这次预授权完成", "There is no such completion that could be undone"}
	case RefuseManyFollowUps:
		return Text{"尚无结果的办理过多，请等待或联系服务商", "Too many follow-ups without a result; wait or call support"}
	case RefuseManyReturns:
		return Text{"脱机退回的次数已到上限，请联网，平台收到后再办",
			"No more can be given back without the cloud; connect the till, and go on once the cloud has what was"}
	case RefuseLookupText:
		return Text{"请给出 12 位参考号、订单号或签购单二维码的内容",
			"Give the 12 digits of the reference, the order id, or the text of a receipt's QR code"}
	case RefuseLookupNothing:
		return Text{"查无此单，请核对", "No such order of this merchant, check the number"}
	case RefuseLookupSilent:
		return Text{"暂时查不到结果：平台没有应答，不代表没有这笔；请稍后再查",
			"Not known: nothing answered in time, which does not mean that there is no such order; look again later"}
	case RefuseNothingLeft:
		return Text{"没有余下可退的金额", "Nothing is left to refund"}
	case RefuseShiftClosed:
		return Reason(message.Reason_REASON_SHIFT_CLOSED)
	case RefuseNoBatch:
		return Text{"本机没有开班，不知是哪一批的凭证号", "No shift is open, so it is not known which batch's voucher is meant"}
	case RefuseUndecided:
		return Text{"原交易还没有结果，现在不能办理", "The payment has no result yet, nothing can be done with it now"}
	case RefuseLookupBusy:
		return Text{"正在进行的查询过多，请稍候", "Too many lookups at a time, wait a moment"}
	default:
		return Text{}
	}
}
