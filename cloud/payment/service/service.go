// Package service runs payments: terminals' records and operators' answers come in, the pure machine of package payment
// decides, its state goes into the store together with what belongs to it, and only then calls, answers and timers
// leave. It holds the customer's one-time code in memory from the record to the call and nowhere else.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of the service.
const (
	// callsMax is how many operator calls may be under way at once.
	callsMax = 1_024
	// openMax is how many payments may be undecided in this process; a further one is declined before anything is sent.
	openMax = 50_000
	// callTimeout bounds one call. The machine asks long before; this only ends what hangs.
	callTimeout = 20 * time.Second
	// reloadAfter is the pause before a payment whose change could not be stored is read again.
	reloadAfter = 3 * time.Second
	// earlyMax bounds the reversals remembered for payments whose request has not arrived.
	earlyMax = 10_000
	pageSize = 500
)

// errConfig says which part is missing.
var errConfig = errors.New("payment service: incomplete configuration")

// Store is what the service needs of a store.
type Store interface {
	store.Writer
	store.PaymentReader
}

// Merchants finds merchants.
type Merchants interface {
	Merchant(ctx context.Context, id string) (store.Merchant, error)
}

// Answers carries results to terminals. A result may be lost: the terminal asks again.
type Answers interface {
	Send(ctx context.Context, terminal record.Terminal, kind record.Type, body proto.Message) error
}

// Config is what a service works with.
type Config struct {
	Machine    payment.Machine
	Store      Store
	Merchants  Merchants
	Registry   *registry.Registry
	Connectors map[string]operator.Connector // by operator code
	Answers    Answers
	Clock      func() time.Time
	Logger     *slog.Logger
	Metrics    prometheus.Registerer
}

func (c Config) validate() error {
	if c.Store == nil || c.Merchants == nil || c.Registry == nil || c.Answers == nil ||
		c.Clock == nil || c.Logger == nil || c.Metrics == nil {
		return errConfig
	}
	return nil
}

// Service runs payments. Requests and Reversals are its consumers for the collector.
type Service struct {
	config  Config
	metrics *metrics
	timers  *timers
	calls   chan struct{} // a token for each call under way
	running sync.WaitGroup
	// ctx ends with Run; effects that outlive their caller run under it.
	ctx    context.Context
	cancel context.CancelFunc

	mu    sync.Mutex
	open  map[operator.OrderID]*active
	early map[operator.OrderID]operator.Reason
	// stopped says that Run is over: nothing new begins.
	stopped bool
}

// New returns a service that does nothing until Run.
func New(config Config) (*Service, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	m, err := newMetrics(config.Metrics)
	if err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	s := &Service{config: config, metrics: m, calls: make(chan struct{}, callsMax),
		open: map[operator.OrderID]*active{}, early: map[operator.OrderID]operator.Reason{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.timers = newTimers(config.Clock, func(id operator.OrderID) { s.feed(id, payment.Event{Kind: payment.EventTick}) })
	return s, nil
}

// Recover loads every payment that is not final and goes on with it. It is called once, before the collector starts, so
// that no terminal is answered from half the books.
func (s *Service) Recover(ctx context.Context) error {
	var after store.OrderID
	for {
		page, err := s.config.Store.OpenPayments(ctx, after, pageSize)
		if err != nil {
			return fmt.Errorf("read open payments: %w", err)
		}
		for _, row := range page {
			a, err := load(row)
			if err != nil {
				return fmt.Errorf("read payment %s: %w", row.Order, err)
			}
			s.mu.Lock()
			s.open[a.id] = a
			s.mu.Unlock()
			s.feed(a.id, payment.Event{Kind: payment.EventRecovered})
			after = row.Order
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// Run keeps the timers until ctx ends, then waits for what is under way.
func (s *Service) Run(ctx context.Context) error {
	s.timers.run(ctx)
	s.cancel()
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// Open returns how many payments are undecided.
func (s *Service) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// EarlyReversals returns how many reversals wait for the request they belong to.
func (s *Service) EarlyReversals() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.early)
}

// Wake has the timers look at the clock, for clocks that jump.
func (s *Service) Wake() { s.timers.wake() }

// find returns a payment that is in memory.
func (s *Service) find(id operator.OrderID) *active {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id]
}

// feed gives an event to a payment that is in memory; a timer or answer for one that is not has nothing left to do.
func (s *Service) feed(id operator.OrderID, e payment.Event) {
	if a := s.find(id); a != nil {
		s.step(a, e)
	}
}

// spawn runs f on a goroutine that Run waits for; after the end of Run it does nothing, and the next start recovers.
func (s *Service) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.running.Go(f)
	}
}

// reload throws away what is in memory of a payment whose change was not stored and reads it again after a while. What
// was certain stays certain: the machine treats it like a restart and inquires.
func (s *Service) reload(a *active, cause error) {
	a.mu.Lock()
	if a.dropped {
		a.mu.Unlock()
		return
	}
	a.dropped = true
	a.forgetSecrets()
	a.mu.Unlock()
	s.config.Logger.Error("payment not stored", "order", a.id.String(), "cause", cause)
	s.metrics.failures.Inc()
	select {
	case <-time.After(reloadAfter):
		s.replace(a)
	case <-s.ctx.Done(): // the next start recovers it
	}
}

// replace puts what the store has in the place of a copy that is no longer true.
func (s *Service) replace(old *active) {
	row, err := s.config.Store.Payment(s.ctx, store.OrderID(old.id))
	var fresh *active
	if err == nil {
		fresh, err = load(row)
	}
	s.mu.Lock()
	delete(s.open, old.id)
	if err == nil {
		s.open[old.id] = fresh
	}
	s.mu.Unlock()
	switch {
	case err == nil:
		s.feed(old.id, payment.Event{Kind: payment.EventRecovered})
	case !errors.Is(err, store.ErrNotFound): // not found: the terminal sends its request again
		s.config.Logger.Error("read payment again", "order", old.id.String(), "cause", err)
	}
}
