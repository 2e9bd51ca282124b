package agent

import (
	"context"
	"slices"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
)

// Bounds of reports that the journal has not taken. What a full till can still print is 64 sales with three slips each,
// 64 follow-ups with two, and a full queue; reprints, of which anybody can ask for any number, have a share of their own.
const (
	lateMax        = 512
	lateReprintMax = 64
	lateAtOnce     = 8                // tried in one go: the till's lock is held meanwhile
	lateNext       = time.Second      // between two goes while the journal takes them
	lateFirst      = 3 * time.Second  // between two goes while it does not; doubles
	lateWaitMax    = 30 * time.Second // the longest
)

// lateReport is what became of a copy and is not recorded yet.
type lateReport struct {
	slip   printable
	report checkout.Printed
}

// lateReports are tried again until the journal takes them. They end with the process: a copy whose report was never
// recorded is recorded as unconfirmed by the next one. The till's lock is held for all of it.
type lateReports struct {
	kept []lateReport // oldest first
	wait time.Duration
	wake time.Time // of the next go; zero when nothing is kept
}

// keepSaleReports keeps what an event that could not be committed says about copies: what was seen of one, or after a
// restart that nobody saw anything.
func (t *till) keepSaleReports(ctx context.Context, h *held, failed checkout.Event) {
	switch e := failed.(type) {
	case checkout.Printed:
		t.keepReports(ctx, saleSlip(h.sale), e)
	case checkout.Restarted:
		t.keepReports(ctx, saleSlip(h.sale), h.sale.Unprinted.Unsure()...)
	}
}

// keepFollowUpReports does the same for a follow-up.
func (t *till) keepFollowUpReports(ctx context.Context, h *heldFollowUp, failed followup.Event) {
	switch e := failed.(type) {
	case followup.Printed:
		t.keepReports(ctx, followUpSlip(h.followUp), e.Printed)
	case followup.Restarted:
		t.keepReports(ctx, followUpSlip(h.followUp), h.followUp.Unprinted.Unsure()...)
	}
}

// keepReports keeps reports for being tried again.
func (t *till) keepReports(ctx context.Context, slip printable, reports ...checkout.Printed) {
	for _, report := range reports {
		if !t.late.takes(report) {
			t.logger.ErrorContext(ctx, "what became of a copy is not kept", slip.name(), "late reports", len(t.late.kept))
			continue
		}
		t.late.kept = append(t.late.kept, lateReport{slip: slip, report: report})
	}
	if len(t.late.kept) > 0 && t.late.wake.IsZero() {
		t.late.wait = lateFirst
		t.late.wake = t.parts.Clock().Add(lateFirst)
		signal(t.rearm)
	}
}

// takes reports whether there is room for one more.
func (l *lateReports) takes(report checkout.Printed) bool {
	if !report.Reprint {
		return len(l.kept) < lateMax
	}
	reprints := 0
	for _, kept := range l.kept {
		if kept.report.Reprint {
			reprints++
		}
	}
	return reprints < lateReprintMax && len(l.kept) < lateMax
}

// tickLate tries late reports again when that is due.
func (t *till) tickLate(ctx context.Context, now time.Time) {
	if !t.late.wake.IsZero() && !t.late.wake.After(now) {
		t.recordLate(ctx, now)
	}
}

// recordLate tries the oldest late reports again. The journal decides by itself what it still takes on a disk that is
// nearly full, so it is asked and not its free space.
func (t *till) recordLate(ctx context.Context, now time.Time) {
	l := &t.late
	if len(l.kept) == 0 {
		return
	}
	before := l.kept
	n := min(len(before), lateAtOnce)
	l.kept = nil
	var still []lateReport
	for _, late := range before[:n] {
		if err := late.slip.again(ctx, t, late.report); err != nil {
			t.logger.DebugContext(ctx, "late report not recorded", late.slip.name(), "error", err)
			still = append(still, late)
		}
	}
	// What follows from a recorded report may have been kept meanwhile: it comes last.
	l.kept = slices.Concat(still, before[n:], l.kept)
	switch {
	case len(l.kept) == 0:
		l.wait, l.wake = 0, time.Time{}
	case len(still) < n:
		l.wait, l.wake = lateFirst, now.Add(lateNext)
	default:
		l.wait = min(2*l.wait, lateWaitMax)
		l.wake = now.Add(l.wait)
	}
	signal(t.rearm)
}

// again records a late report. Error: the journal's, and nothing has changed.
func (s saleSlip) again(ctx context.Context, t *till, report checkout.Printed) error {
	h, err := t.find(ctx, s.OrderID)
	if err != nil {
		return err
	}
	follows, err := t.step(ctx, h, report, nil)
	if err != nil {
		return err
	}
	if t.carryThrough(ctx, h, follows, nil) == nil && h.notice == catalogue.NoticeJournal {
		h.notice = catalogue.None // it can be written
		t.feed.PublishSale(t.view(h), t.parts.Clock())
	}
	return nil
}

// again records a late report. Error: the journal's, and nothing has changed.
func (s followUpSlip) again(ctx context.Context, t *till, report checkout.Printed) error {
	h, err := t.findFollowUp(ctx, s.ID)
	if err != nil {
		return err
	}
	follows, err := t.stepFollowUp(ctx, h, followup.Printed{Printed: report})
	if err != nil {
		return err
	}
	if t.carryFollowUpThrough(ctx, h, follows) == nil && h.notice == catalogue.NoticeJournal {
		h.notice = catalogue.None
		t.feed.PublishFollowUp(t.followUpView(h), t.parts.Clock())
	}
	return nil
}
