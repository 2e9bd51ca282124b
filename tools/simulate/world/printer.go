package world

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/message"
)

// printer is a receipt printer, and the customer who reads the slip.
type printer struct {
	till  *till
	ready bool
	paper int // prints until the paper is out, 0 for enough
	gone  int // prints until the cable is pulled, 0 for never
	vague int // prints of which nobody knows
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

// slip is what a customer takes from a receipt.
type slip struct {
	by      string // the journal that says so
	outcome message.Outcome
	order   order
	amount  string
	copy    string
	// reference tells the slips of several things done with one sale apart.
	reference string
	again     bool // it says that it is a reprint
	// followUp says that the slip is of something done with the sale.
	followUp bool
}

// titles are what a slip is headed with.
var titles = map[string]message.Outcome{"签购单": message.Outcome_OUTCOME_APPROVED, "交易失败": message.Outcome_OUTCOME_DECLINED,
	"交易冲正": message.Outcome_OUTCOME_REVERSED, "结果未知": message.Outcome_OUTCOME_UNKNOWN}

// read is the customer reading the slip, checking that the till could have known.
func (p *printer) read(d drivers.Document) {
	t, w := p.till, p.till.world
	s := slip{by: t.mind()}
	var r receipt
	title, batch := "", ""
	for _, block := range d.Blocks {
		switch b := block.(type) {
		case drivers.Text:
			if outcome, is := titles[b.Content]; is {
				s.outcome = outcome
			}
			if title == "" {
				title = b.Content
			}
			switch b.Content {
			case "重印 REPRINT":
				s.again = true
			case "商户存根 MERCHANT COPY", "顾客联 CUSTOMER COPY":
				s.copy = b.Content
			}
			if b.Align == drivers.Right && b.Bold {
				s.amount = b.Content
			}
		case drivers.Pair:
			if b.Label == "交易类型 TYPE" && b.Value != "消费 SALE" && b.Value != "预授权 HOLD" {
				s.followUp = true
			}
			if b.Label == "批次号 BATCH" {
				batch = b.Value
			}
			if b.Label == "参考号 REF" {
				r.reference, s.reference = b.Value, b.Value
			}
			if b.Label == "订单号 ORDER" {
				_, _ = hex.Decode(s.order[:], []byte(b.Value)) // an order of zeros is known to nobody
			}
		case drivers.QR:
			r.code = b.Content
		}
	}
	if title == "交班单" || title == "当班报表" {
		w.trace("%s prints %s of shift %s", t.name, title, batch)
		if title == "交班单" && !t.evidence.shiftEnded(batch) {
			w.violation("printed-before-recorded", "%s prints the end of shift %s without a record", t.name, batch)
		}
		return
	}
	sale := w.purchases[s.order]
	if sale == nil {
		w.violation("receipt-of-nothing", "%s prints a slip of an unknown sale", t.name)
		return
	}
	if s.followUp {
		w.trace("%s prints what was done with %s: %s", t.name, w.alias(s.order), s.outcome)
		if s.outcome == message.Outcome_OUTCOME_APPROVED && !t.evidence.followedUp(s.order) {
			w.violation("printed-before-recorded", "%s prints that something was done with %s without a record", t.name, w.alias(s.order))
		}
		if s.reference != "" { // before the cloud has numbered it, nothing tells two of them apart
			sale.take(t, s, t.divided)
		}
		return
	}
	w.trace("%s prints %s %s", t.name, w.alias(s.order), s.outcome)
	if s.amount != yuan(sale.amount) {
		w.violation("receipt-amount", "%s prints %s for %s", t.name, s.amount, w.alias(s.order))
	}
	if !t.evidence.outcome(s.order)[s.outcome] {
		w.violation("printed-before-recorded", "%s prints %s %s without a record", t.name, w.alias(s.order), s.outcome)
	}
	sale.take(t, s, sale.exempt)
	sale.receipt = r
}

// take is the customer putting a slip to the others: the same one comes again only as a reprint. Where copies is set, an
// old copy of the journal may not know what another has printed.
func (p *purchase) take(t *till, s slip, copies bool) {
	for _, before := range p.slips {
		said := before
		said.by = s.by
		if said == s && !s.again && (before.by == s.by || !copies) {
			t.world.violation("printed-twice", "%s prints %s %s again and does not say so", t.name, t.world.alias(s.order), s.outcome)
		}
	}
	p.slips = append(p.slips, s)
}
