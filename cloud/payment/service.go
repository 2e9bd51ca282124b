package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of the service.
const (
	openMax        = 25_000           // payments of one operator in memory; more are declined before anything is sent
	cancelledMax   = 10_000           // cancelled orders remembered; more are found in the store
	refusedMax     = 10_000           // orders remembered that the store refused to begin
	eventsMax      = 64               // events of one payment waiting for a commit
	callsMax       = 512              // calls to one operator at a time
	callsWaiting   = 4096             // more calls to one operator that wait for their turn
	callTimeout    = 20 * time.Second // of one call
	turnTimeout    = 3 * time.Second  // for a call to get its turn; then it has certainly not left
	retryAfter     = time.Second      // when the store had no room
	recoverAtOnce  = 1000             // payments read in one step at start
	referenceBlock = 1_000_000        // reference numbers leased at a time
	restFor        = 20 * time.Second // what nobody waits for and is not looked at for longer is not kept in memory
	restAfter      = 10 * time.Minute // nor is its timer, when that is further off
	timersMax      = 1_000_000        // timers of what is not kept in memory; more wait for a sweep
	tickAgainAfter = 30 * time.Second // when what was due at a tick still is
)

// SweepEvery is how often Run looks for payments whose time comes near, and for follow-ups that no order has looked at.
const SweepEvery = restAfter / 2

// Store is what the service needs of a store.
type Store interface {
	store.Writer
	store.PaymentReader
	store.FollowUpReader
	store.OfflineReader
	store.Leaser
	store.RoomReader
	// Record returns one record, or store.ErrNotFound.
	Record(ctx context.Context, terminal record.Terminal, sequence uint64) (store.Record, error)
}

// Merchants finds merchants.
type Merchants interface {
	Merchant(ctx context.Context, id string) (store.Merchant, error)
}

// Answers sends to terminals; collector.Downlink does.
type Answers interface {
	Send(ctx context.Context, terminal record.Terminal, kind record.Type, body proto.Message) error
}

// Clock gives the time and wakes up; SystemClock is the real one.
type Clock interface {
	Now() time.Time
	// After sends once, d from now.
	After(d time.Duration) <-chan time.Time
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now returns the time.
func (SystemClock) Now() time.Time { return time.Now() }

// After is time.After.
func (SystemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// ServiceConfig is what a Service works with.
type ServiceConfig struct {
	Machine   Machine
	Store     Store
	Merchants Merchants
	Registry  *registry.Registry
	// Operators are the connectors by operator code. Operators of the registry that are not here are not asked.
	Operators map[string]operator.Connector
	// Plans are fees and limits; nil has the built-in ones.
	Plans *plan.Plans
	// Issuers vouch for hard wallets; nil leaves all of that to the operators: then no wallet's number is used up here.
	Issuers *hardwallet.Pool
	// Blocked is called when hard wallets were blocked; nil for nobody.
	Blocked func()
	// MustVerify says of which payments the customer must be verified whatever the amount; nil for none.
	MustVerify func(Payment) bool
	Answers    Answers
	Clock      Clock
	// Beside runs a function soon, beside what is going on; nil takes a goroutine. A world with a time of its own has
	// another; it must run the functions in their order, and may let one wait for Clock or an operator.
	Beside  func(run func())
	Logger  *slog.Logger
	Metrics prometheus.Registerer
}

var errServiceConfig = errors.New("payment: incomplete configuration")

func (c ServiceConfig) validate() error {
	if c.Store == nil || c.Merchants == nil || c.Registry == nil || c.Answers == nil || c.Clock == nil ||
		c.Logger == nil || c.Metrics == nil {
		return errServiceConfig
	}
	for code := range c.Operators {
		if _, err := c.Registry.Get(code); err != nil {
			return fmt.Errorf("%w: %w", errServiceConfig, err)
		}
	}
	return c.Machine.timing.Validate()
}

// Service runs payments: it steps the machine, stores each step before its effects leave, calls the operators and
// answers the terminals.
type Service struct {
	config     ServiceConfig
	metrics    *serviceMetrics
	lanes      map[string]*lane
	timers     *timers
	references references
	spendings  spendings
	payers     payers

	ctx  context.Context // the service's life; calls and commits end with it
	work sync.WaitGroup  // what is going on besides Run
	crew *crew

	ending sync.Mutex
	ended  bool // guarded by ending; nothing begins any more

	mu   sync.Mutex
	live map[store.OrderID]*live // guarded by mu; payments of which more is expected soon
	open map[string]int          // guarded by mu; how many of them each operator has
	// numbered are those in memory by their number, so that a lookup need not go through all of them; guarded by mu.
	numbered map[string]*live

	// cancelled are the latest orders whose reversal overtook their payment, so that the payment is never begun. The
	// store has them all, and refuses the payments of those that are not here.
	cancelled *recent[store.Cancelled]
	// refused are orders that the store would not begin because a payment has their id or they are cancelled.
	refused *recent[struct{}]
}

// NewService checks the configuration and leases a block of reference numbers. ctx is the service's life: calls in
// flight end with it, and what they came to is asked for again after the next start.
func NewService(ctx context.Context, config ServiceConfig) (*Service, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	if config.Plans == nil {
		builtIn, err := plan.Default()
		if err != nil {
			return nil, fmt.Errorf("start payment service: %w", err)
		}
		config.Plans = builtIn
	}
	measured, err := newServiceMetrics(config.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	s := &Service{
		config:     config,
		metrics:    measured,
		lanes:      make(map[string]*lane, len(config.Operators)),
		references: references{leaser: config.Store},
		spendings:  spendings{way: make(map[number]store.Spent)},
		ctx:        ctx,
		crew:       newCrew(ctx.Done(), config.Beside),
		live:       make(map[store.OrderID]*live),
		open:       make(map[string]int),
		numbered:   make(map[string]*live),
		cancelled:  newRecent[store.Cancelled](cancelledMax),
		refused:    newRecent[struct{}](refusedMax),
	}
	s.timers = newTimers(config.Clock, s.due)
	for code, connector := range config.Operators {
		s.lanes[code] = newLane(connector)
	}
	if _, err := s.references.next(ctx); err != nil {
		return nil, fmt.Errorf("start payment service: %w", err)
	}
	return s, nil
}

// Recover loads all payments that are not final and lets the machine go on with them; of one that cannot be read somebody is
// told. It is called once, before terminals are heard.
func (s *Service) Recover(ctx context.Context) error {
	cancelled, err := s.config.Store.LastCancelled(ctx, cancelledMax)
	if err != nil {
		return fmt.Errorf("load cancelled orders: %w", err)
	}
	for _, c := range slices.Backward(cancelled) {
		s.cancelled.note(c.Order, c)
	}
	var after store.OrderID
	for {
		rows, err := s.config.Store.OpenPayments(ctx, after, recoverAtOnce)
		if err != nil {
			return fmt.Errorf("load open payments: %w", err)
		}
		for _, row := range rows {
			after = row.Order
			l, err := s.adopt(row)
			if err != nil {
				s.unreadable(ctx, "payment "+row.Order.String(), row.Terminal, err)
				continue
			}
			l.mu.Lock()
			l.resumed = true
			l.mu.Unlock()
			s.handle(l, Event{Kind: EventRecovered})
		}
		if len(rows) < recoverAtOnce {
			return s.recoverFollowUps(ctx)
		}
	}
}

// BooksBehind is told when a terminal knows of records here that the books have not: what was open when they were copied may
// have come to its end since, and been told.
func (s *Service) BooksBehind(terminal record.Terminal) {
	var open []*live
	s.mu.Lock()
	for _, l := range s.live {
		if l.terminal == terminal {
			open = append(open, l)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(open, func(a, b *live) int { return strings.Compare(a.number, b.number) })
	for _, l := range open {
		l.mu.Lock()
		resumed := l.resumed
		l.mu.Unlock()
		if resumed {
			s.start(func() { s.handle(l, Event{Kind: EventBooksBehind}) })
		}
	}
}

// Run works the timers until the context ends, then waits for what is still going on.
func (s *Service) Run(ctx context.Context) error {
	var sweeping sync.WaitGroup
	sweeping.Go(func() { s.sweep(ctx) })
	err := s.timers.run(ctx)
	sweeping.Wait()
	s.ending.Lock()
	s.ended = true
	s.ending.Unlock()
	s.work.Wait()
	return err
}

// Tick does what has come due and returns how long nothing will be, if anything will: what Run does by itself. Run must
// not be running.
func (s *Service) Tick() (wait time.Duration, any bool) { return s.timers.fire() }

// begin counts something that goes on besides Run and ends with work.Done. It reports false once the service is
// ending: what is stored by then is taken up at the next start.
func (s *Service) begin() bool {
	s.ending.Lock()
	defer s.ending.Unlock()
	if !s.ended {
		s.work.Add(1)
	}
	return !s.ended
}

// start runs something on another goroutine, unless the service is ending.
func (s *Service) start(run func()) {
	if !s.begin() {
		return
	}
	s.crew.do(func() {
		defer s.work.Done()
		run()
	})
}

// Open returns how many payments are in memory.
func (s *Service) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live)
}

// room reports whether an operator may have one more payment in memory: one that is dead holds up nobody but its own.
func (s *Service) room(code string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[code] < openMax
}

// enter keeps a payment in memory. It counts for the operator that it has now, until it leaves. s.mu is held.
func (s *Service) enter(l *live, p Payment) {
	l.operator, l.number = p.Operator, p.Reference
	s.numbered[l.number] = l
	s.live[store.OrderID(p.OrderID)] = l
	s.open[l.operator]++
	s.metrics.open.Set(float64(len(s.live)))
}

// adopt makes a stored payment live, with its time, or returns the one that is live already.
func (s *Service) adopt(row store.Payment) (*live, error) {
	var p Payment
	if err := p.UnmarshalBinary(row.Blob); err != nil {
		return nil, fmt.Errorf("read payment %s: %w", row.Order, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[row.Order]; l != nil {
		return l, nil
	}
	l := &live{payment: p, revision: row.Revision, terminal: row.Terminal}
	s.enter(l, p)
	if !p.NextAt.IsZero() {
		s.timers.set(row.Order, p.NextAt)
	}
	s.metrics.pursued(Payment{}, p)
	return l, nil
}

// find returns a payment that is live, or loads it. It returns store.ErrNotFound.
func (s *Service) find(ctx context.Context, order store.OrderID) (*live, error) {
	if l := s.peek(order); l != nil {
		return l, nil
	}
	row, err := s.config.Store.Payment(ctx, order)
	if err != nil {
		return nil, err
	}
	return s.adopt(row)
}

// look returns a payment as it is stored, without making it live. It returns store.ErrNotFound.
func (s *Service) look(ctx context.Context, order store.OrderID) (Payment, error) {
	if l := s.peek(order); l != nil && l.stored() {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.payment, nil
	}
	row, err := s.config.Store.Payment(ctx, order)
	if err != nil {
		return Payment{}, err
	}
	var p Payment
	if err := p.UnmarshalBinary(row.Blob); err != nil {
		return Payment{}, fmt.Errorf("read payment %s: %w", row.Order, err)
	}
	return p, nil
}

func (s *Service) peek(order store.OrderID) *live {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[order]
}

// release forgets a payment of which nothing more is expected, unless it has become live anew meanwhile. One that rests
// keeps its timer when it is looked at before a sweep would find it.
func (s *Service) release(l *live, order store.OrderID, keepTimer bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live[order] != l {
		return
	}
	if !keepTimer {
		s.timers.clear(order)
	}
	delete(s.live, order)
	if s.numbered[l.number] == l {
		delete(s.numbered, l.number)
	}
	if s.open[l.operator]--; s.open[l.operator] == 0 {
		delete(s.open, l.operator)
	}
	s.metrics.open.Set(float64(len(s.live)))
}

// due is called by the timers. What rests is read again, which the timers do not wait for.
func (s *Service) due(order store.OrderID) {
	if l := s.peek(order); l != nil {
		s.handle(l, Event{Kind: EventTick})
		return
	}
	s.start(func() { s.handleAnew(order, Event{Kind: EventTick}) })
}

// references gives the 12-digit numbers of payments on receipts: a block number leased from the store, then a counter.
type references struct {
	leaser store.Leaser

	mu         sync.Mutex
	value, end uint64 // guarded by mu
}

const referenceLease = "reference"

func (r *references) next(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.value == r.end {
		block, err := r.leaser.Lease(ctx, referenceLease, 0)
		if err != nil {
			return "", fmt.Errorf("lease reference numbers: %w", err)
		}
		// After a million blocks the numbers begin again: they are for people; the order id is what is unique.
		block %= referenceBlock
		r.value, r.end = block*referenceBlock, (block+1)*referenceBlock
	}
	reference := fmt.Sprintf("%012d", r.value)
	r.value++
	return reference, nil
}
