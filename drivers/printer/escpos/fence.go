package escpos

import (
	"bytes"
	"context"
	"errors"
	"time"
)

const (
	// fencesMax bounds the GS r behind one job. So many unanswered ones, less one, are taken to be in a printer whose line
	// is opened anew, and after three or more jobs in a row that were not confirmed.
	fencesMax = 8
	// fenceGap is how long the answers to GS r that stand side by side may take after the first of them.
	fenceGap = 30 * time.Millisecond
)

// sendFences writes behind the job as many GS r as prove by their answers that it was consumed, and returns how many.
func (p *Printer) sendFences(ctx context.Context) (int, error) {
	if p.options.Fence == FenceRealTime {
		return 0, nil
	}
	p.mu.Lock()
	p.owed = min(p.owed, fencesMax-1)
	fences := p.owed + 1
	p.owed += fences // before they are written: they may be answered before the write returns
	p.mu.Unlock()
	_, err := p.write(ctx, bytes.Repeat(commandFence(), fences))
	return fences, err
}

// awaitFence reports whether the job was consumed; it returns false early when there is reason to read the status.
func (p *Printer) awaitFence(ctx context.Context, fences int) (bool, error) {
	if p.options.Fence == FenceRealTime {
		return true, nil
	}
	consumed := false
	err := p.await(ctx, probeEvery, func() bool {
		consumed = p.owed < fences
		return consumed || !p.status.Ready()
	})
	if consumed {
		return true, p.closeFences(ctx)
	}
	if errors.Is(err, errSilent) && ctx.Err() == nil {
		return false, nil
	}
	return false, err
}

// closeFences takes the answers that stand beside the job's first; what has not come then is lost.
func (p *Printer) closeFences(ctx context.Context) error {
	err := p.await(ctx, fenceGap, func() bool { return p.owed == 0 })
	if err != nil && (!errors.Is(err, errSilent) || ctx.Err() != nil) {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owed = 0
	return nil
}
