package payment

import (
	"encoding/binary"
	"math"

	"github.com/yuantill/yuantill/cloud/operator"
)

const flagLast byte = 1 << 0

// appendFollowUps writes what version 2 has behind version 1:
//
//	uvarints: batch, voucher, completion cap ‖ varint: hold until ‖ uvarint: number of follow-ups ‖ for each
//	id 16 ‖ kind, status, reason, flags 1 each ‖ of an undo: the completion's id 16 ‖
//	uvarints: amount, freed, fee, sequence, attempts, revision, round ‖ varints: created, decided, next ‖
//	texts: terminal, reference, operator reference
func (p Payment) appendFollowUps(out []byte) []byte {
	for _, number := range []uint64{uint64(p.Batch), uint64(p.Voucher), uint64(p.HoldCap)} {
		out = binary.AppendUvarint(out, number)
	}
	out = binary.AppendVarint(out, micros(p.HoldUntil))
	out = binary.AppendUvarint(out, uint64(len(p.FollowUps)))
	for i := range p.FollowUps {
		out = p.FollowUps[i].append(out)
	}
	return out
}

func (f *FollowUp) append(out []byte) []byte {
	var flags byte
	if f.Last {
		flags = flagLast
	}
	out = append(out, f.ID[:]...)
	out = append(out, byte(f.Kind), byte(f.Status), byte(f.Reason), flags)
	if f.Kind == operator.KindUndo {
		out = append(out, f.Undoes[:]...)
	}
	for _, number := range []uint64{uint64(f.Amount), uint64(f.Freed), uint64(f.Fee), f.Sequence, uint64(f.Attempts),
		uint64(f.Revision), uint64(f.Round)} {
		out = binary.AppendUvarint(out, number)
	}
	out = binary.AppendVarint(out, micros(f.CreatedAt))
	out = binary.AppendVarint(out, micros(f.DecidedAt))
	out = binary.AppendVarint(out, micros(f.NextAt))
	out = appendText(out, f.Terminal)
	out = appendText(out, f.Reference)
	return appendText(out, f.OperatorReference)
}

func (r *reader) followUps(p *Payment) {
	p.Batch = uint32(r.number(math.MaxUint32))
	p.Voucher = uint32(r.number(math.MaxUint32))
	p.HoldCap = uint16(r.number(math.MaxUint16))
	p.HoldUntil = r.time()
	count := int(r.number(followUpsKept))
	for range count {
		f := r.followUp()
		if r.failed {
			return
		}
		p.FollowUps = append(p.FollowUps, f)
	}
}

func (r *reader) followUp() FollowUp {
	f := FollowUp{ID: operator.FollowUpID(r.bytes(len(operator.FollowUpID{})))}
	head := r.bytes(4)
	f.Kind, f.Status, f.Reason = operator.FollowUpKind(head[0]), FollowUpStatus(head[1]), operator.Reason(head[2])
	if f.Last = head[3] == flagLast; head[3]&^flagLast != 0 {
		r.failed = true
	}
	if f.Kind == operator.KindUndo {
		f.Undoes = operator.FollowUpID(r.bytes(len(f.Undoes)))
	}
	f.Amount = int64(r.number(math.MaxInt64))
	f.Freed = int64(r.number(math.MaxInt64))
	f.Fee = int64(r.number(math.MaxInt64))
	f.Sequence = r.number(math.MaxUint64)
	f.Attempts = uint32(r.number(math.MaxUint32))
	f.Revision = uint32(r.number(math.MaxUint32))
	f.Round = uint32(r.number(math.MaxUint32))
	f.CreatedAt, f.DecidedAt, f.NextAt = r.time(), r.time(), r.time()
	f.Terminal, f.Reference, f.OperatorReference = r.text(textMax), r.text(referenceLen), r.text(textMax)
	return f
}

// bytes takes a number of bytes, or that many zeros.
func (r *reader) bytes(length int) []byte {
	if r.failed || length > len(r.rest) {
		r.failed = true
		return make([]byte, length)
	}
	taken := r.rest[:length]
	r.rest = r.rest[length:]
	return taken
}
