package collector

import (
	"context"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// The chain's words for its test.
type (
	Chain   = chain
	Verdict = verdict
)

const (
	Placed    = placed
	Duplicate = duplicate
	Broken    = broken
	Crowded   = crowded
	SpansMax  = spansMax
)

// NewChain returns a chain before its first record.
func NewChain(genesis seal.Hash) *Chain {
	return &chain{head: store.Head{Link: genesis, HighestLink: genesis}}
}

func (c *chain) Place(sequence uint64, before, link seal.Hash) Verdict {
	return c.place(sequence, before, link)
}
func (c *chain) Head() store.Head                          { return c.head }
func (c *chain) Spans() []store.Span                       { return c.head.Spans }
func (c *chain) Copy() chain                               { return c.copy() }
func (c *chain) Acknowledgement() *message.Acknowledgement { return c.acknowledgement() }

// Acker is the acker without its goroutine: turns are made by hand.
type Acker struct{ acker *acker }

// NewAcker returns an acker that sends nothing.
func NewAcker() *Acker { return &Acker{newAcker(nil, nil, nil)} }

// Tracker is a terminal of which only the acknowledgement is of interest.
type Tracker = tracker

func (a *Acker) Add(t *Tracker)      { a.acker.add(t) }
func (a *Acker) AddLater(t *Tracker) { a.acker.addLater(t, 1) }
func (a *Acker) TurnOver() bool      { return a.acker.turnOver() }

// Round takes what is to be acknowledged now, as a round does.
func (a *Acker) Round() []*Tracker {
	round := a.acker.ready
	a.acker.ready = nil
	for _, t := range round {
		t.acknowledgement()
	}
	return round
}

// KeepAtMost bounds the trackers that a downlink's directory keeps.
func (d *Downlink) KeepAtMost(trackers int) { d.directory.most = trackers }

// Hold takes a tracker as a worker does.
func (d *Downlink) Hold(ctx context.Context, id record.Terminal) (*Tracker, error) {
	return d.directory.hold(ctx, id)
}

// LetGo is the worker's end with it.
func (d *Downlink) LetGo(t *Tracker) { t.hold(-1) }

// Load takes a tracker as an answer does, which holds none.
func (d *Downlink) Load(ctx context.Context, id record.Terminal) (*Tracker, error) {
	return d.directory.get(ctx, id)
}

// Waiting is what waits in front of the workers.
func (c *Collector) Waiting() (messages, bytes int) {
	for _, i := range []*intake{c.ahead, c.behind} {
		i.mu.Lock()
		for _, s := range i.shares {
			messages, bytes = messages+s.messages, bytes+s.bytes
		}
		i.mu.Unlock()
	}
	return messages, bytes
}

// Charge counts what was thrown away of a terminal.
func (d *Door) Charge(id record.Terminal, bytes int) { d.charge(id, bytes) }
