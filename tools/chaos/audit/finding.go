package audit

import (
	"fmt"
	"slices"
	"strings"
)

// Kind says how bad a finding is.
type Kind uint8

// The kinds of finding.
const (
	// Lost is money that moved at the operator and that a journal or the ledger does not know, or an acknowledged record
	// that is missing.
	Lost Kind = iota + 1
	// Doubled is an order that debited a customer, or stands in the ledger, more than once.
	Doubled
	// Unexplained is everything else that differs, and everything that is not definite.
	Unexplained
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Lost:
		return "lost"
	case Doubled:
		return "doubled"
	default:
		return "unexplained"
	}
}

// Finding is one thing that does not agree.
type Finding struct {
	Kind  Kind
	Order Order // empty where it is about no single order
	Text  string
}

// String writes the finding on one line.
func (f Finding) String() string {
	if f.Order == "" {
		return f.Kind.String() + ": " + f.Text
	}
	return fmt.Sprintf("%s: order %s: %s", f.Kind, f.Order, f.Text)
}

// Report is what an audit found.
type Report struct {
	// Payments is how many payments were asked for; Tally says how they, and the sales without one, ended.
	Payments int
	Tally    map[string]int
	// Holds, Offline and Shifts are how many of the payments were holds or were taken by a till itself, and how many shifts
	// there were; FollowUps is what was done with orders, Given how many of it a till did by itself.
	Holds, Offline, Shifts, FollowUps, Given int
	Findings                                 []Finding
}

// Count returns the findings of a kind.
func (r Report) Count(kind Kind) int {
	count := 0
	for _, f := range r.Findings {
		if f.Kind == kind {
			count++
		}
	}
	return count
}

// auditor collects findings.
type auditor struct {
	evidence Evidence
	accounts map[Order]*account
	findings []Finding
}

// Audit compares all books.
func Audit(evidence Evidence) Report {
	a := &auditor{evidence: evidence, accounts: map[Order]*account{}}
	a.open()
	a.records()
	report := Report{Tally: map[string]int{}}
	for _, order := range a.orders() {
		account := a.accounts[order]
		a.money(account)
		a.told(account)
		a.paper(account)
		a.holds(account)
		if account.requested {
			report.Payments++
		}
		report.Tally[account.bucket()]++
	}
	a.strangePapers()
	a.cards()
	a.shifts()
	a.exposure()
	a.alarms()
	report.played(evidence.Journals)
	report.Findings = a.findings
	return report
}

// played counts what was played beside ordinary sales.
func (r *Report) played(journals []Journal) {
	for _, journal := range journals {
		for _, record := range journal.Records {
			switch {
			case record.Type == TypeRequested && record.Hold:
				r.Holds++
			case record.Type == TypeRequested && record.Offline != nil:
				r.Offline++
			case record.Type == TypeAsked:
				r.FollowUps++
				if record.Offline != nil {
					r.Given++
				}
			case record.Type == TypeOpened:
				r.Shifts++
			}
		}
	}
}

// orders returns all orders anybody knows, sorted.
func (a *auditor) orders() []Order {
	orders := make([]Order, 0, len(a.accounts))
	for order := range a.accounts {
		orders = append(orders, order)
	}
	slices.SortFunc(orders, func(x, y Order) int { return strings.Compare(string(x), string(y)) })
	return orders
}

func (a *auditor) find(kind Kind, order Order, format string, values ...any) {
	a.findings = append(a.findings, Finding{Kind: kind, Order: order, Text: fmt.Sprintf(format, values...)})
}
