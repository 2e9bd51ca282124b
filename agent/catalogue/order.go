package catalogue

// The shop's order that a sale at a kiosk pays for.
const (
	TitleOrderWaits Phrase = iota + 640
	TitleOrderGoesBack
	TitleOrderPerson
	TitleOrderSettled
	StepOrderWaits
	StepOrderGoesBack
	StepOrderPerson
	RefuseNoOrder
	RefuseOrderUnpaid
	RefuseOrderGoesBack
	RefuseOrderAccepted
	AfterOrderGoesBack
	RefuseOrderGivenBack
	NoticeOrderUnaccepted
	RefuseOrderNoPerson
)

// orderFirst is the first phrase of this file.
const orderFirst = TitleOrderWaits

func (p Phrase) order() Text {
	switch p {
	case TitleOrderWaits:
		return Text{"已付款，等待接单", "Paid, waiting for the order to be accepted"}
	case TitleOrderGoesBack:
		return Text{"订单未被接受，正在退款", "The order was not accepted, the money goes back"}
	case TitleOrderPerson:
		return Text{"订单需要人工处理", "A person has to see to this order"}
	case TitleOrderSettled:
		return Text{"订单已由人工处理", "A person has seen to this order"}
	case StepOrderWaits:
		return Text{"请稍候；倒计时结束仍未接单则自动退款", "Please wait; not accepted before the countdown ends, the money goes back by itself"}
	case StepOrderGoesBack:
		return Text{"请勿制作或交付；款项原路退回付款钱包", "Do not make or hand over the order; the money goes back to the paying wallet"}
	case StepOrderPerson:
		return Text{"款项未能自动退回，也不能确定已接单：请核对订单，交付或退款：yuantill accept",
			"The money did not go back by itself, and it is not certain that the order was accepted: check it, hand it over or refund it: yuantill accept"}
	case RefuseNoOrder:
		return Text{"本笔没有需要接受的订单", "This sale has no order that has to be accepted"}
	case RefuseOrderUnpaid:
		return Text{"本笔尚未付款，订单不能接受或拒绝", "This sale is not paid, its order can be neither accepted nor rejected"}
	case RefuseOrderGoesBack:
		return Text{"来不及了：订单未被接受，款项退回顾客", "Too late: the order was not accepted and the money goes back to the customer"}
	case RefuseOrderGivenBack:
		return Text{"款项已退回或正在退回顾客，订单不能再接受", "The money has gone back or is on its way: the order cannot be accepted any more"}
	case RefuseOrderAccepted:
		return Text{"订单已被接受，不能再拒绝", "The order was accepted and cannot be rejected any more"}
	case RefuseOrderNoPerson:
		return Text{"订单已被接受，没有需要处理的", "The order was accepted: there is nothing to settle"}
	case AfterOrderGoesBack:
		return Text{"请勿制作或交付这个订单；请顾客重新下单", "Do not make or hand over this order; the customer orders again"}
	case NoticeOrderUnaccepted:
		return Text{"订单未被接受", "Order not accepted"}
	default:
		return Text{}
	}
}
