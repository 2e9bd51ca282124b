package world

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
)

const (
	unsaid      = message.OrderStanding_ORDER_STANDING_UNSPECIFIED
	accepted    = message.OrderStanding_ORDER_STANDING_ACCEPTED
	notAccepted = message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED
	goneBack    = message.OrderStanding_ORDER_STANDING_GONE_BACK
	person      = message.OrderStanding_ORDER_STANDING_PERSON
	settled     = message.OrderStanding_ORDER_STANDING_SETTLED
)

// How often an order system asks that got no answer, and for how long.
const (
	asksFirst = 5 * time.Second
	asksMost  = 10 * time.Minute
	asksMax   = 500
)

// kiosk is an order at a kiosk as the shop's order system knows it.
type kiosk struct {
	does   string // accepts, rejects, forgets, or crashes: it says its word, and is gone before the answer comes
	within time.Duration
	after  time.Duration // from the payment to its word
	back   time.Duration // until one that crashed is there again
	again  bool          // it says everything twice
	pull   int           // the plug is pulled at this effect after the payment
	paid   bool          // it has seen that
	holds  bool          // the till's answer that the order is accepted
	told   bool          // the till's answer that it is not, and that its money goes back
	unpaid bool          // it was accepted when nothing of its money was kept any more
	asks   int
}

// kioskOf reads what an action says of an order:
//
//	kiosk till=0 amount=1250 method=code within=20s does=accepts|rejects|forgets|crashes [word=3s] [back=10m] [again=1] [pull=3] …
//
// and else as a sale.
func kioskOf(a Action) *kiosk {
	if a.Kind != "kiosk" {
		return nil
	}
	return &kiosk{does: a.text("does"), within: max(a.duration("within"), checkout.AcceptMin), after: a.duration("word"),
		back: a.duration("back"), again: a.is("again"), pull: a.number("pull")}
}

// seesOrder is the order system, and a person, looking at the kiosk's screen.
func (t *till) seesOrder(p *purchase, sale checkout.Sale) {
	k, w := p.kiosk, t.world
	if k == nil || p.till != t {
		return
	}
	if sale.NeedsPerson() && p.number%2 == 1 { // of the others the status tells in the end
		w.loop.after(20*time.Minute, nil, func() { t.word(p, settled, 1) })
	}
	if k.paid || !sale.AwaitsOrder() {
		return
	}
	k.paid = true
	w.hit("kiosk-" + k.does)
	if k.pull > 0 && t.life.fatal == 0 && !w.calm {
		t.life.fatal = t.life.points + k.pull
	}
	switch k.does {
	case "accepts", "crashes":
		w.loop.after(k.after, nil, func() { t.word(p, accepted, 1) })
	case "rejects":
		w.loop.after(k.after, nil, func() { t.word(p, notAccepted, 1) })
	}
}

// word is somebody's word on an order, said again until there is an answer.
func (t *till) word(p *purchase, says checkout.OrderStanding, tries int) {
	k, w := p.kiosk, t.world
	k.asks++
	answered := false
	pause := min(asksFirst<<min(tries-1, 10), asksMost)
	if k.does == "crashes" && tries == 1 {
		pause = k.back
	}
	w.loop.after(pause, nil, func() { // what may die below must not take the order system along
		if !answered && tries < asksMax {
			t.word(p, says, tries+1)
		}
	})
	if t.life == nil {
		return
	}
	view, err := t.agent.Till().Press(context.Background(), checkout.OrderID(p.order), checkout.OrderDecided{Standing: says, SettledBy: "01"})
	if k.does != "crashes" || tries > 1 {
		answered = t.answeredOrder(p, says, view.Sale, err)
	}
	if k.again && err == nil {
		w.hit("kiosk-said-again")
		_, err := t.agent.Till().Press(context.Background(), checkout.OrderID(p.order), checkout.OrderDecided{Standing: says, SettledBy: "01"})
		if refused(err) {
			w.violation("order-said-again", "%s does not take again what was said of %s: %v", t.name, w.alias(p.order), err)
		}
	}
	t.settle()
}

// refused reports whether a till has said no for good, and not that it cannot now.
func refused(err error) bool {
	for _, phrase := range []catalogue.Phrase{catalogue.RefuseOrderGoesBack, catalogue.RefuseOrderGivenBack, catalogue.RefuseOrderAccepted,
		catalogue.RefuseState} {
		if errors.Is(err, &station.Refusal{Phrase: phrase}) {
			return true
		}
	}
	return false
}

// answeredOrder takes the till's answer, and checks that the till could have known. It reports whether it is one.
func (t *till) answeredOrder(p *purchase, says checkout.OrderStanding, sale checkout.Sale, err error) bool {
	k, w := p.kiosk, t.world
	stands := t.evidence.standing(p.order)
	switch {
	case err == nil && sale.Order.Standing == accepted:
		if stands != accepted {
			w.violation("accepted-before-recorded", "%s says that %s is accepted, its records say %s", t.name, w.alias(p.order), stands)
		}
		if k.told {
			t.doubt("order-two-answers", w.alias(p.order)+" is accepted after its money was said to go back", p.order, nil)
		}
		w.hit("kiosk-held")
		k.holds = true
	case err == nil:
		k.told = k.told || says == notAccepted
	case errors.Is(err, &station.Refusal{Phrase: catalogue.RefuseOrderGoesBack}):
		if says == accepted && stands == unsaid {
			w.violation("order-refused", "%s says that the money of %s goes back, and no record does", t.name, w.alias(p.order))
		}
		w.hit("kiosk-too-late")
		k.told = true
	case errors.Is(err, &station.Refusal{Phrase: catalogue.RefuseOrderGivenBack}):
		if !t.evidence.wentBack(p.order) && !t.askedBack(p.order) {
			w.violation("order-refused", "%s says that the money of %s was given back, and no record does", t.name, w.alias(p.order))
		}
		w.hit("kiosk-given-back-before")
	default:
		return refused(err)
	}
	return true
}

// ordered writes down what a record says of an order.
func (e *evidence) ordered(t *till, body *message.OutcomeShown) {
	id, stands := order(body.GetOrderId()), body.GetOrder()
	if standing := body.GetResult().GetStanding(); standing != nil {
		e.stood[id] = standing
	}
	if stands == unsaid {
		return
	}
	before := e.standing(id)
	if stands == accepted && before != unsaid && before != person || before == accepted {
		t.world.violation("order-two-words", "%s records of %s: %s after %s", t.name, t.world.alias(id), stands, before)
	}
	t.world.trace("%s records of %s: %s", t.name, t.world.alias(id), stands)
	if stands == accepted {
		t.unpaid(id, e.stood[id])
	}
	e.orders[id] = append(slices.Clip(e.orders[id]), stands)
}

// standing is what the records say last of an order.
func (e *evidence) standing(id order) checkout.OrderStanding {
	if said := e.orders[id]; len(said) > 0 {
		return said[len(said)-1]
	}
	return unsaid
}

// liedAbout reports whether an operator keeps to a lie about an order.
func (w *World) liedAbout(id order) bool {
	o := w.bankOrderOf(id)
	return o != nil && o.lie != ""
}

// wentBack reports whether anything of an order was given back, or is on its way.
func (e *evidence) wentBack(id order) bool {
	for _, f := range e.followed {
		if f.order == id && moved(f.kind) < 0 && (f.done || !f.final) {
			return true
		}
	}
	return false
}

// givesBack checks that a till asks for an order's money by itself only where the order was not accepted.
func (e *evidence) givesBack(t *till, f *followed) {
	if stands := e.standing(f.order); stands != notAccepted {
		t.world.violation("given-back-unasked", "%s gives %s back by itself, and its records say %s", t.name, t.world.alias(f.order), stands)
	}
	t.world.hit("kiosk-given-back")
	f.own = true
}

// checkKiosk checks in the end that no money is kept for an order that was not accepted, and that none of an accepted one was
// given back by the till itself.
func (w *World) checkKiosk(p *purchase) {
	k, t, id := p.kiosk, p.till, p.order
	if k == nil {
		return
	}
	w.checkUnpaid(p)
	e, gone := t.journalOf(id)
	stands, net := e.standing(id), w.net(id)
	lacked := t.lacked(id)
	switch {
	case k.holds && w.ownReturn(id):
		t.doubt("accepted-and-given-back", w.alias(id), id, lacked)
	case net <= 0: // nothing is kept
	case w.liedAbout(id): // by who took it: nobody at the shop can know, and the day's statement tells
	case k.holds: // who knows that may make the order
	case stands == person && t.listed(id):
		w.hit("order-for-a-person")
	case stands == settled:
		w.hit("order-settled")
	case gone != nil || lacked != nil:
		t.doubt("kiosk-money-kept", w.alias(id)+" is lost with its till's files", id, gone)
	default:
		t.doubt("kiosk-money-kept", w.alias(id)+": the order system holds no acceptance, and the records say "+stands.String(), id, nil)
	}
	if slices.Contains(e.orders[id], notAccepted) && !t.divided && e.customers[string(id[:])] < 2 {
		w.violation("order-slip-missing", "nothing says that %s was printed as not accepted, or could not be", w.alias(id))
	}
}

// lacked is the old copy that did not know of an acceptance when it was put back; nil for none.
func (t *till) lacked(id order) *loss {
	for _, l := range t.past {
		if l.evidence.standing(id) == accepted && l.copied.standing(id) != accepted {
			return l
		}
	}
	return nil
}

// ownReturn reports whether a till has given an order back by itself.
func (w *World) ownReturn(id order) bool {
	for _, t := range w.tills {
		for e := range t.journals() {
			for _, f := range e.followed {
				if f.order == id && f.own && f.done {
					return true
				}
			}
		}
	}
	return false
}

// listed reports whether a till's status names an order for a person.
func (t *till) listed(id order) bool {
	if t.life == nil {
		return false
	}
	status, err := t.agent.Till().Status(context.Background())
	t.world.must(err)
	return slices.ContainsFunc(status.Orders, func(s station.Sale) bool { return s.ID == checkout.OrderID(id).String() })
}
