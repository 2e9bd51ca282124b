package world

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// order is an order id, whatever type the product gives it where.
type order = operator.OrderID

// evidence is what a till has committed, as somebody who looked over its shoulder wrote it down. It is believed against
// what the till shows, prints and keeps.
type evidence struct {
	requested map[order]bool
	reversal  map[order]bool
	signed    map[order]bool // by a hard wallet, which has debited itself
	// Asked for in words that the cloud does not know.
	notUnderstood map[string]bool // by order or follow-up
	outcomes      map[order]map[message.Outcome]bool
	orders        map[order][]message.OrderStanding // what was said of shops' orders, in order
	stood         map[order]*message.Standing       // the latest that an outcome said
	customers     map[string]int                    // reports on customers' slips, by item
	answered      map[order]bool                    // of which a record has the cloud's word
	records       map[string]bool                   // every record that an Append returned
	followed      map[string]*followed
	offline       []offlinePayment   // that the till took by itself
	signIns       []signIn           // that were sent
	facts         []fact             // of shifts
	methods       map[string]string  // lines of payments, by order
	openings      map[string]opening // shifts by id
	sequences     map[string]uint64  // of payments' first records, by order
	items         map[number]string  // payments and follow-ups by the number that was given them
	numbers       map[string]number  // the same the other way round
	prints        map[print]int      // copies that were printed, certainly or perhaps
	printed       map[print]int      // those of them that were for certain
	reported      map[string]bool    // items of which a record says what became of a slip
	last          uint64             // the highest sequence
	limitsMade    time.Duration      // of the newest limits that it has
	checked       uint64             // acknowledged records that were looked for in the cloud
}

func newEvidence() evidence {
	return evidence{requested: map[order]bool{}, reversal: map[order]bool{}, signed: map[order]bool{}, notUnderstood: map[string]bool{},
		outcomes: map[order]map[message.Outcome]bool{}, records: map[string]bool{}, followed: map[string]*followed{},
		methods: map[string]string{}, openings: map[string]opening{}, items: map[number]string{}, sequences: map[string]uint64{}, numbers: map[string]number{},
		prints: map[print]int{}, reported: map[string]bool{}, printed: map[print]int{}, answered: map[order]bool{},
		orders: map[order][]message.OrderStanding{}, stood: map[order]*message.Standing{}, customers: map[string]int{}}
}

// recorded writes down one committed record.
func (e *evidence) recorded(t *till, r record.Record) {
	header, err := record.ParseHeader(r)
	if err != nil {
		t.world.violation("record-malformed", "%s: %v", t.name, err)
		return
	}
	t.world.trace("%s records %d %s", t.name, header.Sequence, header.Type)
	e.records[string(r)] = true
	if header.Sequence > e.last {
		t.dated(header.Time)
	}
	e.shiftRecord(t, header.Sequence, header.Type, r.Body())
	switch header.Type {
	case record.PaymentRequested:
		body := &message.PaymentRequested{}
		if proto.Unmarshal(r.Body(), body) == nil {
			e.requested[order(body.GetOrderId())] = true
			e.signed[order(body.GetOrderId())] = len(body.GetCardTransaction()) != 0
			if body.GetAgain() == 0 {
				e.sequences[string(body.GetOrderId())] = header.Sequence
			}
			e.numbered(t, string(body.GetOrderId()), number{body.GetBatch(), body.GetVoucher()})
			e.beyond(t, string(body.GetOrderId()), r.Body())
			t.anew("payment", body.GetAgain())
			t.acceptedOffline(body, string(r.HeaderBytes()))
			t.world.dealings.begin(t.world, string(body.GetOrderId()), order(body.GetOrderId()), selling, body.GetAmount())
		}
	case record.ReversalRequested:
		body := &message.ReversalRequested{}
		if proto.Unmarshal(r.Body(), body) == nil {
			e.reversal[order(body.GetOrderId())] = true
			t.world.dealings.begin(t.world, "reversal "+string(body.GetOrderId()), order(body.GetOrderId()), takingBack, 0)
			t.anew("reversal", body.GetAgain())
		}
	case record.OutcomeShown:
		body := &message.OutcomeShown{}
		if proto.Unmarshal(r.Body(), body) == nil {
			e.outcome(order(body.GetOrderId()))[body.GetOutcome()] = true
			e.ordered(t, body)
			e.heardOf(t, body)
			t.heardBlocked(body)
			if body.GetResult() != nil {
				e.answered[order(body.GetOrderId())] = true
				if definite(body.GetOutcome()) {
					t.world.dealings.answer(t.world, string(body.GetOrderId()), told{outcome: body.GetOutcome()})
				}
			}
		}
	case record.LimitsTaken:
		e.limitsTaken(r.Body())
	case record.ReceiptPrinted:
		e.printRecorded(t, r.Body())
	case record.DeviceFault:
		body := &message.DeviceFault{}
		if proto.Unmarshal(r.Body(), body) == nil && body.GetSetBack() > 0 {
			t.world.hit("clock-set-back-recorded")
			t.unwritten = setBack{}
		}
	default:
		e.followUp(t, header.Sequence, header.Type, r.Body())
	}
}

// anew notes that a till recorded something in the place of a record that the cloud refuses for ever.
func (t *till) anew(what string, refused uint64) {
	if refused != 0 {
		t.world.hit(what + "-made-anew")
	}
}

func (e *evidence) outcome(id order) map[message.Outcome]bool {
	if e.outcomes[id] == nil {
		e.outcomes[id] = map[message.Outcome]bool{}
	}
	return e.outcomes[id]
}

// copied returns the evidence of a copy of the till's files.
func (e *evidence) copied() evidence {
	c := newEvidence()
	for id := range e.requested {
		c.requested[id] = true
	}
	for id := range e.reversal {
		c.reversal[id] = true
	}
	maps.Copy(c.signed, e.signed)
	maps.Copy(c.notUnderstood, e.notUnderstood)
	for id, outcomes := range e.outcomes {
		for outcome := range outcomes {
			c.outcome(id)[outcome] = true
		}
	}
	for r := range e.records {
		c.records[r] = true
	}
	for id, f := range e.followed {
		copied := *f
		c.followed[id] = &copied
	}
	c.offline, c.signIns = slices.Clone(e.offline), slices.Clone(e.signIns)
	c.facts, c.methods, c.openings, c.last = slices.Clone(e.facts), maps.Clone(e.methods), maps.Clone(e.openings), e.last
	c.limitsMade = e.limitsMade
	c.sequences = maps.Clone(e.sequences)
	c.items, c.numbers, c.prints = maps.Clone(e.items), maps.Clone(e.numbers), maps.Clone(e.prints)
	c.reported, c.printed, c.answered = maps.Clone(e.reported), maps.Clone(e.printed), maps.Clone(e.answered)
	c.orders, c.stood, c.customers = maps.Clone(e.orders), maps.Clone(e.stood), maps.Clone(e.customers)
	return c
}
