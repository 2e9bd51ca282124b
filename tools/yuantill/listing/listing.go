// Package listing makes a journal's records readable: stored bytes come in, fields with masked values, one-line
// summaries and exports leave. Nothing secret leaves: see Fields.
package listing

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
)

// Entry is one record as `journal list` and `journal show` print it.
type Entry struct {
	Header record.Header
	Size   int // stored bytes
	Link   seal.Hash
	Tag    []byte
	Fields []Field
	// Problem says why there are no fields: ErrType or ErrBody. The record is none the worse for it.
	Problem error
}

// Read parses a stored record. It returns the errors of record.Parse.
func Read(engine seal.Engine, stored []byte) (Entry, error) {
	r, header, err := record.Parse(stored)
	if err != nil {
		return Entry{}, fmt.Errorf("parse record: %w", err)
	}
	fields, problem := Fields(header.Type, r.Body())
	return Entry{
		Header: header, Size: len(r), Link: r.Link(engine), Tag: r.Tag(), Fields: fields, Problem: problem,
	}, nil
}

// JSON is the entry with the field names that `yuantill help json` documents.
type JSON struct {
	Sequence   uint64         `json:"sequence"`
	Epoch      uint32         `json:"epoch"`
	Type       string         `json:"type"`
	Time       time.Time      `json:"time"`
	Terminal   string         `json:"terminal"`
	KeyVersion uint16         `json:"key_version"`
	Size       int            `json:"size"`
	Previous   string         `json:"previous"`
	Link       string         `json:"link"`
	Tag        string         `json:"tag"`
	Body       map[string]any `json:"body"`
	Problem    string         `json:"problem,omitempty"`
}

// JSON returns the entry's JSON form.
func (e Entry) JSON() JSON {
	j := JSON{
		Sequence: e.Header.Sequence, Epoch: e.Header.Epoch, Type: e.Header.Type.String(), Time: e.Header.Time,
		Terminal: e.Header.Terminal.String(), KeyVersion: e.Header.KeyVersion, Size: e.Size,
		Previous: hex.EncodeToString(e.Header.Previous[:]), Link: hex.EncodeToString(e.Link[:]),
		Tag: hex.EncodeToString(e.Tag), Body: make(map[string]any, len(e.Fields)),
	}
	for _, f := range e.Fields {
		j.Body[f.Name] = f.Value
	}
	if e.Problem != nil {
		j.Problem = e.Problem.Error()
	}
	return j
}

// Line is the entry on one line: sequence, time in the location, type, and what matters of the body.
func (e Entry) Line(language bilingual.Language, location *time.Location) string {
	at := e.Header.Time.In(location).Format("2006-01-02 15:04:05.000")
	return strings.TrimRight(fmt.Sprintf("%6d  %s  %s  %s", e.Header.Sequence, at,
		language.Pick(TypeText(e.Header.Type)), e.summary()), " ")
}

// summaryFields are what one line has room for, in this order.
func summaryFields() []string {
	return []string{"outcome", "kind", "result.kind", "amount", "result.amount", "method", "reason", "result.reason", "copy", "result", "device",
		"fault", "version", "epoch", "lost_from", "order_id"}
}

func (e Entry) summary() string {
	if e.Problem != nil {
		return e.Problem.Error()
	}
	var parts []string
	for _, name := range summaryFields() {
		for _, f := range e.Fields {
			if f.Name == name {
				parts = append(parts, f.Text())
			}
		}
	}
	return strings.Join(parts, "  ")
}

// Text is the field's value for the eye.
func (f Field) Text() string {
	if f.Display != "" {
		return f.Display
	}
	return fmt.Sprint(f.Value)
}

// Describe is the entry in full, one field a line.
func (e Entry) Describe(language bilingual.Language, location *time.Location) []string {
	line := func(name string, value any) string {
		return fmt.Sprintf("%-28s %v", name, value)
	}
	label := func(chinese, english string) string {
		return language.Pick(bilingual.Text{Chinese: chinese, English: english})
	}
	lines := []string{
		line(label("序号", "sequence"), e.Header.Sequence),
		line(label("类型", "type"), language.Pick(TypeText(e.Header.Type))),
		line(label("时间", "time"), e.Header.Time.In(location).Format(time.RFC3339Nano)),
		line(label("终端", "terminal"), e.Header.Terminal),
		line(label("密钥版本", "key version"), e.Header.KeyVersion),
		line(label("密钥期", "epoch"), e.Header.Epoch),
		line(label("长度", "size"), size(e.Size)),
		line(label("前链", "previous"), hex.EncodeToString(e.Header.Previous[:])),
		line(label("本链", "link"), hex.EncodeToString(e.Link[:])),
		line(label("签名", "tag"), hex.EncodeToString(e.Tag)),
	}
	for _, f := range e.Fields {
		lines = append(lines, line("  "+f.Name, f.Text()))
	}
	if e.Problem != nil {
		lines = append(lines, line("  "+label("内容", "body"), e.Problem))
	}
	return lines
}

// TypeText names a record type for people.
func TypeText(kind record.Type) catalogue.Text {
	text := catalogue.Text{English: kind.String()}
	switch kind {
	case record.EpochOpened:
		text.Chinese = "启用新密钥"
	case record.AgentStarted:
		text.Chinese = "程序启动"
	case record.PaymentRequested:
		text.Chinese = "发起支付"
	case record.OutcomeShown:
		text.Chinese = "支付结果"
	case record.ReversalRequested:
		text.Chinese = "请求撤销"
	case record.ReceiptPrinted:
		text.Chinese = "打印签购单"
	case record.SaleAbandoned:
		text.Chinese = "未付关闭"
	case record.FollowUpRequested:
		text.Chinese = "请求办理"
	case record.FollowUpShown:
		text.Chinese = "办理结果"
	case record.OrderLookup:
		text.Chinese = "查找订单"
	case record.DeviceFault:
		text.Chinese = "设备故障"
	default:
		text.Chinese = "未知类型"
	}
	return text
}

// ParseType returns the record type with a name such as "payment-requested", or ErrType.
func ParseType(name string) (record.Type, error) {
	for _, kind := range Types() {
		if kind.String() == name {
			return kind, nil
		}
	}
	return 0, fmt.Errorf("%w: %q", ErrType, name)
}

// Types are the types of a journal's records.
func Types() []record.Type {
	return []record.Type{
		record.EpochOpened, record.AgentStarted, record.PaymentRequested, record.OutcomeShown, record.ReversalRequested,
		record.ReceiptPrinted, record.SaleAbandoned, record.FollowUpRequested, record.FollowUpShown, record.OrderLookup, record.DeviceFault,
	}
}
