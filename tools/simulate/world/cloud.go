package world

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/limit"
	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/reconcile"
	"github.com/yuantill/yuantill/cloud/shift"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal/fast"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// cloud is the machine that the cloud runs on. It outlives the processes that run on it.
type cloud struct {
	world   *World
	disk    *crashdisk.Disk
	random  random
	dialect dialect

	life       *life // nil while none runs
	books      *books
	collector  *collector.Collector
	payments   *payment.Service
	checker    *ledger.Checker
	limits     *limit.Giver
	shifts     *shift.Service
	statements *reconcile.Service
	wake       *alarm // of the payments' timers
	ack, turn  *alarm
	sweeping   *alarm
}

func newCloud(w *World) *cloud {
	return &cloud{world: w, random: newRandom(w.script.Seed, "cloud")}
}

// set up makes the books with merchant and terminals in them.
func (c *cloud) setUp(ctx context.Context) error {
	folder := filepath.Join(c.world.folder, "cloud")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	var err error
	if c.disk, err = crashdisk.New(folder); err != nil {
		return err
	}
	if err := c.disk.Load(crashdisk.Image{database: c.world.shop.books}); err != nil {
		return err
	}
	return c.start(ctx)
}

// holdFor is how long anything is held at most: short enough for all of it to be free in the end.
const holdFor = 4 * time.Hour

// database is the name of the cloud's file.
const database = "cloud.db"

// start runs a process.
func (c *cloud) start(ctx context.Context) error {
	real, err := sqlite.Open(ctx, c.disk.Path(database), sqlite.Options{Logger: c.world.logger, Disk: c.disk, Inline: true})
	if err != nil && c.disk.Off() {
		c.powerOn()
		return nil
	}
	if err != nil {
		return fmt.Errorf("start cloud: %w", err)
	}
	l := &life{}
	l.buried = func() { c.bury(l, real) }
	c.life = l
	c.books = &books{Store: real, cloud: c, life: l, random: c.random}
	// What a start does may kill it too; then it was never up.
	if err := c.assemble(ctx, l); err != nil {
		if c.disk.Off() {
			l.end("during start")
		}
		return fmt.Errorf("start cloud: %w", err)
	}
	c.world.trace("cloud is up")
	c.world.broker.up = true
	c.settle()
	return nil
}

func (c *cloud) assemble(ctx context.Context, l *life) error {
	w := c.world
	downlink, err := collector.NewDownlink(ctx, collector.DownlinkConfig{Store: c.books, Leaser: c.books, Root: w.shop.root,
		Engine: fast.Engine(), Publisher: publisher{c, l}, Clock: w.time})
	if err != nil {
		return err
	}
	said := answers{downlink, c}
	timing := payment.DefaultTiming()
	timing.HoldFor = holdFor
	machine, err := payment.NewMachine(timing)
	if err != nil {
		return err
	}
	lines := map[string]operator.Connector{}
	for _, b := range w.banks {
		lines[b.code] = line{b, l}
	}
	directory := merchant.NewDirectory(c.books)
	c.limits, err = limit.NewGiver(limit.Config{Plans: w.shop.plans, Store: c.books, Terminals: directory, Answers: said,
		Clock: w.time, Logger: w.logger})
	if err != nil {
		return err
	}
	metrics := prometheus.NewRegistry()
	c.payments, err = payment.NewService(ctx, payment.ServiceConfig{Machine: machine, Store: c.books,
		Merchants: directory, Plans: w.shop.plans, Issuers: w.shop.issuers, Blocked: c.limits.Changed, Registry: w.shop.operators, Operators: lines, Answers: said,
		Clock: worldClock{w}, Beside: func(run func()) { w.loop.spawn(l, func() { run(); c.settle() }) },
		Logger: w.logger, Metrics: metrics})
	if err != nil {
		return err
	}
	c.shifts, err = shift.New(shift.Config{Store: c.books, Clock: w.time, Logger: w.logger})
	if err != nil {
		return err
	}
	c.statements, err = reconcile.New(reconcile.Config{Store: c.books, Operators: lines, Disputes: c.payments, Clock: w.time, Logger: w.logger})
	if err != nil {
		return err
	}
	c.collector, err = collector.New(collector.Config{Downlink: downlink, Random: c.random, Logger: w.logger, Metrics: metrics,
		Workers: 1, BooksBehind: c.payments.BooksBehind, Consumers: map[record.Type]collector.Consumer{
			record.EpochOpened: c.limits.SignIns(), record.LimitsTaken: c.limits.Takings(), record.ShiftOpened: c.shifts.Openings(), record.ShiftClosed: c.shifts.Endings(),
			record.PaymentRequested: c.limits.Beside(c.payments.Requests()), record.ReversalRequested: c.payments.Reversals(),
			record.FollowUpRequested: c.payments.FollowUps(), record.OrderLookup: c.payments.Lookups(), record.OutcomeShown: c.payments.Outcomes()}})
	if err != nil {
		return err
	}
	c.checker, err = ledger.NewChecker(ledger.Config{Books: c.books, Standings: payment.Standings(), Clock: w.time,
		Logger: w.logger, Every: time.Minute})
	if err != nil {
		return err
	}
	c.wake = &alarm{loop: w.loop, life: l, run: c.settle}
	c.ack = &alarm{loop: w.loop, life: l, run: c.acknowledge}
	c.turn = &alarm{loop: w.loop, life: l, run: func() {
		if c.collector.TurnOver() {
			c.turn.in(collector.AckLater)
		}
		c.acknowledge()
	}}
	c.sweepLater(l)
	c.compareStatements(l, time.Minute)
	return c.payments.Recover(ctx)
}

// sweepLater has the payments look for holds that end, and shifts compared, again and again; less often while no operator holds anything, to
// save the machine that this runs on.
func (c *cloud) sweepLater(l *life) {
	const seldom = 12
	wait := seldom * payment.SweepEvery
	if c.world.holding() {
		wait = payment.SweepEvery
	}
	c.sweeping = &alarm{loop: c.world.loop, life: l, run: func() {
		c.payments.Sweep(context.Background())
		err := c.shifts.Compare(context.Background())
		c.books.powered() // it only reads, as often as not
		if err != nil {
			c.world.violation("shifts-not-compared", "%v", err)
		}
		c.settle()
		c.sweepLater(l)
	}}
	c.sweeping.in(wait)
}

// handle takes a message from the broker.
func (c *cloud) handle(m collector.Message) {
	c.collector.Handle(context.Background(), m)
	c.settle()
}

// settle does what has come due, and sees to it that what comes due later is done then.
func (c *cloud) settle() {
	if wait, any := c.payments.Tick(); any {
		c.wake.in(wait)
	}
	c.limits.Step(context.Background())
	const between = 2 * time.Millisecond
	c.ack.in(between)
}

func (c *cloud) acknowledge() {
	if c.collector.Acknowledge(context.Background()) {
		c.turn.in(collector.AckLater)
	}
}

// bury lets go of what a dead process had open, and starts the next one some time later.
func (c *cloud) bury(l *life, real *sqlite.Store) {
	w := c.world
	w.trace("cloud is killed: %s", l.last)
	w.broker.stop()
	w.unsettled()
	c.life = nil
	if !c.disk.Off() {
		c.disk.Kill()
	}
	_ = real.Close() // it cannot write any more
	if c.disk.Off() {
		c.powerOn()
		return
	}
	c.startSoon()
}

func (c *cloud) startSoon() {
	c.world.loop.after(c.random.between(200*time.Millisecond, 20*time.Second), nil, func() { c.world.must(c.start(context.Background())) })
}

// powerOn gives the cloud its power back, with what the cut left of its files.
func (c *cloud) powerOn() {
	c.world.hit("cloud-power-cut")
	c.world.must(c.disk.PowerOn(aLoss(c.random), c.random.Rand))
	c.startSoon()
}

// publisher carries answers to the broker.
type publisher struct {
	cloud *cloud
	life  *life
}

// Publish implements collector.Publisher.
func (p publisher) Publish(subject string, data []byte) error {
	p.life.point("publish")
	p.cloud.world.broker.down(subject, data)
	return nil
}

// worldClock is the cloud's clock.
type worldClock struct{ world *World }

// Now implements payment.Clock.
func (c worldClock) Now() time.Time { return c.world.time() }

// After implements payment.Clock: the task that asks waits.
func (c worldClock) After(d time.Duration) <-chan time.Time {
	c.world.loop.sleep(d)
	fired := make(chan time.Time, 1)
	fired <- c.world.time()
	return fired
}
