package collector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// keysMax bounds the epochs of one terminal whose keys are kept ready.
const keysMax = 3

// tracker is what the collector knows of one terminal. Its worker alone uses the first part; the rest is shared.
type tracker struct {
	terminal store.Terminal
	chain    chain // as submitted, ahead of what is durable
	epochs   []store.Epoch
	keys     []*seal.Keys // most recently used first
	refusals limiter
	signIns  limiter
	looks    limiter              // by sign-ins, whether the terminal is still blocked
	alarms   map[string]time.Time // when each kind was last raised
	aside    map[seal.Hash]bool   // digests of the records in quarantine

	active atomic.Pointer[seal.Keys] // of the newest epoch the terminal is known to use

	mu       sync.Mutex
	durable  chain         // guarded by mu
	inflight []*submission // guarded by mu; in the order of their commits
	failed   bool          // guarded by mu: what is in memory is not what is stored
	holders  int           // guarded by mu: workers that use it now
	due      due           // guarded by mu: when an acknowledgement is
	together int           // guarded by mu: records that wait for one
	turn     uint64        // guarded by the acker's mu: when it last came to wait for one
}

// submission is one change on its way to the store with the chain as it is afterwards.
type submission struct {
	records []store.Record
	after   chain
	told    []func(error)
}

// loader makes trackers from the store.
type loader struct {
	store  Store
	engine seal.Engine
	root   Root
}

// load reads a terminal. It returns store.ErrNotFound for one that is not enrolled.
func (l *loader) load(ctx context.Context, id record.Terminal) (*tracker, error) {
	terminal, err := l.store.Terminal(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load terminal: %w", err)
	}
	t := &tracker{terminal: terminal, alarms: make(map[string]time.Time)}
	if t.chain, err = l.chain(ctx, id); err != nil {
		return nil, err
	}
	t.durable = t.chain.copy()
	if t.epochs, err = l.store.Epochs(ctx, id); err != nil {
		return nil, fmt.Errorf("load epochs: %w", err)
	}
	set, err := l.store.Quarantined(ctx, id, quarantineMax)
	if err != nil {
		return nil, fmt.Errorf("load quarantine: %w", err)
	}
	t.aside = make(map[seal.Hash]bool, len(set))
	for i := range set {
		t.aside[set[i].Digest] = true
	}
	if number := t.newestUsed(); number != 0 {
		t.active.Store(l.keysOf(t, number))
	}
	return t, nil
}

// chain reads how far the terminal's records are stored.
func (l *loader) chain(ctx context.Context, id record.Terminal) (chain, error) {
	head, err := l.store.Head(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		genesis := record.Genesis(l.engine, id)
		return chain{head: store.Head{Terminal: id, Link: genesis, HighestLink: genesis}}, nil
	}
	if err != nil {
		return chain{}, fmt.Errorf("load head: %w", err)
	}
	return chain{head: head}, nil
}

// newestUsed returns the newest epoch that the terminal has opened, or the newest that it was given, or 0.
func (t *tracker) newestUsed() uint32 {
	for i := len(t.epochs) - 1; i >= 0; i-- {
		if t.epochs[i].FirstSequence != 0 {
			return t.epochs[i].Number
		}
	}
	if len(t.epochs) == 0 {
		return 0
	}
	return t.epochs[len(t.epochs)-1].Number
}

// namedAbove returns the last record that the terminal named at its latest sign-in, when it is above a sequence, else 0.
func (t *tracker) namedAbove(sequence uint64) uint64 {
	if n := len(t.epochs); n > 0 && t.epochs[n-1].Named > sequence {
		return t.epochs[n-1].Named
	}
	return 0
}

// epoch returns an epoch by its number, or nil.
func (t *tracker) epoch(number uint32) *store.Epoch {
	for i := len(t.epochs) - 1; i >= 0; i-- {
		if t.epochs[i].Number == number {
			return &t.epochs[i]
		}
	}
	return nil
}

// endOf returns the sequence from which records of the epoch are no longer accepted, or 0.
func (t *tracker) endOf(number uint32) uint64 {
	var end uint64
	for i := len(t.epochs) - 1; i >= 0 && t.epochs[i].Number > number; i-- {
		if t.epochs[i].FirstSequence != 0 {
			end = t.epochs[i].FirstSequence
		}
	}
	return end
}

// keysOf returns an epoch's keys, or nil when the terminal has no such epoch.
func (l *loader) keysOf(t *tracker, number uint32) *seal.Keys {
	for i, keys := range t.keys {
		if keys.Epoch == number {
			if i != 0 {
				t.keys[0], t.keys[i] = keys, t.keys[0]
			}
			return keys
		}
	}
	epoch := t.epoch(number)
	if epoch == nil {
		return nil
	}
	terminalKey := l.root.TerminalKey(t.terminal.ID, epoch.KeyVersion)
	defer clear(terminalKey[:])
	keys := seal.DeriveKeys(l.engine, terminalKey[:], number, epoch.TerminalNonce, epoch.CloudNonce)
	if len(t.keys) >= keysMax {
		t.keys = t.keys[:keysMax-1]
	}
	t.keys = append([]*seal.Keys{keys}, t.keys...)
	return keys
}

// used notes that the terminal made a record under the keys: answers may be sealed under them from now on.
func (t *tracker) used(keys *seal.Keys) {
	if active := t.active.Load(); active == nil || active.Epoch < keys.Epoch {
		t.active.Store(keys)
	}
}

// pending returns the bytes of a record that is on its way to the store, or nil.
func (t *tracker) pending(sequence uint64) record.Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.inflight {
		for i := range s.records {
			if s.records[i].Sequence == sequence {
				return s.records[i].Bytes
			}
		}
	}
	return nil
}

// submitted notes a submission before the store gets it.
func (t *tracker) submitted(s *submission) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inflight = append(t.inflight, s)
}

// settled notes what became of the oldest submission.
func (t *tracker) settled(s *submission, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.inflight {
		if t.inflight[i] == s {
			t.inflight = append(t.inflight[:i], t.inflight[i+1:]...)
			break
		}
	}
	if err != nil {
		t.failed = true
		return
	}
	t.durable = s.after
}

// spoil has the terminal loaded again before it is used the next time.
func (t *tracker) spoil() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = true
}

// state reports whether a submission failed, and whether any is still on its way.
func (t *tracker) state() (failed, busy bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed, len(t.inflight) > 0
}

// hold counts workers that begin to use the tracker, or with -1 one that ends to.
func (t *tracker) hold(by int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.holders += by
}

// idle reports whether nobody uses the tracker and nothing is on its way.
func (t *tracker) idle() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.holders == 0 && len(t.inflight) == 0
}

// acknowledgement returns what is durable.
func (t *tracker) acknowledgement() *message.Acknowledgement {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.due, t.together = dueNot, 0
	return t.durable.acknowledgement()
}

// same reports whether two records are the same bytes.
func same(a, b record.Record) bool { return bytes.Equal(a, b) }
