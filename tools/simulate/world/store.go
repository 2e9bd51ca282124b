package world

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

// books is the cloud's real store, whose commits take their time in the world's time. Changes are stored one after
// another in the order they came in; between any two the process may be killed.
type books struct {
	*sqlite.Store
	cloud   *cloud
	life    *life
	random  random
	waiting []submission
	busy    bool
	slow    time.Duration // what a commit takes at most besides its usual time
	turn    int
}

type submission struct {
	change store.Change
	done   func(error)
}

// Submit implements store.Writer.
func (b *books) Submit(_ context.Context, change store.Change, done func(error)) error {
	b.life.point("submit")
	b.waiting = append(b.waiting, submission{change, done})
	b.next()
	return nil
}

func (b *books) next() {
	if b.busy || len(b.waiting) == 0 {
		return
	}
	b.busy = true
	took := b.random.between(200*time.Microsecond, 2*time.Millisecond)
	if b.slow > 0 {
		b.cloud.world.hit("disk-slow")
		took += b.random.between(0, b.slow)
	}
	b.cloud.world.loop.after(took, b.life, func() {
		b.busy = false
		if len(b.waiting) > 0 { // Commit may have been in between
			b.first()
		}
		b.next()
		b.cloud.settle()
	})
}

// first stores the change that has waited longest.
func (b *books) first() {
	s := b.waiting[0]
	b.waiting = b.waiting[1:]
	b.life.point("before commit")
	err := b.Store.Commit(context.Background(), s.change)
	b.powered()
	b.life.point("after commit")
	if err != nil {
		b.cloud.world.trace("cloud: not stored: %v", err)
	}
	s.done(err)
}

// Commit implements store.Writer: what was submitted before comes first.
func (b *books) Commit(ctx context.Context, change store.Change) error {
	for len(b.waiting) > 0 {
		b.first()
	}
	b.life.point("before commit")
	err := b.Store.Commit(ctx, change)
	b.powered()
	b.life.point("after commit")
	return err
}

// Lease implements store.Leaser.
func (b *books) Lease(ctx context.Context, name string, least uint64) (uint64, error) {
	number, err := b.Store.Lease(ctx, name, least)
	b.powered()
	return number, err
}

// powered ends the process when there is no power any more.
func (b *books) powered() {
	if b.cloud.disk.Off() {
		b.life.end("during commit")
	}
}
