package agent

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/offline"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// watchEvery is the longest time between two looks at the clocks and the journal.
const watchEvery = time.Minute

// deviceClock names the clock in a fault.
const deviceClock = "clock"

// watchClock writes down that the clock was set back: the next start has nothing but the records to tell how long the
// cloud has not been heard. What is not recorded now is at the next look. The lock is held.
func (t *till) watchClock(ctx context.Context) {
	b := &t.offline
	if b.parts == nil {
		return // no limit depends on it
	}
	now := offline.Moment{Wall: t.parts.Clock(), Steady: b.parts.Steady()}
	var back time.Duration
	if b.watch, back = b.watch.At(now); back <= clockBehind {
		return
	}
	t.logger.WarnContext(ctx, "clock was set back", "by", back)
	entry := journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{
		Device: deviceClock, Fault: "set back by " + back.Round(time.Second).String(), SetBack: back.Microseconds()}}
	if _, err := t.parts.Journal.Append(ctx, entry); err != nil {
		t.logger.WarnContext(ctx, "fault not recorded", "device", deviceClock, "error", err)
		return
	}
	b.watch = offline.Watching(now)
}
