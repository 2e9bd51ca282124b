package world

import (
	"context"
	"slices"
	"strings"

	"github.com/yuantill/yuantill/cloud/store"
)

// parting are the alarms that say of a terminal that there is more than one copy of its journal.
var parting = []string{"journal-restored", "journal-differs", "other-bytes", "chain", "epoch"}

// stuck is what must not be, but for a terminal that had several copies of its files: then somebody must have been told.
func (t *till) stuck(name, detail string) { t.doubt(name, detail, order{}, nil) }

// doubt is the same of an order. What was lost with files of which nobody can know is counted.
func (t *till) doubt(name, detail string, id order, gone *loss) {
	w := t.world
	switch {
	case !t.divided:
		w.violation(name, "%s: %s", t.name, detail)
	case gone != nil && !gone.known(w):
		w.lose(t, name, detail)
	default:
		if by := t.told(id); by != "" {
			w.trace("%s: %s: %s: somebody was told: %s", t.name, name, detail, by)
			return
		}
		w.violation("nobody-told", "%s: %s: %s", t.name, name, detail)
	}
}

// told returns by what somebody was told that something is wrong with a terminal's records, or with an order: by an
// alarm in the cloud, or by its screen. It is empty for nothing.
func (t *till) told(id order) string {
	const most = 1000
	alarms, err := t.world.cloud.books.Alarms(context.Background(), most)
	t.world.must(err)
	for _, alarm := range alarms {
		if alarm.Terminal != t.id.String() || alarm.At.Before(dawn.Add(t.parted)) {
			continue
		}
		if slices.Contains(parting, alarm.Kind) || id != (order{}) && strings.HasSuffix(alarm.Key, "/"+store.OrderID(id).String()) {
			return alarm.Kind
		}
	}
	if status := t.uplink.Status(); status.Stopped != "" || status.Refused > 0 {
		return "the screen"
	}
	return ""
}

// alarmed reports whether an alarm of the cloud names an order.
func (w *World) alarmed(id order) bool {
	const most = 1000
	alarms, err := w.cloud.books.Alarms(context.Background(), most)
	w.must(err)
	return slices.ContainsFunc(alarms, func(a store.AlarmRow) bool { return strings.HasSuffix(a.Key, "/"+store.OrderID(id).String()) })
}

// setAside returns the records of a terminal that the cloud keeps aside, where a person finds them.
func (w *World) setAside(t *till) map[string]bool {
	const most = 1000
	aside, err := w.cloud.books.Quarantined(context.Background(), t.id, most)
	w.must(err)
	kept := make(map[string]bool, len(aside))
	for i := range aside {
		kept[string(aside[i].Bytes)] = true
	}
	return kept
}
