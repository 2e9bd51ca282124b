package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

// Bounds of a check.
const (
	auditAtOnce = 5000 // entries read in one step
	findingsMax = 20   // orders named for one broken promise
)

// Standing is a promise between entries and payments: an entry of Kind that was not undone stands for payments in one
// of States only (nil for any), and each payment in State Must has one (0 for no such state). Undo is 0 for entries that
// nothing undoes.
type Standing struct {
	Kind, Undo store.EntryKind
	States     []uint8
	Must       uint8
}

// Books is what a Checker needs of the store.
type Books interface {
	store.LedgerReader
	store.Writer
}

// Report is what a check found.
type Report struct {
	At       time.Time
	Entries  uint64           // all entries of the books
	Sums     map[string]int64 // by currency; zero where the books are in balance
	Findings []Finding
}

// Finding is one broken promise.
type Finding struct {
	Kind   string // "unbalanced", "sum", "unposted", "unfounded" or "overdrawn"
	Detail string
	Orders []store.OrderID
}

// Balanced reports whether every promise holds.
func (r Report) Balanced() bool { return len(r.Findings) == 0 }

// Config is what a Checker works with.
type Config struct {
	Books     Books
	Standings []Standing
	Clock     func() time.Time
	Logger    *slog.Logger
	Every     time.Duration // between two checks of Run
}

// Checker checks the books.
type Checker struct {
	config Config

	mu     sync.Mutex // one check at a time; guards what follows but latest
	last   uint64     // number of the last entry that was summed
	count  uint64
	sums   map[string]int64
	broken []store.OrderID // unbalanced entries found so far
	latest atomic.Pointer[Report]
}

var errConfig = errors.New("ledger: incomplete configuration")

// NewChecker checks the configuration.
func NewChecker(config Config) (*Checker, error) {
	if config.Books == nil || config.Clock == nil || config.Logger == nil || config.Every <= 0 {
		return nil, errConfig
	}
	return &Checker{config: config, sums: make(map[string]int64)}, nil
}

// Run checks until the context ends. What breaks is logged and becomes an alarm.
func (c *Checker) Run(ctx context.Context) error {
	ticker := time.NewTicker(c.config.Every)
	defer ticker.Stop()
	for {
		if _, err := c.Check(ctx); err != nil && ctx.Err() == nil {
			c.config.Logger.LogAttrs(ctx, slog.LevelError, "check ledger", slog.Any("cause", err))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Latest returns the last report; its time is zero before the first check. It waits for no check.
func (c *Checker) Latest() Report {
	if latest := c.latest.Load(); latest != nil {
		return *latest
	}
	return Report{}
}

// Check sums the entries added since the last check and compares entries with payments. Entries are never changed, so
// what was summed once stays summed; Recheck starts from the first.
func (c *Checker) Check(ctx context.Context) (Report, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.sum(ctx); err != nil {
		return Report{}, err
	}
	report := Report{At: c.config.Clock(), Entries: c.count, Sums: make(map[string]int64, len(c.sums))}
	for currency, sum := range c.sums {
		report.Sums[currency] = sum
		if sum != 0 {
			report.Findings = append(report.Findings, Finding{Kind: "sum", Detail: fmt.Sprintf("%s sums to %d", currency, sum)})
		}
	}
	if len(c.broken) > 0 {
		report.Findings = append(report.Findings, Finding{Kind: "unbalanced", Detail: "entries that do not sum to zero", Orders: c.broken})
	}
	for _, standing := range c.config.Standings {
		findings, err := c.compare(ctx, standing)
		if err != nil {
			return Report{}, err
		}
		report.Findings = append(report.Findings, findings...)
	}
	overdrawn, err := c.config.Books.Overdrawn(ctx, debitAccounts(), findingsMax)
	if err != nil {
		return Report{}, fmt.Errorf("compare follow-ups: %w", err)
	}
	if len(overdrawn) > 0 {
		report.Findings = append(report.Findings, Finding{Kind: "overdrawn", Detail: "orders of which more went back than had come in", Orders: overdrawn})
	}
	c.latest.Store(&report)
	return report, c.raise(ctx, report)
}

// Recheck forgets what was summed and checks everything.
func (c *Checker) Recheck(ctx context.Context) (Report, error) {
	c.mu.Lock()
	c.last, c.count, c.broken = 0, 0, nil
	clear(c.sums)
	c.mu.Unlock()
	return c.Check(ctx)
}

func (c *Checker) sum(ctx context.Context) error {
	for {
		audit, err := c.config.Books.Audit(ctx, c.last, auditAtOnce)
		if err != nil {
			return fmt.Errorf("audit entries: %w", err)
		}
		for currency, amount := range audit.Sums {
			sum := c.sums[currency] + amount
			if (amount > 0 && sum < c.sums[currency]) || (amount < 0 && sum > c.sums[currency]) {
				return fmt.Errorf("audit entries: sum of %s out of range", currency)
			}
			c.sums[currency] = sum
		}
		for _, order := range audit.Unbalanced {
			if len(c.broken) < findingsMax {
				c.broken = append(c.broken, order)
			}
		}
		c.last, c.count = audit.Last, c.count+audit.Entries
		if audit.Entries < auditAtOnce {
			return nil
		}
	}
}

func (c *Checker) compare(ctx context.Context, s Standing) ([]Finding, error) {
	var findings []Finding
	if s.States != nil {
		unfounded, err := c.config.Books.Unfounded(ctx, s.Kind, s.Undo, s.States, findingsMax)
		if err != nil {
			return nil, fmt.Errorf("compare %s entries: %w", s.Kind, err)
		}
		if len(unfounded) > 0 {
			findings = append(findings, Finding{Kind: "unfounded", Detail: s.Kind.String() + " entries without their payment", Orders: unfounded})
		}
	}
	if s.Must == 0 {
		return findings, nil
	}
	unposted, err := c.config.Books.Unposted(ctx, s.Must, s.Kind, s.Undo, findingsMax)
	if err != nil {
		return nil, fmt.Errorf("compare %s payments: %w", s.Kind, err)
	}
	if len(unposted) > 0 {
		findings = append(findings, Finding{Kind: "unposted", Detail: "payments without their " + s.Kind.String() + " entry", Orders: unposted})
	}
	return findings, nil
}

// raise tells a person when the books do not agree.
func (c *Checker) raise(ctx context.Context, report Report) error {
	if report.Balanced() {
		return nil
	}
	kinds := make([]string, len(report.Findings))
	for i, f := range report.Findings {
		kinds[i] = f.Detail
	}
	detail := strings.Join(kinds, "; ")
	c.config.Logger.LogAttrs(ctx, slog.LevelError, "books do not agree", slog.String("findings", detail))
	err := c.config.Books.Commit(ctx, store.Change{Alarms: []store.Alarm{
		{Key: "ledger", Kind: "ledger", Detail: detail, At: report.At}}})
	if err != nil {
		return fmt.Errorf("store alarm: %w", err)
	}
	return nil
}
