package world

import (
	"bytes"
	"context"
	"iter"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// loss is what an old copy of a till's files lacked when it was put back.
type loss struct {
	till     *till
	evidence evidence // of the files that the copy replaced
	copied   evidence // of the copy
}

// signIn is one that a till sent.
type signIn struct {
	nonce string
	last  uint64 // the sequence that it named as its journal's last
}

// signedIn writes a sign-in down.
func (e *evidence) signedIn(payload []byte) {
	request, _, err := record.Parse(payload)
	body := &message.SignIn{}
	if err == nil && proto.Unmarshal(request.Body(), body) == nil {
		e.signIns = append(e.signIns, signIn{string(body.GetTerminalNonce()), body.GetLastSequence()})
	}
}

// asked reports whether an order was asked for, and the copy does not know it.
func (l *loss) asked(id order) bool { return l.evidence.requested[id] && !l.copied.requested[id] }

// known reports whether anybody could know that the copy was an old one: anything that it lacked has reached the cloud and
// has not been lost there, be it one record, or a sign-in that named one.
func (l *loss) known(w *World) bool {
	kept := w.setAside(l.till)
	for one := range l.evidence.records {
		if !l.copied.records[one] && (w.has(l.till, record.Record(one)) || kept[one]) {
			return true
		}
	}
	epochs, err := w.cloud.books.Epochs(context.Background(), l.till.id)
	w.must(err)
	for _, s := range l.evidence.signIns[len(l.copied.signIns):] {
		for i := range epochs {
			if string(epochs[i].TerminalNonce[:]) == s.nonce && s.last > l.copied.last {
				return true
			}
		}
	}
	return false
}

// has reports whether the cloud has a record, or had it for so long that it must.
func (w *World) has(t *till, ours record.Record) bool {
	header, err := record.ParseHeader(ours)
	if err != nil {
		return false // said by recorded
	}
	theirs, err := w.cloud.books.Record(context.Background(), t.id, header.Sequence)
	_, arrived := w.arrived[string(ours.HeaderBytes())]
	return arrived || err == nil && bytes.Equal(theirs.Bytes, ours)
}

// lose counts a documented loss, of which nobody can know: see the known limits in protocol/DECISIONS.md.
func (w *World) lose(t *till, name, detail string) {
	w.trace("lost with the files of %s, of which nothing had reached the cloud: %s: %s", t.name, name, detail)
	w.losses++
}

// journalOf returns what was committed in the journal that knows an order: the one at work, or else the latest that an old
// copy has replaced, with what that copy lacked.
func (t *till) journalOf(id order) (*evidence, *loss) {
	for i := len(t.past) - 1; i >= 0 && !t.evidence.requested[id]; i-- {
		if l := t.past[i]; l.evidence.requested[id] {
			return &l.evidence, l
		}
	}
	return &t.evidence, nil
}

// journals are what was committed in the journal at work, and in those that an old copy has replaced.
func (t *till) journals() iter.Seq2[*evidence, *loss] {
	return func(yield func(*evidence, *loss) bool) {
		if !yield(&t.evidence, nil) {
			return
		}
		for _, l := range t.past {
			if !yield(&l.evidence, l) {
				return
			}
		}
	}
}

// requested reports whether a journal of the till ever asked for an order.
func (t *till) requested(id order) bool {
	e, _ := t.journalOf(id)
	return e.requested[id]
}
