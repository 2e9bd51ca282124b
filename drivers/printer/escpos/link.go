package escpos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

const (
	// quietGap without a surplus answer says that no late one is on its way.
	quietGap = 30 * time.Millisecond
	// readRounds bounds how often a status is read again because answers may have changed places.
	readRounds = 3
	// silentWait is the pause before a printer that did not answer is asked again.
	silentWait = 250 * time.Millisecond
)

// errYield ends a background status read when a job wants the line.
var errYield = errors.New("line in use")

// receive reads and decodes until ctx ends or the port fails.
func (p *Printer) receive(ctx context.Context) error {
	buffer := make([]byte, readBytes)
	for {
		n, err := p.port.Read(buffer)
		if n > 0 {
			p.take(buffer[:n])
		}
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return &drivers.Error{Device: device, Op: "read answer", Kind: drivers.KindGone, Cause: err}
		}
	}
}

// take applies received bytes to what is known.
func (p *Printer) take(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.options.Now()
	for _, b := range data {
		if event, ok := p.decoder.Decode(b, now); ok {
			p.apply(event, now)
		}
	}
	p.announce()
}

func (p *Printer) apply(event Event, now time.Time) {
	switch event.Kind {
	case EventRealTime:
		if p.asked == 0 {
			p.surplus++
			return
		}
		p.direct[p.asked].status = event.Data[0]
		p.direct[p.asked].count++
		p.asked = 0
	case EventAuto:
		p.pushed++
		p.learn(fromAuto(event.Data, p.options.DrawerOpenLow), now)
	case EventInOrder:
		if p.owed == 0 { // an answer to nothing is noise, and no job's fence
			p.puzzle(event.Data[0])
			return
		}
		p.owed--
	case EventPause, EventResume:
		p.paused = event.Kind == EventPause
	default:
		p.puzzle(event.Data[0])
	}
}

// puzzle logs the first byte that makes no sense. Called with mu held.
func (p *Printer) puzzle(b byte) {
	if !p.strange {
		p.strange = true
		p.options.Logger.Warn("printer sent bytes that make no sense", slog.String("first", fmt.Sprintf("%#02x", b)))
	}
}

// learn stores a status and tells of its change. Called with mu held.
func (p *Printer) learn(status drivers.PrinterStatus, now time.Time) {
	before, after := complaint(p.status), complaint(status)
	changes, tell := p.telling.step(p.knownAt.IsZero() || before != after, now)
	p.status, p.knownAt = status, now
	switch {
	case !tell:
	case after != "":
		p.options.Logger.Warn("printer not ready", slog.String("reason", after), slog.Int("changes", changes))
	default:
		p.options.Logger.Info("printer ready", slog.Int("changes", changes))
	}
}

// announce wakes everybody who awaits a change. Called with mu held.
func (p *Printer) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Printer) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = err
	if err == nil {
		p.ended = &drivers.Error{Device: device, Op: "run printer", Kind: drivers.KindGone, Cause: os.ErrClosed}
	}
	p.announce()
}

// over returns why Run has returned, or nil.
func (p *Printer) over() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// await blocks until condition (called with mu held) holds. It returns ctx's cause, errSilent after the given time, or
// why Run has returned.
func (p *Printer) await(ctx context.Context, within time.Duration, condition func() bool) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		p.mu.Lock()
		held, ended, changed := condition(), p.ended, p.changed
		p.mu.Unlock()
		switch {
		case held:
			return nil
		case ended != nil:
			return ended
		}
		select {
		case <-changed:
		case <-timer.C:
			return errSilent
		case <-ctx.Done():
			return reason(ctx)
		}
	}
}

// reason is why ctx ended: errSilent for the driver's own time-out, the caller's error otherwise.
func reason(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		return cause
	}
	return ctx.Err()
}

// poll opens the conversation and reads the status again and again, yielding the line to every job.
func (p *Printer) poll(ctx context.Context) {
	for {
		wait := p.options.PollEvery
		p.restore(ctx)
		if _, err := p.read(ctx, p.askAside); errors.Is(err, errSilent) {
			p.forget()
			wait = min(wait, silentWait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// restore ends a command that was cut short, by this program or the one before it, and turns automatic status on.
func (p *Printer) restore(ctx context.Context) {
	if !p.tryAcquire() {
		return
	}
	defer p.release()
	if !p.broken {
		return
	}
	if _, err := p.write(ctx, append(make([]byte, resyncZeros), commandInit()...)); err != nil && ctx.Err() == nil {
		p.options.Logger.Debug("printer takes no data", slog.Any("error", err))
	}
}

// forget drops the known status of a printer that no longer answers.
func (p *Printer) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if changes, tell := p.telling.step(!p.knownAt.IsZero(), p.options.Now()); tell {
		p.options.Logger.Warn("printer does not answer", slog.Int("changes", changes))
	}
	p.status, p.knownAt = drivers.PrinterStatus{}, time.Time{}
	p.announce()
}

// read asks for all four status bytes, and again when the printer pushed its status meanwhile: what was asked before may
// be older. When an answer was lost earlier it makes sure that none came in another's place: a late one would leave a
// surplus answer behind.
func (p *Printer) read(ctx context.Context, ask func(context.Context, byte) (byte, error)) (drivers.PrinterStatus, error) {
	pushing := false
	for range readRounds {
		p.mu.Lock()
		surplus, pushed := p.surplus, p.pushed
		p.mu.Unlock()
		var status drivers.PrinterStatus
		for n := byte(statusPrinter); n <= statusLast; n++ {
			b, err := ask(ctx, n)
			if err != nil {
				return drivers.PrinterStatus{}, err
			}
			status = applyDirect(status, n, b, p.options.DrawerOpenLow)
		}
		settled, err := p.settled(ctx, surplus)
		if err != nil {
			return drivers.PrinterStatus{}, err
		}
		if settled && p.learnAsked(status, pushed) {
			return status, nil
		}
		pushing = settled
	}
	if pushing { // no printer of ours changes that often, but one that does is not silent
		status, _ := p.Known()
		return status, nil
	}
	return drivers.PrinterStatus{}, errSilent
}

// learnAsked learns a status that was asked for, unless the printer has pushed one since.
func (p *Printer) learnAsked(status drivers.PrinterStatus, pushed int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pushed != pushed {
		return false
	}
	p.learn(status, p.options.Now())
	return true
}

// settled reports whether the answers just read can be trusted to be in order.
func (p *Printer) settled(ctx context.Context, surplus int) (bool, error) {
	p.mu.Lock()
	suspect := p.suspect
	p.mu.Unlock()
	if !suspect {
		return true, nil
	}
	err := p.await(ctx, quietGap, func() bool { return p.surplus > surplus })
	if errors.Is(err, errSilent) && ctx.Err() == nil {
		p.mu.Lock()
		p.suspect = false
		p.mu.Unlock()
		return true, nil
	}
	return false, err
}

// ask sends one status request, with the line held, and awaits its answer.
func (p *Printer) ask(ctx context.Context, n byte) (byte, error) {
	before, err := p.request(ctx, n)
	if err != nil {
		return 0, err
	}
	return p.answer(ctx, n, before)
}

// askAside is ask for the background: it holds the line only while it writes and gives way to a job.
func (p *Printer) askAside(ctx context.Context, n byte) (byte, error) {
	if !p.tryAcquire() {
		return 0, errYield
	}
	before, err := p.request(ctx, n)
	p.release()
	if err != nil {
		return 0, err
	}
	return p.answer(ctx, n, before)
}

// request waits for the answer still owed, since answers do not name their request, and sends the next one.
func (p *Printer) request(ctx context.Context, n byte) (before int, err error) {
	p.mu.Lock()
	owed := p.options.AnswerTimeout - p.options.Now().Sub(p.askedAt)
	p.mu.Unlock()
	err = p.await(ctx, max(owed, 0), func() bool { return p.asked == 0 })
	if err != nil && (!errors.Is(err, errSilent) || ctx.Err() != nil) {
		return 0, err
	}
	p.mu.Lock()
	p.suspect = p.suspect || p.asked != 0
	p.asked, p.askedAt, before = n, p.options.Now(), p.direct[n].count
	p.mu.Unlock()
	if p.broken {
		// Inside a command the request would be data; the poller or the next job mends this first.
		if _, err := p.write(ctx, append(make([]byte, resyncZeros), commandInit()...)); err != nil {
			return 0, err
		}
	}
	_, err = p.write(ctx, commandStatus(n))
	return before, err
}

func (p *Printer) answer(ctx context.Context, n byte, before int) (byte, error) {
	var got byte
	err := p.await(ctx, p.options.AnswerTimeout, func() bool {
		got = p.direct[n].status
		return p.direct[n].count > before
	})
	return got, err
}

// write sends data with the line held, in chunks of which each may stall for WriteTimeout at most, and returns how
// much was sent.
func (p *Printer) write(ctx context.Context, data []byte) (int, error) {
	unblocked := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(unblocked)
		_ = p.port.SetWriteDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			<-unblocked // or it would end the next write instead
		}
	}()
	sent := 0
	for sent < len(data) {
		n, err := p.writeChunk(ctx, data[sent:min(sent+chunkBytes, len(data))])
		sent += n
		if err == nil || (n > 0 && ctx.Err() == nil && errors.Is(err, os.ErrDeadlineExceeded)) {
			continue
		}
		p.broken = p.broken || sent > 0
		return sent, p.stalled(ctx, err)
	}
	p.broken = false
	return sent, nil
}

func (p *Printer) writeChunk(ctx context.Context, chunk []byte) (int, error) {
	if err := p.await(ctx, p.options.WriteTimeout, func() bool { return !p.paused }); err != nil {
		return 0, err
	}
	if err := p.port.SetWriteDeadline(time.Now().Add(p.options.WriteTimeout)); err != nil {
		return 0, fmt.Errorf("set write deadline: %w", err)
	}
	// ctx may have ended between its own deadline and this one.
	if ctx.Err() != nil {
		return 0, reason(ctx)
	}
	return p.port.Write(chunk)
}

// stalled explains a write that did not go through: by ctx, by what the printer has pushed meanwhile, or by silence.
func (p *Printer) stalled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return reason(ctx)
	}
	if ended := p.over(); ended != nil {
		return ended
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errSilent) {
		if status, at := p.Known(); !at.IsZero() && complaint(status) != "" {
			return &notReadyError{complaint(status)}
		}
		return fmt.Errorf("printer takes no data: %w", err)
	}
	return &drivers.Error{Device: device, Op: "write data", Kind: drivers.KindGone, Cause: err}
}
