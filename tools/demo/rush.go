package main

import (
	"context"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

// rushAmount is the price of one quick sale, in fen.
const rushAmount = 150

// rush takes sales one after another and times each from the code's last byte to the receipt's first.
func (w *world) rush(ctx context.Context, count int) error {
	events, err := w.shop.Devices.Events(ctx, 0, 0)
	if err != nil {
		return err
	}
	var seen uint64
	if len(events) > 0 {
		seen = events[len(events)-1].Sequence
	}
	quiet := &world{shop: w.shop, out: &transcript{out: nobody{}}, codes: w.codes, tally: w.tally, began: w.began}
	defer func() { w.codes, w.taken, w.sales = quiet.codes, w.taken+quiet.taken, append(w.sales, quiet.sales...) }()
	for range count {
		if err := quiet.play(ctx, scene{amount: rushAmount, pay: scan, want: "approved"}); err != nil {
			return fmt.Errorf("quick sale: %w", err)
		}
	}
	if events, err = w.shop.Devices.Events(ctx, seen, time.Second); err != nil {
		return err
	}
	w.counter = append(w.counter, spans(events)...)
	w.out.say(till, "p50 %.1f ms，p99 %.1f ms", w.percentile(0.50), w.percentile(0.99))
	if w.split, err = w.measure(ctx, quiet.sales, events); err != nil {
		return err
	}
	w.out.say(till, "%v", w.split)
	return nil
}

// spans pairs each code with the first print job after it.
func spans(events []control.Event) []time.Duration {
	var found []time.Duration
	var written int64
	for _, e := range events {
		switch {
		case e.Kind == control.KindCodeWritten:
			written = e.Nanoseconds
		case e.Kind == printer.JobBegan.String() && written != 0:
			found = append(found, time.Duration(e.Nanoseconds-written))
			written = 0
		}
	}
	return found
}

// nobody reads what is written to it.
type nobody struct{}

// Write implements io.Writer.
func (nobody) Write(b []byte) (int, error) { return len(b), nil }
