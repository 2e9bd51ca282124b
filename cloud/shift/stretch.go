package shift

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// bounds are the records of a shift's own opening and end as they are stored: the stretch that an end names is only the
// terminal's word, and a narrower one would agree while sales lie outside it.
type bounds struct {
	opened uint64 // the first shift-opened, 0 for none
	ended  uint64 // the first shift-closed, 0 for none up to the record behind the stretch
}

// look notes a record when it is the shift's opening or end; records come in ascending order.
func (b *bounds) look(row store.Shift, r store.Record) error {
	header, err := record.ParseHeader(r.Bytes)
	if err != nil {
		return err
	}
	var id interface{ GetShiftId() []byte }
	bound := &b.opened
	switch header.Type {
	case record.ShiftOpened:
		var m message.ShiftOpened
		err, id = proto.Unmarshal(r.Bytes.Body(), &m), &m
	case record.ShiftClosed:
		var m message.ShiftClosed
		err, id, bound = proto.Unmarshal(r.Bytes.Body(), &m), &m, &b.ended
	default:
		return nil
	}
	if err == nil && string(id.GetShiftId()) == string(row.ID[:]) && *bound == 0 {
		*bound = r.Sequence
	}
	return nil // one that cannot be read is nobody's opening or end
}

// stretch says, for a human, where the end's first_sequence and last_sequence are not the shift's (SPEC.md 7.9.2).
func (own books) stretch(closed *message.ShiftClosed, row store.Shift) []string {
	var findings []string
	switch b := own.bounds; {
	case b.opened == 0:
		findings = append(findings, fmt.Sprintf("no record of its opening from %d to %d", row.First, row.Last))
	case b.opened != closed.GetFirstSequence():
		findings = append(findings, fmt.Sprintf("it was opened by record %d, and its end counts from %d", b.opened, closed.GetFirstSequence()))
	}
	if b := own.bounds; b.ended != row.Last+1 {
		findings = append(findings, fmt.Sprintf("its end counts up to record %d, and the one behind is not its first end", row.Last))
	}
	return findings
}
