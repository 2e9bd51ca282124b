package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// The errors of this package.
var (
	// ErrOffline: there is no connection. The record is kept and sent when there is one.
	ErrOffline = errors.New("uplink: not connected")
	// ErrStopped: the cloud's books and the journal contradict each other; nothing is sent until somebody has looked.
	ErrStopped = errors.New("uplink: stopped")
	// ErrForbidden: the broker does not let this terminal hear its answers.
	ErrForbidden = errors.New("uplink: broker refused the subscription")
	// ErrClock: the broker's certificate is not valid at the time that this till's clock shows.
	ErrClock = errors.New("uplink: set this till's clock: the broker's certificate is not valid at its time")
	// ErrBusy: so many urgent records have no acknowledgement that this one waits for its turn behind the others.
	ErrBusy = errors.New("uplink: too many urgent records on their way")
	// ErrSecret: another secret was given for the same record.
	ErrSecret = errors.New("uplink: record already has another secret")
)

// Uplink sends the journal's records and receives the answers. It may be used by several goroutines.
type Uplink struct {
	config   Config
	journal  *journal.Journal
	keyring  *keyring.Keyring
	logger   *slog.Logger
	urgent   *urgent
	results  chan *message.PaymentResult
	followUp chan *message.FollowUpResult
	found    chan *message.OrderFound
	refusals chan *message.Refusal
	limits   chan record.Record
	wake     chan struct{} // capacity one: look again, something came down
	hurry    chan struct{} // capacity one: a payment waits for a connection
	notes    *notes
	// unrecorded is a sign-in that is not kept yet; nil when there is none. It is the drainer's.
	unrecorded *opening

	mu      sync.Mutex
	session *session // nil while offline
	status  Status
	// clock is the cloud's time at the last sign-in and ours at that moment.
	clock cloudClock
	// signedInAt is when the latest sign-in was answered, by the steady clock; zero before the first since the start, which
	// has a cause of its own.
	signedInAt time.Time
	// signInCause says why the terminal must sign in before it sends anything more; empty when it need not.
	signInCause string
	// refused holds records that the cloud refused since the connection began; they are not repeated.
	refused map[uint64]bool
	// recheckTo is the last record of a journal that turned out an old copy: up to there records are sent again even
	// if the cloud has something under their numbers, so that it can tell whether it has the same.
	recheckTo uint64
	// free is the last number that the cloud, or this journal, had at the first sign-in since the start: only this process makes
	// records behind it. highest is the highest one that the cloud has named since.
	free, highest uint64
	// deafAt is when answers under another copy's epoch last made this terminal sign in.
	deafAt time.Time
	// openedAt is when a message from below last opened.
	openedAt time.Time
	// newest is the header of the newest answer, whose time was taken for the cloud's clock; newestLimits of the newest
	// limits.
	newest, newestLimits record.Header
}

// Status is what the screens and the technician see.
type Status struct {
	Connected bool
	Broker    string
	Since     time.Time // of the present connection, or of its loss
	Epoch     uint32
	Unsent    uint64
	LastAck   time.Time // zero before the first
	LastError string
	// ClockOffset is the cloud's clock minus ours when it was last heard; zero before that.
	ClockOffset time.Duration
	// Stopped says why nothing is sent although there may be a connection; empty when all is well. Somebody must look.
	Stopped string
	// Barred is set while the cloud's door is shut to this terminal: brokers have turned it away again and again since the last
	// connection. It stays through a loss of the line, until a broker lets it in.
	Barred bool
	// Refused counts refusals since the start, and LastRefusal is the latest; nil when there was none.
	Refused     uint64
	LastRefusal *message.Refusal
	// Rejected counts messages from below that were not the cloud's, not ours or not readable.
	Rejected uint64
	// OldCopyAt is when a sign-in since the start found the journal to be an old copy, zero when none did. Gone are the records
	// that the terminal has had and the cloud knows no more of than their numbers; zero when there are none.
	OldCopyAt time.Time
	Gone      journal.Range
	// TwinAt is when it was last certain that another machine writes records under this terminal's id, zero when it has not been
	// since the start.
	TwinAt time.Time
	// Lacking are the records that the cloud has acknowledged and no longer has, as it was found out at LackingAt; zero when
	// there are none.
	Lacking   journal.Range
	LackingAt time.Time
	// HeardAt and HeardSteady are when the cloud last said something new, by Config.Clock and Config.Steady; zero before
	// the first time since the start.
	HeardAt, HeardSteady time.Time
}

// New checks the configuration.
func New(config Config, j *journal.Journal, k *keyring.Keyring) (*Uplink, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	return &Uplink{
		config: config, journal: j, keyring: k, logger: config.Logger, urgent: newUrgent(),
		results: make(chan *message.PaymentResult, answersMax), refusals: make(chan *message.Refusal, answersMax),
		followUp: make(chan *message.FollowUpResult, answersMax), found: make(chan *message.OrderFound, answersMax),
		limits: make(chan record.Record, 1),
		wake:   make(chan struct{}, 1), hurry: make(chan struct{}, 1), notes: newNotes(config.Logger, config.Steady), status: Status{Since: config.Clock()},
		refused: make(map[uint64]bool), signInCause: causeStart,
	}, nil
}

// Run connects, signs in and drains until ctx ends; then it returns nil. All connection errors are shown by Status and
// tried again with back-off.
func (u *Uplink) Run(ctx context.Context) error {
	defer u.urgent.clear()
	rounds, evictions, denials := 0, 0, 0
	for next := 0; ctx.Err() == nil; next++ {
		broker := u.config.Brokers[next%len(u.config.Brokers)]
		began := time.Now()
		connected, err := u.visit(ctx, broker)
		if ctx.Err() != nil {
			break
		}
		switch {
		case connected:
			denials = 0
		case errors.Is(err, packets.ErrorRefusedNotAuthorised):
			if denials++; denials >= denialsSure {
				u.bar()
			}
		}
		if time.Since(began) >= u.config.Timings.Stable {
			u.offline(broker, err)
			rounds, evictions = 0, 0
			continue // the first attempt after a loss is immediate, at the next broker
		}
		if connected {
			evictions++
		}
		if evictions >= evictionsSuspect {
			err = fmt.Errorf("%w (again and again: does another machine use terminal id %s?)", err, u.keyring.Terminal())
		}
		u.offline(broker, err)
		if next%len(u.config.Brokers) == len(u.config.Brokers)-1 {
			u.rest(ctx, u.config.backoff(rounds))
			rounds++
		}
	}
	u.offline("", nil)
	return nil
}

// denialsSure is how often in a row brokers turn a terminal away before that is no trouble of theirs: it is blocked or retired, or
// the cloud does not know it. What it took by itself then would not be settled.
const denialsSure = 3

// bar says that the cloud's door is shut.
func (u *Uplink) bar() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.status.Barred {
		u.status.Barred = true
		u.logger.Error("the cloud does not let this terminal in: it is blocked, retired or unknown")
	}
}

// evictionsSuspect is how many connections in a row must be lost soon before a second machine is suspected: a broker
// ends a connection when another one of the same id comes.
const evictionsSuspect = 3

// visit is one connection from its opening to its loss.
func (u *Uplink) visit(ctx context.Context, broker string) (connected bool, err error) {
	s, err := u.connect(ctx, broker)
	if err != nil {
		return false, err
	}
	defer s.close()
	u.online(broker, s)
	return true, u.serve(ctx, s)
}

func (u *Uplink) online(broker string, s *session) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.session = s
	u.status.Connected, u.status.Broker, u.status.Since, u.status.Barred = true, broker, u.config.Clock(), false
	clear(u.refused)
	u.logger.Info("uplink connected", "broker", broker)
}

func (u *Uplink) offline(broker string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.status.Connected {
		u.status.Connected, u.status.Since = false, u.config.Clock()
	}
	u.session = nil
	if err != nil {
		u.status.LastError = err.Error()
		u.notes.warn("uplink down", "broker", broker, "error", err)
	}
}

// Status returns how things are.
func (u *Uplink) Status() Status {
	tail := u.journal.Tail()
	unsent := u.journal.Waiting(1, tail.Sequence)
	u.mu.Lock()
	defer u.mu.Unlock()
	status := u.status
	status.Epoch, status.Unsent = tail.Epoch, unsent
	return status
}

// Results delivers payment results. When nobody reads, the oldest is dropped: it can be asked for again.
func (u *Uplink) Results() <-chan *message.PaymentResult { return u.results }

// FollowUpResults delivers what became of follow-ups, as Results does.
func (u *Uplink) FollowUpResults() <-chan *message.FollowUpResult { return u.followUp }

// OrdersFound delivers answers to lookups, as Results does.
func (u *Uplink) OrdersFound() <-chan *message.OrderFound { return u.found }

// Refusals delivers refusals; when nobody reads, the oldest is dropped. Status counts them all.
func (u *Uplink) Refusals() <-chan *message.Refusal { return u.refusals }

// Limits delivers the cloud's limits of offline payments: the whole answer, verified. Only the newest waits.
func (u *Uplink) Limits() <-chan record.Record { return u.limits }

// stop ends all sending. It is for contradictions that only a person can resolve.
func (u *Uplink) stop(reason error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.status.Stopped == "" {
		u.status.Stopped = reason.Error()
		u.logger.Error("uplink stopped: the cloud's books and the journal contradict each other", "error", reason)
	}
}

func (u *Uplink) stopped() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.status.Stopped == "" {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrStopped, u.status.Stopped)
}

func (u *Uplink) current() *session {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.session
}

// rest waits before the next round through the brokers. A payment that cannot be sent ends the wait: a customer stands
// at the counter, and the next answer may be there in time.
func (u *Uplink) rest(ctx context.Context, duration time.Duration) {
	least := time.NewTimer(min(duration, restMin))
	defer least.Stop()
	whole := time.NewTimer(duration)
	defer whole.Stop()
	select {
	case <-ctx.Done():
		return
	case <-least.C:
	}
	select {
	case <-ctx.Done():
	case <-whole.C:
	case <-u.hurry:
	}
}

// offer puts a value into a bounded channel, at the price of the oldest when it is full.
func offer[T any](channel chan T, value T) {
	for {
		select {
		case channel <- value:
			return
		default:
		}
		select {
		case <-channel:
		default:
		}
	}
}

func signal(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}
