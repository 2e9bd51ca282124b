// Package trial plays a plan of faults against a shop of real processes in which cashiers sell all the time. A plan comes
// in; what everybody says once the faults are over leaves.
package trial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/tools/chaos/audit"
	"github.com/yuantill/yuantill/tools/chaos/plan"
	"github.com/yuantill/yuantill/tools/chaos/tally"
	"github.com/yuantill/yuantill/tools/shop"
)

// Options say what is played.
type Options struct {
	// Bin is the folder of the programs, Dir the folder for everything that is written.
	Bin, Dir string
	Tills    int
	Steps    []plan.Step
	// Seed is what customers and cashiers draw from.
	Seed uint64
	// OtherAgent is another version of the agent that tills change to and back; empty stays with Bin's.
	OtherAgent string
	// Say is told what happens, in Chinese and English; it must not block.
	Say func(format string, values ...any)
}

// Result is what came of a trial.
type Result struct {
	Kills    int
	Faults   map[plan.Fault]int
	Evidence audit.Evidence
	// Broken are promises that did not hold before the books were even looked at: a till that said two things, a process
	// that ended by itself, a payment without an end.
	Broken []string
}

// The shop's times: everything that the rules let be quicker is.
const (
	agentSettings = "\n[timing]\nanswer_within = \"1s\"\nask_every = \"1s\"\ngive_up = \"16s\"\ngive_up_shown = \"16s\"\n"
	cloudSettings = "\n[payment]\ngive_up_after = \"16s\"\n"
	walletBalance = 1_000_000_000 // fen: customers do not run out of money
	walletTaps    = 60_000
	slowLine      = 2 * time.Millisecond // of the printers, so that a kill finds one at work
	tallyEvery    = 15 * time.Second
)

// Run plays a trial. Its error is that it could not be played; what did not hold is in the result.
func Run(ctx context.Context, options Options) (result Result, err error) {
	s, err := shop.Start(ctx, shop.Options{Bin: options.Bin, Dir: options.Dir, Terminals: options.Tills, NoPictures: true,
		LogLevel: "warn", Rough: true, Daybook: true, Wallet: shop.Wallet{Balance: walletBalance, Taps: walletTaps},
		AgentSettings: agentSettings, CloudSettings: cloudSettings})
	if err != nil {
		return Result{}, err
	}
	w := newWorld(s, options)
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.prepare(ctx); err != nil {
		return Result{}, err
	}
	w.play(ctx)
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	if err := w.settle(ctx); err != nil {
		return Result{}, err
	}
	evidence, err := w.gather(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("gather evidence: %w", err)
	}
	return Result{Kills: int(w.kills.Load()), Faults: w.faultCounts(), Evidence: evidence,
		Broken: append(w.broken.all(), w.told.Lies()...)}, nil
}

// play lets the cashiers sell until the plan is over and their last sale has come to its end.
func (w *world) play(ctx context.Context) {
	playing, cancel := context.WithCancel(ctx)
	defer cancel()
	w.watch()
	for number := range w.Tills {
		w.cashiers.Go(func() { newCashier(w, number).run(ctx) })
	}
	w.observers.Go(func() { w.collectPapers(playing) })
	w.observers.Go(func() { w.report(playing) })
	w.strikes(ctx)
	w.say("故障结束，恢复一切 · the faults are over, everything is mended")
	w.heal(ctx)
	close(w.closing)
	w.cashiers.Wait()
	cancel()
	w.observers.Wait()
}

// report tells the state of the tally now and then.
func (w *world) report(ctx context.Context) {
	ticker := time.NewTicker(tallyEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.say("%s", w.state())
		case <-ctx.Done():
			return
		}
	}
}

// state is the tally on one line.
func (w *world) state() string {
	counts := w.told.Count()
	total := 0
	for _, count := range counts {
		total += count
	}
	return fmt.Sprintf("断电 %d 次；%d 笔：成功 %d，拒绝 %d，撤销 %d，未付 %d，待定 %d · %d kills; %d sales: %d approved, %d declined, %d reversed, %d abandoned, %d open",
		w.kills.Load(), total, counts[audit.Approved], counts[audit.Declined], counts[audit.Reversed], counts[audit.Abandoned], counts[audit.Unknown],
		w.kills.Load(), total, counts[audit.Approved], counts[audit.Declined], counts[audit.Reversed], counts[audit.Abandoned], counts[audit.Unknown])
}

// evidenceOf writes the tally for the audit.
func evidenceOf(sales []tally.Sale) []audit.Told {
	told := make([]audit.Told, 0, len(sales))
	for _, sale := range sales {
		told = append(told, audit.Told{Order: audit.Order(sale.Order), Terminal: sale.Terminal, Amount: sale.Amount, Outcome: sale.Outcome,
			Returned: sale.Returned, Hold: sale.Hold})
	}
	return told
}
