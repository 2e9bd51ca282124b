package uplink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/agent/journal"
)

// drainer sends everything that is not urgent, in order, with a bounded number of records on their way. There is one,
// in the goroutine of Run, and it is new with every connection: what was not acknowledged goes again.
type drainer struct {
	uplink  *Uplink
	session *session
	signIn  signIn
	cursor  uint64 // the last record sent
	again   uint64 // the record that is sent once more on a new connection although it is acknowledged, 0 for none
	onWay   []batch
	frames  int
	bytes   int
	window  window
	// behind says that the window ended the last round and not the journal.
	behind    bool
	lingering bool
	progress  time.Time // of the last acknowledgement, or of sending into an empty window
	acked     uint64
	patience  time.Duration
	// waitingSince is when records began to be on their way, or the latest sign-in was answered.
	waitingSince time.Time
}

// batch is a run of records on their way.
type batch struct {
	first, last   uint64
	frames, bytes int
	sentAt        time.Time
}

// begin starts the drainer of a new connection, payments first.
func (u *Uplink) begin(s *session) (*drainer, error) {
	d := &drainer{
		uplink: u, session: s, cursor: u.journal.Acknowledged(), acked: u.journal.Acknowledged(),
		patience: u.config.Timings.Ack, window: window{size: windowMin}, waitingSince: u.config.Steady(),
	}
	if u.stopped() != nil {
		return d, nil
	}
	if last := u.journal.Tail().Sequence; d.cursor == last && last > 0 {
		d.cursor, d.again = last-1, last // what the cloud says to it shows whether its books are what they were
	}
	return d, u.repeatUrgent(s)
}

// serve works one connection until it is lost or ctx ends.
func (u *Uplink) serve(ctx context.Context, s *session) error {
	d, err := u.begin(s)
	if err != nil {
		return err
	}
	linger := time.NewTimer(0)
	defer linger.Stop()
	for {
		if err := d.round(ctx); err != nil {
			return err
		}
		alarm := time.NewTimer(d.nextAlarm())
		err := d.sleep(ctx, s, linger, alarm)
		alarm.Stop()
		if err != nil {
			return err
		}
	}
}

// sleep waits until there may be something to do. A record that is not urgent waits a little for company, so that
// small batches fill up and the processor is left to the sale under way.
func (d *drainer) sleep(ctx context.Context, s *session, linger, alarm *time.Timer) error {
	appended := d.uplink.journal.Appended()
	for {
		if d.behind || d.lingering {
			appended = nil // what is appended goes with the rest
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.lost:
			return fmt.Errorf("connection lost: %w", err)
		case raw := <-s.answers:
			return d.answer(ctx, raw)
		case <-appended:
			d.lingering = true
			linger.Reset(d.uplink.config.Timings.Linger)
		case <-linger.C:
			d.lingering = false
			return nil
		case <-d.uplink.wake:
			return nil
		case <-alarm.C:
			return nil
		}
	}
}

// round does everything that can be done without waiting.
func (d *drainer) round(ctx context.Context) error {
	if d.uplink.stopped() != nil {
		return nil
	}
	d.settle()
	must := d.uplink.mustSignIn() != ""
	if must || d.uplink.unrecorded != nil || d.uplink.shouldSignIn() || d.deafFor() >= d.uplink.config.Timings.Deaf {
		if err := d.enter(ctx); err != nil {
			return err
		}
		must = d.uplink.mustSignIn() != ""
	}
	if must {
		return nil
	}
	return d.fill(ctx)
}

// deafFor is for how long records have been on their way and nothing came down that opened.
func (d *drainer) deafFor() time.Duration {
	d.uplink.mu.Lock()
	opened := d.uplink.openedAt
	d.uplink.mu.Unlock()
	if opened.Before(d.waitingSince) {
		opened = d.waitingSince
	}
	return d.uplink.config.since(opened)
}

// enter brings a sign-in forward, unless its record could not be kept: then what the journal has still leaves.
func (d *drainer) enter(ctx context.Context) error {
	u := d.uplink
	if err := u.journal.Room(); errors.Is(err, journal.ErrFailed) {
		u.notes.warn("no sign-in while the journal cannot be written", "error", err)
		return nil
	}
	if u.unrecorded != nil && u.unrecorded.behind() && u.journal.Tail().Sequence != u.unrecorded.Compared {
		u.unrecorded = nil
		u.demandSignIn("records were appended since the journal was held against the cloud's books") // SPEC.md 7.1.5
	}
	if u.unrecorded == nil {
		return d.ask()
	}
	if u.mustSignIn() == "" && u.config.since(u.unrecorded.tried) < u.config.Timings.SignIn {
		return nil
	}
	if err := u.open(ctx); err != nil {
		return d.unkept(err)
	}
	d.opened()
	return nil
}

// unkept is what follows from an epoch that cannot be kept: where the cloud's books and the journal agree, records go on
// under the one before.
func (d *drainer) unkept(err error) error {
	if d.uplink.mustSignIn() != "" {
		return fmt.Errorf("sign in: %w", err)
	}
	d.uplink.notes.warn("new epoch cannot be kept yet", "error", err)
	return nil
}

// ask sends a sign-in unless one is under way.
func (d *drainer) ask() error {
	if !d.signIn.began.IsZero() && d.uplink.config.since(d.signIn.began) < d.uplink.config.Timings.SignIn {
		return nil
	}
	attempt, err := d.uplink.request(d.session)
	d.signIn = attempt
	return err
}

// answer takes a sign-in answer.
func (d *drainer) answer(ctx context.Context, raw []byte) error {
	err := d.uplink.answered(ctx, d.signIn, raw)
	switch {
	case err == nil:
		d.opened()
		return nil
	case errors.Is(err, errChain):
		d.uplink.stop(err)
		return nil
	case errors.Is(err, errSignInAnswer):
		d.uplink.notes.warn("sign-in answer ignored", "error", err)
		return nil
	}
	if d.uplink.unrecorded == nil {
		return fmt.Errorf("sign in: %w", err)
	}
	d.opened()
	return d.unkept(err)
}

// opened begins again after a sign-in.
func (d *drainer) opened() {
	d.signIn, d.waitingSince = signIn{}, d.uplink.config.Steady()
	d.rewind()
}

// settle takes off the window what has been acknowledged or refused, and begins again after a silence.
func (d *drainer) settle() {
	u := d.uplink
	kept := d.onWay[:0]
	for _, b := range d.onWay {
		if waiting := u.journal.Waiting(b.first, b.last); waiting > 0 && waiting > u.refusedWithin(b.first, b.last) {
			kept = append(kept, b)
			continue
		}
		d.frames -= b.frames
		d.bytes -= b.bytes
		d.window.answered(u.config.since(b.sentAt))
		d.moved()
	}
	d.onWay = kept
	if acked := u.journal.Acknowledged(); acked != d.acked {
		d.acked = acked
		d.moved()
	}
	if !d.waiting() {
		d.moved()
		d.waitingSince = d.progress
		return
	}
	if u.config.since(d.progress) >= d.patience {
		d.patience = min(2*d.patience, u.config.Timings.AckMax)
		u.notes.warn("acknowledgement overdue: sending again", "after", u.journal.Acknowledged(), "on the way", d.frames)
		d.rewind()
	}
}

// waiting says whether anything that was sent is neither acknowledged nor refused.
func (d *drainer) waiting() bool {
	waiting := d.uplink.journal.Waiting(1, d.cursor)
	return waiting > 0 && waiting > d.uplink.refusedWithin(1, d.cursor)
}

func (d *drainer) moved() {
	d.progress, d.patience = d.uplink.config.Steady(), d.uplink.config.Timings.Ack
}

// rewind goes back to the first record that is not acknowledged.
func (d *drainer) rewind() {
	d.cursor = d.uplink.journal.Acknowledged()
	d.onWay, d.frames, d.bytes = nil, 0, 0
	d.progress = d.uplink.config.Steady()
}

// nextAlarm is when settle or ask would act though nothing came.
func (d *drainer) nextAlarm() time.Duration {
	timings := d.uplink.config.Timings
	next := timings.AckMax
	if d.uplink.stopped() != nil {
		return next
	}
	if hold := d.uplink.urgent.hold(d.uplink.config.Steady()); d.behind && hold > 0 {
		next = min(next, hold)
	}
	if d.waiting() {
		next = min(next, d.patience-d.uplink.config.since(d.progress), max(timings.Deaf-d.deafFor(), timings.SignIn))
	}
	if u := d.uplink.unrecorded; u != nil {
		if rest := timings.SignIn - d.uplink.config.since(u.tried); rest > 0 {
			next = min(next, rest)
		}
	}
	// One that is overdue and was not asked for again is not needed any more.
	if rest := timings.SignIn - d.uplink.config.since(d.signIn.began); !d.signIn.began.IsZero() && rest > 0 {
		next = min(next, rest)
	}
	return max(next, time.Millisecond)
}

// fill sends until the window is full, there is nothing more, or a payment goes before.
func (d *drainer) fill(ctx context.Context) error {
	d.behind = true
	select {
	case <-d.uplink.journal.Appended(): // it is read below
	default:
	}
	window := min(d.window.size, onWayMax-d.session.onNow(d.uplink.settled))
	for d.frames+batchFrames <= window && d.bytes+batchBytes <= windowBytes {
		if d.uplink.urgent.hold(d.uplink.config.Steady()) > 0 {
			return nil
		}
		records, err := d.read(ctx)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			d.behind = false
			return nil
		}
		if err := d.send(records); err != nil {
			return err
		}
	}
	return nil
}
