package world

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// debited checks a debit at the moment it is made.
func (w *World) debited(o *bankOrder) {
	known := false
	for _, t := range w.tills {
		known = known || t.requested(o.id)
	}
	if !known {
		w.violation("debit-without-record", "%s is debited, and no journal has asked for it", w.alias(o.id))
	}
	w.checkUnderstood(o.id)
	if o.unverified() {
		w.violation("debited-unverified", "%s of %s without a password", yuan(o.request.Amount), w.alias(o.id))
	}
	paid := int64(0)
	for _, b := range w.banks {
		for _, other := range b.list {
			if other.payer == o.payer {
				paid += other.net() - other.wronged() + other.frozen()
			}
		}
	}
	agreed := int64(0)
	for _, p := range w.list {
		if p.customer == o.payer {
			agreed += p.most()
		}
	}
	if paid > agreed {
		w.violation("debited-twice", "the customer of %s is out of %s, or it is held, and agreed to %s", w.alias(o.id), yuan(paid), yuan(agreed))
	}
	if p := w.purchases[o.id]; p != nil && (p.customer != o.payer || o.net()-o.wronged()+o.frozen() > p.most()) {
		w.violation("debited-twice", "%s is out of %s for %s, which %s agreed to pay %s for", o.payer.name, yuan(o.net()+o.frozen()), w.alias(o.id),
			p.customer.name, yuan(p.most()))
	}
}

// acknowledged checks that what a till takes for stored is stored, with the same bytes.
func (w *World) acknowledged(t *till) {
	if w.cloud.life == nil || w.cloud.disk.Off() {
		return // looked at when it is back, or at the end
	}
	ctx, until := context.Background(), t.journal.Acknowledged()
	for t.evidence.checked < until {
		next := t.evidence.checked + 1
		ours, err := t.journal.Get(ctx, next)
		if err == nil {
			theirs, err := w.cloud.books.Record(ctx, t.id, next)
			// Of a copy, a record may be taken for stored under whose number the cloud has another: stored looks in the end
			// whether somebody was told.
			if (err != nil || !bytes.Equal(theirs.Bytes, ours)) && !t.divided {
				w.violation("acknowledged-not-stored", "%s: record %d is acknowledged and not in the cloud: %v", t.name, next, err)
			}
		} else if !errors.Is(err, journal.ErrNotFound) { // lost with an older journal
			w.violation("journal-unreadable", "%s: record %d: %v", t.name, next, err)
		}
		t.evidence.checked = next
	}
}

// sealed checks that under a header that seals, nothing else is ever sealed.
func (w *World) sealed(frame []byte) {
	header, err := record.ParseHeader(frame)
	if err != nil || header.Type == record.SignInAnswer {
		return
	}
	key := header.Terminal.String() + " " + strconv.Itoa(int(header.Direction)) + " " + strconv.Itoa(int(header.Epoch)) + " " +
		strconv.FormatUint(header.Sequence, 10)
	sum := sha256.Sum256(frame)
	if before, used := w.frames[key]; used && before != sum {
		w.violation("nonce-reused", "terminal, direction, epoch, sequence %s sealed two answers", key)
	}
	w.frames[key] = sum
}

// checkEnd checks what must be true once everything has calmed down.
func (w *World) checkEnd() {
	if w.cloud.life == nil {
		w.violation("cloud-down", "the cloud is not up at the end")
		return
	}
	for _, t := range w.tills {
		w.checkTill(t)
	}
	w.checkCloud()
	for _, p := range w.list {
		w.checkPurchase(p)
		w.checkKiosk(p)
	}
	w.checkOrders()
	w.checkStatements()
	w.checkDays()
	w.checkBacklogs()
	w.checkHistory()
	w.checkDealings()
	w.checkBaseline()
}

// checkTill checks that a till has nothing left to do.
func (w *World) checkTill(t *till) {
	switch {
	case t.retired:
		return
	case t.life == nil:
		w.violation("till-down", "%s is not up at the end", t.name)
		return
	}
	w.acknowledged(t)
	if stopped := t.uplink.Status().Stopped; stopped != "" {
		t.stuck("till-stopped", stopped)
		return
	}
	if waiting := t.journal.Waiting(1, t.journal.Tail().Sequence); waiting > 0 {
		t.stuck("never-acknowledged", fmt.Sprintf("%d records", waiting))
	} else {
		w.stored(t)
	}
	status, err := t.agent.Till().Status(context.Background())
	w.must(err)
	if status.Pending > 0 || t.agent.Open() > 0 {
		detail := fmt.Sprintf("%d sales, %d of them without an outcome", t.agent.Open(), status.Pending)
		enrolled, err := w.cloud.books.Terminal(context.Background(), t.id)
		w.must(err)
		if enrolled.State == store.TerminalActive { // what a copy's epoch has cost it is made anew
			w.violation("sale-stays-open", "%s: %s", t.name, detail)
		} else {
			t.stuck("sale-stays-open", detail)
		}
	}
	if t.agent.Open() == 0 && t.uplink.Kept() > 0 {
		w.violation("queue-not-empty", "%s keeps %d urgent records", t.name, t.uplink.Kept())
	}
	w.checkShifts(t)
	if !t.divided {
		t.checkPapers()
	}
	if damage := t.journal.Damage(); damage != nil {
		w.violation("journal-damaged", "%s: %v", t.name, damage)
	}
}

// stored checks that the cloud has every record of a till that thinks so.
func (w *World) stored(t *till) {
	ctx := context.Background()
	for sequence := uint64(1); sequence <= t.journal.Tail().Sequence; sequence++ {
		ours, err := t.journal.Get(ctx, sequence)
		if err != nil {
			continue // lost with an older journal, or said by acknowledged
		}
		theirs, err := w.cloud.books.Record(ctx, t.id, sequence)
		if (err != nil || !bytes.Equal(theirs.Bytes, ours)) && !w.setAside(t)[string(ours)] {
			detail := fmt.Sprintf("record %d is not in the cloud: %v", sequence, err)
			if _, arrived := w.arrived[string(ours.HeaderBytes())]; arrived {
				w.violation("never-stored", "%s: %s, which has had it", t.name, detail)
			} else {
				t.stuck("never-stored", detail)
			}
			return
		}
	}
}

// checkCloud checks the cloud's own promises.
func (w *World) checkCloud() {
	// As stored: what the cloud has forgotten it does not have in mind.
	open, err := w.cloud.books.OpenPayments(context.Background(), store.OrderID{}, 1)
	w.must(err)
	if len(open) > 0 {
		w.violation("payment-stays-open", "%s and perhaps others", w.alias(order(open[0].Order)))
	}
	report, err := w.cloud.checker.Recheck(context.Background())
	w.must(err)
	for _, finding := range report.Findings {
		w.violation("ledger-"+finding.Kind, "%s", finding.Detail)
	}
}

// net is what an order's customer is out of, at all operators.
func (w *World) net(id order) int64 {
	net := int64(0)
	for _, b := range w.banks {
		if o := b.order(id); o != nil {
			net += o.net()
		}
	}
	return net
}

// checkOrders compares the ledger with the operators' books, order by order.
func (w *World) checkOrders() {
	for _, b := range w.banks {
		for _, o := range b.list {
			entries, err := w.cloud.books.Entries(context.Background(), store.OrderID(o.id))
			w.must(err)
			owed, held, sum := int64(0), int64(0), int64(0)
			for _, e := range entries {
				for _, posting := range e.Postings {
					sum += posting.Amount
					if posting.Account == "operator/"+b.code {
						owed += posting.Amount
					}
					if posting.Account == "hold/"+b.code {
						held += posting.Amount
					}
				}
			}
			lied := w.deceived(o.id)
			if !lied {
				w.checkFees(o, entries)
			}
			if sum != 0 {
				w.violation("ledger-sum", "entries of %s sum to %d", w.alias(o.id), sum)
			}
			if owed != o.net() && !lied {
				w.violation("ledger-differs", "%s says %s of %s, the ledger %s", b.code, yuan(o.net()), w.alias(o.id), yuan(owed))
			}
			if held != 0 {
				w.violation("ledger-holds", "%s holds %s of %s in the end, says the ledger", b.code, yuan(held), w.alias(o.id))
			}
			if o.frozen() != 0 {
				w.violation("still-frozen", "%s holds %s of %s in the end", b.code, yuan(o.frozen()), w.alias(o.id))
			}
		}
	}
}
