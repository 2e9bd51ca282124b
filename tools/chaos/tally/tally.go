// Package tally is what the cashiers remember: every sale they began and every word the till told them comes in, and the
// last word on each leaves. It knows nothing of how the till works, only that a definite word must stand.
package tally

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Word is what a till says of a sale.
type Word struct {
	State   string
	Outcome string
	Final   bool
	Amount  int64 // fen
}

// bucket is where a sale is that was spoken of so.
func (w Word) bucket() string {
	switch {
	case !w.Final:
		return "unknown"
	case w.State == "abandoned":
		return "abandoned"
	default:
		return w.Outcome
	}
}

// Sale is one sale as its cashier remembers it.
type Sale struct {
	Order, Terminal string
	Amount          int64  // that the cashier asked for, fen
	Outcome         string // approved, declined, reversed, abandoned; unknown until there is a last word
	Doubt           bool   // somebody was told on the way that the outcome is unknown
	Hold            bool   // it is a hold: what is paid of it is completed
	Returned        int64  // of an approved sale what has certainly gone back, fen; what was completed of a hold is below zero
}

// giving is a void or refund as its cashier remembers it.
type giving struct {
	order, outcome string
	kind           string
	amount         int64
}

// Tally is safe for concurrent use.
type Tally struct {
	mu    sync.Mutex
	sales map[string]*Sale
	back  map[string]*giving // by the id of what is done
	lies  []string
}

// New returns an empty tally.
func New() *Tally { return &Tally{sales: map[string]*Sale{}, back: map[string]*giving{}} }

// Begin remembers a sale that a till has begun. The same sale may be begun again, as often as the cashier has to ask
// whether it was.
func (t *Tally) Begin(terminal, order string, amount int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known := t.sales[order]; known != nil {
		if known.Terminal != terminal || known.Amount != amount {
			t.lie("order %s was begun at %s for %d fen, and again at %s for %d", order, known.Terminal, known.Amount, terminal, amount)
		}
		return
	}
	t.sales[order] = &Sale{Order: order, Terminal: terminal, Amount: amount, Outcome: "unknown"}
}

// Hear takes what a till says of a sale.
func (t *Tally) Hear(order string, word Word) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sale := t.sales[order]
	switch said := word.bucket(); {
	case sale == nil:
		t.lie("a till speaks of order %s, which nobody began", order)
	case word.Amount != sale.Amount:
		t.lie("order %s was begun over %d fen, the till says %d", order, sale.Amount, word.Amount)
	case sale.Outcome != "unknown" && said != sale.Outcome:
		t.lie("order %s was %s, and then %s", order, sale.Outcome, said)
	default:
		sale.Outcome = said
		sale.Doubt = sale.Doubt || word.Outcome == "unknown"
	}
}

// Return remembers that a void, a refund or something with a hold was begun, under an id of its own.
func (t *Tally) Return(id, order, kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch known := t.back[id]; {
	case t.sales[order] == nil:
		t.lie("something is given back of order %s, which nobody began", order)
	case known != nil && known.order != order:
		t.lie("%s gives back of order %s, and then of %s", id, known.order, order)
	case known == nil:
		t.back[id] = &giving{order: order, kind: kind, outcome: "unknown"}
	}
}

// HearReturn takes what a till says of a void or refund.
func (t *Tally) HearReturn(id string, word Word) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, said := t.back[id], word.bucket()
	switch {
	case known == nil:
		t.lie("a till speaks of %s, which nobody began", id)
	case known.outcome == said && (said != "approved" || known.amount == word.Amount):
	case known.outcome != "unknown":
		t.lie("%s was %s over %d fen, and then %s over %d", id, known.outcome, known.amount, said, word.Amount)
	default:
		known.outcome = said
		if said == "approved" {
			known.amount = word.Amount
			t.sales[known.order].Returned += returned(known.kind, word.Amount)
		}
	}
}

// Paid returns the approved sales of a terminal of which not everything has gone back, by order.
func (t *Tally) Paid(terminal string) []Sale {
	t.mu.Lock()
	defer t.mu.Unlock()
	var paid []Sale
	for _, order := range slices.Sorted(maps.Keys(t.sales)) {
		if sale := t.sales[order]; sale.Terminal == terminal && sale.Outcome == "approved" && !sale.Hold && sale.Returned < sale.Amount {
			paid = append(paid, *sale)
		}
	}
	return paid
}

// OpenReturns returns the voids and refunds of a terminal's sales that have no last word, by id.
func (t *Tally) OpenReturns(terminal string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var open []string
	for id, known := range t.back {
		if known.outcome == "unknown" && t.sales[known.order].Terminal == terminal {
			open = append(open, id)
		}
	}
	slices.Sort(open)
	return open
}

// returned is what a follow-up gives back to the customer; below zero what it takes.
func returned(kind string, amount int64) int64 {
	switch kind {
	case "void", "refund", "undo":
		return amount
	case "complete":
		return -amount
	default:
		return 0
	}
}

// BeginHold remembers a hold that a till has begun, as Begin does.
func (t *Tally) BeginHold(terminal, order string, amount int64) {
	t.Begin(terminal, order, amount)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sales[order].Hold = true
}

// Missing takes a till's word that it knows no such sale, which it may not say of one that was begun.
func (t *Tally) Missing(order string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lie("order %s was begun, and its till does not know it any more", order)
}

func (t *Tally) lie(format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	if !slices.Contains(t.lies, text) {
		t.lies = append(t.lies, text)
	}
}

// Sales returns all sales, by order.
func (t *Tally) Sales() []Sale {
	t.mu.Lock()
	defer t.mu.Unlock()
	sales := make([]Sale, 0, len(t.sales))
	for _, order := range slices.Sorted(maps.Keys(t.sales)) {
		sales = append(sales, *t.sales[order])
	}
	return sales
}

// Open returns the sales of a terminal that have no last word, by order.
func (t *Tally) Open(terminal string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var open []string
	for order, sale := range t.sales {
		if sale.Terminal == terminal && sale.Outcome == "unknown" {
			open = append(open, order)
		}
	}
	slices.Sort(open)
	return open
}

// Count returns how many sales are where.
func (t *Tally) Count() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := map[string]int{}
	for _, sale := range t.sales {
		counts[sale.Outcome]++
	}
	return counts
}

// Lies returns every word that was not kept, each once.
func (t *Tally) Lies() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.lies)
}
