package reconcile

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Item is an amount of an order that one side has, and the other has not, so far.
type Item struct {
	Order operator.OrderID
	Day   operator.Day // when it was moved, by the clock of the side that has it
	Ours  bool         // it is in our ledger; else on the operator's statement
	// Amount in minor units is above zero for what was paid and below it for what went back.
	Amount    int64
	Currency  string
	Reference string // the operator's; empty for ours
	// Forgone is ours of a day whose statement was given up: it still settles what comes, and is no difference by itself.
	Forgone bool
}

// excess is by how much the operator has more than we because of the item.
func (i Item) excess() int64 {
	if i.Ours {
		return -i.Amount
	}
	return i.Amount
}

// of is what items are matched within.
type of struct {
	order    operator.OrderID
	currency string
}

// Lines are a statement's lines as items. Disputes are not among them: they are handed to their payments.
func Lines(s Statement) []Item {
	items := make([]Item, 0, len(s.Lines))
	for _, line := range s.Lines {
		item := Item{Order: line.OrderID, Day: s.Day, Amount: line.Amount, Currency: line.Currency, Reference: line.Reference}
		switch line.Kind {
		case operator.LineDispute:
			continue
		case operator.LineReturn:
			item.Amount = -item.Amount
		default:
		}
		items = append(items, item)
	}
	return items
}

// Match returns the items that have no counterpart, by order and age. Within an order what adds up to nothing between both sides
// is settled: the same amount on both, a debit and its return on one, or all of the order together. So it does not
// matter in which steps an operator gave money back of which we never knew that it was debited. The day is the last of which
// there is a statement: what we moved after it is settled by what the operator has, and not by other such.
func Match(items []Item, day operator.Day) []Item {
	slices.SortStableFunc(items, compare)
	var open []Item
	for start := 0; start < len(items); {
		end := start + 1
		for end < len(items) && items[end].of() == items[start].of() {
			end++
		}
		open = append(open, unmatched(items[start:end], day)...)
		start = end
	}
	return open
}

func (i Item) of() of { return of{i.Order, i.Currency} }

func compare(a, b Item) int {
	return cmp.Or(bytes.Compare(a.Order[:], b.Order[:]), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Day, b.Day))
}

// unmatched settles one order's items: first what both sides have, so that what is left is what only one has.
func unmatched(items []Item, day operator.Day) []Item {
	open := settle(items, func(m movement) movement { return movement{!m.ours, m.amount} })
	late, sum := len(open), int64(0)
	for i, item := range open {
		if item.Day > day { // of which there is no statement yet
			late = i
			break
		}
		sum += item.excess()
	}
	if sum == 0 {
		return open[late:]
	}
	return append(settle(open[:late], func(m movement) movement { return movement{m.ours, -m.amount} }), open[late:]...)
}

// movement is what items are settled by.
type movement struct {
	ours   bool
	amount int64
}

// settle leaves out the items that have a counterpart, the oldest first.
func settle(items []Item, counterpart func(movement) movement) []Item {
	waiting := map[movement][]int{} // what has no counterpart yet
	settled := make([]bool, len(items))
	for i, item := range items {
		mine := movement{item.Ours, item.Amount}
		other := counterpart(mine)
		if others := waiting[other]; len(others) > 0 {
			settled[others[0]], settled[i] = true, true
			waiting[other] = others[1:]
			continue
		}
		waiting[mine] = append(waiting[mine], i)
	}
	var open []Item
	for i, item := range items {
		if !settled[i] {
			open = append(open, item)
		}
	}
	return open
}
