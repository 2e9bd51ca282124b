package agent

import (
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/agent/uplink"
)

// LossesOf are a journal's losses as the station tells them.
func LossesOf(all []journal.Loss) []station.Loss {
	var told []station.Loss
	for _, l := range all {
		loss := station.Loss{First: l.First, Last: l.Last, FoundAt: known(l.FoundAt), Told: l.Told}
		for _, m := range l.Missing {
			loss.Missing = append(loss.Missing, station.Stretch(m))
		}
		told = append(told, loss)
	}
	return told
}

// gone is what a sign-in since the start found to be in nobody's books, of which no record here can tell.
func gone(u uplink.Status) []station.Loss {
	if u.Gone == (journal.Range{}) {
		return nil
	}
	return []station.Loss{{First: u.Gone.First, Last: u.Gone.Last, FoundAt: known(u.OldCopyAt), Told: true,
		Missing: []station.Stretch{station.Stretch(u.Gone)}}}
}

// watchCopy tells once that there are records which the journal has not made, or that another machine makes them, and that the
// cloud's books are an old copy. The lock is held.
func (t *till) watchCopy() {
	found := t.parts.Uplink.Status()
	switch {
	case !found.TwinAt.IsZero():
		if !t.twinTold {
			t.twinTold = true
			t.logger.Error("another machine writes records under this terminal's id")
			t.feed.PublishNotice("", catalogue.NoticeTwin, t.parts.Clock())
		}
	case !found.OldCopyAt.IsZero() && !found.OldCopyAt.Equal(t.oldCopyAt):
		t.oldCopyAt = found.OldCopyAt
		t.feed.PublishNotice("", catalogue.NoticeOldCopy, t.parts.Clock())
	}
	if !found.LackingAt.IsZero() && !found.LackingAt.Equal(t.lackingAt) {
		t.lackingAt = found.LackingAt
		t.feed.PublishNotice("", catalogue.NoticeCloudOldCopy, t.parts.Clock())
	}
}
