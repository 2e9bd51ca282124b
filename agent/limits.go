package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/offline"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	// limitsEvery is the shortest time between two records of the same limits.
	limitsEvery = time.Hour
	// limitsAgain is the shortest time between two attempts to record limits, and for how long the cloud may not have been
	// heard then: their record proves to the next start that it was heard.
	limitsAgain = time.Minute
)

// errNoLimits marks an answer of another type.
var errNoLimits = errors.New("agent: the answer is no limits")

// heldLimits are what the cloud allows, from the moment it says so.
type heldLimits struct {
	offline.Limits
	made record.Header // of the answer that they came in
	// unrecorded is that answer while it is to be recorded, tried when that was last tried, by the steady clock.
	unrecorded record.Record
	tried      time.Time
	// kept are the limits that the journal has, keptAt when it got them.
	kept   [len(offline.Limits{}.ID)]byte
	keptAt time.Time
}

// recoverOffline takes up the limits that the journal keeps, and what was accepted and is not acknowledged, or was refused within
// a day. Limits that cannot be verified any more are none.
func (t *till) recoverOffline(ctx context.Context) error {
	b := &t.offline
	if b.parts == nil {
		return nil
	}
	if err := t.rebuildTaken(ctx); err != nil {
		return err
	}
	if err := t.rebuildRefused(ctx); err != nil {
		return err
	}
	newest, err := b.parts.Journal.Newest(ctx, record.LimitsTaken)
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read offline limits: %w", err)
	}
	header, err := record.ParseHeader(newest.Record)
	if err != nil {
		return fmt.Errorf("read offline limits: %w", err)
	}
	var kept message.OfflineLimitsTaken
	limits := heldLimits{keptAt: header.Time}
	if err = proto.Unmarshal(newest.Record.Body(), &kept); err == nil {
		limits.Limits, limits.made, err = t.verifyLimits(kept.GetAnswer())
	}
	if err != nil {
		t.logger.ErrorContext(ctx, "kept offline limits not used", "error", err)
		return nil
	}
	limits.kept = limits.ID
	b.limits = limits
	b.age = offline.Resumed(offline.Trace{Heard: header.Time, Passed: newest.Passed, Back: newest.Back, Last: newest.Last},
		offline.Moment{Wall: t.parts.Clock(), Steady: b.parts.Steady()}, clockBehind)
	return nil
}

// verifyLimits checks a whole answer and reads the limits in it.
func (t *till) verifyLimits(answer record.Record) (offline.Limits, record.Header, error) {
	if err := t.offline.parts.Answers.VerifyAnswer(answer); err != nil {
		return offline.Limits{}, record.Header{}, fmt.Errorf("verify offline limits: %w", err)
	}
	header, err := record.ParseHeader(answer)
	if err != nil || header.Type != record.OfflineLimits {
		return offline.Limits{}, header, fmt.Errorf("verify offline limits: %w", errors.Join(errNoLimits, err))
	}
	var body message.OfflineLimits
	if err := proto.Unmarshal(answer.Body(), &body); err != nil {
		return offline.Limits{}, header, fmt.Errorf("read offline limits: %w", err)
	}
	limits, err := offline.Parse(&body)
	return limits, header, err
}

// limitsCome delivers the cloud's limits; nil, which never does, where no offline payments are taken.
func (t *till) limitsCome() <-chan record.Record {
	if t.offline.parts == nil {
		return nil
	}
	return t.offline.parts.Answers.Limits()
}

// takeLimits holds to limits that the cloud made after those before, at once: a journal that takes no record makes
// nothing allowed that the cloud has forbidden.
func (t *till) takeLimits(ctx context.Context, answer record.Record) {
	limits, made, err := t.verifyLimits(answer)
	if err != nil {
		t.logger.ErrorContext(ctx, "offline limits not taken", "error", err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b, now := &t.offline.limits, t.parts.Clock()
	if !made.MadeAfter(b.made) {
		t.logger.WarnContext(ctx, "offline limits passed over: later ones are held to", "made", made.Time, "held", b.made.Time)
		return
	}
	b.Limits, b.made, b.unrecorded = limits, made, nil
	if since := now.Sub(b.keptAt); limits.ID == b.kept && since >= 0 && since < limitsEvery {
		return
	}
	b.unrecorded = answer
	t.recordLimits(ctx, now)
	t.publishOffline(now)
}

// recordLimits puts the limits that are held to into the journal. The lock is held.
func (t *till) recordLimits(ctx context.Context, now time.Time) {
	b := &t.offline.limits
	b.tried = t.offline.parts.Steady()
	entry := journal.Entry{Type: record.LimitsTaken, Body: &message.OfflineLimitsTaken{Answer: b.unrecorded}}
	if _, err := t.parts.Journal.Append(ctx, entry); err != nil {
		t.logger.WarnContext(ctx, "offline limits not recorded", "error", err)
		return
	}
	b.unrecorded, b.kept, b.keptAt = nil, b.ID, now
}

// keepLimits tries again to record limits that could not be, while the cloud is heard. The lock is held.
func (t *till) keepLimits(ctx context.Context) {
	b := &t.offline
	if b.limits.unrecorded == nil || b.parts.Steady().Sub(b.limits.tried) < limitsAgain {
		return
	}
	now := t.parts.Clock()
	t.refreshOffline(now)
	if unheard, known := b.age.Unheard(); known && unheard <= limitsAgain {
		t.recordLimits(ctx, now)
	}
}
