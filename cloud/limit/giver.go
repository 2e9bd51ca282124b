package limit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

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

var (
	errConfig   = errors.New("limit: incomplete configuration")
	errNoLimits = errors.New("limit: answer holds no limits")
)

// Giver gives each terminal its limits: after a sign-in, when they change, and when a terminal is first heard after a
// start, since it may have older ones. Limits travel without an acknowledgement of their own: they are sent again until
// the terminal's limits-taken record has come.
type Giver struct {
	config Config
	wake   chan struct{} // capacity one

	mu   sync.Mutex
	book *book // guarded by mu
}

// NewGiver checks the configuration.
func NewGiver(config Config) (*Giver, error) {
	if config.Plans == nil || config.Store == nil || config.Terminals == nil || config.Answers == nil ||
		config.Clock == nil || config.Logger == nil {
		return nil, errConfig
	}
	return &Giver{config: config, wake: make(chan struct{}, 1), book: newBook(terminalsMax)}, nil
}

// Run sends limits until the context ends.
func (g *Giver) Run(ctx context.Context) error {
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for {
		select {
		case <-g.wake:
			g.Step(ctx)
		case <-again.C:
			g.Step(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// Changed makes all terminals that were given limits be given theirs once more.
func (g *Giver) Changed() {
	g.noting(func(b *book) { b.changed() })
	g.mu.Lock()
	forgotten := g.book.forgotten
	g.mu.Unlock()
	if forgotten > 0 {
		g.config.Logger.Warn("offline limits changed, and some terminals will get them only when they are heard again",
			slog.Int("forgotten", forgotten))
	}
}

// SignedIn makes a terminal be given its limits.
func (g *Giver) SignedIn(terminal record.Terminal) {
	g.noting(func(b *book) { b.want(terminal) })
}

// Heard makes a terminal be given its limits if it was given none since the start, or has not said that it took them.
func (g *Giver) Heard(terminal record.Terminal) {
	now := g.config.Clock()
	g.noting(func(b *book) { b.heard(terminal, now) })
}

// noting changes the book, and wakes Run when somebody waits.
func (g *Giver) noting(change func(*book)) {
	g.mu.Lock()
	change(g.book)
	waiting := len(g.book.waiting) > 0
	g.mu.Unlock()
	if !waiting {
		return
	}
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// Step sends all limits that are due, on its caller's goroutine: what Run does by itself. Run must not be running then.
func (g *Giver) Step(ctx context.Context) {
	for ctx.Err() == nil {
		now := g.config.Clock()
		g.mu.Lock()
		terminals, givenUp := g.book.due(now)
		g.mu.Unlock()
		for _, terminal := range givenUp {
			g.config.Logger.LogAttrs(ctx, slog.LevelWarn, "terminal never said that it took its offline limits",
				slog.String("terminal", terminal.String()))
		}
		if len(terminals) == 0 {
			return
		}
		blocked, err := g.config.Store.BlockedWallets(ctx, blockedMax)
		if err != nil {
			g.failed(ctx, err)
			g.mu.Lock()
			g.book.putBack(terminals)
			g.mu.Unlock()
			return
		}
		for _, terminal := range terminals {
			g.giveOne(ctx, terminal, blocked, now)
		}
	}
}

// giveOne sends a terminal its limits, and notes what became of it.
func (g *Giver) giveOne(ctx context.Context, terminal record.Terminal, blocked []store.BlockedWallet, now time.Time) {
	id, err := g.give(ctx, terminal, blocked, now)
	if err != nil {
		g.failed(ctx, fmt.Errorf("terminal %s: %w", terminal, err))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if errors.Is(err, store.ErrNotFound) {
		g.book.forget(terminal)
		return
	}
	if err == nil {
		g.book.sent(terminal, id)
	}
}

// failed logs; the terminal is given its limits again later.
func (g *Giver) failed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		g.config.Logger.LogAttrs(ctx, slog.LevelWarn, "give offline limits", slog.Any("cause", err))
	}
}

// give sends a terminal its limits after they are stored: a payment may name them. It returns their id, zero when they were
// not sent, and store.ErrNotFound for a terminal that there is not.
func (g *Giver) give(ctx context.Context, terminal record.Terminal, blocked []store.BlockedWallet, now time.Time) ([16]byte, error) {
	known, err := g.config.Terminals.Terminal(ctx, terminal)
	if err != nil {
		return [16]byte{}, fmt.Errorf("find terminal: %w", err)
	}
	limits, err := New(g.config.Plans.For(known.Merchant, terminal.String()).Offline, blocked)
	if err != nil {
		return [16]byte{}, err
	}
	limits.GivenAt = now.UnixMicro()
	id := [16]byte(limits.LimitsId)
	if err := g.keep(ctx, id, limits, now); err != nil {
		return [16]byte{}, err
	}
	if err := g.config.Answers.Send(ctx, terminal, record.OfflineLimits, limits); err != nil {
		return [16]byte{}, err
	}
	return id, nil
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

// Sizes counts, by name, what is in memory until something ends it: nothing of it is left once everything is settled. What a
// terminal has not said that it took is no part of it: one that took the same a while ago says it later.
func (g *Giver) Sizes() map[string]int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return map[string]int{"limits to be sent": len(g.book.waiting)}
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

// Takings consumes LimitsTaken records, by which a terminal says to which limits it holds.
func (g *Giver) Takings() collector.Consumer { return takings{g} }

type takings struct{ *Giver }

// Consume notes after the commit what the terminal has taken.
func (t takings) Consume(ctx context.Context, r collector.Verified, secret []byte) (store.Change, func(error)) {
	return store.Change{}, func(err error) {
		if err == nil {
			t.Again(ctx, r, secret)
		}
	}
}

// Again does the same with a record that is stored.
func (t takings) Again(_ context.Context, r collector.Verified, _ []byte) {
	id, err := takenBy(r.Record)
	if err != nil {
		t.config.Logger.Warn("limits-taken record that makes no sense",
			slog.String("terminal", r.Terminal.ID.String()), slog.Any("cause", err))
		return
	}
	t.noting(func(b *book) { b.taken(r.Terminal.ID, id) })
}

// takenBy reads the id of the limits that a record keeps. Its tag says that the terminal wrote it, which is all that counts.
func takenBy(r record.Record) (id [16]byte, err error) {
	var kept message.OfflineLimitsTaken
	if err := proto.Unmarshal(r.Body(), &kept); err != nil {
		return id, err
	}
	answer, header, err := record.Parse(kept.GetAnswer())
	if err != nil {
		return id, err
	}
	var limits message.OfflineLimits
	if err := proto.Unmarshal(answer.Body(), &limits); err != nil {
		return id, err
	}
	if header.Type != record.OfflineLimits || len(limits.GetLimitsId()) != len(id) {
		return id, errNoLimits
	}
	return [16]byte(limits.GetLimitsId()), nil
}

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
