package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/agent/uplink"
)

// Status returns how the till is.
func (t *till) Status(ctx context.Context) (station.Status, error) {
	counts, err := t.parts.Journal.Counts(ctx)
	if err != nil {
		return station.Status{}, fmt.Errorf("count records: %w", err)
	}
	link := t.parts.Uplink.Status()
	status := station.Status{
		Version: t.config.Version, Terminal: t.config.Terminal.String(), Merchant: t.config.Merchant.Name,
		Time: t.parts.Clock().UTC(), Journal: t.journalStatus(counts, link), Uplink: uplinkStatus(link),
		Devices: t.devices.list(),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.front != (checkout.OrderID{}) {
		status.Sale = t.front.String()
	}
	for _, h := range t.sales {
		if h.sale.State.Undecided() {
			status.Pending++
		}
	}
	status.Orders = t.openOrders()
	status.Offline = t.offlineLeft(t.parts.Clock())
	for _, h := range t.followUps.open {
		if !h.followUp.State.Final() && h.followUp.State != followup.TakenOffline {
			status.Pursued++
		}
	}
	var refusal *station.Refusal
	if errors.As(t.serviceable(), &refusal) {
		text := refusal.Phrase.Text().With(refusal.More)
		status.Refusing = &text
	}
	return status, nil
}

// twinFor is how long after it was last certain people are told of another machine under this terminal's id.
const twinFor = 24 * time.Hour

// journalStatus tells one thing: of another machine where that is certain, and else of what may have become of the records.
func (t *till) journalStatus(c journal.Counts, u uplink.Status) station.JournalStatus {
	now := t.parts.Clock()
	status := station.JournalStatus{
		Records: c.Records, Unsent: c.Unsent, OldestUnsent: known(c.OldestUnsent), Sales: c.Sales, ClockJumps: c.ClockJumps,
		Lost: append(LossesOf(c.Lost), gone(u)...),
	}
	twin := !u.TwinAt.IsZero() && now.Sub(u.TwinAt) < twinFor
	status.Notice, status.Next = station.Losses(status.Lost, now, twin)
	if lacking := u.Lacking; lacking != (journal.Range{}) {
		said, next := catalogue.CloudPutBack(lacking.First, lacking.Last), catalogue.AfterCallSupport.Text()
		if status.Notice != nil {
			said = catalogue.Listed(*status.Notice, said)
		}
		status.Notice, status.Next = &said, &next
	}
	return status
}

func uplinkStatus(u uplink.Status) station.UplinkStatus {
	status := station.UplinkStatus{
		Connected: u.Connected, Broker: u.Broker, Since: known(u.Since), Epoch: u.Epoch, LastAck: known(u.LastAck),
		LastError: u.LastError, ClockOffsetMS: u.ClockOffset.Milliseconds(), Stopped: u.Stopped, Barred: u.Barred, Refused: u.Refused,
	}
	if u.Connected {
		status.LastError = "" // it was of the connection before
	}
	if u.LastRefusal != nil {
		status.LastRefusal = fmt.Sprintf("record %d: %s", u.LastRefusal.GetSequence(), u.LastRefusal.GetCause())
	}
	return status
}

// known is a time, or nothing when there is none.
func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	utc := at.UTC()
	return &utc
}
