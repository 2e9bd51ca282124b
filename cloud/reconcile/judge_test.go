package reconcile_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/reconcile"
)

// movement is money that moved, as one side has it: above zero paid, below zero back.
type movement struct {
	order  byte
	amount int64
	at     time.Time
}

// history is what both sides have of some orders, and what is wrong on purpose.
type history struct {
	t            *rapid.T
	ours, theirs []movement
	facts        map[operator.OrderID]reconcile.Facts
	wrong        map[operator.OrderID]reconcile.Kind
}

const days = 4

// moment is any of the first days, as often as not about a midnight.
func moment(t *rapid.T) time.Time {
	day := monday + operator.Day(rapid.IntRange(0, days-1).Draw(t, "day"))
	if rapid.Bool().Draw(t, "midnight") {
		return day.End().Add(time.Duration(rapid.IntRange(-5000, 5000).Draw(t, "ms")) * time.Millisecond)
	}
	return day.Start().Add(time.Duration(rapid.IntRange(0, 24*3600).Draw(t, "second")) * time.Second)
}

// both have a movement, the two clocks and the line between them being some seconds or hours apart.
func (h *history) both(order byte, amount int64, at time.Time) {
	h.theirs = append(h.theirs, movement{order, amount, at})
	late := rapid.SampledFrom([]time.Duration{0, 300 * time.Millisecond, -2 * time.Second, 100 * time.Minute}).Draw(h.t, "late")
	h.ours = append(h.ours, movement{order, amount, at.Add(late)})
}

// order makes one order's history, and perhaps a lie about it.
func (h *history) order(n byte) {
	t, id := h.t, operator.OrderID{n}
	amount := rapid.Int64Range(2, 5000).Draw(t, "amount")
	at := moment(t)
	later := func() time.Time {
		at = at.Add(time.Duration(rapid.IntRange(1, 20*3600).Draw(t, "wait")) * time.Second)
		return at
	}
	known := reconcile.Facts{Known: true, Amount: amount, Booked: amount}
	switch rapid.IntRange(0, 10).Draw(t, "what") {
	case 0: // paid
		h.both(n, amount, at)
	case 1: // and some of it back
		h.both(n, amount, at)
		part := rapid.Int64Range(1, amount).Draw(t, "part")
		h.both(n, -part, later())
		known.Booked -= part
	case 2: // debited and put back, and we never knew
		h.theirs = append(h.theirs, movement{n, amount, at}, movement{n, -amount, at.Add(45 * time.Second)})
		known.Booked, known.Reversed = 0, true
	case 3: // declined
		known.Booked, known.Declined = 0, true
	case 4:
		h.theirs = append(h.theirs, movement{n, amount, at})
		known.Booked, known.Declined, h.wrong[id] = 0, true, reconcile.DebitedThoughDeclined
	case 5:
		h.ours = append(h.ours, movement{n, amount, at})
		h.wrong[id] = reconcile.MissingThere
	case 6:
		h.theirs, h.ours = append(h.theirs, movement{n, amount + 1, at}), append(h.ours, movement{n, amount, at})
		h.wrong[id] = reconcile.AmountDiffers
	case 7:
		h.both(n, amount, at)
		h.ours = append(h.ours, movement{n, -amount, later()})
		known.Booked, known.Reversed, h.wrong[id] = 0, true, reconcile.ReversedNotThere
	case 8:
		h.both(n, amount, at)
		h.theirs = append(h.theirs, movement{n, amount, later()})
		h.wrong[id] = reconcile.Duplicate
	case 9:
		h.theirs = append(h.theirs, movement{n, amount, at})
		known, h.wrong[id] = reconcile.Facts{}, reconcile.UnknownToUs
	default:
		h.both(n, amount, at)
		h.theirs = append(h.theirs, movement{n, -1, later()})
		h.wrong[id] = reconcile.ReturnedThere
	}
	h.facts[id] = known
}

// run compares day after day as the shell does: in the small hours, with all that is booked by then.
func (h *history) run() map[operator.OrderID][]reconcile.Difference {
	var carried []reconcile.Item
	found := map[operator.OrderID][]reconcile.Difference{}
	read := monday.Start().Add(-24 * time.Hour)
	for day := monday - 1; day < monday+days+3; day++ {
		items, now := carried, day.End().Add(2*time.Hour)
		for _, m := range h.ours {
			if !m.at.Before(read) && m.at.Before(now) {
				items = append(items, reconcile.Item{Order: operator.OrderID{m.order}, Day: operator.DayOf(m.at), Ours: true, Amount: m.amount, Currency: "CNY"})
			}
		}
		read = now
		var lines []operator.StatementLine
		for _, m := range h.theirs {
			if operator.DayOf(m.at) != day {
				continue
			}
			l := line(m.order, operator.LinePayment, m.amount, day)
			if l.At = m.at; m.amount < 0 {
				l.Kind, l.Amount = operator.LineReturn, -m.amount
			}
			lines = append(lines, l)
		}
		statement, err := reconcile.Assemble(day, paged(day, lines, 3))
		require.NoError(h.t, err)
		open := reconcile.Match(append(items, reconcile.Lines(statement)...), day)
		facts := map[operator.OrderID]reconcile.Facts{}
		for _, order := range reconcile.Overdue(open, day) {
			facts[order] = h.facts[order]
		}
		var differences []reconcile.Difference
		carried, differences = reconcile.Judge(open, day, facts)
		for _, d := range differences {
			found[d.Order] = append(found[d.Order], d)
		}
	}
	require.Empty(h.t, carried, "nothing is carried for ever")
	return found
}

// TestEachLieIsFoundAndNothingElse plays days of both sides: what is wrong is told, once and by its name, and nothing that only
// fell on two days.
func TestEachLieIsFoundAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{t: t, facts: map[operator.OrderID]reconcile.Facts{}, wrong: map[operator.OrderID]reconcile.Kind{}}
		for n := range rapid.IntRange(1, 20).Draw(t, "orders") {
			h.order(byte(n + 1))
		}
		found := h.run()
		for order, differences := range found {
			require.Contains(t, h.wrong, order, "%+v", differences)
		}
		for order, kind := range h.wrong {
			require.NotEmpty(t, found[order], "%s of %s", kind, order)
			sum := int64(0)
			for _, d := range found[order] {
				sum += d.Theirs - d.Ours
			}
			require.NotZero(t, sum)
			if len(found[order]) == 1 {
				require.Equal(t, kind, found[order][0].Kind, "%+v", found[order])
			}
		}
	})
}

// TestMatchKeepsTheSum: whatever is matched, the difference between both sides stays what it was, in any order.
func TestMatchKeepsTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var items []reconcile.Item
		for range rapid.IntRange(0, 20).Draw(t, "items") {
			items = append(items, reconcile.Item{Order: operator.OrderID{byte(rapid.IntRange(0, 3).Draw(t, "order"))},
				Day: monday + operator.Day(rapid.IntRange(0, 2).Draw(t, "day")), Ours: rapid.Bool().Draw(t, "ours"),
				Amount: rapid.Int64Range(-3, 3).Filter(func(n int64) bool { return n != 0 }).Draw(t, "amount"), Currency: "CNY"})
		}
		sums := func(items []reconcile.Item) map[operator.OrderID]int64 {
			sums := map[operator.OrderID]int64{}
			for _, item := range items {
				if item.Ours {
					sums[item.Order] -= item.Amount
				} else {
					sums[item.Order] += item.Amount
				}
			}
			for order, sum := range sums {
				if sum == 0 {
					delete(sums, order)
				}
			}
			return sums
		}
		before := sums(items)
		shuffled := append([]reconcile.Item{}, items...)
		source := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		source.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		day := monday + operator.Day(rapid.IntRange(0, 2).Draw(t, "until"))
		open := reconcile.Match(items, day)
		require.Equal(t, before, sums(open))
		require.Equal(t, before, sums(reconcile.Match(shuffled, day)))
		require.Equal(t, open, reconcile.Match(append([]reconcile.Item{}, open...), day), "matched once is matched")
	})
}

// TestNamedByWhatIsMissing: what both sides have is settled first, so that a difference is named by what only one has, and not by
// what happens to be left over.
func TestNamedByWhatIsMissing(t *testing.T) {
	id := operator.OrderID{1}
	item := func(ours bool, amount int64) reconcile.Item {
		return reconcile.Item{Order: id, Day: monday, Ours: ours, Amount: amount, Currency: "CNY"}
	}
	for name, c := range map[string]struct {
		items  []reconcile.Item
		booked int64
		left   []reconcile.Item
		kind   reconcile.Kind
	}{
		"SaidToBeGivenBack": {[]reconcile.Item{item(true, 500), item(true, -500), item(false, 500)}, 0,
			[]reconcile.Item{item(true, -500)}, reconcile.ReversedNotThere},
		"GivenBackUnsaid": {[]reconcile.Item{item(false, 500), item(false, -500), item(true, 500)}, 500,
			[]reconcile.Item{item(false, -500)}, reconcile.ReturnedThere},
	} {
		t.Run(name, func(t *testing.T) {
			open := reconcile.Match(c.items, monday)
			require.Equal(t, c.left, open)
			_, differences := reconcile.Judge(open, monday+1, map[operator.OrderID]reconcile.Facts{id: {Known: true, Amount: 500, Booked: c.booked}})
			require.Equal(t, c.kind, differences[0].Kind)
		})
	}
}

// TestMovedAfterTheDay: what was paid and said to be given back after midnight, and is booked before the day that is over is
// compared, is held against the statement of its own day.
func TestMovedAfterTheDay(t *testing.T) {
	item := func(ours bool, amount int64) reconcile.Item {
		return reconcile.Item{Order: operator.OrderID{1}, Day: monday + 1, Ours: ours, Amount: amount, Currency: "CNY"}
	}
	for name, back := range map[string][]reconcile.Item{"AtOnce": {item(true, -500)}, "InTwoSteps": {item(true, -200), item(true, -300)}} {
		t.Run(name, func(t *testing.T) {
			open := reconcile.Match(append([]reconcile.Item{item(true, 500)}, back...), monday)
			require.Len(t, open, 1+len(back))
			require.Empty(t, reconcile.Overdue(open, monday))
			open = reconcile.Match(append(open, item(false, 500)), monday+1)
			require.Equal(t, back, open)
		})
	}
}

func TestJudge(t *testing.T) {
	id := operator.OrderID{1}
	paid := reconcile.Item{Order: id, Day: monday, Amount: 500, Currency: "CNY", Reference: "R7"}
	t.Run("CarriedOnce", func(t *testing.T) {
		require.Empty(t, reconcile.Overdue([]reconcile.Item{paid}, monday))
		carried, differences := reconcile.Judge([]reconcile.Item{paid}, monday, nil)
		require.Equal(t, []reconcile.Item{paid}, carried)
		require.Empty(t, differences)
	})
	t.Run("ThenADifference", func(t *testing.T) {
		require.Equal(t, []operator.OrderID{id}, reconcile.Overdue([]reconcile.Item{paid}, monday+1))
		carried, differences := reconcile.Judge([]reconcile.Item{paid}, monday+1, map[operator.OrderID]reconcile.Facts{id: {Known: true, Declined: true, Amount: 500}})
		require.Empty(t, carried)
		require.Equal(t, []reconcile.Difference{{Kind: reconcile.DebitedThoughDeclined, Order: id, Day: monday, Theirs: 500, Currency: "CNY",
			Reference: "R7"}}, differences)
	})
	t.Run("WhileItIsAskedAbout", func(t *testing.T) {
		asked := map[operator.OrderID]reconcile.Facts{id: {Known: true, Open: true, Amount: 500}}
		carried, differences := reconcile.Judge([]reconcile.Item{paid}, monday+6, asked)
		require.Len(t, carried, 1)
		require.Empty(t, differences)
		carried, differences = reconcile.Judge([]reconcile.Item{paid}, monday+7, asked)
		require.Empty(t, carried)
		require.Equal(t, reconcile.Undecided, differences[0].Kind)
	})
	t.Run("TooManyAreJudgedAtOnce", func(t *testing.T) {
		var many []reconcile.Item
		for n := range 10_002 {
			item := paid
			item.Order = operator.OrderID{byte(n >> 8), byte(n)}
			many = append(many, item)
		}
		facts := map[operator.OrderID]reconcile.Facts{}
		for _, order := range reconcile.Overdue(many, monday) {
			facts[order] = reconcile.Facts{}
		}
		require.Len(t, facts, 2)
		carried, differences := reconcile.Judge(many, monday, facts)
		require.Len(t, carried, 10_000)
		require.Len(t, differences, 2)
	})
	t.Run("DisputesAreNoReturns", func(t *testing.T) {
		require.Empty(t, reconcile.Lines(reconcile.Statement{Day: monday, Lines: []operator.StatementLine{line(1, operator.LineDispute, 5, monday)}}))
	})
}

// TestToldOfAloneWhatMovedAfterTheDayWaits: an order that differs is told of by what is overdue; what was moved after the day is
// held against its own day's statement, so that the order is not told of again, nor by another name.
func TestToldOfAloneWhatMovedAfterTheDayWaits(t *testing.T) {
	id := operator.OrderID{1}
	item := func(day operator.Day, ours bool, amount int64) reconcile.Item {
		return reconcile.Item{Order: id, Day: day, Ours: ours, Amount: amount, Currency: "CNY"}
	}
	late := item(monday+2, true, -500)
	for name, c := range map[string]struct {
		overdue      []reconcile.Item
		kind         reconcile.Kind
		ours, theirs int64
	}{
		"AnotherAmount": {[]reconcile.Item{item(monday, true, 500), item(monday, false, 501)}, reconcile.AmountDiffers, 500, 501},
		"NotDebited":    {[]reconcile.Item{item(monday, true, 500)}, reconcile.MissingThere, 500, 0},
	} {
		t.Run(name, func(t *testing.T) {
			open := reconcile.Match(append(c.overdue, late), monday+1)
			require.Equal(t, []operator.OrderID{id}, reconcile.Overdue(open, monday+1))
			carried, differences := reconcile.Judge(open, monday+1, map[operator.OrderID]reconcile.Facts{id: {Known: true, Amount: 500}})
			require.Equal(t, []reconcile.Item{late}, carried)
			require.Len(t, differences, 1)
			require.Equal(t, c.kind, differences[0].Kind)
			require.Equal(t, c.ours, differences[0].Ours)
			require.Equal(t, c.theirs, differences[0].Theirs)
			require.Empty(t, reconcile.Match(append(carried, item(monday+2, false, -500)), monday+2))
		})
	}
}
