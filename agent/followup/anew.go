package followup

import (
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/record"
)

// recordRefused asks for the same once more, by a record that names the one which the cloud refuses for ever. It is the
// same follow-up: where the cloud has it all the same, its id has nothing done twice (SPEC.md 7.6.1). A record that is not
// the newest was made anew before.
func (r Rules) recordRefused(f FollowUp, e RecordRefused, now time.Time) (FollowUp, []Effect) {
	if f.State.Final() || e.Sequence == 0 || e.Sequence != f.RequestSequence {
		return f, nil
	}
	body := proto.CloneOf(e.Request)
	body.Again = f.RequestSequence
	refused := f.RequestSequence
	f.RequestSequence, f.AskedAt = 0, now
	effects := []Effect{checkout.Commit{Type: record.FollowUpRequested, Body: body, Begun: true}}
	if f.State == TakenOffline {
		// As the first time: the outcome is the last record of the commit, and nobody waits for the answer.
		effects = append(effects, commitShown(f))
	} else {
		effects = append(effects, checkout.SendNow{})
	}
	return f, append(effects, checkout.Forget{Sequence: refused}, checkout.Show{Notice: catalogue.NoticeRecordAnew}, r.timer(f))
}
