// Package world is everything around the product and the product itself, in one thread and in a time of its own: a script
// comes in, what happened and which promises were broken leave.
package world

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// dawn is when a world begins: Monday morning.
var dawn = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

const (
	// convergeWithin is how long after the last fault everything must have become definite: the operators' last recheck
	// is asked for within two hours, and sees to a refund.
	convergeWithin = 6 * time.Hour
	// violationsMax bounds what one run reports.
	violationsMax = 20
	// never is more operations than any disk makes.
	never = 1 << 40
	// stepsMax bounds a run that goes round in circles.
	stepsMax = 3_000_000
)

// Violation is one broken promise.
type Violation struct {
	Name   string
	At     time.Duration
	Detail string
}

// Result is what came of a run.
type Result struct {
	Seed       uint64
	Days       float64 // terminal days
	Payments   int
	Refusals   int
	Losses     int // that nobody can know of, see the known limits
	Steps      int
	Faults     map[string]int // how often each kind of fault really hit
	Violations []Violation
}

// World is one run.
type World struct {
	shop   *Shop
	script Script
	folder string
	loop   *loop
	out    io.Writer // nil for no trace
	logger *slog.Logger
	people random

	tills  []*till
	cloud  *cloud
	broker *broker
	banks  []*bank

	purchases map[order]*purchase
	list      []*purchase
	pressing  *claim               // that a till was last asked for
	begun     map[string]*purchase // by idempotency key
	wishes    int
	codes     map[string]*customer
	cards     map[hardwallet.WalletID]*customer
	regulars  map[int]*customer
	minted    int
	spendings map[spending][]order                  // what cards have paid
	spentBy   map[order][]spending                  // the same the other way round
	presented map[spending]order                    // to an operator
	blocked   map[hardwallet.WalletID]time.Duration // since when the cloud is known to block a wallet
	shown     map[string]*bankOrder
	backlogs  map[string]*backlog // of tills that were tampered with, by the headers of their records
	frames    map[string][32]byte
	arrived   map[string]time.Duration // headers of records that reached the cloud

	days       map[feeDay]dayFees // fees, as the ledger has them
	history    history
	dealings   dealings
	faults     map[string]int
	refusals   int
	losses     int
	tear       int  // at which exchange the next card leaves the field
	calm       bool // the faults have stopped
	ended      bool
	violations []Violation
}

// Run plays a script in a folder, which must not exist, and removes it. A trace is written to out unless that is nil.
// The error is that of the machine this runs on.
func Run(shop *Shop, script Script, folder string, out io.Writer) (result Result, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(folder)
	w := &World{shop: shop, script: script, folder: folder, loop: &loop{}, out: out, people: newRandom(script.Seed, "people"),
		purchases: map[order]*purchase{}, begun: map[string]*purchase{}, codes: map[string]*customer{}, cards: map[hardwallet.WalletID]*customer{},
		shown: map[string]*bankOrder{}, backlogs: map[string]*backlog{}, frames: map[string][32]byte{}, arrived: map[string]time.Duration{}, faults: map[string]int{},
		days: map[feeDay]dayFees{}, regulars: map[int]*customer{}, spendings: map[spending][]order{}, spentBy: map[order][]spending{},
		presented: map[spending]order{}, blocked: map[hardwallet.WalletID]time.Duration{}, dealings: dealings{open: map[string]*dealing{}}}
	w.logger = slog.New(&watchfulHandler{world: w})
	defer func() {
		if problem := recover(); problem != nil {
			failure, is := problem.(*machineError)
			if !is {
				panic(problem)
			}
			err = fmt.Errorf("run seed %d: %w", script.Seed, failure.cause)
		}
	}()
	w.begin()
	w.play(script.Length)
	w.calmDown()
	w.play(script.Length + convergeWithin)
	if script.deceives() {
		w.play(lastStatement(script.Length + convergeWithin))
	}
	w.checkEnd()
	w.end()
	return Result{Seed: script.Seed, Days: float64(script.Tills) * (script.Length + convergeWithin).Hours() / 24,
		Payments: w.payments(), Refusals: w.refusals, Losses: w.losses, Steps: w.loop.steps, Faults: w.faults, Violations: w.violations}, nil
}

// machineError is a failure of the machine that the world runs on: it says nothing about the product.
type machineError struct{ cause error }

func (w *World) must(err error) {
	if err != nil {
		panic(&machineError{err})
	}
}

func (w *World) begin() {
	w.broker = &broker{world: w, random: newRandom(w.script.Seed, "broker"), sessions: map[record.Terminal]*till{}}
	for _, code := range operatorCodes {
		w.banks = append(w.banks, newBank(w, code))
	}
	w.cloud = newCloud(w)
	w.must(w.cloud.setUp(context.Background()))
	for i := range w.script.Tills {
		t := newTill(w, i)
		w.tills = append(w.tills, t)
		w.loop.after(t.random.between(0, time.Minute), nil, t.start)
	}
	for _, a := range w.script.Actions {
		if a.At > w.script.Length+convergeWithin-time.Hour {
			continue // a till that is stopped just before the end would not be up then
		}
		w.loop.after(a.At, nil, func() {
			if w.calm && a.lasting() { // the faults have stopped, and nothing would end it
				return
			}
			w.trace("* %s", a)
			kinds[a.Kind](w, a)
		})
	}
}

// play lets the world go on until a time, or until it has broken too many promises.
func (w *World) play(until time.Duration) {
	for len(w.violations) < violationsMax && w.loop.step(until) {
		if w.loop.steps > stepsMax {
			w.violation("endless", "more than %d things happened", stepsMax)
			return
		}
	}
	w.loop.now = max(w.loop.now, until)
}

// calmDown ends all faults: lines are good, machines run, people have gone home.
func (w *World) calmDown() {
	w.trace("the faults stop")
	w.calm = true
	w.broker.overflow = false
	for _, b := range w.banks {
		b.mood = mood{}
		for _, o := range b.list {
			b.decideLate(o)
		}
	}
	w.cloud.disk.CutAt(never)
	if w.cloud.life != nil {
		w.cloud.life.fatal = 0
		w.cloud.books.slow = 0
	}
	for _, t := range w.tills {
		t.link.weather = weather{}
		t.broken = 0
		t.printer.paper, t.printer.gone, t.printer.vague = 0, 0, 0
		if !t.disk.Off() { // a till that is off for long may have one before it
			t.disk.CutAt(never)
			t.disk.SetFaults(crashdisk.Faults{})
		}
		if t.life != nil {
			t.life.fatal = 0
			if t.journal.Room() != nil {
				t.life.kill() // somebody starts it again
			}
		} else {
			w.loop.after(0, nil, t.start)
		}
	}
}

// end closes everything.
func (w *World) end() {
	w.ended = true
	for _, t := range w.tills {
		t.stop()
		w.must(t.disk.Close())
	}
	if w.cloud.life != nil {
		w.cloud.life.buried = nil
		real := w.cloud.books.Store
		w.cloud.life.kill()
		w.must(real.Close())
	}
	w.must(w.cloud.disk.Close())
}

// time is the true time.
func (w *World) time() time.Time { return dawn.Add(w.loop.now) }

// till returns the till that an action names, or nil when nothing runs there.
func (w *World) till(a Action) *till {
	t := w.machine(a)
	if t == nil || t.life == nil {
		return nil
	}
	return t
}

// machine returns the machine that an action names, whether anything runs there or not.
func (w *World) machine(a Action) *till {
	if n := a.number("till"); n >= 0 && n < len(w.tills) {
		return w.tills[n]
	}
	return nil
}

// soon lets somebody do something at a till, unless its process has ended by then.
func (w *World) soon(t *till, d time.Duration, do func()) {
	w.loop.after(d, t.life, func() {
		do()
		t.settle()
	})
}

// hit counts a fault that really hit something.
func (w *World) hit(fault string) { w.faults[fault]++ }

// alias is how a trace names a sale.
func (w *World) alias(id operator.OrderID) string {
	if p := w.purchases[id]; p != nil {
		return fmt.Sprintf("sale %d", p.number)
	}
	if id == (operator.OrderID{}) {
		return "no sale"
	}
	return "an unknown sale"
}

func (w *World) trace(format string, args ...any) {
	if w.out != nil {
		fmt.Fprintf(w.out, "%14s %s\n", w.loop.now, fmt.Sprintf(format, args...))
	}
}

// violation notes a broken promise.
func (w *World) violation(name, format string, args ...any) {
	v := Violation{Name: name, At: w.loop.now, Detail: fmt.Sprintf(format, args...)}
	w.trace("VIOLATION %s: %s", v.Name, v.Detail)
	if len(w.violations) < violationsMax {
		w.violations = append(w.violations, v)
	}
}

// payments counts the purchases for which somebody was asked for money.
func (w *World) payments() int {
	n := 0
	for _, p := range w.list {
		if p.till.requested(p.order) {
			n++
		}
	}
	return n
}

// yuan is an amount as a slip has it.
func yuan(minor int64) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	return fmt.Sprintf("%s¥%d.%02d", sign, minor/100, minor%100)
}

// Folder returns where worlds should live: in memory where the machine has such a place.
func Folder() string {
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err == nil && info.IsDir() {
		return memory
	}
	return os.TempDir()
}
