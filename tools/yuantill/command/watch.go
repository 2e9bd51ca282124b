package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/shellword"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// Bounds of watching a sale.
const (
	// startTries is how often a start whose answer was lost is asked again, with the same key.
	startTries = 5
	startGap   = 300 * time.Millisecond
	// pollEvery is how often the sale is asked for beside the events, which may break off, and which under a key that was
	// used before may tell of another sale.
	pollEvery = 3 * time.Second
	reopenGap = time.Second
	// cancelWait is how long the outcome of a cancellation is waited for; taking back may take until the operator answers.
	cancelWait = time.Minute
	// paperWait is how long a definite result waits for the printer's report, paperPoll how often that is asked for.
	paperWait  = 5 * time.Second
	paperPoll  = 100 * time.Millisecond
	updatesMax = 16
	// supersededMax is how many sales one after another may have taken each other's place.
	supersededMax = 64
)

// watcher follows one sale to its end.
type watcher struct {
	*program
	client *stationclient.Client
	flags  saleFlags
	sale   stationclient.Sale
	known  bool // sale is the station's answer
	shown  string
	// noticed is the last notice.
	noticed string
	lost    bool // the last call did not get through, and that was said

	leaving   bool // it was asked to be cancelled; the next time is for leaving
	lapsed    bool // it was asked because the time was up, and not by anybody
	cancelled bool // the station has heard of it
	deadline  *time.Timer
}

func (p *program) runSale(ctx context.Context, flags saleFlags, start stationclient.Start) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	w := &watcher{program: p, client: client, flags: flags}
	// A start that is under way is not broken off by the first Ctrl-C: there may be a sale by now, to be cancelled.
	starting, release := listen(ctx, p.Interrupts, 2)
	err = w.begin(starting, start)
	pressed := release()
	if err != nil {
		return err
	}
	w.tellDevices(ctx)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	updates := make(chan stationclient.Sale, updatesMax)
	go w.follow(ctx, w.sale.ID, updates)
	w.watch(ctx, updates, pressed > 0)
	w.paper(ctx)
	return w.end()
}

// paper waits until the printer has reported on the slips, so that what is wrong with them is told. Ctrl-C leaves.
func (w *watcher) paper(ctx context.Context) {
	waiting, release := listen(ctx, w.Interrupts, 1)
	defer release()
	waiting, cancel := context.WithTimeout(waiting, paperWait)
	defer cancel()
	for w.over() && len(w.sale.Unprinted) > 0 && pause(waiting, paperPoll) {
		if sale, err := w.client.Sale(waiting, w.sale.ID); err == nil {
			w.take(sale)
		}
	}
}

// begin starts the sale. A lost answer is asked for again under the same key; what cannot have been sent did not happen.
func (w *watcher) begin(ctx context.Context, start stationclient.Start) error {
	sent := false
	var err error
	for try := range startTries {
		var sale stationclient.Sale
		if sale, err = w.client.Start(ctx, w.flags.key, start); err == nil {
			w.take(w.present(ctx, sale))
			return w.showCode(ctx)
		}
		var unreachable *stationclient.UnreachableError
		if !errors.As(err, &unreachable) {
			return stationFailure(err)
		}
		sent = sent || unreachable.Sent
		if !sent && try > 0 {
			break
		}
		if !pause(ctx, startGap) {
			break
		}
	}
	if !sent {
		return stationFailure(err)
	}
	return w.unknown(err)
}

// present returns the sale as it is now: under a key that was used before, the start's answer is that of then.
func (w *watcher) present(ctx context.Context, started stationclient.Sale) stationclient.Sale {
	if !w.flags.given {
		return started
	}
	if now, err := w.client.Sale(ctx, started.ID); err == nil {
		return now
	}
	return started
}

func (w *watcher) showCode(ctx context.Context) error {
	if !w.flags.shown || w.sale.Final || w.sale.State != "waiting" {
		return nil
	}
	sale, err := w.client.ShowCode(ctx, w.flags.key+keyShow, w.sale.ID)
	if err != nil {
		return stationFailure(err)
	}
	w.take(sale)
	return nil
}

// unknown ends without knowing whether there is a sale at all.
func (w *watcher) unknown(cause error) error {
	return &Failure{Code: CodeUnknown, Cause: cause, Next: bilingual.Text{
		Chinese: "用同一个键再看，不会重复收款：" + w.again(),
		English: "look again with the same key, it never charges twice: " + w.again(),
	}}
}

// again is the command that looks at the same sale: everything that is part of the request has to be the same.
func (w *watcher) again() string {
	words := append(w.flags.command(), "--amount", w.flags.amount, "--currency", w.flags.currency)
	for _, option := range [][2]string{
		{"--cashier", w.flags.cashier}, {"--note", w.flags.note}, {"--key", w.flags.key},
		{"--station", w.station}, {"--settings", w.settings},
	} {
		if option[1] != "" {
			words = append(words, option[0], shellword.Quote(option[1]))
		}
	}
	return strings.Join(words, " ")
}

// over reports whether the cashier is done with the sale: a payment that the till accepted offline is, though the cloud
// completes it later. One that another took the place of is not: that one is followed.
func (w *watcher) over() bool {
	return (w.sale.Final || w.sale.Outcome == "approved") && w.sale.SupersededBy == ""
}

// watch returns when the sale is final, or when nobody wants to wait any longer. pressed says that there was a Ctrl-C
// already.
func (w *watcher) watch(ctx context.Context, updates <-chan stationclient.Sale, pressed bool) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	w.deadline = time.NewTimer(w.flags.timeout)
	defer w.deadline.Stop()
	w.catchUp(ctx)
	leave := pressed && !w.over() && w.stop(ctx)
	for !w.over() && !leave {
		select {
		case sale := <-updates:
			w.take(sale)
		case <-poll.C:
			sale, err := w.client.Sale(ctx, w.sale.ID)
			w.took(sale, err)
			if w.leaving && !w.cancelled && err == nil {
				w.cancel(ctx) // the station is back
			}
		case <-w.Interrupts:
			leave = w.stop(ctx)
		case <-w.deadline.C:
			w.lapsed = !w.leaving
			leave = w.stop(ctx)
		case <-ctx.Done():
			leave = true
		}
		w.catchUp(ctx)
	}
}

// stop asks for the sale to be cancelled, once; after that, or without --cancel, it reports that it is time to leave,
// whether or not the station could be reached.
func (w *watcher) stop(ctx context.Context) bool {
	if w.leaving || !w.flags.cancel {
		return true
	}
	w.leaving = true
	chinese, english := "正在请求取消", "asking to cancel"
	if w.lapsed {
		chinese, english = fmt.Sprintf("已等待 %v，%s", w.flags.timeout, chinese), fmt.Sprintf("waited for %v, %s", w.flags.timeout, english)
	}
	w.tell(chinese+"，请等待结果；再按一次 Ctrl-C 离开，收款在本机继续",
		english+", waiting for the outcome; Ctrl-C once more leaves, the sale goes on")
	w.deadline.Reset(cancelWait)
	w.cancel(ctx)
	return false
}

// cancel asks the station; what does not arrive is asked again when the station answers, under the same key.
func (w *watcher) cancel(ctx context.Context) {
	sale, err := w.askToCancel(ctx)
	var refused *stationclient.RefusedError
	if errors.As(err, &refused) {
		w.cancelled = true
		w.tell(refused.Text.Chinese, refused.Text.English)
		return
	}
	w.cancelled = err == nil
	w.took(sale, err)
}

func (w *watcher) askToCancel(ctx context.Context) (stationclient.Sale, error) {
	if w.lapsed {
		return w.client.TimeOut(ctx, w.flags.key+keyLapse, w.sale.ID)
	}
	return w.client.Cancel(ctx, w.flags.key+keyCancel, w.sale.ID, w.flags.cashier)
}
