package catalogue

import (
	"fmt"
	"strings"
)

// What is wrong with a request as a whole.

// NoBody says that a request needs a body.
func NoBody() Text { return Text{"缺少请求体（JSON）", "a JSON body is needed"} }

// BodyBroke says that a request's body ended before it was whole.
func BodyBroke() Text { return Text{"请求体没有传完", "the body broke off"} }

// BodyMost says how long a body may be, in bytes.
func BodyMost(most int) Text {
	return Text{fmt.Sprintf("最多 %d 字节", most), fmt.Sprintf("at most %d bytes", most)}
}

// What is wrong with one field. The field's name stands before it.

// Field is what a field of a request is called; Chinese has the name in the interface behind it.
func Field(name string) Text {
	chinese := fieldName(name)
	if chinese == "" {
		return Text{"“" + name + "”", name}
	}
	return Text{chinese + "（" + name + "）", name}
}

// fieldName is a field's Chinese name, or empty where it has none.
func fieldName(name string) string {
	switch name {
	case "body":
		return "请求体"
	case "Content-Type":
		return "内容类型"
	case "amount":
		return "金额"
	case "currency":
		return "货币"
	case "cashier":
		return "收银员"
	case "note":
		return "备注"
	case "hold_expires":
		return "预授权到期时间"
	case "kind":
		return "办理类型"
	case "reference":
		return "参考号"
	case "order":
		return "订单号"
	case "shop_order":
		return "店铺订单"
	case "batch":
		return "批次号"
	case "voucher":
		return "凭证号"
	case "float":
		return "备用金"
	case "counted":
		return "清点金额"
	case "approved_by":
		return "同意人"
	case "copies":
		return "联次"
	default:
		return ""
	}
}

// NotJSONType says what a body has to be declared as.
func NotJSONType() Text {
	return Text{"必须是 application/json", "must be application/json"}
}

// NotJSON says from which byte on, counted from 1, a text is no JSON any more.
func NotJSON(at int64) Text {
	return Text{fmt.Sprintf("从第 %d 字节起不是有效的 JSON", at), fmt.Sprintf("is not valid JSON from byte %d on", at)}
}

// CutShort says that a JSON text ends too early.
func CutShort() Text { return Text{"是没有写完的 JSON", "is JSON that is cut short"} }

// FieldMissing says that a field must be there.
func FieldMissing() Text { return Text{"缺少", "is missing"} }

// FieldUnknown says that there is no such field.
func FieldUnknown() Text { return Text{"不是本请求的字段", "is no field of this request"} }

// FieldTwice says that a field stands twice.
func FieldTwice() Text { return Text{"出现了两次", "stands twice"} }

// OnlyOfHold says that a field goes with a hold, and the request is for none.
func OnlyOfHold() Text {
	return Text{"仅用于预授权：hold 须为 true，或删去此项", "is of a hold: set hold to true, or leave this out"}
}

// FieldsMost says how many fields an object may have.
func FieldsMost(most int) Text {
	return Text{fmt.Sprintf("最多 %d 个字段", most), fmt.Sprintf("must have at most %d fields", most)}
}

// NotWhole says that a whole number is wanted.
func NotWhole() Text {
	return Text{"必须是整数，不带小数点、指数或引号", "must be a whole number without a decimal point, exponent or quotes"}
}

// Below says that a number is below the least that is taken.
func Below(least string) Text { return Text{"不能小于 " + least, "must be at least " + least} }

// Above says that a number is above the most that is taken.
func Above(most string) Text { return Text{"不能大于 " + most, "must be at most " + most} }

// NotText says that a text is wanted.
func NotText() Text { return Text{"必须是文本", "must be a text in quotes"} }

// NotYesNo says that true or false is wanted.
func NotYesNo() Text { return Text{"必须是 true 或 false", "must be true or false"} }

// NotTime says that a point in time is wanted.
func NotTime() Text {
	return Text{"必须是 RFC 3339 时间，如 2026-05-01T12:00:00+08:00", "must be an RFC 3339 time such as 2026-05-01T12:00:00+08:00"}
}

// NotList says that a list is wanted.
func NotList() Text { return Text{"必须是列表", "must be a list"} }

// NotObject says that an object is wanted.
func NotObject() Text { return Text{"必须是 JSON 对象", "must be a JSON object"} }

// NotOneOf says which texts are taken.
func NotOneOf(allowed []string) Text {
	return Text{"必须是 " + strings.Join(allowed, "、") + " 之一", "must be one of " + strings.Join(allowed, ", ")}
}

// CharactersMost says how long a text may be.
func CharactersMost(most int) Text {
	return Text{fmt.Sprintf("最多 %d 个字符", most), fmt.Sprintf("must have at most %d characters", most)}
}

// ItemsMost says how long a list may be.
func ItemsMost(most int) Text {
	return Text{fmt.Sprintf("最多 %d 项", most), fmt.Sprintf("must have at most %d items", most)}
}
