package collector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds on what a hostile terminal can make the cloud do.
const (
	refusalsPerSecond = 20               // answers to one terminal
	alarmEvery        = 10 * time.Second // between two rises of the same alarm's count
	quarantineMax     = 256              // records set aside for one terminal
)

// causeName returns "other-bytes" for CAUSE_OTHER_BYTES.
func causeName(cause message.Refusal_Cause) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(cause.String(), "CAUSE_")), "_", "-")
}

// alarmOf returns an alarm about a terminal; those of a kind share a row.
func alarmOf(t *tracker, kind, detail string, now time.Time) store.Alarm {
	return store.Alarm{Key: kind + "/" + t.terminal.ID.String(), Kind: kind, Terminal: t.terminal.ID.String(),
		Detail: detail, At: now}
}

// refuse does not store a record in its place, and tells both sides: the terminal by a refusal, people by an alarm. A
// record whose tag is right is set aside (bytes is not nil); anything else may be noise of anybody and is only counted.
func (w *worker) refuse(ctx context.Context, t *tracker, now time.Time, header record.Header, bytes record.Record,
	cause message.Refusal_Cause,
) {
	name := causeName(cause)
	w.metrics.refused(name)
	var change store.Change
	if bytes != nil {
		// The same bytes again need no more room: a terminal asks with a refused record as long as its sale is open.
		kept := w.setAside(t, header, bytes, name, now)
		if !t.aside[kept.Digest] && len(t.aside) < quarantineMax {
			t.aside[kept.Digest] = true
			change.Quarantined = []store.Quarantined{kept}
		}
	}
	if last, raised := t.alarms[name]; !raised || now.Sub(last) >= alarmEvery || now.Before(last) {
		t.alarms[name] = now
		change.Alarms = []store.Alarm{alarmOf(t, name,
			fmt.Sprintf("record %d of epoch %d refused: %s", header.Sequence, header.Epoch, name), now)}
		w.config.Logger.LogAttrs(ctx, slog.LevelWarn, "record refused", slog.String("terminal", t.terminal.ID.String()),
			slog.Uint64("sequence", header.Sequence), slog.Uint64("epoch", uint64(header.Epoch)), slog.String("cause", name))
	}
	w.notes.submit(ctx, t, change)
	if !t.refusals.allow(now, refusalsPerSecond) {
		return
	}
	err := w.config.Downlink.send(ctx, t, record.Refusal,
		&message.Refusal{Sequence: header.Sequence, Epoch: header.Epoch, Cause: cause})
	if err != nil && !errors.Is(err, ErrNoEpoch) && ctx.Err() == nil {
		w.config.Logger.LogAttrs(ctx, slog.LevelWarn, "send refusal", slog.Any("cause", err))
	}
}

func (w *worker) setAside(t *tracker, header record.Header, bytes record.Record, cause string, now time.Time) store.Quarantined {
	return store.Quarantined{Terminal: t.terminal.ID, Epoch: header.Epoch, Sequence: header.Sequence, Cause: cause,
		Digest: w.config.Downlink.config.Engine.Sum(bytes), Bytes: bytes, ReceivedAt: now}
}

// lookAgain asks the store whether a terminal that was blocked still is. The broker admits by what the store says, and what it
// has admitted must not be refused by what was in memory before: a refused record is not sent again on its connection.
func (w *worker) lookAgain(ctx context.Context, t *tracker) {
	if t.terminal.State != store.TerminalBlocked {
		return
	}
	found, err := w.config.Downlink.config.Store.Terminal(ctx, t.terminal.ID)
	if err != nil {
		if ctx.Err() == nil {
			w.config.Logger.LogAttrs(ctx, slog.LevelWarn, "look at a blocked terminal again", slog.Any("cause", err))
		}
		return
	}
	t.terminal.State = found.State
}

// breakChain sets the terminal aside: its record is genuine by its tag but does not follow what is stored, so another
// holder of its keys, or a journal that was tampered with, is behind it. A person decides.
func (w *worker) breakChain(ctx context.Context, t *tracker, r Verified, now time.Time) {
	t.terminal.State = store.TerminalQuarantined
	w.refuse(ctx, t, now, r.Header, r.Record, message.Refusal_CAUSE_CHAIN)
	// What a person decided meanwhile is not in this memory: only the store knows what the state is.
	w.notes.submit(ctx, t, store.Change{Decisions: []store.Decision{{Terminal: t.terminal.ID, Kind: store.SetAside, At: now}}})
}
