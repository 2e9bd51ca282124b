package command

import (
	"errors"

	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
)

// Code is an exit code. Scripts rely on the numbers: they never change their meaning.
type Code int

// The exit codes.
const (
	CodeOK          Code = 0
	CodeInternal    Code = 1
	CodeUsage       Code = 2
	CodeDeclined    Code = 3
	CodeUnknown     Code = 4
	CodeReversed    Code = 5
	CodeUnreachable Code = 6
	CodeCheckFailed Code = 7
	CodeJournal     Code = 8
	CodeRefused     Code = 9
	CodeAbandoned   Code = 10
	CodeUnreadable  Code = 11
	CodeNoRecord    Code = 12
	CodeUnprinted   Code = 13
)

// codes are all exit codes in order.
func codes() []Code {
	return []Code{CodeOK, CodeInternal, CodeUsage, CodeDeclined, CodeUnknown, CodeReversed, CodeUnreachable,
		CodeCheckFailed, CodeJournal, CodeRefused, CodeAbandoned, CodeUnreadable, CodeNoRecord, CodeUnprinted}
}

// String returns the code's name as the JSON output has it.
func (c Code) String() string {
	switch c {
	case CodeOK:
		return "ok"
	case CodeUsage:
		return "usage"
	case CodeDeclined:
		return "declined"
	case CodeUnknown:
		return "unknown"
	case CodeReversed:
		return "reversed"
	case CodeUnreachable:
		return "agent-unreachable"
	case CodeCheckFailed:
		return "check-failed"
	case CodeJournal:
		return "journal-broken"
	case CodeRefused:
		return "refused"
	case CodeAbandoned:
		return "abandoned"
	case CodeUnreadable:
		return "unreadable"
	case CodeNoRecord:
		return "no-such-record"
	case CodeUnprinted:
		return "unprinted"
	default:
		return "internal"
	}
}

// Text says what the code means.
func (c Code) Text() bilingual.Text {
	switch c {
	case CodeOK:
		return bilingual.Text{Chinese: "成功；收款：已批准", English: "done; of a sale: approved"}
	case CodeUsage:
		return bilingual.Text{Chinese: "命令、参数或设置有误", English: "wrong command, argument or settings"}
	case CodeDeclined:
		return bilingual.Text{Chinese: "收款：支付失败，未收款；撤销、退货、预授权：未办成",
			English: "sale declined, no money received; void, refund or hold: not done"}
	case CodeUnknown:
		return bilingual.Text{Chinese: "收款或办理：结果尚未知道，不是失败；请勿交货，请勿重复收款或退款",
			English: "the outcome is not known yet, which is no failure: neither hand over, nor charge or refund again"}
	case CodeReversed:
		return bilingual.Text{Chinese: "收款：已撤销，未收款", English: "sale taken back, no money received"}
	case CodeUnreachable:
		return bilingual.Text{Chinese: "收银程序没有应答", English: "the agent's station does not answer"}
	case CodeCheckFailed:
		return bilingual.Text{Chinese: "doctor：至少一项检查失败", English: "doctor: at least one check failed"}
	case CodeJournal:
		return bilingual.Text{Chinese: "流水不完整或被改动", English: "the journal is damaged or was altered"}
	case CodeRefused:
		return bilingual.Text{Chinese: "收银程序拒绝了请求，什么也没有发生", English: "the agent refused the request, nothing happened"}
	case CodeAbandoned:
		return bilingual.Text{Chinese: "收款：顾客付款前已关闭", English: "sale closed before any payment was asked for"}
	case CodeUnreadable:
		return bilingual.Text{Chinese: "文件不存在、不可读或不可写", English: "a file is missing or cannot be read or written"}
	case CodeNoRecord:
		return bilingual.Text{Chinese: "流水里没有这条记录", English: "the journal has no such record"}
	case CodeUnprinted:
		return bilingual.Text{Chinese: "重印：没有打印，或不能确认是否打印", English: "reprint: the copy was not printed, or nobody knows whether it was"}
	default:
		return bilingual.Text{Chinese: "程序内部错误", English: "internal error"}
	}
}

// Failure is an error with its exit code and what to do next.
type Failure struct {
	Code Code
	// Text says what is wrong beyond what the code means; may be empty.
	Text bilingual.Text
	// Cause is the program's own error, told apart from the words for people; nil when the text says everything.
	Cause error
	// Next is the next step; may be empty.
	Next bilingual.Text
	// Told says that the outcome has been printed already, so the cause is not printed again.
	Told bool
}

// Error implements error: what a script finds under "error".
func (f *Failure) Error() string {
	switch {
	case f.Text != (bilingual.Text{}):
		return bilingual.Both.Pick(f.Text)
	case f.Cause != nil:
		return f.Cause.Error()
	default:
		return f.Code.String()
	}
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// failureOf gives every error an exit code; cobra's own are about usage.
func failureOf(err error) *Failure {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	return &Failure{Code: CodeUsage, Cause: err}
}
