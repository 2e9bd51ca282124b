// Package collector takes terminals' records: sealed frames come in from the broker, verified records go once into the
// store, and after the commit acknowledgements leave. It also answers sign-ins and seals every other answer of the
// cloud (Downlink).
package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Store is what the collector needs of a store.
type Store interface {
	store.Writer
	store.RecordReader
	store.EpochReader
	Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error)
}

// Root derives terminal keys from the root key.
type Root interface {
	// TerminalKey returns a terminal's key of a version.
	TerminalKey(terminal record.Terminal, version uint16) [seal.KeySize]byte
}

// Publisher sends a message to a NATS subject. It must not block for long.
type Publisher interface {
	Publish(subject string, data []byte) error
}

// Verified is a record whose envelope, tag and place in the chain have been checked.
type Verified struct {
	Terminal store.Terminal
	Header   record.Header
	Record   record.Record
}

// Consumer acts on records of one type. Both methods are called from a worker, for one terminal in order.
type Consumer interface {
	// Consume returns what becomes durable in the same commit as the record, and what is to be done after the commit
	// (nil for nothing) with the commit's error. That function must not block. The secret is nil when the terminal has
	// forgotten it; its bytes are the consumer's.
	Consume(ctx context.Context, r Verified, secret []byte) (store.Change, func(error))
	// Again is called when the terminal sends the same bytes again, which is how it asks for the answer again.
	Again(ctx context.Context, r Verified, secret []byte)
}

// Config is what a collector works with, besides what its Downlink knows already.
type Config struct {
	Downlink  *Downlink
	Consumers map[record.Type]Consumer
	Random    io.Reader
	Logger    *slog.Logger
	Metrics   prometheus.Registerer
	// BooksBehind is called, and must not block, when a terminal signs in that was acknowledged records which are not here:
	// the books were put back from an older copy. Nil for nobody.
	BooksBehind func(record.Terminal)
	// Door is who is kept out; nil is one of the collector's own.
	Door *Door
	// Disconnect ends the connection of a terminal that is kept out from now on; nil when nobody can.
	Disconnect func(terminal record.Terminal) error
	// Workers is how many goroutines open and verify; 0 counts as one a processor.
	Workers int
}

var errConfig = errors.New("collector: incomplete configuration")

func (c Config) validate() error {
	switch {
	case c.Downlink == nil, c.Random == nil, c.Logger == nil, c.Metrics == nil:
		return errConfig
	case c.Workers < 0:
		return fmt.Errorf("%w: %d workers", errConfig, c.Workers)
	}
	return nil
}

func (c Config) workers() int {
	if c.Workers == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return c.Workers
}
