package collector

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	// gapAlarmAfter is how long records may be missing before somebody is told. A terminal that is connected closes its gaps
	// within seconds, a day's backlog within minutes.
	gapAlarmAfter = time.Hour
	// gapsEvery is how often the heads are looked through for gaps.
	gapsEvery = 5 * time.Minute
	// gapsPage bounds the terminals read at once; each has at most spansMax gaps.
	gapsPage = 500
)

// GapStore is what a watch for gaps reads, and where it raises its alarms.
type GapStore interface {
	store.GapReader
	Record(ctx context.Context, terminal record.Terminal, sequence uint64) (store.Record, error)
	Commit(ctx context.Context, change store.Change) error
}

// Gaps tells somebody of records that stay missing: stored heads come in, alarms leave, one for each gap.
type Gaps struct {
	store  GapStore
	clock  func() time.Time
	logger *slog.Logger
	told   map[string]bool // keys of the gaps that were told, as far as they are still there
}

// NewGaps returns a watch; it starts nothing.
func NewGaps(s GapStore, clock func() time.Time, logger *slog.Logger) *Gaps {
	return &Gaps{store: s, clock: clock, logger: logger}
}

// Run looks until the context ends. What it cannot read now it reads next time.
func (g *Gaps) Run(ctx context.Context) error {
	ticker := time.NewTicker(gapsEvery)
	defer ticker.Stop()
	for {
		if err := g.Look(ctx); err != nil && ctx.Err() == nil {
			g.logger.LogAttrs(ctx, slog.LevelWarn, "look for missing records", slog.Any("cause", err))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Look looks through all heads once. It returns the store's errors.
func (g *Gaps) Look(ctx context.Context) error {
	found := make(map[string]bool, len(g.told))
	var after record.Terminal
	for {
		heads, err := g.store.Gapped(ctx, after, gapsPage)
		if err != nil {
			return err
		}
		for i := range heads {
			after = heads[i].Terminal
			if err := g.tell(ctx, &heads[i], found); err != nil {
				return err
			}
		}
		if len(heads) < gapsPage {
			g.told = found
			return nil
		}
	}
}

// tell raises an alarm for each old gap of a terminal that was not told, and notes in found those that were.
func (g *Gaps) tell(ctx context.Context, head *store.Head, found map[string]bool) error {
	now := g.clock()
	var alarms []store.Alarm
	missing := head.HighWater + 1
	for _, span := range head.Spans {
		first, last := missing, span.First-1
		missing = span.Last + 1
		// A gap closes from below, so that its end names it.
		key := fmt.Sprintf("%s/%s/%d", alarm.RecordsMissing, head.Terminal, last)
		if g.told[key] {
			found[key] = true
			continue
		}
		behind, err := g.store.Record(ctx, head.Terminal, span.First)
		if err != nil {
			return fmt.Errorf("read record behind a gap: %w", err)
		}
		if now.Sub(behind.ReceivedAt) < gapAlarmAfter {
			continue
		}
		found[key] = true
		alarms = append(alarms, store.Alarm{Key: key, Kind: alarm.RecordsMissing, Terminal: head.Terminal.String(), At: now, Once: true,
			Detail: fmt.Sprintf("%s missing: record %d came on %s, and nothing of what is before it since",
				run(first, last), span.First, behind.ReceivedAt.UTC().Format(time.RFC3339))})
	}
	if len(alarms) == 0 {
		return nil
	}
	return g.store.Commit(ctx, store.Change{Alarms: alarms})
}

// run is some records and their verb.
func run(first, last uint64) string {
	if first == last {
		return fmt.Sprintf("record %d is", first)
	}
	return fmt.Sprintf("records %d to %d are", first, last)
}
