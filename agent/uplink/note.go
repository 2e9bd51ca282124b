package uplink

import (
	"log/slog"
	"sync"
	"time"
)

// noteEvery is how often the same message is logged; what comes between is counted.
const noteEvery = 30 * time.Second

// notes keeps a broken line or a hostile broker from filling the disk with log lines.
type notes struct {
	logger *slog.Logger
	clock  func() time.Time

	mu   sync.Mutex
	last map[string]*note // one for each constant message of this package
}

type note struct {
	at      time.Time
	skipped int
}

func newNotes(logger *slog.Logger, clock func() time.Time) *notes {
	return &notes{logger: logger, clock: clock, last: make(map[string]*note)}
}

func (n *notes) warn(message string, attributes ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	one := n.last[message]
	if one == nil {
		one = &note{}
		n.last[message] = one
	}
	if now := n.clock(); now.Sub(one.at) >= noteEvery {
		n.logger.Warn(message, append(attributes, "skipped", one.skipped)...)
		one.at, one.skipped = now, 0
		return
	}
	one.skipped++
}
