package crashtest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

const merchant = "301310053110001"

// terminalsMax is how many terminals there are.
const terminalsMax = 3

func orderID(n int) (id store.OrderID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

// head is a terminal's head, or one to begin with.
func (s *storeSubject) head(terminal int) store.Head {
	id := s.model.terminals[terminal].ID
	for _, h := range s.model.heads {
		if h.Terminal == id {
			return h
		}
	}
	return store.Head{Terminal: id}
}

func (s *storeSubject) enrolment(r *rand.Rand) store.Change {
	c := store.Change{Merchants: []store.Merchant{{ID: merchant, Name: "鲁西茶庄", Operators: []string{"CMB", "ICBC"},
		FeeBasisPoints: 20, Jurisdiction: "CN", CreatedAt: s.clock.Now()}}}
	for n := range terminalsMax {
		t := store.Terminal{ID: record.Terminal([]byte(fmt.Sprintf("%08d", 10000001+n))), Merchant: merchant,
			SerialNumber: fmt.Sprintf("YT-%06d", n), KeyVersion: 1, State: store.TerminalActive, EnrolledAt: s.clock.Now()}
		t.Identity[0] = byte(r.Uint32())
		c.Terminals = append(c.Terminals, t)
	}
	return c
}

// next makes a change of one of the kinds that the cloud makes.
func (s *storeSubject) next(r *rand.Rand) storeCommit {
	terminal := r.IntN(len(s.model.terminals))
	switch r.IntN(9) {
	case 0, 1:
		return storeCommit{changes: []store.Change{s.arrival(r, terminal, 1+r.IntN(6))}}
	case 2, 3:
		return s.begun(r, terminal)
	case 4, 5, 6:
		if c, any := s.moved(r); any {
			return c
		}
		return s.begun(r, terminal)
	case 7:
		return s.cancelled(terminal)
	default:
		return storeCommit{changes: []store.Change{s.notes(r, terminal)}}
	}
}

// arrival is a batch of records, now and then behind a gap.
func (s *storeSubject) arrival(r *rand.Rand, terminal, n int) store.Change {
	h := s.head(terminal)
	h.Revision++
	if h.Highest > 0 && r.IntN(5) == 0 {
		h.Highest++
		h.Spans = append([]store.Span(nil), store.Span{First: h.Highest + 1, Last: h.Highest + uint64(n), Before: link(r)})
	}
	var c store.Change
	for range n {
		h.Highest++
		h.Records++
		body := make([]byte, 60+r.IntN(600))
		for i := range body {
			body[i] = byte(r.Uint32())
		}
		c.Records = append(c.Records, store.Record{Terminal: h.Terminal, Sequence: h.Highest, Bytes: body,
			ReceivedAt: s.clock.Now()})
	}
	h.HighestLink, h.Link = link(r), link(r)
	c.Heads = []store.Head{h}
	return c
}

func link(r *rand.Rand) (h seal.Hash) {
	binary.BigEndian.PutUint64(h[:], r.Uint64())
	return h
}

// begun is a payment that arrives with its record.
func (s *storeSubject) begun(r *rand.Rand, terminal int) storeCommit {
	c := s.arrival(r, terminal, 1)
	c.Payments = []store.Payment{{
		Order: orderID(s.model.orders + 1), Terminal: c.Heads[0].Terminal, Sequence: c.Heads[0].Highest,
		Merchant: merchant, Revision: 1, State: 1, NextAt: s.clock.Now(), UpdatedAt: s.clock.Now(),
		Blob: []byte(fmt.Sprintf("begun %d", r.Uint64())),
	}}
	return storeCommit{changes: []store.Change{c}, orders: 1}
}

// moved is a payment's next state, with its ledger entry.
func (s *storeSubject) moved(r *rand.Rand) (storeCommit, bool) {
	if len(s.model.payments) == 0 {
		return storeCommit{}, false
	}
	p := s.model.payments[r.IntN(len(s.model.payments))]
	if p.Revision > uint64(store.EntrySuspenseReturn) {
		return storeCommit{}, false
	}
	kind := store.EntryKind(p.Revision)
	p.State, p.Final, p.UpdatedAt = uint8(p.Revision)+1, p.Revision%2 == 1, s.clock.Now()
	p.Revision++
	p.Blob = []byte(fmt.Sprintf("moved %d", r.Uint64()))
	amount := int64(1 + r.IntN(100_000))
	if p.Revision%2 == 1 {
		amount = -amount
	}
	entry := store.Entry{Order: p.Order, Kind: kind, At: s.clock.Now(), Postings: []store.Posting{
		{Account: "operator/CMB", Amount: amount, Currency: "CNY"},
		{Account: "merchant/" + merchant, Amount: -amount + amount/10, Currency: "CNY"},
		{Account: "fees", Amount: -(amount / 10), Currency: "CNY"},
	}}
	return storeCommit{changes: []store.Change{{Payments: []store.Payment{p}, Entries: []store.Entry{entry}}}}, true
}

// cancelled is an order cancelled before its payment was seen.
func (s *storeSubject) cancelled(terminal int) storeCommit {
	return storeCommit{orders: 1, changes: []store.Change{{Cancelled: []store.Cancelled{{
		Order: orderID(s.model.orders + 1), Terminal: s.model.terminals[terminal].ID, Reason: 2, At: s.clock.Now(),
	}}}}}
}

// notes are what comes beside the money.
func (s *storeSubject) notes(r *rand.Rand, terminal int) store.Change {
	t := s.model.terminals[terminal]
	at := s.clock.Now()
	alarm := store.Alarm{Key: fmt.Sprintf("clone/%d", r.IntN(3)), Kind: "clone", Terminal: t.ID.String(),
		Detail: fmt.Sprint(r.Uint64()), At: at}
	switch r.IntN(3) {
	case 0:
		number := uint32(1)
		for _, e := range s.model.epochs {
			if e.Terminal == t.ID {
				number = e.Number + 1
			}
		}
		return store.Change{Epochs: []store.Epoch{{Terminal: t.ID, Number: number, KeyVersion: 1, OpenedAt: at}}}
	case 1:
		t.KeyVersion++
		change := store.Change{Terminals: []store.Terminal{t}, Alarms: []store.Alarm{alarm}}
		if n := len(s.model.alarms); n > 0 {
			change.Settlements = []store.Settlement{{Alarm: uint64(n), By: "王", Note: alarm.Detail, At: at}}
		}
		return change
	default:
		return store.Change{Alarms: []store.Alarm{alarm}, Quarantined: []store.Quarantined{{Terminal: t.ID, Epoch: 1,
			Sequence: s.head(terminal).Highest, Cause: "tag", Digest: link(r), Bytes: []byte("other"), ReceivedAt: at}}}
	}
}
