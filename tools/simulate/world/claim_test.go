package world

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
)

const (
	void, refundKind = message.FollowUp_FOLLOW_UP_VOID, message.FollowUp_FOLLOW_UP_REFUND
	topUp, complete  = message.FollowUp_FOLLOW_UP_TOP_UP, message.FollowUp_FOLLOW_UP_COMPLETE
	cancel, undo     = message.FollowUp_FOLLOW_UP_CANCEL, message.FollowUp_FOLLOW_UP_UNDO
)

// paidAt is a till with a payment of 100.00 at its operator, or a hold.
func paidAt(l *lien) (*till, *purchase, *bankOrder) {
	t := counter()
	p := t.world.list[0]
	p.expires, p.hold = holdFor, l != nil
	b := &bank{world: t.world, code: "ICBC", orders: map[operator.OrderID]*bankOrder{}}
	o := &bankOrder{at: b, id: p.order, request: operator.Request{Amount: p.amount}, state: bankApproved, lien: l}
	if l == nil {
		o.debits = 1
	}
	b.orders[p.order], b.list = o, []*bankOrder{o}
	t.world.banks = []*bank{b}
	t.evidence.sequences[string(p.order[:])] = 5
	t.evidence.openings["a"] = opening{sequence: 1}
	return t, p, o
}

func TestWhatOughtToBecomeOfAPayment(t *testing.T) {
	for name, c := range map[string]struct {
		kind     message.FollowUp
		amount   int64
		returned int64
		change   func(*till, *bankOrder)
		ought    verdict
	}{
		"All":                {refundKind, 100_00, 0, nil, just},
		"OneFenMore":         {refundKind, 100_01, 0, nil, unjust},
		"TheRest":            {refundKind, 70_00, 30_00, nil, just},
		"OneFenMoreThanThat": {refundKind, 70_01, 30_00, nil, unjust},
		"Void":               {void, 0, 0, nil, just},
		"VoidAfterARefund":   {void, 0, 1, nil, unjust},
		"VoidOfAClosedShift": {void, 0, 0, func(t *till, _ *bankOrder) { t.evidence.openings["a"] = opening{sequence: 1, closed: true} }, unjust},
		"VoidInTheNextShift": {void, 0, 0, func(t *till, _ *bankOrder) { t.evidence.openings["b"] = opening{sequence: 9} }, unjust},
		"VoidOfAnEarlierOne": {void, 0, 0, func(t *till, _ *bankOrder) { t.evidence.openings["0"] = opening{sequence: 0, closed: true} }, just},
		"TopUpOfAPayment":    {topUp, 1, 0, nil, unjust},
		"Reversed":           {refundKind, 1, 0, func(_ *till, o *bankOrder) { o.state = bankReversed }, unclear},
		"TakenByItself": {refundKind, 1, 0, func(t *till, o *bankOrder) {
			t.evidence.offline = append(t.evidence.offline, offlinePayment{order: o.id})
		}, just},
		"TakenByItselfAndHonoured": {refundKind, 1, 0, func(t *till, o *bankOrder) {
			t.evidence.offline = append(t.evidence.offline, offlinePayment{order: o.id})
			t.evidence.answered[o.id] = true
		}, just},
		"LaterVersion": {refundKind, 1, 0, func(t *till, _ *bankOrder) { t.dialect.later = true }, unclear},
	} {
		t.Run(name, func(t *testing.T) {
			till, p, o := paidAt(nil)
			o.returned = c.returned
			if c.change != nil {
				c.change(till, o)
			}
			require.Equal(t, c.ought, till.world.ought(&claim{purchase: p, till: till, kind: c.kind, amount: c.amount}))
		})
	}
	t.Run("TakenByAnotherItself", func(t *testing.T) {
		till, p, o := paidAt(nil)
		till.evidence.offline = append(till.evidence.offline, offlinePayment{order: o.id})
		other := counter()
		require.Equal(t, unclear, till.world.ought(&claim{purchase: p, till: other, kind: refundKind, amount: 1}))
	})
	t.Run("VoidElsewhere", func(t *testing.T) {
		till, p, _ := paidAt(nil)
		other := counter()
		require.Equal(t, unjust, till.world.ought(&claim{purchase: p, till: other, kind: void}))
	})
	t.Run("NobodyKnowsTheOrder", func(t *testing.T) {
		till, p, _ := paidAt(nil)
		till.world.banks = nil
		require.Equal(t, unclear, till.world.ought(&claim{purchase: p, till: till, kind: refundKind, amount: 1}))
	})
}

func TestWhatOughtToBecomeOfAHold(t *testing.T) {
	for name, c := range map[string]struct {
		kind   message.FollowUp
		amount int64
		undoes string
		at     time.Duration
		lien   lien
		ought  verdict
	}{
		"TopUp":                  {topUp, 1, "", 0, lien{all: 100_00, percent: 100, rest: 100_00}, just},
		"All":                    {complete, 100_00, "", 0, lien{all: 100_00, percent: 100, rest: 100_00}, just},
		"OneFenMore":             {complete, 100_01, "", 0, lien{all: 100_00, percent: 100, rest: 100_00}, unjust},
		"WithWhatWasAdded":       {complete, 90_00, "", 0, lien{all: 150_00, percent: 100, rest: 90_00, paid: 60_00}, just},
		"OneFenMoreThanThat":     {complete, 90_01, "", 0, lien{all: 150_00, percent: 100, rest: 90_00, paid: 60_00}, unjust},
		"Cancel":                 {cancel, 0, "", 0, lien{all: 100_00, percent: 100, rest: 1}, just},
		"CancelOfNothing":        {cancel, 0, "", 0, lien{all: 100_00, percent: 100, rest: 0, paid: 100_00}, unjust},
		"TopUpOfNothingHeld":     {topUp, 1, "", 0, lien{all: 100_00, percent: 100, paid: 100_00}, unjust},
		"Ended":                  {topUp, 1, "", 0, lien{all: 100_00, percent: 100, ended: true}, unjust},
		"RefundOfACompletion":    {refundKind, 60_00, "", 0, lien{all: 100_00, percent: 100, paid: 60_00, ended: true}, just},
		"RefundOfWhatIsOnlyHeld": {refundKind, 1, "", 0, lien{all: 100_00, percent: 100, rest: 100_00}, unjust},
		"Undo":                   {undo, 60_00, "c", 0, lien{all: 100_00, percent: 100, rest: 40_00, paid: 60_00}, just},
		"UndoOfNothing":          {undo, 0, "", 0, lien{all: 100_00, percent: 100, rest: 100_00}, unjust},
		"UndoOfTheWhole":         {undo, 100_00, "c", 0, lien{all: 100_00, percent: 100, paid: 100_00}, just},
		"AboutToExpire":          {topUp, 1, "", holdFor - time.Minute, lien{all: 100_00, percent: 100, rest: 100_00}, unclear},
	} {
		t.Run(name, func(t *testing.T) {
			till, p, _ := paidAt(&c.lien)
			till.world.loop.now = c.at
			require.Equal(t, c.ought, till.world.ought(&claim{purchase: p, till: till, kind: c.kind, amount: c.amount, undoes: c.undoes}))
		})
	}
}

// TestClaimsAreJudged: what is declined or carried out against what ought to be is seen, unless another claim crossed it.
func TestClaimsAreJudged(t *testing.T) {
	ask := func(t *till, p *purchase, id string, amount int64) *claim {
		c := t.world.claims(t, p, station.FollowUpWish{Kind: refundKind, Amount: amount})
		t.world.claimed(t, id, p.order, refundKind, false)
		return c
	}
	for name, c := range map[string]struct {
		amount   int64
		approved bool
		broken   []string
	}{
		"OK":          {100_00, true, nil},
		"TooMuch":     {100_01, false, nil},
		"Declined":    {100_00, false, []string{"unjust-decline"}},
		"ApprovedToo": {100_01, true, []string{"unjust-approval"}},
	} {
		t.Run(name, func(t *testing.T) {
			till, p, _ := paidAt(nil)
			ask(till, p, "a", c.amount)
			till.world.decidedClaim("a", p.order, c.approved)
			till.world.decidedClaim("a", p.order, c.approved)
			require.Equal(t, c.broken, broken(till))
		})
	}
	t.Run("CrossedByAnother", func(t *testing.T) {
		till, p, _ := paidAt(nil)
		ask(till, p, "a", 60_00)
		ask(till, p, "b", 60_00)
		till.world.decidedClaim("b", p.order, false)
		till.world.decidedClaim("a", p.order, false)
		require.Empty(t, broken(till))
	})
	t.Run("NotEvenAsked", func(t *testing.T) {
		till, p, _ := paidAt(nil)
		c := till.world.claims(till, p, station.FollowUpWish{Kind: refundKind, Amount: 100_00})
		till.world.refusedClaim(c, &station.Refusal{Phrase: catalogue.RefuseStopping})
		require.Empty(t, broken(till), "that is about the till")
		till.world.refusedClaim(c, &station.Refusal{Phrase: catalogue.RefuseMoreThanLeft})
		require.Equal(t, []string{"unjust-refusal"}, broken(till))
	})
	t.Run("FoundAfterAPowerCut", func(t *testing.T) {
		till, p, _ := paidAt(nil)
		till.world.claimed(till, "a", p.order, refundKind, false)
		till.world.decidedClaim("a", p.order, false)
		require.Empty(t, broken(till), "nobody was there when it was asked for")
	})
}

func TestLatestCompletion(t *testing.T) {
	e := newEvidence()
	require.Nil(t, e.latestCompletion(order{1}))
	*e.follow([]byte("a")) = followed{id: "a", sequence: 1, order: order{1}, kind: complete, final: true, done: true}
	*e.follow([]byte("b")) = followed{id: "b", sequence: 2, order: order{1}, kind: complete, final: true, done: true}
	*e.follow([]byte("c")) = followed{id: "c", sequence: 3, order: order{1}, kind: complete, final: true}
	require.Equal(t, "b", e.latestCompletion(order{1}).id)
	*e.follow([]byte("d")) = followed{id: "d", sequence: 4, order: order{1}, kind: undo, undoes: "b"}
	require.Equal(t, "a", e.latestCompletion(order{1}).id)
	e.followed["d"].final = true
	require.Equal(t, "b", e.latestCompletion(order{1}).id, "it was declined")
}
