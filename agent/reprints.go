package agent

import "github.com/yuantill/yuantill/agent/checkout"

// reprints keeps what became of the copies that were asked for again, of the latest recentMax slips: as many as can wait
// for the printer, and more. Whoever asks after a restart hears nothing of those from before. The till's lock is held for
// all of it.
type reprints struct {
	kept []reprinted // oldest first
}

// reprinted is one slip, by the id of its order or follow-up.
type reprinted struct {
	id     [16]byte
	copies checkout.Reprint
}

// of is what became of a slip's copies; nil when none was asked for lately.
func (r *reprints) of(id [16]byte) *checkout.Reprint {
	for i := range r.kept {
		if r.kept[i].id == id {
			return &r.kept[i].copies
		}
	}
	return nil
}

// asked notes that a job's copies were given to the printer.
func (r *reprints) asked(job *printJob) {
	one := r.of(job.id)
	if one == nil {
		if len(r.kept) == recentMax {
			r.kept = append(r.kept[:0], r.kept[1:]...)
		}
		r.kept = append(r.kept, reprinted{id: job.id})
		one = r.of(job.id)
	}
	for _, copy := range job.copies {
		one.Ask(copy)
	}
}

// reported notes what the printer says of a job's copy; of one that was not asked for again, nothing.
func (r *reprints) reported(job *printJob, report checkout.Printed) {
	if one := r.of(job.id); one != nil {
		one.Report(report)
	}
}
