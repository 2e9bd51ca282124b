package agent

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// deviceJournal names the journal in a fault.
const deviceJournal = "journal"

// faultsBack bounds the records that are looked through for a finding that an earlier start wrote down.
const faultsBack = 1000

// watchJournal writes down what was found damaged in the journal, once a finding: the cloud tells somebody. What is not
// recorded now is at the next look. The lock is held.
func (t *till) watchJournal(ctx context.Context) {
	var damaged *journal.DamagedError
	if !errors.As(t.parts.Journal.Room(), &damaged) || damaged.Finding() == t.damageTold {
		return
	}
	finding := damaged.Finding()
	if !t.faultKnown(ctx, finding) {
		entry := journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: deviceJournal, Fault: finding}}
		if _, err := t.parts.Journal.Append(ctx, entry); err != nil {
			t.logger.WarnContext(ctx, "fault not recorded", "device", deviceJournal, "error", err)
			return
		}
	}
	t.damageTold = finding
	t.feed.PublishNotice("", catalogue.RefuseJournalDamaged, t.parts.Clock())
}

// faultKnown reports whether the latest records say the finding already. One that cannot be read is none.
func (t *till) faultKnown(ctx context.Context, finding string) bool {
	end := t.parts.Journal.Tail().Sequence
	for after := end - min(end, faultsBack); after < end; {
		page, err := t.parts.Journal.Records(ctx, after, sumRecords, sumBytes)
		if err != nil || len(page) == 0 {
			return false
		}
		for _, r := range page {
			header, err := record.ParseHeader(r)
			if err != nil || header.Sequence <= after {
				return false // damaged as well
			}
			var body message.DeviceFault
			if header.Type == record.DeviceFault && proto.Unmarshal(r.Body(), &body) == nil &&
				body.GetDevice() == deviceJournal && body.GetFault() == finding {
				return true
			}
			after = header.Sequence
		}
	}
	return false
}
