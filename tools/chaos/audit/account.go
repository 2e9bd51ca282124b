package audit

import "strings"

// account is what everybody says of one order.
type account struct {
	order Order

	told     *Told
	bank     *BankOrder
	payment  *Payment
	entries  map[string]int // by kind, how many
	received int64          // by the ledger
	alarmed  bool

	// The journal's side.
	terminal  string
	requested bool
	cancelled bool // a reversal was requested
	abandoned bool
	amount    int64
	method    string
	outcomes  []string // shown, in order
	hold      bool
	signed    bool            // by a hard wallet
	offline   bool            // taken by the terminal itself
	moves     map[string]move // what was done with it, by follow-up
	prints    map[print]printed
	papers    []Paper
}

// print is who a slip of an order is for, and whether it says that it is a reprint.
type print struct {
	copy          string
	reprint, back bool // back: it is of money that goes back
}

// printed is what became of such slips by the journal.
type printed struct{ done, unconfirmed, notStarted int }

// account returns the account of an order, opening it.
func (a *auditor) account(order Order) *account {
	if a.accounts[order] == nil {
		a.accounts[order] = &account{order: order, entries: map[string]int{}, prints: map[print]printed{}, moves: map[string]move{}}
	}
	return a.accounts[order]
}

// open sorts the evidence by order.
func (a *auditor) open() {
	e := a.evidence
	for i, told := range e.Told {
		account := a.account(told.Order)
		if account.told != nil {
			a.find(Doubled, told.Order, "two sales were begun under one id")
		}
		account.told = &e.Told[i]
	}
	for i, entry := range e.Bank {
		account := a.account(entry.Order)
		if account.bank != nil {
			a.find(Doubled, entry.Order, "the operator has it twice")
		}
		account.bank = &e.Bank[i]
	}
	for i, payment := range e.Payments {
		a.account(payment.Order).payment = &e.Payments[i]
	}
	for _, entry := range e.Entries {
		account := a.account(entry.Order)
		account.entries[strings.TrimSpace(entry.Kind+" "+entry.Part)]++
		account.received += entry.Received
		if entry.Sum != 0 {
			a.find(Unexplained, entry.Order, "the postings of its %s entry sum to %d fen", entry.Kind, entry.Sum)
		}
	}
	for _, alarm := range e.Alarms {
		if alarm.Order != "" {
			a.account(alarm.Order).alarmed = true
		}
	}
	for _, journal := range e.Journals {
		for _, record := range journal.Records {
			if record.Order != "" {
				a.enter(journal.Terminal, record)
			}
		}
	}
	for _, paper := range e.Papers {
		if paper.Order != "" && a.accounts[paper.Order] != nil {
			a.accounts[paper.Order].papers = append(a.accounts[paper.Order].papers, paper)
		}
	}
}

// enter takes a record of a journal into its order's account.
func (a *auditor) enter(terminal string, record Record) {
	account := a.account(record.Order)
	if account.terminal != "" && account.terminal != terminal {
		a.find(Unexplained, record.Order, "stands in the journals of %s and %s", account.terminal, terminal)
	}
	account.terminal = terminal
	switch record.Type {
	case TypeRequested:
		if account.requested {
			a.find(Doubled, record.Order, "was requested twice")
		}
		account.requested, account.amount, account.method = true, record.Amount, record.Method
		account.hold, account.offline, account.signed = record.Hold, record.Offline != nil, record.Signed
	case TypeShown:
		account.outcomes = append(account.outcomes, record.Outcome)
	case TypeReversal:
		account.cancelled = true
	case TypeAbandoned:
		account.abandoned = true
	case TypeAsked:
		if _, twice := account.moves[record.FollowUp]; twice {
			a.find(Doubled, record.Order, "follow-up %s was requested twice", record.FollowUp)
		}
		account.moves[record.FollowUp] = move{kind: record.Kind, amount: record.Amount}
	case TypeFollowed:
		account.follow(record)
	case TypePrinted:
		account.print(record)
	}
}

// print counts a receipt-printed record.
func (c *account) print(record Record) {
	key := print{copy: record.Copy, reprint: record.Reprint, back: record.FollowUp != ""}
	counts := c.prints[key]
	switch record.Print {
	case PrintDone:
		counts.done++
	case PrintNotStarted:
		counts.notStarted++
	default:
		counts.unconfirmed++
	}
	c.prints[key] = counts
}

// last is the outcome that the journal shows last.
func (c *account) last() string {
	if len(c.outcomes) == 0 {
		if c.abandoned {
			return Abandoned
		}
		return Unknown
	}
	return c.outcomes[len(c.outcomes)-1]
}

// journalNet is what the customer paid in the end as the journal has it.
func (c *account) journalNet() int64 {
	if c.last() != Approved {
		return 0
	}
	net := c.amount
	if c.hold {
		net = 0
	}
	for _, m := range c.moves {
		net += m.paid()
	}
	return net
}

func (c *account) bankNet() int64 {
	if c.bank == nil {
		return 0
	}
	return c.bank.Debited - c.bank.Credited
}

// bucket is where the cashiers' tally has the sale.
func (c *account) bucket() string {
	if c.told == nil {
		return Unknown
	}
	return c.told.Outcome
}
