package reconcile

import (
	"slices"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Bounds of what is carried from day to day.
const (
	// openDaysMax is for how many days an item of a payment is carried that is still being asked about.
	openDaysMax = 7
	// carriedMax is how many items are carried; what is beyond it is judged at once.
	carriedMax = 10_000
)

// Kind is what is wrong between a statement and our books.
type Kind string

// The kinds of difference.
const (
	UnknownToUs           Kind = "unknown-to-us"           // the operator moved money of an order that we do not have
	MissingThere          Kind = "missing-there"           // we have it as paid, and the operator has not
	AmountDiffers         Kind = "amount-differs"          // both have it, with other amounts
	DebitedThoughDeclined Kind = "debited-though-declined" // it told us that it declined
	ReversedNotThere      Kind = "reversed-not-there"      // it told us that the money went back
	ReturnedThere         Kind = "returned-there"          // it gave back what nobody has told us of
	Duplicate             Kind = "duplicate"               // the customer was debited once more
	Undecided             Kind = "undecided"               // we are still asking what became of it
	DisputeNotBooked      Kind = "dispute-not-booked"      // the customer's bank took back what we cannot book
)

// Kinds are all there are; the alarm of each is called "reconcile-" and its name.
func Kinds() []Kind {
	return []Kind{UnknownToUs, MissingThere, AmountDiffers, DebitedThoughDeclined, ReversedNotThere, ReturnedThere, Duplicate, Undecided,
		DisputeNotBooked}
}

// Difference is one order on which operator and ledger do not agree. Amounts are minor units.
type Difference struct {
	Kind  Kind
	Order operator.OrderID
	Day   operator.Day // of the oldest item of it
	// Ours and Theirs are what the order came to for the customer in both books; of a dispute they are 0 and what was disputed.
	Ours, Theirs int64
	Currency     string
	Reference    string // the operator's, where it names one
}

// Facts are what we have of an order.
type Facts struct {
	Known    bool  // it is a payment of ours at this operator
	Open     bool  // its outcome, or that of something done with it, is still being asked for
	Declined bool  // it ended as declined
	Reversed bool  // it ended as taken back
	Amount   int64 // asked for
	Booked   int64 // what the ledger says the operator owes us of it, but for disputes
}

// Overdue returns the orders of which something has no counterpart after the statement of a later day, or is beyond what can
// be carried.
func Overdue(open []Item, day operator.Day) []operator.OrderID {
	var orders []operator.OrderID
	for i, item := range open {
		if (item.Day < day || i >= carriedMax) && (len(orders) == 0 || orders[len(orders)-1] != item.Order) {
			orders = append(orders, item.Order)
		}
	}
	return orders
}

// Judge says what of the open items is carried on to the next day, and what is a difference. Facts are of the overdue orders; all
// other items are carried, and what was moved after the day.
func Judge(open []Item, day operator.Day, facts map[operator.OrderID]Facts) (carried []Item, differences []Difference) {
	for start := 0; start < len(open); {
		end := start + 1
		for end < len(open) && open[end].of() == open[start].of() {
			end++
		}
		items := open[start:end]
		known, overdue := facts[open[start].Order]
		switch {
		case !overdue, known.Open && day-items[0].Day < openDaysMax && start < carriedMax:
			carried = append(carried, items...)
		default:
			due, later := until(items, day)
			if start >= carriedMax || len(due) == 0 { // there is no room to carry it
				due, later = items, nil
			}
			carried = append(carried, later...)
			differences = append(differences, difference(due, known.before(later)))
		}
		start = end
	}
	return carried, differences
}

// until splits an order's items, oldest first, behind the day.
func until(items []Item, day operator.Day) (due, later []Item) {
	i := slices.IndexFunc(items, func(item Item) bool { return item.Day > day })
	if i < 0 {
		return items, nil
	}
	return items[:i], items[i:]
}

// before is what the ledger had before items that wait for their own day's statement.
func (f Facts) before(later []Item) Facts {
	for _, item := range later {
		if item.Ours {
			f.Booked -= item.Amount
		}
	}
	return f
}

func difference(items []Item, known Facts) Difference {
	d := Difference{Order: items[0].Order, Day: items[0].Day, Currency: items[0].Currency, Ours: known.Booked}
	excess := int64(0)
	for _, item := range items {
		excess += item.excess()
		if d.Reference == "" {
			d.Reference = item.Reference
		}
	}
	d.Theirs = known.Booked + excess
	d.Kind = kindOf(items, known, excess)
	return d
}

// has reports whether an item of one side goes one way: 1 for paid, -1 for back.
func has(items []Item, ours bool, way int64) bool {
	for _, item := range items {
		if item.Ours == ours && item.Amount*way > 0 {
			return true
		}
	}
	return false
}

func kindOf(items []Item, known Facts, excess int64) Kind {
	switch {
	case !known.Known:
		return UnknownToUs
	case known.Open:
		return Undecided
	case excess > 0 && known.Declined:
		return DebitedThoughDeclined
	case excess > 0 && (known.Reversed || has(items, true, -1)):
		return ReversedNotThere
	case excess > 0 && excess == known.Amount && known.Booked > 0:
		return Duplicate
	case excess < 0 && known.Booked+excess == 0 && has(items, true, 1):
		return MissingThere
	case excess < 0 && has(items, false, -1):
		return ReturnedThere
	default:
		return AmountDiffers
	}
}
