package world

import (
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// bank is one wallet operator as it really is: what it did with whose money. Nobody in the product sees it but through
// its line; the checks at the end believe nobody else.
type bank struct {
	world  *World
	code   string
	random random
	mood   mood
	turn   int // of the mood
	orders map[operator.OrderID]*bankOrder
	// followUps are the answers to those that were decided.
	followUps map[operator.FollowUpID]operator.FollowUpAnswer
	list      []*bankOrder
	number    int
	stated    []operator.StatementLine // what moved, in its order
	stating   random                   // of what becomes of statements
}

// mood is how an operator behaves for a while.
type mood struct {
	slow          time.Duration // a decision takes up to this long
	loseAnswers   int           // per cent
	loseRequests  int
	out           bool // cannot be reached
	deny          int  // per cent of queries that deny an order it knows
	refuseReverse bool
	late          int   // per cent of reversed orders that it debits all the same, later
	renumber      int   // per cent of answers that name another reference
	lie           lie   // about what it decides meanwhile
	off           int64 // by how much it debits more than it says, for lieAmount; minor units
	partial       int   // per cent of pages of statements that lack a line
}

// bankState is what became of an order at its operator.
type bankState uint8

const (
	bankPending bankState = iota + 1
	bankPassword
	bankShown
	bankApproved
	bankDeclined
	bankReversed
	bankRefunded
)

// bankOrder is one order as the operator knows it.
type bankOrder struct {
	at        *bank
	id        operator.OrderID
	request   operator.Request
	state     bankState
	reason    operator.Reason
	reference string
	payer     *customer
	shown     string
	debits    int
	credits   int
	returned  int64 // by follow-ups and disputes, in minor units
	disputed  int64 // the part of it that the customer's bank has taken back
	since     time.Duration
	lie       lie      // that it keeps to, empty for the truth
	short     bool     // it gave back less than was asked for, which it has not, having lied
	off       int64    // by how much a debit is more than was asked for
	lien      *lien    // nil for an order that nothing is held for
	verified  bool     // the payer has typed the password for it
	waiters   []func() // whoever waits for a decision
}

// net is what the customer is out of, in minor units.
func (o *bankOrder) net() int64 {
	net := int64(o.debits-o.credits)*o.price() - o.returned
	if o.lien != nil {
		net += o.lien.paid
	}
	return net
}

// price is what a debit takes, in minor units.
func (o *bankOrder) price() int64 { return o.request.Amount + o.off }

func newBank(w *World, code string) *bank {
	return &bank{world: w, code: code, random: newRandom(w.script.Seed, "bank "+code), orders: map[operator.OrderID]*bankOrder{},
		followUps: map[operator.FollowUpID]operator.FollowUpAnswer{}, stating: newRandom(w.script.Seed, "statements "+code)}
}

func (b *bank) order(id operator.OrderID) *bankOrder { return b.orders[id] }

func (b *bank) add(r operator.Request) *bankOrder {
	if r.Verify && r.Amount <= noPasswordMax {
		b.world.violation("password-needless", "a password is asked for %s of %s", yuan(r.Amount), b.world.alias(r.OrderID))
	}
	b.number++
	o := &bankOrder{at: b, id: r.OrderID, request: r, since: b.world.loop.now, reference: fmt.Sprintf("%s-%d", b.code, b.number)}
	b.orders[r.OrderID] = o
	b.list = append(b.list, o)
	return o
}

// authorise takes a payment on. Asked again it says what became of the first.
func (b *bank) authorise(r operator.Request) *bankOrder {
	if o := b.order(r.OrderID); o != nil {
		return o
	}
	o := b.add(r)
	payer, reason := b.payer(r)
	if reason != operator.ReasonNone {
		o.state, o.reason = bankDeclined, reason
		return o
	}
	o.payer, o.state = payer, bankPending
	if (payer.password != 0 || r.Verify) && r.Method != operator.MethodTap { // a hard wallet has paid already
		b.askPassword(o)
		return o
	}
	if b.mood.slow == 0 {
		b.decide(o)
		return o
	}
	b.world.hit("operator-slow")
	b.world.loop.after(b.random.between(0, b.mood.slow), nil, func() { b.decide(o) })
	return o
}

// usualTyping is how long a password takes of whom a script says nothing.
const usualTyping = 4 * time.Second

// askPassword has the payer type a password for just this order and amount. Who does not in good time is refused where that
// was asked for.
func (b *bank) askPassword(o *bankOrder) {
	o.state = bankPassword
	if o.request.Verify {
		b.world.hit("password-asked")
		b.world.loop.after(passwordWithin, nil, func() { b.unverified(o) })
	}
	typing := o.payer.password
	if typing == 0 {
		typing = usualTyping
	}
	if typing > 0 {
		b.world.loop.after(typing, nil, func() {
			o.verified = true
			b.decide(o)
		})
	}
}

// passwordWithin is how long an operator waits for a password that it was told to ask for.
const passwordWithin = 30 * time.Second

// unverified refuses an order whose payer has not typed the password.
func (b *bank) unverified(o *bankOrder) {
	if o.state == bankPassword {
		b.world.hit("password-refused")
		o.state, o.reason = bankDeclined, operator.ReasonVerificationFailed
		b.wake(o)
	}
}

// payer finds whose money it is about.
func (b *bank) payer(r operator.Request) (*customer, operator.Reason) {
	if r.Method == operator.MethodTap {
		return b.world.cardPayer(r)
	}
	c := b.world.codes[r.Code]
	switch {
	case c == nil:
		return nil, operator.ReasonCodeExpired
	case c.codeUsed:
		return nil, operator.ReasonCodeExpired
	}
	c.codeUsed = true
	return c, operator.ReasonNone
}

// issue opens an order to be scanned.
func (b *bank) issue(r operator.Request) *bankOrder {
	if o := b.order(r.OrderID); o != nil {
		return o
	}
	o := b.add(r)
	o.state, o.shown = bankShown, "https://pay."+b.code+".example/"+o.reference
	b.world.shown[o.shown] = o
	return o
}

// decide debits the payer or refuses.
func (b *bank) decide(o *bankOrder) {
	if o.state != bankPending && o.state != bankPassword && o.state != bankShown {
		return
	}
	if o.payer.poor && o.request.Method != operator.MethodTap {
		o.state, o.reason = bankDeclined, operator.ReasonInsufficientFunds
	} else {
		b.approves(o)
		o.state = bankApproved
	}
	b.wake(o)
}

func (b *bank) wake(o *bankOrder) {
	waiters := o.waiters
	o.waiters = nil
	for _, wake := range waiters {
		wake()
	}
}

// charge takes the money, or holds it.
func (b *bank) charge(o *bankOrder) {
	if o.request.Hold {
		b.freeze(o)
		return
	}
	b.debit(o)
}

// discharge takes back what charge did.
func (b *bank) discharge(o *bankOrder) {
	if o.lien != nil {
		b.thaw(o)
		return
	}
	b.credit(o)
}

// debit takes the money.
func (b *bank) debit(o *bankOrder) {
	o.debits++
	b.states(o, operator.FollowUpID{}, operator.LinePayment, o.price())
	b.world.trace("bank %s debits %s for %s", b.code, yuan(o.price()), b.world.alias(o.id))
	b.world.debited(o)
}

func (b *bank) credit(o *bankOrder) {
	left := o.price()
	if o.lie != "" {
		left = o.net() // it never took anything, or has given some of it back against its word
	}
	if left <= 0 {
		return
	}
	b.states(o, operator.FollowUpID{}, operator.LineReturn, left)
	o.credits, o.returned = o.credits+1, o.returned-(o.price()-left)
	b.world.trace("bank %s gives back %s of %s", b.code, yuan(left), b.world.alias(o.id))
}

// reverse takes an order back whatever became of it.
func (b *bank) reverse(q operator.Inquiry) (*bankOrder, operator.Status) {
	o := b.order(q.OrderID)
	if o == nil {
		o = b.add(operator.Request{OrderID: q.OrderID, Merchant: q.Merchant, Amount: q.Amount, Currency: q.Currency})
		o.state = bankReversed
		return o, operator.StatusReversed
	}
	switch o.state {
	case bankApproved:
		if b.mood.refuseReverse || o.disputed > 0 || o.net() > 0 && o.lien != nil { // what was completed is paid
			b.world.hit("operator-refuses-reversal")
			return o, operator.StatusReversalRefused
		}
		if o.lie != "" || !b.lies(o, lieReversed) {
			b.discharge(o)
		}
		o.state = bankReversed
	case bankPending, bankPassword, bankShown:
		o.state = bankReversed
		if o.payer != nil && !o.payer.poor && !o.unverified() && b.random.chance(b.mood.late) {
			b.late(o)
		}
		b.wake(o)
	}
	return o, o.status()
}

// unverified reports whether an order is to be paid with a password, which the customer has not given.
func (o *bankOrder) unverified() bool { return o.request.Amount > noPasswordMax && !o.verified }

// late debits an order that was reversed: the mistake of an operator that nobody can prevent, only find.
func (b *bank) late(o *bankOrder) {
	b.world.loop.after(b.random.between(time.Second, 80*time.Minute), nil, func() {
		if o.state == bankReversed && o.debits == o.credits && o.lien == nil {
			b.world.hit("late-approval")
			b.charge(o)
			o.state = bankApproved
		}
	})
}

// refund sends the whole amount back, once.
func (b *bank) refund(q operator.Inquiry) (*bankOrder, operator.Status) {
	o := b.order(q.OrderID)
	switch {
	case o == nil:
		return nil, operator.StatusNotFound
	case o.disputed > 0:
		return o, operator.StatusRefundRefused
	case o.state == bankApproved:
		b.discharge(o)
		o.state = bankRefunded
	case o.state != bankRefunded && o.state != bankReversed:
		return o, operator.StatusRefundRefused
	}
	return o, o.status()
}

// pay is a customer who scans a shown code.
func (b *bank) pay(o *bankOrder, c *customer) {
	if o.state != bankShown {
		return
	}
	if o.payer = c; o.request.Verify {
		b.askPassword(o)
		return
	}
	b.decide(o)
}

func (o *bankOrder) status() operator.Status {
	switch o.state {
	case bankPending, bankPassword:
		return operator.StatusAwaitingPassword
	case bankShown:
		return operator.StatusAwaitingCustomer
	case bankApproved:
		if o.denies() {
			return operator.StatusDeclined
		}
		return operator.StatusApproved
	case bankDeclined:
		return operator.StatusDeclined
	case bankRefunded:
		return operator.StatusRefunded
	default:
		return operator.StatusReversed
	}
}

// answer is what the operator says of an order now.
func (b *bank) answer(o *bankOrder, status operator.Status) operator.Answer {
	a := operator.Answer{OrderID: o.id, Status: status, Amount: o.request.Amount, Currency: o.request.Currency, At: b.world.time()}
	switch status {
	case operator.StatusApproved:
		a.Reference, a.AuthCode, a.PayerOperator = o.reference, "A1B2C3", b.code
		a.WalletMasked = o.payer.masked()
		if b.random.chance(b.mood.renumber) {
			b.world.hit("operator-second-reference")
			a.Reference += "-2"
		}
	case operator.StatusDeclined:
		a.Reason = o.reason
	case operator.StatusAwaitingCustomer:
		a.ShownCode = o.shown
	}
	return a
}
