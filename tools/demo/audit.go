package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// settleTimeout bounds the wait until everything is acknowledged and every picture drawn.
const settleTimeout = 30 * time.Second

// verdict is the last line of --json.
type verdict struct {
	Sales          int      `json:"sales"`
	Approved       int      `json:"approved"`
	Declined       int      `json:"declined"`
	Reversed       int      `json:"reversed"`
	Unknown        int      `json:"unknown"`
	JournalRecords uint64   `json:"journal_records"`
	CloudRecords   uint64   `json:"cloud_records"`
	Unacknowledged uint64   `json:"unacknowledged"`
	Gaps           uint64   `json:"gaps"`
	LedgerBalanced bool     `json:"ledger_balanced"`
	Receipts       []string `json:"receipts"`
	Counter        latency  `json:"counter_ms"`
	// Parts is where the time of the timed sales' middle half goes, in milliseconds; it adds up to their mean.
	Parts map[string]float64 `json:"counter_parts_ms,omitempty"`
}

// latency is from the code's last byte to the receipt's first, in milliseconds.
type latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// errHeld says which promise did not hold.
var errHeld = errors.New("did not hold")

// audit compares journal, cloud, ledger, operator and receipts.
func (w *world) audit(ctx context.Context) (verdict, []error) {
	v := verdict{Counter: latency{P50: w.percentile(0.50), P99: w.percentile(0.99)}, Parts: w.split.byPart()}
	var problems []error
	hold := func(holds bool, format string, values ...any) {
		if !holds {
			problems = append(problems, fmt.Errorf("%w: %s", errHeld, fmt.Sprintf(format, values...)))
		}
	}
	fail := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	fail(w.settle(ctx, &v))
	if w.off {
		fail(w.recount(ctx))
	}
	v.Approved, v.Declined, v.Reversed, v.Unknown = w.tally["approved"], w.tally["declined"], w.tally["reversed"], w.tally["unknown"]
	v.Sales = v.Approved + v.Declined + v.Reversed + v.Unknown
	stats, err := w.shop.Stats(ctx)
	fail(err)
	v.CloudRecords, v.Gaps = stats.Records, stats.Gaps
	hold(v.JournalRecords == v.CloudRecords && v.JournalRecords > 0, "journal has %d records, cloud %d", v.JournalRecords, v.CloudRecords)
	hold(v.Unacknowledged == 0 && v.Gaps == 0 && v.Unknown == 0, "%d unacknowledged, %d gaps, %d unknown", v.Unacknowledged, v.Gaps, v.Unknown)
	hold(stats.Quarantined == 0, "%d records quarantined", stats.Quarantined)
	ledger, err := w.shop.CheckLedger(ctx)
	fail(err)
	v.LedgerBalanced = ledger.Balanced
	hold(ledger.Balanced, "ledger is out of balance: %+v", ledger)
	books, err := w.shop.Operator.Books(ctx)
	fail(err)
	w.compare(books, v, hold)
	fail(w.verifyJournal(ctx))
	hold(len(v.Receipts) > 0, "no receipt was drawn")
	return v, problems
}

// settle waits until the journal is acknowledged and the receipts are drawn.
func (w *world) settle(ctx context.Context, v *verdict) error {
	limit := settleTimeout
	if w.off {
		limit = definiteWait
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		status, err := w.shop.Station.Status(ctx)
		if err != nil {
			return fmt.Errorf("ask till: %w", err)
		}
		receipts, err := w.shop.Devices.Receipts(ctx)
		if err != nil {
			return err
		}
		v.JournalRecords, v.Unacknowledged = status.Journal.Records, status.Journal.Unsent
		v.Receipts = v.Receipts[:0]
		for _, r := range receipts {
			if r.Path != "" {
				v.Receipts = append(v.Receipts, r.Path)
			}
		}
		if v.Unacknowledged == 0 && len(v.Receipts) == len(receipts) && status.Pending == 0 && status.Pursued == 0 {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%w: %d records unacknowledged, %d of %d receipts drawn", errHeld, v.Unacknowledged, len(v.Receipts), len(receipts))
		}
	}
}

// compare holds the operator's own books against what the shop says.
func (w *world) compare(books bank.Books, v verdict, hold func(bool, string, ...any)) {
	// A payment that was approved and taken back counts as approved there and as reversed here.
	hold(books.Totals.Approved == v.Approved || w.off, "operator approved %d, shop %d", books.Totals.Approved, v.Approved)
	hold(books.Totals.Held == w.held, "operator still holds %s, shop %s", yuan(books.Totals.Held), yuan(w.held))
	hold(books.Totals.Open == 0, "operator has %d open orders", books.Totals.Open)
	hold(books.Totals.NetDebit == w.taken, "customers paid %s, shop took %s", yuan(books.Totals.NetDebit), yuan(w.taken))
	for _, order := range books.Orders {
		hold(order.Asked <= 1, "order %s was placed %d times", order.Order, order.Asked)
	}
}

// yuan is an amount as people read it.
func yuan(fen int64) string { return money.Money{Minor: fen, Currency: money.CNY}.Display() }

// verifyJournal verifies every record of the running agent's journal, chain and all.
func (w *world) verifyJournal(ctx context.Context) error {
	j, err := journal.OpenReadOnly(ctx, w.shop.Till.Journal, seal.Portable(), nil)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	if _, err := j.Verify(ctx); err != nil {
		return errors.Join(fmt.Errorf("verify journal: %w", err), j.Close())
	}
	return j.Close()
}

// percentile returns a share of the timed sales in milliseconds.
func (w *world) percentile(share float64) float64 {
	if len(w.counter) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(w.counter))
	index := min(int(share*float64(len(sorted))), len(sorted)-1)
	return float64(sorted[index].Microseconds()) / 1000
}

// report writes what the audit found.
func (t *transcript) report(v verdict, problems []error, dir string) {
	t.note("\n共 %d 笔：成功 %d，拒绝 %d，撤销 %d，未知 %d · %d sales: %d approved, %d declined, %d reversed, %d unknown",
		v.Sales, v.Approved, v.Declined, v.Reversed, v.Unknown, v.Sales, v.Approved, v.Declined, v.Reversed, v.Unknown)
	t.note("流水 %d 条，云端 %d 条，未确认 %d，缺口 %d；账目平衡 %v · journal %d, cloud %d, unacknowledged %d, gaps %d; ledger balanced %v",
		v.JournalRecords, v.CloudRecords, v.Unacknowledged, v.Gaps, v.LedgerBalanced,
		v.JournalRecords, v.CloudRecords, v.Unacknowledged, v.Gaps, v.LedgerBalanced)
	t.note("扫码到出票 · code to receipt: p50 %.1f ms, p99 %.1f ms", v.Counter.P50, v.Counter.P99)
	t.note("小票图片 · receipt pictures: %d in %s/*/receipts", len(v.Receipts), dir)
	for _, problem := range problems {
		t.note("✗ %v", problem)
	}
}
