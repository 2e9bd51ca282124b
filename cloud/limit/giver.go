package limit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// terminalsMax bounds the terminals that are remembered; beyond it the memory starts afresh and limits are given again.
const terminalsMax = 100_000

// Store is what a Giver needs of a store.
type Store interface {
	store.Writer
	store.OfflineReader
}

// Terminals finds terminals.
type Terminals interface {
	Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error)
}

// Answers sends to terminals; collector.Downlink does.
type Answers interface {
	Send(ctx context.Context, terminal record.Terminal, kind record.Type, body proto.Message) error
}

// Config is what a Giver works with.
type Config struct {
	Plans     *plan.Plans
	Store     Store
	Terminals Terminals
	Answers   Answers
	Clock     func() time.Time
	Logger    *slog.Logger
}

var errConfig = errors.New("limit: incomplete configuration")

// Giver gives each terminal its limits: after a sign-in, when they change, and when a terminal is first heard after a
// start, since it may have older ones.
type Giver struct {
	config Config
	wake   chan struct{} // capacity one

	mu      sync.Mutex
	given   map[record.Terminal][16]byte // guarded by mu; the limits that a terminal was last sent
	waiting map[record.Terminal]struct{} // guarded by mu; to be sent theirs
}

// NewGiver checks the configuration.
func NewGiver(config Config) (*Giver, error) {
	if config.Plans == nil || config.Store == nil || config.Terminals == nil || config.Answers == nil ||
		config.Clock == nil || config.Logger == nil {
		return nil, errConfig
	}
	return &Giver{config: config, wake: make(chan struct{}, 1), given: map[record.Terminal][16]byte{},
		waiting: map[record.Terminal]struct{}{}}, nil
}

// Run sends limits until the context ends.
func (g *Giver) Run(ctx context.Context) error {
	for {
		select {
		case <-g.wake:
			g.Step(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// Changed makes all terminals that were given limits be given theirs once more.
func (g *Giver) Changed() {
	g.mu.Lock()
	for terminal := range g.given {
		g.waiting[terminal] = struct{}{}
	}
	g.mu.Unlock()
	g.signal()
}

// SignedIn makes a terminal be given its limits.
func (g *Giver) SignedIn(terminal record.Terminal) {
	g.mu.Lock()
	if len(g.waiting) >= terminalsMax {
		clear(g.waiting)
	}
	g.waiting[terminal] = struct{}{}
	g.mu.Unlock()
	g.signal()
}

// Heard makes a terminal be given its limits if it was given none since the start.
func (g *Giver) Heard(terminal record.Terminal) {
	g.mu.Lock()
	_, known := g.given[terminal]
	g.mu.Unlock()
	if !known {
		g.SignedIn(terminal)
	}
}

func (g *Giver) signal() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// Step sends all limits that are due, on its caller's goroutine: what Run does by itself. Run must not be running then.
func (g *Giver) Step(ctx context.Context) {
	for ctx.Err() == nil {
		g.mu.Lock()
		terminals := g.waiting
		g.waiting = map[record.Terminal]struct{}{}
		g.mu.Unlock()
		if len(terminals) == 0 {
			return
		}
		blocked, err := g.config.Store.BlockedWallets(ctx, blockedMax)
		if err != nil {
			g.failed(ctx, err)
			return
		}
		for _, terminal := range slices.SortedFunc(maps.Keys(terminals), byID) {
			if err := g.give(ctx, terminal, blocked); err != nil {
				g.failed(ctx, fmt.Errorf("terminal %s: %w", terminal, err))
			}
		}
	}
}

// byID keeps the order in which terminals are sent limits from depending on chance.
func byID(a, b record.Terminal) int { return bytes.Compare(a[:], b[:]) }

// failed logs; a terminal without limits gets them at its next sign-in, and accepts nothing by newer ones until then.
func (g *Giver) failed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		g.config.Logger.LogAttrs(ctx, slog.LevelWarn, "give offline limits", slog.Any("cause", err))
	}
}

// give sends a terminal its limits after they are stored: a payment may name them.
func (g *Giver) give(ctx context.Context, terminal record.Terminal, blocked []store.BlockedWallet) error {
	known, err := g.config.Terminals.Terminal(ctx, terminal)
	if err != nil {
		return fmt.Errorf("find terminal: %w", err)
	}
	limits, err := New(g.config.Plans.For(known.Merchant, terminal.String()).Offline, blocked)
	if err != nil {
		return err
	}
	now := g.config.Clock()
	limits.GivenAt = now.UnixMicro()
	id := [16]byte(limits.LimitsId)
	if err := g.keep(ctx, id, limits, now); err != nil {
		return err
	}
	if err := g.config.Answers.Send(ctx, terminal, record.OfflineLimits, limits); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.given) >= terminalsMax {
		clear(g.given)
	}
	g.given[terminal] = id
	return nil
}

func (g *Giver) keep(ctx context.Context, id [16]byte, limits *message.OfflineLimits, now time.Time) error {
	_, err := g.config.Store.OfflineLimits(ctx, id)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	body, err := proto.Marshal(limits)
	if err != nil {
		return fmt.Errorf("%w: %w", errEncode, err)
	}
	return g.config.Store.Commit(ctx, store.Change{OfflineLimits: []store.OfflineLimits{{ID: id, Body: body, At: now}}})
}

// SignIns consumes EpochOpened records, with which a sign-in ends: from then on answers come under the new keys.
func (g *Giver) SignIns() collector.Consumer { return signIns{g} }

type signIns struct{ *Giver }

// Consume gives the terminal its limits after the commit.
func (s signIns) Consume(_ context.Context, r collector.Verified, _ []byte) (store.Change, func(error)) {
	return store.Change{}, func(err error) {
		if err == nil {
			s.SignedIn(r.Terminal.ID)
		}
	}
}

// Again does the same: the terminal has not seen that its record arrived.
func (s signIns) Again(_ context.Context, r collector.Verified, _ []byte) { s.SignedIn(r.Terminal.ID) }

// Beside is a consumer that also gives limits to a terminal that is heard for the first time.
func (g *Giver) Beside(consumer collector.Consumer) collector.Consumer { return beside{g, consumer} }

type beside struct {
	giver *Giver
	collector.Consumer
}

// Consume tells the giver, then does what the consumer does.
func (b beside) Consume(ctx context.Context, r collector.Verified, secret []byte) (store.Change, func(error)) {
	b.giver.Heard(r.Terminal.ID)
	return b.Consumer.Consume(ctx, r, secret)
}
