package world

import (
	"context"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// The versions of one product meet each other: a till that was upgraded before its cloud, a cloud before its tills, and a
// till that was taken back. What the later one says is made here out of what the present one says.

// dialect is what a machine speaks besides this program's own words.
type dialect struct {
	later bool
	asks  bool // its requests say what may not be left out
	turn  int
}

// What later versions write: a type of record and one of answer, a field that may be left out, and one that may not.
const (
	laterRecord   record.Type      = 0x7f01
	laterAnswer   record.Type      = 0xff01
	informational                  = message.InformationalFrom + 7
	essential     protowire.Number = 77
)

// later lets a till or the cloud be of a later version for a while. The till is upgraded, and taken back at the end:
//
//	later till=0 for=2h [asks=1]
//	later cloud=1 for=2h
func later(w *World, a Action) {
	if a.is("cloud") {
		w.cloud.dialect.later = true
		w.hit("later-cloud")
		w.forA(a, &w.cloud.dialect.turn, func() { w.cloud.dialect.later = false })
		return
	}
	t := w.machine(a)
	if t == nil {
		return
	}
	t.changeVersion(true, a.is("asks"))
	w.forA(a, &t.dialect.turn, func() { t.changeVersion(false, false) })
}

// changeVersion stops a till in good order and starts it as another version.
func (t *till) changeVersion(later, asks bool) {
	t.dialect.later, t.dialect.asks = later, asks
	if t.life != nil {
		t.stop()
		t.world.loop.after(time.Second, nil, t.start)
	}
}

// said returns the entries as the till's version writes them.
func (d dialect) said(entries []journal.Entry) []journal.Entry {
	if !d.later {
		return entries
	}
	said := make([]journal.Entry, len(entries))
	for i, e := range entries {
		if e.Type != record.ShiftClosed { // that is signed as it is
			e.Body = proto.Clone(e.Body)
			extend(e.Body, informational)
			if d.asks && (e.Type == record.PaymentRequested || e.Type == record.FollowUpRequested) {
				extend(e.Body, essential)
			}
		}
		said[i] = e
	}
	return said
}

// extend gives a message one more field.
func extend(m proto.Message, number protowire.Number) {
	r := m.ProtoReflect()
	r.SetUnknown(protowire.AppendVarint(protowire.AppendTag(r.GetUnknown(), number, protowire.VarintType), 1))
}

// sayMore records what only the later version does.
func (t *till) sayMore(ctx context.Context) {
	records, err := t.journal.Append(ctx, journal.Entry{Type: laterRecord, Body: &message.DeviceFault{Device: "later"}})
	t.recorder.powered("during record")
	if err != nil {
		t.failed = t.world.loop.now
		return
	}
	t.world.hit("later-record")
	for _, one := range records {
		t.evidence.recorded(t, one)
	}
}

// beyond notes whether a request, by order or follow-up, asks for what the cloud does not know. The world knows the word itself: it
// is the one that it added. One that is made anew takes the place of the one before.
func (e *evidence) beyond(t *till, id string, request []byte) {
	if e.notUnderstood[id] = says(request, essential); e.notUnderstood[id] {
		t.world.hit("later-request")
	}
}

// says reports whether a message has a field, as it is on the wire.
func says(message []byte, field protowire.Number) bool {
	for len(message) > 0 {
		number, _, size := protowire.ConsumeField(message)
		if size < 0 {
			return false
		}
		if number == field {
			return true
		}
		message = message[size:]
	}
	return false
}

// answers are the cloud's, as its version gives them.
type answers struct {
	downlink
	cloud *cloud
}

type downlink interface {
	Send(ctx context.Context, terminal record.Terminal, kind record.Type, body proto.Message) error
}

// Send implements payment.Answers and limit.Answers.
func (a answers) Send(ctx context.Context, terminal record.Terminal, kind record.Type, body proto.Message) error {
	if !a.cloud.dialect.later {
		return a.downlink.Send(ctx, terminal, kind, body)
	}
	body = proto.Clone(body)
	extend(body, informational)
	extend(body, essential)
	if err := a.downlink.Send(ctx, terminal, laterAnswer, &message.DeviceFault{Device: "later"}); err != nil {
		return err
	}
	return a.downlink.Send(ctx, terminal, kind, body)
}

// checkUnderstood checks a debit against what was asked for: only what was understood is debited, or what a hard wallet has
// paid by itself.
func (w *World) checkUnderstood(id order) {
	for _, t := range w.tills {
		for e := range t.journals() {
			if e.notUnderstood[string(id[:])] && !e.signed[id] {
				w.violation("not-understood", "%s is debited, and %s asked for what the cloud does not know", w.alias(id), t.name)
			}
		}
	}
}

// checkFollowUpUnderstood checks what is done with an order against what was asked for: only what was understood is done, or what a
// till has done by itself.
func (w *World) checkFollowUpUnderstood(r operator.FollowUp) {
	for _, t := range w.tills {
		for e := range t.journals() {
			if f := e.followed[string(r.ID[:])]; f != nil && e.notUnderstood[f.id] && !f.offline {
				w.violation("not-understood", "%s of %s is done, and %s asked for what the cloud does not know", r.Kind, w.alias(r.OrderID), t.name)
			}
		}
	}
}
