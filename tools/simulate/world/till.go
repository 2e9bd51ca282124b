package world

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal/fast"
	"github.com/yuantill/yuantill/protocol/topic"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

const version = "simulated"

// till is a machine at a counter. It outlives the processes that run on it.
type till struct {
	world   *World
	name    string
	index   int // of its terminal
	id      record.Terminal
	folder  string
	disk    *crashdisk.Disk // the journal's
	random  random
	link    *link
	printer *printer
	skew    time.Duration
	drift   int64 // parts per million
	reckoning
	unwritten setBack
	failed    time.Duration // when a commit last failed
	off       time.Duration // for how long the machine is not started after its next end, besides the usual time
	epochAge  time.Duration
	saved     *copyOf       // an old copy of the files; nil for none
	divided   bool          // another copy of the files was at work: not everything need converge
	parted    time.Duration // when that began
	past      []*loss       // what old copies lacked that were put back, the latest last
	retired   bool          // never started again
	tampered  bool          // it forgets what it took by itself
	dialect   dialect
	broken    int // how many commits fail for want of room

	// What follows belongs to the present process.
	life       *life // nil while none runs
	keys       *keyring.Keyring
	journal    *journal.Journal
	uplink     *uplink.Uplink
	connection *uplink.Connection
	agent      agent.Stepwise
	recorder   *recorder
	rounds     int           // connections in a row that did not last
	since      time.Duration // when the present connection began

	tick, step, printing, connecting, starting *alarm

	evidence evidence
}

func newTill(w *World, index int) *till {
	t := &till{
		world: w, index: index, name: fmt.Sprintf("till %d", index), id: w.shop.terminals[index], epochAge: 24 * time.Hour,
		random: newRandom(w.script.Seed, fmt.Sprintf("till %d", index)), folder: filepath.Join(w.folder, fmt.Sprintf("till-%d", index)),
	}
	disk := filepath.Join(t.folder, "disk")
	w.must(os.MkdirAll(disk, 0o700))
	var err error
	t.disk, err = crashdisk.New(disk)
	w.must(err)
	t.printer = &printer{till: t, ready: true, papers: map[print]int{}}
	t.link = &link{world: w, till: t, random: newRandom(w.script.Seed, fmt.Sprintf("link %d", index))}
	t.evidence = newEvidence()
	return t
}

// start runs a process on the machine.
func (t *till) start() {
	if t.life != nil || t.retired {
		return
	}
	if err := t.open(); err != nil {
		if !t.troubled(err) {
			t.world.violation("till-does-not-start", "%s: %v", t.name, err)
			t.retired = true
		}
		return
	}
	ctx := context.Background()
	t.world.trace("%s is up", t.name)
	t.hide()
	t.reread(ctx)
	t.recorded.at = min(t.recorded.at, t.ended.at) // found only now
	if err := t.agent.Recover(ctx); err != nil {
		t.world.violation("till-does-not-recover", "%s: %v", t.name, err)
	}
	if t.printer.ready {
		t.agent.PrinterUp(ctx)
	}
	t.starting.in(time.Second)
	t.connecting.in(t.random.between(0, 2*time.Second))
	t.settle()
}

func (t *till) open() (err error) {
	ctx, w := context.Background(), t.world
	t.keys, err = keyring.Open(keyring.Config{EnrolmentPath: w.shop.enrolment(t.id), Engine: fast.Engine(),
		StatePath: t.epochs()})
	if err != nil {
		return err
	}
	if t.journal, err = journal.Open(ctx, t.journalConfig()); err != nil {
		return err
	}
	l := &life{}
	j := t.journal
	l.buried = func() { t.bury(l, j) }
	t.life = l
	config := uplink.DefaultConfig()
	config.Brokers, config.AgentVersion, config.SerialNumber = []string{"cloud:8883"}, version, "SN"
	config.Clock, config.Steady, config.Random, config.Nonces, config.Logger = t.clock, w.time, t.random.Int64N, t.random, w.logger
	config.Timings.EpochAge = t.epochAge
	if t.uplink, err = uplink.New(config, t.journal, t.keys); err != nil {
		return err
	}
	feed := station.NewFeed(t.clock())
	feed.Watch(t.screen)
	t.recorder = &recorder{Journal: t.journal, till: t, life: l}
	assembled, err := agent.New(t.config(), agent.Parts{Journal: t.recorder, Uplink: t.uplink, Identity: t.keys.Identity(), Issuers: w.shop.issuers,
		Offline: &agent.OfflineParts{Journal: t.offlineJournal(), Answers: t.uplink, Steady: w.time}, Clock: t.clock, Random: t.random, Logger: w.logger}, feed)
	if err != nil {
		return err
	}
	t.agent = assembled.Stepwise()
	t.tick = &alarm{loop: w.loop, life: l, run: t.settle}
	t.step = &alarm{loop: w.loop, life: l, run: t.advance}
	t.printing = &alarm{loop: w.loop, life: l, run: t.print}
	t.connecting = &alarm{loop: w.loop, life: l, run: t.connect}
	t.starting = &alarm{loop: w.loop, life: l, run: func() {
		if !t.agent.RecordStart(ctx) {
			t.starting.in(time.Second)
		}
		t.settle()
	}}
	return nil
}

func (t *till) journalConfig() journal.Config {
	config := journal.DefaultConfig()
	config.Path, config.Disk = t.disk.Path("journal.db"), t.disk
	config.Terminal, config.KeyVersion = t.id, t.keys.KeyVersion()
	config.RoomMin, config.BallastSize, config.WALSize = 0, 4096, 256<<10
	config.Labels, config.SaleKey, config.FollowUpKey = agent.SaleLabels, agent.SaleKey, agent.FollowUpKey
	config.Keyring, config.Clock, config.Engine, config.Logger = t.keys, t.clock, fast.Engine(), t.world.logger
	return config
}

func (t *till) config() agent.Config {
	config := agent.DefaultConfig()
	config.Version, config.Terminal = version, t.id
	config.Merchant = agent.Merchant{Name: "小面馆", ID: merchantID, Acquirer: "工商银行"}
	config.CheckBase = "https://pay.example"
	config.Device = &message.TerminalBlock{DeviceType: "11", SerialNumber: "SN", AgentVersion: version}
	return config
}

// epochs is the keyring's file. It is replaced as a whole and synced, so a power cut leaves the old one or the new one.
func (t *till) epochs() string { return filepath.Join(t.folder, "epochs.json") }

// reread looks for everything that was ever committed, and finds what a power cut kept although its commit never
// returned.
func (t *till) reread(ctx context.Context) {
	kept := t.overhear(ctx, 0)
	for one := range t.evidence.records {
		if !kept[one] {
			t.world.violation("committed-record-lost", "%s: a record that was committed is not there after a restart", t.name)
			return
		}
	}
}

// overhear writes down the records after a sequence of which the till was not told: the uplink makes some too. It returns
// all of them.
func (t *till) overhear(ctx context.Context, after uint64) map[string]bool {
	kept := map[string]bool{}
	for end := t.journal.Tail().Sequence; after < end; {
		records, err := t.journal.Records(ctx, after, 500, 1<<20)
		t.world.must(err)
		if len(records) == 0 {
			break
		}
		for _, one := range records {
			header, err := record.ParseHeader(one)
			t.world.must(err)
			after = header.Sequence
			kept[string(one)] = true
			if !t.evidence.records[string(one)] {
				t.evidence.recorded(t, one)
			}
		}
	}
	return kept
}

// settle does what is due, and sees to it that what comes due later is done then.
func (t *till) settle() {
	ctx := context.Background()
	t.agent.Answers(ctx)
	t.tick.in(t.agent.Tick(ctx))
	select {
	case <-t.journal.Appended():
		t.step.in(10 * time.Millisecond)
	default:
	}
	if t.agent.Printing() > 0 {
		t.printing.in(t.random.between(300*time.Millisecond, 2*time.Second))
	}
}

// advance lets the uplink do what it can.
func (t *till) advance() {
	if t.connection == nil {
		return
	}
	next, err := t.connection.Step(context.Background())
	t.recorder.powered("during sign-in")
	t.overhear(context.Background(), t.evidence.last)
	if err != nil {
		t.disconnect(err)
		return
	}
	if t.journal.Waiting(1, t.journal.Tail().Sequence) == 0 {
		next = max(next, 5*time.Minute) // nothing waits: only its epoch's age could matter
	}
	t.step.exactly(next)
	t.world.acknowledged(t)
	t.settle()
}

// receive takes a message from the broker.
func (t *till) receive(payload []byte) {
	if t.connection == nil {
		return
	}
	t.heard, t.hidden = t.world.loop.now, 0
	t.connection.Receive(payload)
	t.recorder.powered("during acknowledgement")
	t.overhear(context.Background(), t.evidence.last)
	t.step.in(0)
	t.settle()
}

func (t *till) connect() {
	if t.connection != nil {
		return
	}
	w := t.world
	if !w.broker.up || t.link.cutUp || t.link.cutDown {
		t.connecting.in(t.pause())
		return
	}
	w.broker.connect(t)
	t.since = w.loop.now
	l := t.life
	connection, err := t.uplink.Attach("cloud:8883", func(lane topic.Lane, payload []byte) error {
		l.point("send")
		if t.connection == nil && t.uplink == nil {
			return errCut
		}
		t.link.up(lane, payload)
		return nil
	})
	t.connection = connection
	if err != nil {
		t.disconnect(err)
		return
	}
	t.step.in(0)
}

// disconnect is the end of a connection as the till notices it.
func (t *till) disconnect(cause error) {
	if t.connection == nil {
		return
	}
	t.world.broker.leave(t)
	t.connection.Detach(cause)
	t.connection = nil
	// Of two machines with one id each throws the other out: only a connection that lasted begins again without a pause.
	if t.world.loop.now-t.since >= uplink.DefaultConfig().Timings.Stable {
		t.rounds = 0
	}
	t.connecting.in(t.pause())
	t.settle()
}

// pause is the wait before the next connection.
func (t *till) pause() time.Duration {
	bound := min(30*time.Second, 200*time.Millisecond<<min(t.rounds, 10))
	t.rounds++
	return t.random.between(50*time.Millisecond, bound)
}

// print has the printer print what waits.
func (t *till) print() {
	ctx := context.Background()
	t.life.point("print")
	if !t.printer.ready {
		return
	}
	if _, err := t.agent.Print(ctx, t.printer); err != nil {
		t.printer.ready = false
		t.agent.PrinterDown(ctx, err)
	}
	t.settle()
}

// bury lets go of what a dead process had open, and starts the next one some time later. A killed process leaves the
// files as they are; a power cut leaves what was synced, and of the rest anything.
func (t *till) bury(l *life, j *journal.Journal) {
	w := t.world
	w.trace("%s is killed: %s", t.name, l.last)
	w.broker.leave(t)
	t.life, t.connection, t.ended = nil, nil, t.present()
	if !t.disk.Off() {
		t.disk.Kill()
	}
	_ = j.Close() // it cannot write any more
	if t.disk.Off() {
		t.powerOn()
		return
	}
	w.loop.after(t.random.between(time.Second, 40*time.Second)+t.off, nil, t.start)
	t.off = 0
}

// troubled reports whether the disk is the reason for an error; then somebody sees to it, and starts the till again.
func (t *till) troubled(err error) bool {
	var failure sqlite3.Error
	switch {
	case t.disk.Off():
		t.life = nil
		t.powerOn()
	case errors.Is(err, crashdisk.ErrFault), errors.As(err, &failure) && failure.Code == sqlite3.ErrIoErr:
		t.world.hit("disk-error")
		t.life = nil
		t.disk.SetFaults(crashdisk.Faults{})
		t.world.loop.after(time.Minute, nil, t.start)
	default:
		return false
	}
	return true
}

// powerOn gives a till its power back, with what the cut left of its files.
func (t *till) powerOn() {
	t.world.hit("till-power-cut")
	t.world.must(t.disk.PowerOn(aLoss(t.random), t.random.Rand))
	t.world.loop.after(t.random.between(time.Second, 40*time.Second), nil, t.start)
}

// aLoss draws what a power cut does to what was not synced.
func aLoss(r random) crashdisk.Loss {
	return one(r, crashdisk.LoseUnsynced, crashdisk.LoseNothing, crashdisk.LoseSectors, crashdisk.TearSector)
}

// stop ends the process in good order, as for an upgrade.
func (t *till) stop() {
	if t.life == nil {
		return
	}
	t.world.trace("%s stops", t.name)
	t.world.broker.leave(t)
	l := t.life
	l.buried = nil
	l.kill()
	t.uplink.Close()
	t.life, t.connection, t.ended = nil, nil, t.present()
	if err := t.journal.Close(); err != nil && (t.world.ended || !t.troubled(err)) {
		t.world.violation("till-does-not-stop", "%s: %v", t.name, err)
	}
}

// recorder is the till's journal as the till sees it; what it commits is written down as evidence.
type recorder struct {
	*journal.Journal
	till *till
	life *life
}

var errDisk = fmt.Errorf("%w: simulated", journal.ErrNoRoom)

// Append implements agent.Recorder.
func (r *recorder) Append(ctx context.Context, entries ...journal.Entry) ([]record.Record, error) {
	r.life.point("before record")
	if r.till.broken > 0 {
		r.till.broken--
		r.till.world.hit("disk-full")
		r.till.failed = r.till.world.loop.now
		return nil, errDisk
	}
	records, err := r.Journal.Append(ctx, r.till.dialect.said(entries)...)
	r.powered("during record")
	if err != nil {
		r.till.failed = r.till.world.loop.now
	} else {
		for _, one := range records {
			r.till.evidence.recorded(r.till, one)
		}
	}
	r.life.point("after record")
	if err == nil && r.till.dialect.later && entries[0].Type == record.PaymentRequested {
		r.till.sayMore(ctx)
	}
	return records, err
}

// powered ends the process when there is no power any more.
func (r *recorder) powered(what string) {
	if r.till.disk.Off() {
		r.life.end(what)
	}
}

// SaveSale implements agent.Recorder.
func (r *recorder) SaveSale(ctx context.Context, sale journal.Snapshot) error {
	r.life.point("before save")
	err := r.Journal.SaveSale(ctx, sale)
	r.powered("during save")
	r.life.point("after save")
	return err
}
