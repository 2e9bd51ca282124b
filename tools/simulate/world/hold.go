package world

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/protocol/message"
)

// lien is what an operator holds of a customer's money, as the operator has it.
type lien struct {
	all         int64 // the first amount and what was added
	percent     int64 // of it that may be completed
	rest        int64 // still held
	paid        int64 // completed and not undone
	ended       bool
	completions map[operator.FollowUpID]*completion
	moves       []move // in their order
}

// most is what may be completed altogether.
func (l *lien) most() int64 { return l.all * l.percent / 100 }

// move is an amount that was paid out of a lien, or that came back; negative then.
type move struct {
	amount  int64
	undone  bool // a completion was taken back: it is held again
	dispute bool
}

// completion is what was paid out of a lien.
type completion struct {
	amount int64
	paid   int64 // less than the amount only where the operator lies
	freed  int64 // what was held less because of it
	undone bool
}

// freeze holds the amount.
func (b *bank) freeze(o *bankOrder) {
	o.lien = &lien{all: o.request.Amount, percent: b.world.holdCap(o.id), rest: o.request.Amount, completions: map[operator.FollowUpID]*completion{}}
	b.world.hit("hold")
	b.world.trace("bank %s holds %s for %s", b.code, yuan(o.request.Amount), b.world.alias(o.id))
	b.world.debited(o)
	if b.world.cloud.life != nil {
		b.world.cloud.sweeping.in(payment.SweepEvery)
	}
}

// thaw sets free what is still held, however that comes.
func (b *bank) thaw(o *bankOrder) {
	b.world.trace("bank %s sets %s of %s free", b.code, yuan(o.lien.rest), b.world.alias(o.id))
	o.lien.rest, o.lien.ended = 0, true
}

// frozen is what is held of the customer's money.
func (o *bankOrder) frozen() int64 {
	if o.lien == nil {
		return 0
	}
	return o.lien.rest
}

// holding reports whether any operator holds anything.
func (w *World) holding() bool {
	for _, b := range w.banks {
		for _, o := range b.list {
			if o.frozen() > 0 {
				return true
			}
		}
	}
	return false
}

// letGo has an operator set free all that it holds, by a rule of its own that nobody was told of:
//
//	let-go bank=0
func letGo(w *World, a Action) {
	b := w.bank(a)
	for _, o := range b.list {
		if o.frozen() > 0 {
			w.hit("operator-lets-go")
			b.thaw(o)
		}
	}
}

// followHold carries out what is done with a lien. It looks at little itself: what our books should have prevented is a
// broken promise.
func (b *bank) followHold(o *bankOrder, r operator.FollowUp) operator.Reason {
	w, l := b.world, o.lien
	if l.ended {
		return operator.ReasonHoldEnded
	}
	switch r.Kind {
	case operator.KindTopUp:
		l.all, l.rest = l.all+r.Amount, l.rest+r.Amount
	case operator.KindComplete:
		if l.paid+r.Amount > l.most() {
			w.violation("completed-beyond-hold", "%s and %s more of %s held for %s, of which %d %% may be", yuan(l.paid), yuan(r.Amount), yuan(l.all),
				w.alias(o.id), l.percent)
		}
		freed := min(r.Amount, l.rest)
		if r.Last {
			freed, l.ended = l.rest, true
		}
		c := &completion{amount: r.Amount, freed: freed}
		if !b.lies(o, lieCompleted) {
			c.paid = b.takes(o, r.ID, r.Amount)
		}
		l.completions[r.ID], l.rest = c, l.rest-freed
	case operator.KindCancel:
		if r.Amount != l.rest {
			w.violation("released-wrong", "%s of %s held for %s", yuan(r.Amount), yuan(l.rest), w.alias(o.id))
		}
		if b.lies(o, lieReleased) {
			b.takes(o, r.ID, l.rest)
			l.rest = 0
		}
		b.thaw(o)
	case operator.KindUndo:
		c := l.completions[r.Undoes]
		if c == nil || c.undone || c.amount != r.Amount {
			w.violation("undone-wrong", "%s of %s", yuan(r.Amount), w.alias(o.id))
			return operator.ReasonInvalidRequest
		}
		if b.objects(o, r.Amount) {
			return operator.ReasonLimitExceeded
		}
		c.undone = true
		if l.rest += c.freed; c.paid > 0 {
			b.states(o, r.ID, operator.LineReturn, c.paid)
			l.paid -= c.paid
			l.moves = append(l.moves, move{amount: -c.paid, undone: true})
		}
	default:
		return operator.ReasonInvalidRequest
	}
	w.trace("bank %s: %s of %s, %s is held, %s paid", b.code, r.Kind, w.alias(o.id), yuan(l.rest), yuan(l.paid))
	w.debited(o)
	return operator.ReasonNone
}

// takes pays an amount out of a lien, and returns it.
func (b *bank) takes(o *bankOrder, id operator.FollowUpID, amount int64) int64 {
	b.states(o, id, operator.LineCompletion, amount)
	o.lien.paid += amount
	o.lien.moves = append(o.lien.moves, move{amount: amount})
	return amount
}

var _ operator.Holder = line{}

// Hold implements operator.Holder.
func (n line) Hold(ctx context.Context, r operator.Request) (operator.Answer, error) {
	if r.Method == operator.MethodShown {
		return n.Order(ctx, r)
	}
	return n.Authorise(ctx, r)
}

// steps are what people do with a hold, by the name a script has for it.
var steps = map[string]message.FollowUp{
	"top-up": message.FollowUp_FOLLOW_UP_TOP_UP, "complete": message.FollowUp_FOLLOW_UP_COMPLETE,
	"cancel": message.FollowUp_FOLLOW_UP_CANCEL, "undo": message.FollowUp_FOLLOW_UP_UNDO, "refund": message.FollowUp_FOLLOW_UP_REFUND,
}

// follow does something with a hold that the till has approved, which may be more than is left:
//
//	follow till=0 back=1 what=top-up|complete|cancel|undo|refund [percent=40] [of=left] [fen=-1] [last=1]
//
// percent is of the first amount, or of what may still be completed or given back. The rest is as for a refund.
func follow(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	p := w.original(a, true)
	if p == nil {
		return
	}
	w.wishes++
	key := fmt.Sprintf("step %d", w.wishes)
	wish := station.FollowUpWish{Kind: steps[a.text("what")], Cashier: "01", Last: a.is("last"),
		Origin: checkout.Origin{Key: key, Digest: sha256.Sum256([]byte(key))}}
	if a.is("percent") {
		wish.Amount = w.asks(p, a, wish.Kind)
	}
	if wish.Kind == message.FollowUp_FOLLOW_UP_TOP_UP {
		p.added += wish.Amount // the customer agrees before anybody presses
	}
	w.hit("hold-" + a.text("what"))
	t.wish(p, wish, a)
}
