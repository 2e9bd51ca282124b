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
			last = read(ctx, stream, id, last, updates)
			_ = stream.Close() // it has ended already or ctx has
		}
		if !pause(ctx, reopenGap) {
			return
		}
	}
}

func read(ctx context.Context, stream *stationclient.Stream, id, last string, updates chan<- stationclient.Sale) string {
	for {
		event, err := stream.Next()
		if err != nil {
			return last
		}
		if event.ID != "" {
			last = event.ID
		}
		if sale, ok := event.Sale(); ok && sale.ID == id {
			select {
			case updates <- sale:
			case <-ctx.Done():
				return last
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
