package world

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

// tariff is what payments at the till cost.
func (t *till) tariff() tariff { return tariffs[t.index%len(tariffs)] }

// holdCap is how many percent of what is held at the till may be completed.
func (t *till) holdCap() int64 { return holdTerms[t.index%len(holdTerms)].percent }

// holdCap is the same of an order.
func (w *World) holdCap(id order) int64 {
	if p := w.purchases[id]; p != nil {
		return p.till.holdCap()
	}
	return 100
}

// wholeRate is the whole in basis points.
const wholeRate = 10_000

// fee is what an amount costs: the rate, rounded half up, and never above the ceiling.
func (t tariff) fee(amount int64) int64 {
	return min((2*amount*t.rate+wholeRate)/(2*wholeRate), t.most(amount))
}

// most is the highest fee on an amount.
func (t tariff) most(amount int64) int64 { return amount * t.ceiling / wholeRate }

// checkFees holds the ledger's fees of an order against the tariff: of each amount that was paid, and of what is left after
// all that came back.
func (w *World) checkFees(o *bankOrder, entries []store.Entry) {
	p := w.purchases[o.id]
	if p == nil || w.bankOrderOf(o.id) != o {
		return
	}
	rates := p.till.tariff()
	for _, e := range entries {
		amount, fee := feeOf(e, o.at.code)
		if e.Kind != store.EntrySale && e.Kind != store.EntryCompletion {
			continue
		}
		w.feeDay(e.At, p.till, amount, fee)
		if fee != rates.fee(amount) {
			w.violation("fee-differs", "%s of %s costs %d fen, and the terms say %d", yuan(amount), w.alias(o.id), fee, rates.fee(amount))
		}
	}
	w.checkKeptFee(o, rates, entries)
}

// checkKeptFee checks what is left of a fee in the end: it goes back with the money, in proportion, rounded in the
// merchant's favour; all of it with all of the money; and what is kept is never above the ceiling of what is left.
func (w *World) checkKeptFee(o *bankOrder, rates tariff, entries []store.Entry) {
	kept := int64(0)
	for _, e := range entries {
		_, fee := feeOf(e, o.at.code)
		kept += fee
	}
	due := o.feesDue(rates)
	switch {
	case kept < 0 || kept > rates.most(o.net()):
		w.violation("fee-above-cap", "%d fen are kept of %s, of which %s are left", kept, w.alias(o.id), yuan(o.net()))
	case !slices.Contains(due, kept):
		w.violation("fee-differs", "%d fen are kept of %s, and %d are due", kept, w.alias(o.id), due)
	}
}

// feesDue are what may be kept of an order's fees, by what was paid and came back in its order. A dispute has its place where the
// cloud hears of it, which is from its own on anywhere.
func (o *bankOrder) feesDue(rates tariff) []int64 {
	if o.lien == nil {
		sum := feeSum{rates: rates}
		sum.pay(o.net() + o.returned)
		sum.refund(o.returned)
		return []int64{sum.kept()}
	}
	var due []int64
	for heard := range len(o.lien.moves) + 1 {
		if kept := feeDue(rates, disputesLast(o.lien.moves, heard)); !slices.Contains(due, kept) {
			due = append(due, kept)
		}
	}
	return due
}

// disputesLast are the moves, with the disputes among the first of them behind the others of those.
func disputesLast(moves []move, first int) []move {
	var before, disputes []move
	for _, m := range moves[:first] {
		if m.dispute {
			disputes = append(disputes, m)
			continue
		}
		before = append(before, m)
	}
	return slices.Concat(before, disputes, moves[first:])
}

// feeDue is what may be kept of a hold's fees, by what was paid and came back in this order.
func feeDue(rates tariff, moves []move) int64 {
	sum := feeSum{rates: rates}
	for _, m := range moves {
		switch {
		case m.undone:
			sum.undo(-m.amount)
		case m.amount < 0:
			sum.refund(-m.amount)
		default:
			sum.pay(m.amount)
		}
	}
	return sum.kept()
}

// feeSum adds fees up as amounts are paid and come back, in minor units.
type feeSum struct {
	rates             tariff
	paid, back        int64
	charged, returned int64
}

func (s *feeSum) kept() int64 { return s.charged - s.returned }

func (s *feeSum) pay(amount int64) {
	s.paid, s.charged = s.paid+amount, s.charged+s.rates.fee(amount)
}

// refund gives back in proportion to all that came back so far, a part of a fen being a whole one. Where nothing was paid,
// which a dispute of the whole of a hold can be about, there is no fee to give back.
func (s *feeSum) refund(amount int64) {
	if amount == 0 || s.paid == 0 {
		return
	}
	s.back += amount
	s.returned = max(s.returned, (s.charged*s.back+s.paid-1)/s.paid, s.charged-s.rates.most(s.paid-s.back))
}

// undo takes back what a completion cost, or what is left of that.
func (s *feeSum) undo(amount int64) {
	fee := min(s.rates.fee(amount), s.kept())
	s.paid -= amount
	s.charged -= max(fee, s.kept()-s.rates.most(s.paid-s.back))
}

// feeOf reads an entry: what was paid at an operator by it, and which fee was charged; negative for what went back.
func feeOf(e store.Entry, operator string) (amount, fee int64) {
	for _, posting := range e.Postings {
		switch {
		case posting.Account == "operator/"+operator:
			amount += posting.Amount
		case strings.HasPrefix(posting.Account, "fees"):
			fee -= posting.Amount
		}
	}
	return amount, fee
}

// feeDay is a day of a terminal's, in the merchant's time.
type feeDay struct {
	day  string
	till *till
}

// dayFees is what was paid on a day, which fees were charged for it, and which were due; minor units.
type dayFees struct{ paid, fees, due int64 }

// feeDay adds a fee to its day.
func (w *World) feeDay(at time.Time, t *till, amount, fee int64) {
	day := feeDay{at.In(time.FixedZone("UTC+8", 8*60*60)).Format(time.DateOnly), t}
	sum := w.days[day]
	sum.paid, sum.fees, sum.due = sum.paid+amount, sum.fees+fee, sum.due+t.tariff().fee(amount)
	w.days[day] = sum
}

// checkDays checks that the fees of no day are above the ceiling of what was taken on it, nor other than they were due.
func (w *World) checkDays() {
	for _, day := range slices.SortedFunc(maps.Keys(w.days), func(a, b feeDay) int {
		return cmp.Or(cmp.Compare(a.till.name, b.till.name), cmp.Compare(a.day, b.day))
	}) {
		if sum := w.days[day]; sum.fees > day.till.tariff().most(sum.paid) || sum.fees != sum.due {
			w.violation("fee-above-cap", "%s pays %d fen for %s on %s, and %d are due", day.till.name, sum.fees, yuan(sum.paid), day.day, sum.due)
		}
	}
}
