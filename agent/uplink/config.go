package uplink

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"
)

// Named bounds. How many records are on their way adapts between windowMin and windowMax: it grows while the cloud
// answers as fast as it can and shrinks when answers come later than queueSlack after the fastest seen, because then
// records only wait in a queue, and a payment would wait behind them.
const (
	windowMin   = 128 // records
	windowMax   = 1000
	windowBytes = 256 << 10
	// onWayMax bounds the records on their way on both lanes (SPEC.md 7.3), nowMax those on lane now. The rest is always
	// left to lane up: without it gaps would not close.
	onWayMax    = 1024
	nowMax      = onWayMax / 2
	batchFrames = 64
	batchBytes  = 32 << 10
	queueSlack  = 3 * time.Millisecond
	// holdMax is how long the drainer keeps still for a payment that has no answer yet.
	holdMax = 50 * time.Millisecond
	// holdAfter is how long it still does when the answer is there: the till commits and prints it, on the same disk.
	holdAfter = 3 * time.Millisecond
	// yieldEvery is how many records are sealed before others may have the processor.
	yieldEvery = 8

	// restMin is the shortest wait between two rounds through the brokers while a payment waits.
	restMin = 500 * time.Millisecond

	urgentMax  = 64 // payments whose records and secrets are kept for asking again
	refusedMax = 1024
	answersMax = 64 // results and refusals that nobody has taken yet
)

// BrokersMax is how many brokers there may be.
const BrokersMax = 16

// Timings are how long things may take. DefaultConfig has the usual ones.
type Timings struct {
	Connect time.Duration // reach a broker, handshake, subscribe
	Write   time.Duration // hand a message to the socket
	// BackoffBase doubles after every round through the brokers up to BackoffMax; the wait is a random part of it.
	BackoffBase, BackoffMax time.Duration
	// Stable is how long a connection must last to begin again with BackoffBase.
	Stable time.Duration
	// Ack is how long the cloud may take to acknowledge before everything unacknowledged is sent again; it doubles up
	// to AckMax while nothing comes.
	Ack, AckMax time.Duration
	SignIn      time.Duration // ask again for a sign-in
	EpochAge    time.Duration // sign in anew when the epoch is older
	// Deaf is for how long records may be on their way and nothing come down that opens, before the terminal signs in
	// anew: it may have been left behind in an epoch that the cloud no longer answers under.
	Deaf time.Duration
	// Linger is how long a record that is not urgent waits for company.
	Linger time.Duration
}

// Config says where the cloud is and who we are.
type Config struct {
	// Brokers are tried in turn: "host:port", where host is the name in the broker's certificate.
	Brokers      []string
	AgentVersion string
	SerialNumber string
	Clock        func() time.Time
	// Steady is a clock that nobody sets: durations are measured by it.
	Steady func() time.Time
	// Random returns a number in [0, n): the jitter of the back-off.
	Random func(n int64) int64
	// Nonces is where the nonces of sign-ins are drawn from.
	Nonces  io.Reader
	Timings Timings
	Logger  *slog.Logger
}

// DefaultConfig returns the usual timings, clocks and nonces; the rest is the caller's.
func DefaultConfig() Config {
	return Config{Clock: time.Now, Steady: time.Now, Nonces: rand.Reader, Timings: Timings{
		Connect: 5 * time.Second, Write: 2 * time.Second,
		BackoffBase: 200 * time.Millisecond, BackoffMax: 30 * time.Second, Stable: 10 * time.Second,
		Ack: 3 * time.Second, AckMax: 30 * time.Second,
		SignIn: 5 * time.Second, EpochAge: 24 * time.Hour, Deaf: 30 * time.Second, Linger: 10 * time.Millisecond,
	}}
}

// Validate says what is missing or out of range.
func (c Config) Validate() error {
	if len(c.Brokers) == 0 || len(c.Brokers) > BrokersMax {
		return fmt.Errorf("uplink: %d brokers", len(c.Brokers))
	}
	for _, broker := range c.Brokers {
		if _, _, err := net.SplitHostPort(broker); err != nil {
			return fmt.Errorf("uplink: broker %q: %w", broker, err)
		}
	}
	if c.Clock == nil || c.Steady == nil || c.Random == nil || c.Nonces == nil || c.Logger == nil {
		return errors.New("uplink: clocks, random, nonces and logger are needed")
	}
	t := c.Timings
	for _, duration := range []time.Duration{
		t.Connect, t.Write, t.BackoffBase, t.BackoffMax, t.Stable, t.Ack, t.AckMax, t.SignIn, t.EpochAge, t.Deaf, t.Linger,
	} {
		if duration <= 0 {
			return errors.New("uplink: a timing is not positive")
		}
	}
	return nil
}

// backoff returns how long to wait after the given number of rounds through all brokers: a random part of a doubling
// bound, so that a shop full of terminals does not come back in step.
func (c Config) backoff(rounds int) time.Duration {
	bound := c.Timings.BackoffMax
	if rounds < 20 {
		bound = min(bound, c.Timings.BackoffBase<<rounds)
	}
	return time.Duration(c.Random(int64(bound) + 1))
}

// since is how long ago a moment of the steady clock was.
func (c Config) since(moment time.Time) time.Duration { return c.Steady().Sub(moment) }
