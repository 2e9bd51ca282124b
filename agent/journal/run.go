package journal

import (
	"context"
	"errors"
	"time"
)

const (
	// idleAfter is how long there must be no commit before a checkpoint is run beside the sales.
	idleAfter = 100 * time.Millisecond
	// tickEvery is how often the reserve is looked after and a checkpoint that idleness never came for is tried.
	tickEvery = 10 * time.Second
	// verifyPause is the rest between two pieces of the background verification: it takes at most about a tenth of one
	// processor.
	verifyPause = 20 * time.Millisecond
	// verifyDelay lets the first sale after a start go before.
	verifyDelay = 3 * time.Second
)

// Run looks after the journal until ctx ends: checkpoints when idle, the reserve, and once, in the background, the
// verification of every record that Open did not verify. Damage that it finds is logged at level error, shown by
// Damage, and makes Room and new payments fail; nothing else stops. It always returns nil. Wait for it before Close.
func (j *Journal) Run(ctx context.Context) error {
	if j.readOnly {
		return nil
	}
	verified := make(chan struct{})
	go func() {
		defer close(verified)
		if j.sleep(ctx, verifyDelay) {
			j.verifyBehind(ctx)
		}
	}()
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-j.done:
			<-verified
			return nil
		case <-j.worked:
			j.afterWork(ctx)
		case <-tick.C:
			j.tick(ctx)
		}
	}
	<-verified
	return nil
}

// afterWork enters idempotency keys and checkpoints once the till is idle, or beside the sales when half the log is used.
func (j *Journal) afterWork(ctx context.Context) {
	for !j.wal.above(j.config.WALSize, 4) {
		before := j.commits.Load()
		if !j.sleep(ctx, idleAfter) {
			return
		}
		if j.commits.Load() == before {
			j.enterBehind(ctx, unenteredBehind)
			break
		}
	}
	if j.wal.above(j.config.WALSize, 1) {
		j.checkpointBeside(ctx)
	}
}

// tick saves what was put off, fills the directory, enters keys for which idleness never came and sets the reserve aside again when there is room.
func (j *Journal) tick(ctx context.Context) {
	j.writeMu.Lock()
	if j.failed() == nil && !j.isClosed() {
		if err := j.saveAcknowledged(ctx); err != nil && ctx.Err() == nil {
			j.logger.Warn("acknowledgement not saved", "error", err)
		}
		if err := j.fillDirectory(ctx); err != nil && ctx.Err() == nil {
			j.logger.Warn("directory of sales not filled", "error", err)
		}
	}
	j.writeMu.Unlock()
	j.enterBehind(ctx, unenteredMax/2)
	if j.wal.above(j.config.WALSize, 1) {
		j.checkpointBeside(ctx)
	}
	if !j.ballast.gone() {
		return
	}
	if err := j.ballast.ensure(j.config.RoomMin); err == nil {
		j.logger.Info("journal reserve set aside again: payments are taken")
	}
}

func (j *Journal) isClosed() bool {
	j.queueMu.Lock()
	defer j.queueMu.Unlock()
	return j.closed
}

// verifyBehind verifies everything once, slowly.
func (j *Journal) verifyBehind(ctx context.Context) {
	_, err := j.verify(ctx, func(ctx context.Context) error {
		if !j.sleep(ctx, verifyPause) {
			return ErrClosed
		}
		return nil
	})
	if err == nil || errors.Is(err, ErrClosed) || ctx.Err() != nil || j.isClosed() {
		return
	}
	j.logger.Error("journal verification", "path", j.config.Path, "error", err)
	if IsDamaged(err) {
		j.tellDamage(err)
	}
}

// Damage returns what the background verification found, or *DisplacedError when a file is not where it was opened; nil
// when there is nothing.
func (j *Journal) Damage() error { return j.inPlace() }

// sleep returns false when ctx ended or the journal was closed.
func (j *Journal) sleep(ctx context.Context, duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-j.done:
		return false
	case <-timer.C:
		return true
	}
}
