package agent

import (
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
)

// reprints keeps what became of the copies that were asked for again, of the latest recentMax slips: as many as can wait
// for the printer, and more. Whoever asks after a restart hears nothing of those from before. The till's lock is held for
// all of it.
type reprints struct {
	kept []reprinted // oldest first
}

// reprinted is one slip, by the id of its order or follow-up.
type reprinted struct {
	id [16]byte
	checkout.Reprint
}

// of is what became of a slip's copies; empty when none was asked for lately.
func (r *reprints) of(id [16]byte) checkout.Reprint {
	if one := r.find(id); one != nil {
		return one.Reprint
	}
	return checkout.Reprint{}
}

// asked notes that copies were given to the printer.
func (r *reprints) asked(id [16]byte, copies []message.ReceiptPrinted_Copy) {
	one := r.find(id)
	if one == nil {
		if len(r.kept) == recentMax {
			r.kept = append(r.kept[:0], r.kept[1:]...)
		}
		r.kept = append(r.kept, reprinted{id: id})
		one = &r.kept[len(r.kept)-1]
	}
	for _, copy := range copies {
		one.Reprint = one.Asked(copy)
	}
}

// reported notes what the printer says of a copy; of one that was not asked for again, nothing.
func (r *reprints) reported(id [16]byte, report checkout.Printed) {
	if one := r.find(id); one != nil {
		one.Reprint = one.Reported(report)
	}
}

func (r *reprints) find(id [16]byte) *reprinted {
	for i := range r.kept {
		if r.kept[i].id == id {
			return &r.kept[i]
		}
	}
	return nil
}
