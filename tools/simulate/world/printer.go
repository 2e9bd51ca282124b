package world

import (
	"context"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/drivers"
)

// printer is a receipt printer, and the customer who reads the slip.
type printer struct {
	till   *till
	ready  bool
	paper  int           // prints until the paper is out, 0 for enough
	gone   int           // prints until the cable is pulled, 0 for never
	vague  int           // prints of which nobody knows
	papers map[print]int // copies that came out
}

var _ drivers.Printer = (*printer)(nil)

var errPaper = errors.New("paper out")

// Print implements drivers.Printer.
func (p *printer) Print(_ context.Context, d drivers.Document) (drivers.PrintResult, error) {
	w := p.till.world
	if p.gone > 0 {
		if p.gone--; p.gone == 0 {
			w.hit("printer-gone")
			w.loop.after(p.till.random.between(1e9, 60e9), nil, func() { p.back() })
			return drivers.PrintNotStarted, fmt.Errorf("print: %w", drivers.ErrGone)
		}
	}
	if p.paper > 0 {
		if p.paper--; p.paper == 0 {
			w.hit("printer-paper-out")
			return drivers.PrintNotStarted, errPaper
		}
	}
	p.read(d)
	if p.vague > 0 {
		p.vague--
		w.hit("printer-unconfirmed")
		return drivers.PrintUnconfirmed, errors.New("no status")
	}
	p.till.life.point("printed")
	return drivers.PrintDone, nil
}

// Status implements drivers.Printer.
func (p *printer) Status(context.Context) (drivers.PrinterStatus, error) {
	return drivers.PrinterStatus{Online: p.ready}, nil
}

func (p *printer) back() {
	p.ready = true
	if p.till.life != nil {
		p.till.agent.PrinterUp(context.Background())
		p.till.settle()
	}
}
