package world

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/record"
)

// Somebody may tamper with a till so that it keeps to no limit, and says that it does. What it cannot do is keep its payments from the
// cloud, which adds them up itself.

// tamper has a till forget at each start what it took by itself before:
//
//	tamper till=0
func tamper(w *World, a Action) {
	if t := w.machine(a); t != nil {
		w.hit("till-tampered")
		t.tampered = true
	}
}

// forgetful is the journal of such a till, as far as it is asked what was taken before.
type forgetful struct{ *journal.Journal }

// Unsent implements agent.OfflineJournal.
func (forgetful) Unsent(context.Context, uint64, int, int) ([]record.Record, error) { return nil, nil }

// Records implements agent.OfflineJournal.
func (forgetful) Records(context.Context, uint64, int, int) ([]record.Record, error) { return nil, nil }

// offlineJournal is where the till looks what it took by itself.
func (t *till) offlineJournal() agent.OfflineJournal {
	if t.tampered {
		return forgetful{t.journal}
	}
	return t.journal
}

// backlog is a payment that a tampered till took by itself.
type backlog struct {
	till   *till
	order  order
	amount int64
	came   bool // it has reached the cloud
	beyond bool // with all that came before it and that no operator had honoured, it was more than the limits whenever it came
}

// comes notes that a record, by its header, has reached the cloud, which must add it up with what came before.
func (w *World) comes(header string) {
	this := w.backlogs[header]
	if this == nil {
		return
	}
	sum, count := this.amount, 1
	for _, b := range w.backlogs {
		o := w.bankOrderOf(b.order)
		if b != this && b.till == this.till && b.came && (o == nil || o.state != bankApproved) {
			sum, count = sum+b.amount, count+1
		}
	}
	beyond := sum > offlineTerminalMax || count > offlineTerminalCount
	this.beyond = beyond && (this.beyond || !this.came) // one that comes again was perhaps added up before
	this.came = true
}

// checkBacklogs checks that somebody was told of all that a tampered till took beyond its limits.
func (w *World) checkBacklogs() {
	const most = 1000
	alarms, err := w.cloud.books.Alarms(context.Background(), most)
	w.must(err)
	told := map[string]bool{} // by terminal: which payment is the one too many depends on the order in which they come
	for _, a := range alarms {
		if strings.HasPrefix(a.Key, "offline-limits/") {
			told[a.Terminal] = true
		}
	}
	for _, header := range slices.Sorted(maps.Keys(w.backlogs)) {
		b := w.backlogs[header]
		if !b.beyond || b.till.divided || w.doubled(b.order) {
			continue // another till of the same terminal has its own records refused
		}
		w.hit("offline-beyond-limits")
		if !told[b.till.id.String()] {
			w.violation("beyond-limits-untold", "%s over %s is beyond what %s may take, which says that it is not, and nobody was told",
				w.alias(b.order), yuan(b.amount), b.till.name)
		}
	}
}
