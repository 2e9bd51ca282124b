package catalogue

import "github.com/yuantill/yuantill/protocol/message"

// Reason returns why a payment was declined or taken back, or empty texts when no reason was given.
func Reason(reason message.Reason) Text {
	switch reason {
	case message.Reason_REASON_INSUFFICIENT_FUNDS:
		return Text{"余额不足", "Not enough money in the wallet"}
	case message.Reason_REASON_CODE_EXPIRED:
		return Text{"付款码已过期，请顾客刷新", "The code has expired, the customer should refresh it"}
	case message.Reason_REASON_CODE_INVALID:
		return Text{"付款码无效", "The code is not valid"}
	case message.Reason_REASON_LIMIT_EXCEEDED:
		return Text{"超出钱包限额", "Over the wallet's limit"}
	case message.Reason_REASON_CUSTOMER_CANCELLED:
		return Text{"顾客已取消", "The customer cancelled"}
	case message.Reason_REASON_WALLET_BLOCKED:
		return Text{"钱包已停用", "The wallet is blocked"}
	case message.Reason_REASON_OPERATOR_UNAVAILABLE:
		return Text{"平台或运营机构暂不受理收款", "The platform or the operator takes no payments now"}
	case message.Reason_REASON_CARD_REFUSED:
		return Text{"硬件钱包被拒绝", "The hard wallet was refused"}
	case message.Reason_REASON_TIMED_OUT:
		return Text{"超时", "Timed out"}
	case message.Reason_REASON_CASHIER_CANCELLED:
		return Text{"收银员已取消", "The cashier cancelled"}
	case message.Reason_REASON_TERMINAL_NOT_ALLOWED:
		return Text{"本机未获准收款", "This till may not take payments"}
	case message.Reason_REASON_INVALID_REQUEST:
		return Text{"请求内容有误", "The request was not valid"}
	case message.Reason_REASON_DUPLICATE:
		return Text{"重复的请求", "The request was a repeat"}
	case message.Reason_REASON_OTHER:
		return Text{"运营机构拒绝", "The operator refused"}
	case message.Reason_REASON_UNKNOWN_ORDER:
		return Text{"查无此单", "No such payment"}
	case message.Reason_REASON_NOT_PAID:
		return Text{"原交易未成功", "The payment was not approved"}
	case message.Reason_REASON_SHIFT_CLOSED:
		return Text{"已不在收款当班，请用退货", "Another shift took the payment: use a refund"}
	case message.Reason_REASON_HOLD_ENDED:
		return Text{"预授权已结束", "The hold has ended"}
	case message.Reason_REASON_VERIFICATION_FAILED:
		return Text{"顾客验证未通过", "The customer could not be verified"}
	case message.Reason_REASON_DOUBLE_SPENT:
		return Text{"硬件钱包重复支付，不再脱机收款", "The hard wallet spent its money twice; nothing more is taken of it offline"}
	case message.Reason_REASON_SUPERSEDED:
		return Text{"顾客已改用其他方式支付", "The customer paid by another means"}
	default:
		return Text{}
	}
}
