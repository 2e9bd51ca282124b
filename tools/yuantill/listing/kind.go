package listing

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// kind is a type of a journal's records with what this program knows of it.
type kind struct {
	number  record.Type
	chinese string
	body    func() proto.Message
}

// kinds are all that package record names and that a terminal writes into its journal, by number.
func kinds() []kind {
	return []kind{
		{record.EpochOpened, "启用新密钥", func() proto.Message { return &message.EpochOpened{} }},
		{record.AgentStarted, "程序启动", func() proto.Message { return &message.AgentStarted{} }},
		{record.PaymentRequested, "发起支付", func() proto.Message { return &message.PaymentRequested{} }},
		{record.OutcomeShown, "支付结果", func() proto.Message { return &message.OutcomeShown{} }},
		{record.ReversalRequested, "请求撤销", func() proto.Message { return &message.ReversalRequested{} }},
		{record.ReceiptPrinted, "打印签购单", func() proto.Message { return &message.ReceiptPrinted{} }},
		{record.SaleAbandoned, "未付关闭", func() proto.Message { return &message.SaleAbandoned{} }},
		{record.FollowUpRequested, "请求办理", func() proto.Message { return &message.FollowUpRequested{} }},
		{record.FollowUpShown, "办理结果", func() proto.Message { return &message.FollowUpShown{} }},
		{record.OrderLookup, "查找订单", func() proto.Message { return &message.OrderLookup{} }},
		{record.DeviceFault, "设备故障", func() proto.Message { return &message.DeviceFault{} }},
		{record.ShiftOpened, "开班", func() proto.Message { return &message.ShiftOpened{} }},
		{record.CashMoved, "存取现金", func() proto.Message { return &message.CashMoved{} }},
		{record.ShiftClosed, "交班", func() proto.Message { return &message.ShiftClosed{} }},
		{record.LimitsTaken, "收到离线限额", func() proto.Message { return &message.OfflineLimitsTaken{} }},
	}
}

func find(number record.Type) (kind, bool) {
	for _, known := range kinds() {
		if known.number == number {
			return known, true
		}
	}
	return kind{}, false
}

// TypeText names a record type for people.
func TypeText(number record.Type) catalogue.Text {
	text := catalogue.Text{Chinese: "未知类型", English: number.String()}
	if known, found := find(number); found {
		text.Chinese = known.chinese
	}
	return text
}

// ParseType returns the record type with a name such as "payment-requested", or ErrType.
func ParseType(name string) (record.Type, error) {
	for _, number := range Types() {
		if number.String() == name {
			return number, nil
		}
	}
	return 0, fmt.Errorf("%w: %q", ErrType, name)
}

// Types are the types of a journal's records.
func Types() []record.Type {
	known := kinds()
	types := make([]record.Type, len(known))
	for i := range known {
		types[i] = known[i].number
	}
	return types
}
