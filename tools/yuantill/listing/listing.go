// Package listing makes a journal's records readable: stored bytes come in, fields with masked values, one-line
// summaries and exports leave. Nothing secret leaves: see Fields.
package listing

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/wallclock"
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

// Line is the entry on one line: sequence, time, type, and what matters of the body.
func (e Entry) Line(language bilingual.Language) string {
	at := wallclock.Milliseconds(e.Header.Time)
	return strings.TrimRight(fmt.Sprintf("%6d  %s  %s  %s", e.Header.Sequence, at,
		language.Pick(TypeText(e.Header.Type)), e.summary()), " ")
}

// summaryFields are what one line has room for, in this order.
func summaryFields() []string {
	return []string{"outcome", "kind", "result.kind", "amount", "result.amount", "method", "reason", "result.reason", "copy",
		"result", "device", "fault", "version", "epoch", "lost_from", "float", "cash_counted", "order_id", "shift_id"}
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
func (e Entry) Describe(language bilingual.Language) []string {
	line := func(name string, value any) string {
		return fmt.Sprintf("%-28s %v", name, value)
	}
	label := func(chinese, english string) string {
		return language.Pick(bilingual.Text{Chinese: chinese, English: english})
	}
	lines := []string{
		line(label("序号", "sequence"), e.Header.Sequence),
		line(label("类型", "type"), language.Pick(TypeText(e.Header.Type))),
		line(label("时间", "time"), wallclock.Exact(e.Header.Time)),
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
