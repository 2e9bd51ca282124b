package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// The devices' names, as records and the station have them.
const (
	deviceScanner = "scanner"
	deviceReader  = "reader"
	devicePrinter = "printer"
)

// The states of a device.
const (
	stateReady   = "ready"
	stateAbsent  = "absent"
	stateFaulted = "faulted"
	stateNone    = "none"
)

// deviceBoard knows how each device is and tells of every change, once.
type deviceBoard struct {
	till *till

	mu       sync.Mutex
	devices  map[string]*station.Device
	recorded map[string]time.Time // when a device's fault was last recorded
	logged   map[string]logged
	paper    paperState // how it is with a printer that is there

	// printerTried closes when it is known for the first time whether there is a printer.
	printerTried chan struct{}
}

// logged is when a device's fault was last put into the log, and whether the one that it has now is there.
type logged struct {
	at    time.Time
	state logState
}

// logState is what the log has of a device's present fault: a muted one came too short a while after the one before.
type logState uint8

const (
	logNone logState = iota
	logTold
	logMuted
)

func newDeviceBoard(t *till) *deviceBoard {
	return &deviceBoard{
		till: t, devices: make(map[string]*station.Device), recorded: make(map[string]time.Time),
		logged: make(map[string]logged), printerTried: make(chan struct{}),
	}
}

// ready reports whether the device can be used now. A printer that is there takes its jobs, with paper or without.
func (b *deviceBoard) ready(name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	device := b.devices[name]
	return device != nil && device.State == stateReady
}

// list returns all devices' states.
func (b *deviceBoard) list() []station.Device {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := []station.Device{} // a list, never null, also before the first device was tried
	for _, name := range []string{deviceScanner, deviceReader, devicePrinter} {
		device := b.devices[name]
		switch {
		case device == nil:
		case name == devicePrinter:
			all = append(all, b.paper.show(*device))
		default:
			all = append(all, *device)
		}
	}
	return all
}

// set notes a state and reports whether it is a change, and what was before.
func (b *deviceBoard) set(name, state, fault string, notice *station.Words) (changed bool, before string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	device := b.devices[name]
	if device == nil {
		device = &station.Device{Name: name}
		b.devices[name] = device
		if name == devicePrinter {
			close(b.printerTried)
		}
	}
	before = device.State
	device.Fault, device.Notice = fault, notice
	if before == state {
		return false, before
	}
	device.State, device.Since = state, b.till.parts.Clock().UTC()
	if name == devicePrinter {
		b.paper = paperState{altered: b.paper.altered} // another may be plugged in
	}
	return true, before
}

// up tells that a device works; of the first time nobody needs to be told.
func (b *deviceBoard) up(ctx context.Context, name string) {
	changed, before := b.set(name, stateReady, "", nil)
	if !changed {
		return
	}
	if !b.mutes(name, false) {
		b.till.logger.InfoContext(ctx, "device ready", "device", name)
	}
	if before != "" {
		b.till.feed.PublishNotice(name, catalogue.NoticeDeviceBack, b.till.parts.Clock())
	}
}

// down tells that a device does not work. Trying again in vain is no news.
func (b *deviceBoard) down(ctx context.Context, name string, err error) {
	state := stateFaulted
	if errors.Is(err, drivers.ErrGone) {
		state = stateAbsent
	}
	trouble := troubleOf(name, err)
	var notice *station.Words
	if trouble == catalogue.NoticeReaderSilent {
		text := trouble.Text()
		notice = &text
	}
	changed, _ := b.set(name, state, err.Error(), notice)
	if errors.Is(err, context.Canceled) { // a till that stops lets go of its devices
		return
	}
	if !b.mutes(name, true) {
		b.till.logger.WarnContext(ctx, "device not ready", "device", name, "error", err)
	}
	if !changed {
		return
	}
	b.till.feed.PublishNotice(name, trouble, b.till.parts.Clock())
	b.record(ctx, name, err)
}

// mutes reports whether a device's fault, or its end, is kept out of the log. A fault is told once, and at most one a device
// every faultEvery; one that lasts is there in the end. The end of one that is not there is not told either.
func (b *deviceBoard) mutes(name string, fault bool) bool {
	now := b.till.parts.Clock()
	b.mu.Lock()
	last := b.logged[name]
	is := last.state
	switch since := now.Sub(last.at); {
	case !fault:
		last.state = logNone
	case last.state != logTold && since >= 0 && since < faultEvery:
		last.state, is = logMuted, logMuted
	case last.state != logTold:
		last, is = logged{at: now, state: logTold}, logNone
	}
	b.logged[name] = last
	b.mu.Unlock()
	if fault {
		return is != logNone
	}
	return is == logMuted
}

// record puts the fault into the journal, at most one a device every faultEvery: a loose plug must not fill it.
func (b *deviceBoard) record(ctx context.Context, name string, fault error) {
	now := b.till.parts.Clock()
	b.mu.Lock()
	last, known := b.recorded[name]
	b.mu.Unlock()
	if known && now.Sub(last) < faultEvery && !now.Before(last) {
		return
	}
	entry := journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: name, Fault: fault.Error()}}
	if _, err := b.till.parts.Journal.Append(ctx, entry); err != nil {
		b.till.logger.WarnContext(ctx, "fault not recorded", "device", name, "error", err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recorded[name] = now
}

// runDevice opens a device and uses it, over and over; one device's trouble never waits for another's.
func runDevice[T any](ctx context.Context, t *till, name string, open Opener[T], use func(context.Context, T) error) error {
	if open == nil {
		t.devices.set(name, stateNone, "", nil)
		<-ctx.Done()
		return ctx.Err()
	}
	wait := reopenFirst
	for {
		began := t.parts.Clock()
		err := useDevice(ctx, t, name, open, use)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t.devices.down(ctx, name, err)
		if t.parts.Clock().Sub(began) > stableAfter {
			wait = reopenFirst
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, reopenMax)
	}
}

// useDevice opens the device once and returns why it cannot be used any more.
func useDevice[T any](
	ctx context.Context, t *till, name string, open Opener[T], use func(context.Context, T) error,
) (err error) {
	opened, err := open(ctx)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	using, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if opened.Run != nil {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := opened.Run(using); err != nil {
				cancel(fmt.Errorf("run %s: %w", name, err))
			}
		}()
		defer func() { cancel(nil); <-ended }()
	}
	if name != deviceReader { // that one can be asked, and is ready when it has answered
		t.devices.up(ctx, name)
	}
	err = use(using, opened.Device)
	if cause := context.Cause(using); ctx.Err() == nil && cause != nil {
		return cause // the device's own loop knows best
	}
	return err
}

// sleep waits, or returns ctx's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
