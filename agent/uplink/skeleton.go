package uplink

import (
	"context"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// Config says where the cloud is and who we are.
type Config struct {
	// Brokers are tried in turn: "host:port"; the host is the name the certificate must have.
	Brokers      []string
	AgentVersion string
	SerialNumber string
	Clock        func() time.Time
	// Random returns a number in [0, n); the back-off's jitter.
	Random func(n int64) int64
	Logger *slog.Logger
}

// Status is what the screens and the technician see.
type Status struct {
	Connected bool
	Broker    string
	Since     time.Time // of the present connection, or of its loss
	Epoch     uint32
	Unsent    uint64
	LastAck   time.Time
	LastError string
	// ClockOffset is the cloud's clock minus ours at the last sign-in.
	ClockOffset time.Duration
	// Stopped says why nothing is sent any more although there is a connection; empty when all is well.
	Stopped string
	// Refused counts refusals since start; LastRefusal is the latest.
	Refused     uint64
	LastRefusal *message.Refusal
}

// Uplink sends the journal's records and receives the answers.
type Uplink struct{}

// New checks the configuration.
func New(config Config, j *journal.Journal, k *keyring.Keyring) (*Uplink, error) { return nil, nil }

// Run connects, signs in and drains until ctx ends.
func (u *Uplink) Run(ctx context.Context) error { return nil }

// SendNow publishes an urgent record at once and keeps its secret for resends until Forget.
func (u *Uplink) SendNow(rec record.Record, secret []byte) error { return nil }

// Forget drops what is kept for a record: its payment is definite.
func (u *Uplink) Forget(sequence uint64) {}

// Results delivers payment results; bounded, the oldest is dropped when nobody reads (it is asked for again).
func (u *Uplink) Results() <-chan *message.PaymentResult { return nil }

// Refusals delivers refusals; bounded likewise.
func (u *Uplink) Refusals() <-chan *message.Refusal { return nil }

// Status returns how things are.
func (u *Uplink) Status() Status { return Status{} }
