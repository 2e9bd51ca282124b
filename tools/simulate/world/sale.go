package world

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/money"
)

// customer is who pays, or does not.
type customer struct {
	name     string
	code     string // one-time payment code
	codeUsed bool
	poor     bool
	password time.Duration // to type it; 0 for none asked, negative for never
	scans    bool          // a shown code
	takes    time.Duration
	wallet   *wallet
	regular  bool // comes again, with the same card
}

func (c *customer) masked() string { return "001000******" + c.name[len(c.name)-4:] }

// purchase is one wish to pay: what a customer owes at most, however it goes.
type purchase struct {
	number   int
	till     *till
	amount   int64
	customer *customer
	order    order
	shown    string // the state last shown
	shownBy  *life  // by which process
	scanned  bool
	slips    []slip
	receipt  receipt       // what its latest slip has to find it by
	hold     bool          // the amount is held, and perhaps paid later
	added    int64         // to a hold, as far as the customer agreed to it
	expires  time.Duration // when a hold ends, at the latest
	claims   []*claim      // on it that a till has recorded
	copied   bool          // a copy of the card is held there
	replays  bool          // what is held there plays what a card has once answered
	kiosk    *kiosk        // nil where no order is waited for
	exempt   bool          // it was open in a copy that went to work later: two machines may say different things
}

// most is what the customer has agreed to pay at most: of a hold more than is held, where the terms say so.
func (p *purchase) most() int64 {
	agreed := p.amount + p.added
	if p.hold {
		agreed = max(agreed, agreed*p.till.holdCap()/100)
	}
	return agreed
}

// ringUp is a sale at a till, or a hold, with all that people do about it:
//
//	sale|hold till=0 amount=1250 method=code|tap|shown|both after=3s [double=1] [cancel=4s] [unplug=7] [poor=1] [password=6s|-1s] [takes=5s] [away=1] [later=9h] [expires=2h] [card=1 [copied=1] [replay=1]]
//
// card is a regular customer's, who has one for all that he pays; copied pays with the copy that a thief made of it, replay
// plays what it last answered.
// later is a program that sends the same intent long after, as one does that has got no answer.
// unplug pulls the plug at the nth effect after the customer has shown the code. away is a customer who leaves.
func ringUp(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	w.wishes++
	p := &purchase{number: w.wishes, till: t, amount: int64(a.number("amount"))}
	p.customer = &customer{name: fmt.Sprintf("customer %04d", p.number), poor: a.is("poor"), password: a.duration("password"),
		scans: !a.is("away"), takes: a.duration("takes")}
	if a.is("card") {
		p.customer, p.copied, p.replays = w.regular(a.number("card")), a.is("copied"), a.is("replay")
	}
	p.customer.code = fmt.Sprintf("01%05d%012d", p.number, w.people.Int64N(1e12))
	w.codes[p.customer.code] = p.customer
	key := fmt.Sprintf("purchase %d", p.number)
	p.hold, p.expires = a.Kind == "hold", w.loop.now+holdFor
	start := station.Start{Amount: money.Money{Minor: p.amount, Currency: money.CNY},
		Origin: checkout.Origin{Key: key, Digest: sha256.Sum256([]byte(key))}}
	if p.kiosk = kioskOf(a); p.kiosk != nil {
		start.OrderReference, start.AcceptWithin = fmt.Sprintf("A-%d", p.number), p.kiosk.within
	}
	if start.Hold = p.hold; a.is("expires") {
		start.HoldExpires = t.clock().Add(a.duration("expires"))
		p.expires = min(p.expires, start.HoldExpires.Sub(dawn))
	}
	w.begun[key] = p
	view, err := t.agent.Till().Start(context.Background(), start)
	if err != nil {
		w.refused(t, err)
		return
	}
	id := order(view.Sale.OrderID)
	if p.order != id {
		w.adoptAs(p, id)
	}
	w.history.call(t, id)(answered{outcome: view.Sale.Outcome()})
	t.askLater(id)
	if a.is("double") {
		w.hit("person-double-press")
		w.soon(t, 40*time.Millisecond, func() { t.pressAgain(start, id) })
	}
	if a.is("later") {
		w.loop.after(a.duration("later"), nil, func() {
			if t.life != nil { // another than now's, perhaps
				w.soon(t, 0, func() { t.pressLate(start, id) })
			}
		})
	}
	w.soon(t, a.duration("after"), func() { t.customerPays(p, a) })
	if a.is("cancel") {
		w.soon(t, a.duration("after")+a.duration("cancel"), func() {
			w.hit("person-cancel")
			t.press(id, checkout.CancelPressed{Cashier: "01"})
		})
	}
	t.settle()
}

// pressAgain is a second press of the same key, which must find the same sale.
func (t *till) pressAgain(start station.Start, id order) {
	view, err := t.agent.Till().Start(context.Background(), start)
	if err == nil && order(view.Sale.OrderID) != id {
		t.world.violation("double-press", "%s began %s twice", t.name, t.world.alias(id))
	}
}

// pressLate is a press of the same key long after, by whoever has the till then: where its journal has the sale, it is the same.
func (t *till) pressLate(start station.Start, id order) {
	ctx := context.Background()
	if _, err := t.agent.Till().Sale(ctx, checkout.OrderID(id)); err != nil {
		return // an older copy of the journal does not have it
	}
	t.world.hit("person-late-press")
	view, err := t.agent.Till().Start(ctx, start)
	switch {
	case err != nil:
		t.world.refused(t, err)
	case order(view.Sale.OrderID) != id:
		t.world.violation("key-forgotten", "%s began %s again", t.name, t.world.alias(id))
	}
}

// customerPays is the moment at which the customer does something.
func (t *till) customerPays(p *purchase, a Action) {
	if a.is("unplug") {
		t.world.hit("person-unplug")
		t.life.fatal = t.life.points + max(a.number("unplug"), 1)
	}
	switch method := a.text("method"); method {
	case "code", "both":
		if a.is("away") {
			t.world.hit("person-walks-away")
			return
		}
		if method == "both" {
			t.world.hit("person-tap-and-scan")
			t.tap(p)
		}
		t.agent.Scan(context.Background(), drivers.Scan{Text: p.customer.code, Raw: []byte(p.customer.code), At: t.clock()})
	case "tap":
		t.tap(p)
	case "shown":
		if a.is("away") {
			t.world.hit("person-walks-away")
		}
		t.press(p.order, checkout.CodeWanted{})
	}
}

// refused notes that no sale began.
func (w *World) refused(t *till, err error) {
	var refusal *station.Refusal
	if !errors.As(err, &refusal) {
		w.trace("%s: no sale: internal error", t.name)
		return
	}
	w.refusals++
	w.trace("%s: no sale: %s", t.name, refusal.Phrase.Text().English)
}

// adopt finds the purchase of a sale that a screen shows for the first time.
func (w *World) adopt(t *till, sale checkout.Sale) *purchase {
	id := order(sale.OrderID)
	if p := w.begun[sale.Origin.Key]; p != nil && p.order == (order{}) {
		w.adoptAs(p, id)
		return p
	}
	w.violation("sale-of-nobody", "%s shows a sale that nobody began", t.name)
	p := &purchase{till: t, amount: sale.Amount.Minor, customer: &customer{name: "customer 0000"}}
	w.adoptAs(p, id)
	return p
}

func (w *World) adoptAs(p *purchase, id order) {
	p.order = id
	w.purchases[id] = p
	w.list = append(w.list, p)
	w.trace("%s begins %s over %s", p.till.name, w.alias(id), yuan(p.amount))
}
