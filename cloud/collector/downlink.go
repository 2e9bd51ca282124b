package collector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/topic"
)

// leaseName is under which the store gives the upper halves of the answers' sequences.
const leaseName = "downlink"

// ErrNoEpoch says that a terminal cannot be spoken to because it has never signed in.
var ErrNoEpoch = errors.New("collector: terminal has no epoch")

// DownlinkConfig is what a downlink works with.
type DownlinkConfig struct {
	Store     Store
	Leaser    store.Leaser
	Root      Root
	Engine    seal.Engine
	Publisher Publisher
	Clock     func() time.Time
}

// Downlink seals the cloud's answers and publishes them. Answers may be lost on the way; everything they say can be
// asked for again.
type Downlink struct {
	config    DownlinkConfig
	directory *directory
	numbers   numbers
}

// NewDownlink leases the first block of sequences, which must never be used twice under one key.
func NewDownlink(ctx context.Context, config DownlinkConfig) (*Downlink, error) {
	if config.Store == nil || config.Leaser == nil || config.Root == nil || config.Engine.NewBlock == nil ||
		config.Publisher == nil || config.Clock == nil {
		return nil, errConfig
	}
	d := &Downlink{
		config:    config,
		directory: newDirectory(&loader{store: config.Store, engine: config.Engine, root: config.Root}),
		numbers:   numbers{leaser: config.Leaser, clock: config.Clock},
	}
	if _, err := d.numbers.next(ctx); err != nil {
		return nil, fmt.Errorf("start downlink: %w", err)
	}
	return d, nil
}

// Send seals an answer under the newest epoch that the terminal is known to use and publishes it. It returns
// ErrNoEpoch for a terminal that never signed in and store.ErrNotFound for one that is not enrolled.
func (d *Downlink) Send(ctx context.Context, terminal record.Terminal, kind record.Type, body proto.Message) error {
	t, err := d.directory.get(ctx, terminal)
	if err != nil {
		return fmt.Errorf("send %s: %w", kind, err)
	}
	return d.send(ctx, t, kind, body)
}

func (d *Downlink) send(ctx context.Context, t *tracker, kind record.Type, body proto.Message) error {
	keys := t.active.Load()
	if keys == nil {
		return fmt.Errorf("send %s: %w", kind, ErrNoEpoch)
	}
	content, err := proto.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s: %w", kind, err)
	}
	sequence, err := d.numbers.next(ctx)
	if err != nil {
		return fmt.Errorf("number %s: %w", kind, err)
	}
	answer, err := record.Build(keys.Answer, record.Header{
		Direction:  seal.Down,
		Type:       kind,
		KeyVersion: t.terminal.KeyVersion,
		Epoch:      keys.Epoch,
		Sequence:   sequence,
		Time:       d.config.Clock(),
		Terminal:   t.terminal.ID,
	}, content)
	if err != nil {
		return fmt.Errorf("build %s: %w", kind, err)
	}
	frame, err := record.Seal(keys.Envelope, answer, nil)
	if err != nil {
		return fmt.Errorf("seal %s: %w", kind, err)
	}
	if err := d.config.Publisher.Publish(topic.Subject(t.terminal.ID, topic.Down), frame); err != nil {
		return fmt.Errorf("publish %s: %w", kind, err)
	}
	return nil
}

// numbers gives the answers' sequences: a block number leased from the store in the upper half, a counter in the lower.
// A block is never given twice, so neither is a sequence, whatever happens to this process. A block is not below the time
// in seconds: a store that was put back from an older copy would give those again that answers were sealed under since.
type numbers struct {
	leaser store.Leaser
	clock  func() time.Time

	mu    sync.Mutex
	value uint64 // guarded by mu; the next one
	end   uint64 // guarded by mu; of the block
}

// leastEver is when no clock is believed any more, in seconds since 1970: one that is far ahead must not use the numbers up.
const leastEver = 4_000_000_000

func (n *numbers) least() uint64 {
	if now := n.clock().Unix(); now > 0 && now < leastEver {
		return uint64(now)
	}
	return 0
}

func (n *numbers) next(ctx context.Context) (uint64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.value == n.end {
		block, err := n.leaser.Lease(ctx, leaseName, n.least())
		if err != nil {
			return 0, fmt.Errorf("lease sequences: %w", err)
		}
		if block >= 1<<32 {
			return 0, errors.New("collector: sequences are used up")
		}
		n.value, n.end = block<<32, (block+1)<<32-1
	}
	n.value++
	return n.value, nil
}
