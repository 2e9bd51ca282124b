package trial

import (
	"context"
	"sync"
	"time"

	"github.com/yuantill/yuantill/tools/chaos/audit"
	"github.com/yuantill/yuantill/tools/fakedevice/control"
)

// papersEvery is how often the paper is picked up: a printer remembers the last 10,000 receipts.
const papersEvery = time.Minute

// papers is all that came out of the printers, by till and number.
type papers struct {
	mu    sync.Mutex
	tills []map[int]control.Receipt // guarded by mu
}

func newPapers(tills int) *papers {
	p := &papers{tills: make([]map[int]control.Receipt, tills)}
	for i := range p.tills {
		p.tills[i] = map[int]control.Receipt{}
	}
	return p
}

// collectPapers picks the paper up until ctx ends.
func (w *world) collectPapers(ctx context.Context) {
	for pause(ctx, papersEvery) {
		if err := w.pickUp(ctx); err != nil && ctx.Err() == nil {
			w.broken.add("printers do not answer: %v", err)
		}
	}
}

func (w *world) pickUp(ctx context.Context) error {
	for i, till := range w.Tills {
		receipts, err := till.Devices.Receipts(ctx)
		if err != nil {
			return err
		}
		w.papers.mu.Lock()
		for _, receipt := range receipts {
			w.papers.tills[i][receipt.Number] = receipt
		}
		w.papers.mu.Unlock()
	}
	return nil
}

// read returns the slips on all papers.
func (w *world) read() []audit.Paper {
	w.papers.mu.Lock()
	defer w.papers.mu.Unlock()
	var slips []audit.Paper
	for i, till := range w.Tills {
		for _, receipt := range w.papers.tills[i] {
			slips = append(slips, audit.Read(till.Terminal, receipt.Lines, receipt.Torn)...)
		}
	}
	return slips
}
