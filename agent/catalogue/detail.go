package catalogue

import (
	"fmt"
	"strings"

	"github.com/yuantill/yuantill/protocol/money"
)

// What a refusal adds to its phrase. Amounts are money, as people read it.

// AmountsTaken says which amounts one sale may have.
func AmountsTaken(most money.Money) Text {
	least := money.Money{Minor: 1, Currency: most.Currency}
	return Text{least.Display() + " 至 " + most.Display(), least.Display() + " to " + most.Display()}
}

// Refundable says what is left to refund.
func Refundable(left money.Money) Text {
	return Text{"还可退 " + left.Display(), left.Display() + " is left to refund"}
}

// StillHeld says what a hold still holds.
func StillHeld(left money.Money) Text {
	return Text{"仍冻结 " + left.Display(), left.Display() + " is still held"}
}

// ReturnsMost says how often a till gives back of one payment by itself.
func ReturnsMost(most int) Text {
	return Text{fmt.Sprintf("每笔最多 %d 次", most), fmt.Sprintf("at most %d times of one payment", most)}
}

// BeyondHold says that a completion asks for more than its hold allows.
func BeyondHold() Text {
	return Text{"超出预授权可完成的金额", "More than the hold lets be completed"}
}

// NoMoreBack says that the operator gives back no more of a payment of which the books have enough left: a customer's bank
// may have taken some of it that nobody has told the cloud of yet.
func NoMoreBack() Text {
	return Text{"运营机构不再退回这么多，可能有争议正在处理；请联系服务商，查明前勿另行退款",
		"The operator does not give back that much: a dispute may be under way; call support, and refund nothing another way meanwhile"}
}

// VoidIsWhole says that a void cannot take back a part.
func VoidIsWhole(paid money.Money) Text {
	return Text{"撤销须整笔 " + paid.Display() + "，可不填金额", "a void takes back all of " + paid.Display() + "; leave the amount out"}
}

// TakesNoAmount says that a cancel or undo goes as a whole.
func TakesNoAmount() Text {
	return Text{"预授权撤销和完成撤销不填金额", "a hold's cancel or a completion's undo takes no amount"}
}

// HoldEndPassed says that the end asked for a hold has passed.
func HoldEndPassed() Text { return Field("hold_expires").And(Text{"已经过去", "has passed"}) }

// HoldTakesNoOrder says that what is held pays for no order.
func HoldTakesNoOrder() Text {
	return Field("shop_order").And(Text{"不能与预授权一起使用", "cannot be combined with a hold"})
}

// TakesCurrency says which currency a till takes.
func TakesCurrency(currency money.Currency) Text {
	return Text{"本机收 " + currency.Code, "it takes " + currency.Code}
}

// MethodsAllowed says which HTTP methods an address knows.
func MethodsAllowed(methods []string) Text {
	joined := strings.Join(methods, ", ")
	return Text{"可用 " + joined, "it takes " + joined}
}

// ListenersMost says how many may listen to events at a time.
func ListenersMost(most int) Text {
	return Text{fmt.Sprintf("最多 %d 个", most), fmt.Sprintf("at most %d", most)}
}

// OpenItems says how many payments and follow-ups have no result yet, and names the first of them.
func OpenItems(count int, named []string) Text {
	list := strings.Join(named, " ")
	if len(named) < count {
		list += " …"
	}
	return Text{fmt.Sprintf("%d 笔尚无结果：%s", count, list), fmt.Sprintf("%d without a result: %s", count, list)}
}

// CashMost says how much cash can be moved at once.
func CashMost(most money.Money) Text {
	return Text{"最多 " + most.Display(), "at most " + most.Display()}
}

// CashThere says how much cash should be in the drawer.
func CashThere(there money.Money) Text {
	return Text{"应有 " + there.Display(), there.Display() + " should be there"}
}

// CashUncounted says that the cash must be counted.
func CashUncounted() Text { return Text{"没有清点现金（cash）", "cash was not counted"} }

// NoMethod says that nothing is counted under a name.
func NoMethod(name string, known []string) Text {
	return Text{
		fmt.Sprintf("没有“%s”这种方式，可用 %s", name, strings.Join(known, "、")),
		fmt.Sprintf("there is no method %q; there are %s", name, strings.Join(known, ", ")),
	}
}

// CountOutside says between which amounts a count may be.
func CountOutside(method string, most money.Money) Text {
	least := money.Money{Currency: most.Currency}
	return Text{
		fmt.Sprintf("%s 须在 %s 至 %s 之间", method, least.Display(), most.Display()),
		fmt.Sprintf("%s must be %s to %s", method, least.Display(), most.Display()),
	}
}
