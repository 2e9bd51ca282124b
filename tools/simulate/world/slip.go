package world

import (
	"encoding/hex"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/message"
)

// slip is what a customer takes from a receipt.
type slip struct {
	by            string // the journal that says so
	outcome       message.Outcome
	transaction   string // what was done, as the slip has it
	order         order
	batch, number string // digits
	amount        string
	copy          message.ReceiptPrinted_Copy
	// reference tells the slips of several things done with one sale apart.
	reference  string
	unaccepted bool // it says that its order was not accepted
	again      bool // it says that it is a reprint
}

// What slips are headed with, which copy they say they are, and what they call a follow-up.
var (
	titles = map[string]message.Outcome{"签购单": message.Outcome_OUTCOME_APPROVED, "交易失败": message.Outcome_OUTCOME_DECLINED,
		"交易冲正": message.Outcome_OUTCOME_REVERSED, unacceptedTitle: message.Outcome_OUTCOME_APPROVED, "结果未知": message.Outcome_OUTCOME_UNKNOWN}
	copies = map[string]message.ReceiptPrinted_Copy{"商户存根 MERCHANT COPY": message.ReceiptPrinted_COPY_MERCHANT,
		"顾客联 CUSTOMER COPY": message.ReceiptPrinted_COPY_CUSTOMER}
	transactions = map[message.FollowUp]string{message.FollowUp_FOLLOW_UP_VOID: "撤销 VOID", message.FollowUp_FOLLOW_UP_REFUND: "退货 REFUND",
		message.FollowUp_FOLLOW_UP_TOP_UP: "追加预授权 TOP-UP", message.FollowUp_FOLLOW_UP_COMPLETE: "预授权完成 COMPLETION",
		message.FollowUp_FOLLOW_UP_CANCEL: "预授权撤销 HOLD CANCEL", message.FollowUp_FOLLOW_UP_UNDO: "预授权完成撤销 UNDO"}
)

// unacceptedTitle is that of a payment whose order was not accepted.
const unacceptedTitle = "订单未接受"

// What slips of a payment call it.
const saleType, holdType = "消费 SALE", "预授权 HOLD"

// followUp says that the slip is of something done with the sale.
func (s slip) followUp() bool { return s.transaction != saleType && s.transaction != holdType }

// reading is what somebody has read of a document.
type reading struct {
	slip
	title string
	code  string // of the QR code
	bars  string // of the bar code
	left  left
	// original is the reference of the sale that something was done with.
	original string
}

// leads reports whether what is scanned from the slip, as far as there is something, is the reference of its sale.
func (r reading) leads() bool {
	order := r.reference
	if r.followUp() {
		order = r.original
	}
	return r.bars == "" || r.bars == order
}

func readingOf(d drivers.Document, by string) reading {
	r := reading{slip: slip{by: by}}
	for _, block := range d.Blocks {
		switch b := block.(type) {
		case drivers.Text:
			r.line(b)
		case drivers.Pair:
			r.pair(b)
		case drivers.QR:
			r.code = b.Content
		case drivers.Barcode:
			r.bars = b.Content
		}
	}
	return r
}

func (r *reading) line(b drivers.Text) {
	if outcome, is := titles[b.Content]; is {
		r.outcome = outcome
	}
	if r.title == "" {
		r.title = b.Content
	}
	if copy, is := copies[b.Content]; is {
		r.copy = copy
	}
	r.unaccepted = r.unaccepted || b.Content == unacceptedTitle
	r.again = r.again || b.Content == "重印 REPRINT"
	if b.Align == drivers.Right && b.Bold {
		r.amount = b.Content
	}
}

func (r *reading) pair(b drivers.Pair) {
	switch b.Label {
	case "交易类型 TYPE":
		r.transaction = b.Value
	case "批次号 BATCH":
		r.batch = b.Value
	case "凭证号 VOUCHER":
		r.number = b.Value
	case "参考号 REF", "办理号 FOLLOW-UP NO":
		r.reference = b.Value
	case refundableLabel:
		r.left.refundable = b.Value
	case heldLabel:
		r.left.held = b.Value
	case completedLabel:
		r.left.completed = b.Value
	case "原参考号 ORIG REF":
		r.original = b.Value
	case "订单号 ORDER":
		_, _ = hex.Decode(r.order[:], []byte(b.Value)) // an order of zeros is known to nobody
	}
}

// read is the customer reading the slip, checking that the till could have known.
func (p *printer) read(d drivers.Document) {
	t, w := p.till, p.till.world
	r := readingOf(d, t.mind())
	if r.title == "交班单" || r.title == "当班报表" {
		w.trace("%s prints %s of shift %s", t.name, r.title, r.batch)
		if r.title == "交班单" && !t.evidence.shiftEnded(r.batch) {
			w.violation("printed-before-recorded", "%s prints the end of shift %s without a record", t.name, r.batch)
		}
		return
	}
	sale := w.purchases[r.order]
	if sale == nil {
		w.violation("receipt-of-nothing", "%s prints a slip of an unknown sale", t.name)
		return
	}
	p.check(sale, r.slip)
	if f := t.evidence.followUpBy(r.slip); f != nil && r.followUp() {
		t.checkLeft(sale, f, r.left)
	}
	if !r.leads() || r.followUp() && r.original != "" && sale.receipt.reference != "" && r.original != sale.receipt.reference {
		w.violation("receipt-differs", "%s prints a slip of %s that leads to another order", t.name, w.alias(r.order))
	}
	if r.followUp() {
		if r.reference != "" { // before the cloud has numbered it, nothing tells two of them apart
			sale.take(t, r.slip, t.divided)
		}
		return
	}
	sale.take(t, r.slip, sale.exempt)
	sale.receipt = receipt{reference: r.reference, code: r.code}
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
