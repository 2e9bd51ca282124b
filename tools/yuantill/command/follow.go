package command

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// follow hands on what the event stream tells of the sale and opens it again when it breaks.
func (w *watcher) follow(ctx context.Context, id string, updates chan<- stationclient.Sale) {
	last := ""
	for {
		stream, err := w.client.Events(ctx, last)
		if err == nil {
			last, id = read(ctx, stream, id, last, updates)
			_ = stream.Close() // it has ended already or ctx has
		}
		if !pause(ctx, reopenGap) {
			return
		}
	}
}

// read hands on events until the stream ends. It returns the last one's id, and the sale that stands for the followed one
// by then.
func read(
	ctx context.Context, stream *stationclient.Stream, id, last string, updates chan<- stationclient.Sale,
) (seen, stands string) {
	for {
		event, err := stream.Next()
		if err != nil {
			return last, id
		}
		if event.ID != "" {
			last = event.ID
		}
		sale, ok := event.Sale()
		if ok && sale.Supersedes == id {
			id = sale.ID
		}
		if ok && sale.ID == id {
			select {
			case updates <- sale:
			case <-ctx.Done():
				return last, id
			}
		}
	}
}

// pause waits, and reports false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
