package world

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// refund gives money of an earlier sale back, which the till may think is more than is left:
//
//	refund till=0 back=1 percent=40 [of=left] [fen=-1] [void=1] [from=1] [by=reference|code|list|order] [double=1] [unplug=3]
//
// back counts the approved sales of the till, 1 being the latest, or of the till that from names. percent is of the amount, or
// of what is left of it, and fen is added. double presses the
// button twice. by is how it is looked up first; what another till took has to be.
func refund(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	p := w.original(a, false)
	if p == nil {
		return
	}
	w.wishes++
	key := fmt.Sprintf("refund %d", w.wishes)
	wish := station.FollowUpWish{Kind: message.FollowUp_FOLLOW_UP_REFUND, Amount: w.asks(p, a, message.FollowUp_FOLLOW_UP_REFUND), Cashier: "01",
		Origin: checkout.Origin{Key: key, Digest: sha256.Sum256([]byte(key))}}
	if a.is("void") {
		wish.Kind, wish.Amount = message.FollowUp_FOLLOW_UP_VOID, 0
	}
	w.hit("refund-asked")
	t.wish(p, wish, a)
}

// asks is the amount that an action asks for, at least one fen.
func (w *World) asks(p *purchase, a Action, kind message.FollowUp) int64 {
	whole := p.amount
	if o := w.bankOrderOf(p.order); o != nil && a.text("of") == "left" {
		if whole = o.net(); kind == message.FollowUp_FOLLOW_UP_COMPLETE && o.lien != nil {
			whole = o.lien.most() - o.lien.paid
		}
		w.hit(fmt.Sprintf("limit%+d", a.number("fen")))
	}
	return max(whole*int64(a.number("percent"))/100+int64(a.number("fen")), 1)
}

// original returns what an action is about.
func (w *World) original(a Action, hold bool) *purchase {
	t := w.machine(a)
	if a.is("from") {
		from := a.number("from")
		if from < 0 || from >= len(w.tills) {
			return nil
		}
		t = w.tills[from]
	}
	return t.approved(a.number("back"), hold)
}

// wish asks for something to be done with an approved order, which may have to be looked up first, with all that people
// do about it.
func (t *till) wish(p *purchase, wish station.FollowUpWish, a Action) {
	if !a.is("by") && !a.is("from") {
		t.carry(p, wish, a)
		return
	}
	t.find(p, a.text("by"), func() {
		if p.till != t {
			t.world.hit("refund-elsewhere")
		}
		t.carry(p, wish, a)
	})
	t.settle()
}

// carry presses the button for an order that is at hand.
func (t *till) carry(p *purchase, wish station.FollowUpWish, a Action) {
	if a.is("unplug") {
		t.world.hit("person-unplug")
		t.life.fatal = t.life.points + max(a.number("unplug"), 1)
	}
	c := t.world.claims(t, p, wish)
	view, err := t.agent.Till().FollowUp(context.Background(), checkout.OrderID(p.order), wish)
	if err != nil {
		t.world.refused(t, err)
		t.world.refusedClaim(c, err)
		return
	}
	if a.is("double") {
		t.world.soon(t, 40*time.Millisecond, func() { t.wishAgain(p, wish, view) })
	}
	t.settle()
}

// wishAgain is a second press of the same key, which must find the same follow-up.
func (t *till) wishAgain(p *purchase, wish station.FollowUpWish, first followup.View) {
	view, err := t.agent.Till().FollowUp(context.Background(), checkout.OrderID(p.order), wish)
	if err == nil && view.FollowUp.ID != first.FollowUp.ID {
		t.world.violation("double-press", "%s began two follow-ups of %s", t.name, t.world.alias(p.order))
	}
}

// approved returns the nth latest sale, or hold, that the till has in its journal as approved.
func (t *till) approved(back int, hold bool) *purchase {
	for i := len(t.world.list) - 1; i >= 0; i-- {
		p := t.world.list[i]
		if p.till != t || p.hold != hold || !t.evidence.outcome(p.order)[message.Outcome_OUTCOME_APPROVED] {
			continue
		}
		if back--; back <= 0 {
			return p
		}
	}
	return nil
}

// ownNote stands on what a till asks for by itself.
const ownNote = "订单未被接受 Order not accepted"

// followed is a follow-up as a till has it in its journal.
type followed struct {
	id string
	// sequence is that of the record that asks for it.
	sequence uint64
	undoes   string // the completion that an undo takes back
	order    order
	kind     message.FollowUp
	own      bool // the till asks by itself
	offline  bool // the till has done it by itself
	final    bool
	asked    int64 // what it asked for
	done     bool
	came     int64 // what the answer says, once that is definite
	amount   int64 // that was moved, once that is definite or the till accepted it by itself; negative where it went back
}

// followUp writes down what a till recorded of a follow-up.
func (e *evidence) followUp(t *till, sequence uint64, kind record.Type, body []byte) {
	switch kind {
	case record.FollowUpRequested:
		asked := &message.FollowUpRequested{}
		if proto.Unmarshal(body, asked) == nil {
			t.anew("follow-up", asked.GetAgain())
			f := e.follow(asked.GetFollowUpId())
			f.order, f.kind, f.asked = order(asked.GetOrderId()), asked.GetKind(), asked.GetAmount()
			f.undoes, f.offline = string(asked.GetUndoes()), asked.GetOffline()
			e.beyond(t, f.id, body)
			if asked.GetAgain() == 0 {
				f.sequence = sequence
				own := asked.GetNote() == ownNote
				if own {
					e.givesBack(t, f)
				}
				t.world.claimed(t, f.id, f.order, f.kind, own)
			}
			e.numbered(t, f.id, number{asked.GetBatch(), asked.GetVoucher()})
			kind := refunding
			if f.kind == message.FollowUp_FOLLOW_UP_VOID {
				kind = voiding
			}
			t.world.dealings.begin(t.world, f.id, f.order, kind, f.asked)
		}
	case record.FollowUpShown:
		shown := &message.FollowUpShown{}
		if proto.Unmarshal(body, shown) != nil {
			return
		}
		f := e.follow(shown.GetFollowUpId())
		switch shown.GetOutcome() {
		case message.Outcome_OUTCOME_APPROVED:
			amount := shown.GetResult().GetAmount()
			f.final, f.done, f.came = shown.GetResult() != nil, true, amount
			if f.asked != 0 && f.final && f.asked != f.came && f.kind != message.FollowUp_FOLLOW_UP_CANCEL {
				t.world.violation("result-differs", "%s asked for %s of %s, and is told %s", t.name, yuan(f.asked), t.world.alias(f.order), yuan(f.came))
			}
			if !f.final {
				amount = f.asked // the till's own word: the cloud has still to carry it out
			}
			f.amount = moved(f.kind) * amount
			e.checkGivenBack(t, f.order)
		case message.Outcome_OUTCOME_DECLINED:
			f.final, f.done, f.amount = true, false, 0
		}
		if f.final {
			t.world.decidedClaim(f.id, f.order, f.done)
			t.world.dealings.answer(t.world, f.id, told{outcome: shown.GetOutcome(),
				limit: shown.GetResult().GetReason() == message.Reason_REASON_LIMIT_EXCEEDED})
		}
	}
}

func (e *evidence) follow(id []byte) *followed {
	if e.followed[string(id)] == nil {
		e.followed[string(id)] = &followed{id: string(id)}
	}
	return e.followed[string(id)]
}

// moved says which way a kind of follow-up moves the customer's money: 1 for paid, -1 for back, 0 for not at all.
func moved(kind message.FollowUp) int64 {
	switch kind {
	case message.FollowUp_FOLLOW_UP_VOID, message.FollowUp_FOLLOW_UP_REFUND, message.FollowUp_FOLLOW_UP_UNDO:
		return -1
	case message.FollowUp_FOLLOW_UP_COMPLETE:
		return 1
	default:
		return 0
	}
}

// movement is what the tills say follow-ups moved of an order, negative where more went back than was paid by them.
type movement struct {
	amount   int64
	open     *till // whose follow-up is not definite; nil for all are
	gone     *loss // it is only in a journal that an old copy has replaced
	promised bool  // the till gave its own word for it
}

// movedOf adds up an order's follow-ups. Two machines with the same files speak of the same ones.
func (w *World) movedOf(id order) movement {
	var m movement
	counted := map[string]bool{}
	for _, t := range w.tills {
		for e := range t.journals() {
			for _, f := range e.followed {
				if f.order == id && f.final && !counted[f.id] {
					counted[f.id] = true
					m.amount += f.amount
				}
			}
		}
	}
	for _, t := range w.tills {
		for e, gone := range t.journals() {
			for _, f := range e.followed {
				if f.order == id && !counted[f.id] && m.heavier(t, gone, f.done) {
					m.open, m.gone, m.promised = t, gone, f.done
				}
			}
		}
	}
	return m
}

// heavier reports whether another follow-up that is open says more than the one found before.
func (m movement) heavier(t *till, gone *loss, promised bool) bool {
	switch {
	case m.open == nil, m.open.divided && !t.divided:
		return true
	case t.divided && !m.open.divided:
		return false
	case (gone == nil) != (m.gone == nil):
		return gone == nil
	default:
		return promised && !m.promised
	}
}

// followUp carries a follow-up out, once, never beyond what was paid.
func (b *bank) followUp(r operator.FollowUp) operator.FollowUpAnswer {
	if before, known := b.followUps[r.ID]; known {
		return before
	}
	o := b.order(r.OrderID)
	answer := operator.FollowUpAnswer{ID: r.ID, OrderID: r.OrderID, Currency: r.Currency, At: b.world.time()}
	reason := operator.ReasonOther
	taken := o != nil && (o.lie == "" || o.debits > 0 || o.lien != nil)
	if taken && o.state == bankApproved && r.Amount > 0 {
		reason = b.carryOut(o, r)
	}
	if reason != operator.ReasonNone {
		answer.Status, answer.Reason = operator.FollowUpRefused, reason
		b.followUps[r.ID] = answer
		return answer
	}
	answer.Status, answer.Amount, answer.Reference = operator.FollowUpDone, r.Amount, fmt.Sprintf("%s-F%d", b.code, len(b.followUps)+1)
	b.followUps[r.ID] = answer
	return answer
}

// carryOut moves the money, or says why not.
func (b *bank) carryOut(o *bankOrder, r operator.FollowUp) operator.Reason {
	b.world.checkFollowUpUnderstood(r)
	if r.Kind != operator.KindVoid && r.Kind != operator.KindRefund {
		if o.lien == nil {
			return operator.ReasonInvalidRequest
		}
		return b.followHold(o, r)
	}
	if b.objects(o, r.Amount) {
		return operator.ReasonLimitExceeded
	}
	if b.lies(o, lieRefundDone) {
		return operator.ReasonNone
	}
	b.giveBack(o, r)
	if b.lies(o, lieRefundRefused) {
		return operator.ReasonOther
	}
	return operator.ReasonNone
}

// giveBack moves what is asked for. An operator does not look: whoever asks for too much gets it. What holds is the limit of our
// own books.
func (b *bank) giveBack(o *bankOrder, r operator.FollowUp) {
	amount := o.gives(r.Amount)
	if amount <= 0 {
		return
	}
	b.states(o, r.ID, operator.LineReturn, amount)
	b.world.trace("bank %s gives back %s of %s", b.code, yuan(amount), b.world.alias(o.id))
	o.returned += amount
	if o.lien != nil {
		o.lien.moves = append(o.lien.moves, move{amount: -amount})
	}
	if o.net() < 0 {
		b.world.violation("refunded-beyond-paid", "%s of %s is more than was paid", yuan(o.returned), b.world.alias(o.id))
	}
}

var _ operator.Follower = line{}

// FollowUp implements operator.Follower.
func (n line) FollowUp(_ context.Context, r operator.FollowUp) (operator.FollowUpAnswer, error) {
	var answer operator.FollowUpAnswer
	_, err := n.call("follow-up", func() (operator.Answer, *bankOrder) {
		answer = n.bank.followUp(r)
		status := operator.StatusRefunded
		if answer.Status != operator.FollowUpDone {
			status = operator.StatusRefundRefused
		}
		return operator.Answer{OrderID: r.OrderID, Status: status}, nil
	})
	if err != nil {
		return operator.FollowUpAnswer{}, err
	}
	return answer, nil
}
