package audit

import (
	"maps"
	"slices"
)

// shifts holds that every shift of a journal has an end that says what its records say, that the cloud found the same,
// and that batch numbers are given one after another, each once.
func (a *auditor) shifts() {
	for _, journal := range a.evidence.Journals {
		ends, batch := map[string]*Shift{}, 0
		var open string
		for _, record := range journal.Records {
			switch s := record.Shift; {
			case s == nil:
			case record.Type == TypeOpened:
				if open != "" {
					a.find(Unexplained, "", "%s opened shift %s while %s was open", journal.Terminal, s.ID, open)
				}
				if batch != 0 && s.Batch != batch+1 {
					a.find(Unexplained, "", "%s gave batch number %d after %d", journal.Terminal, s.Batch, batch)
				}
				open, batch = s.ID, s.Batch
			default:
				if s.ID == open {
					open = ""
				}
				ends[s.ID] = s
			}
		}
		if open != "" {
			a.find(Unexplained, "", "shift %s of %s has no end", open, journal.Terminal)
		}
		for _, id := range slices.Sorted(maps.Keys(ends)) {
			a.end(journal, *ends[id])
		}
	}
}

// end holds one shift's end against the records that it covers.
func (a *auditor) end(journal Journal, s Shift) {
	if s.Provisional {
		a.find(Unexplained, "", "shift %s of %s was never completed", s.ID, journal.Terminal)
		return
	}
	sales, refunds := a.sums(journal, s)
	if !maps.Equal(sales, s.Sales) || refunds != s.Refunds {
		a.find(Unexplained, "", "shift %s of %s says %v and %v went back, its records %v and %v",
			s.ID, journal.Terminal, s.Sales, s.Refunds, sales, refunds)
	}
	if !journal.Compared[s.ID] {
		a.find(Unexplained, "", "the cloud has not found shift %s of %s right", s.ID, journal.Terminal)
	}
}

// sums adds up what was requested in a shift by how it ended, whenever it did.
func (a *auditor) sums(journal Journal, s Shift) (sales map[string]Sum, refunds Sum) {
	sales = map[string]Sum{}
	for _, record := range journal.Records {
		if record.Sequence < s.First || record.Sequence > s.Last || record.Order == "" {
			continue
		}
		c := a.account(record.Order)
		switch m := c.moves[record.FollowUp]; {
		case record.Type == TypeRequested && c.last() == Approved && !c.hold:
			sales[c.line()] = sales[c.line()].add(c.amount)
		case record.Type == TypeAsked && m.paid() > 0:
			sales["hold"] = sales["hold"].add(m.amount)
		case record.Type == TypeAsked && m.paid() < 0:
			refunds = refunds.add(m.amount)
		}
	}
	return sales, refunds
}

func (s Sum) add(amount int64) Sum { return Sum{s.Count + 1, s.Amount + amount} }

// line is the method that a sale is summed up under.
func (c *account) line() string {
	if c.offline {
		return "offline-" + c.method
	}
	return c.method
}

// exposure holds that nothing was taken offline beyond what the cloud had allowed, as the till reckoned it: never more
// than the limits it names, and no total that leaves out a payment which came right before. What the cloud has not
// acknowledged only it knows; that the till reckons right is alarmed there.
func (a *auditor) exposure() {
	for _, journal := range a.evidence.Journals {
		limits := map[string]Limits{}
		for _, record := range journal.Records {
			if record.Limits != nil {
				limits[record.Limits.ID] = *record.Limits
			}
			if record.Type != TypeRequested || record.Offline == nil {
				continue
			}
			taken, given := *record.Offline, limits[record.Offline.Limits]
			if record.Amount > given.PaymentMax || taken.Total > min(given.TotalMax, given.WalletMax) ||
				taken.Count > min(given.CountMax, given.WalletCountMax) || taken.Total < record.Amount || taken.Count < 1 {
				a.find(Unexplained, record.Order, "%d fen, %d of together %d, were taken offline by limits %+v", record.Amount,
					taken.Count, taken.Total, given)
			}
		}
	}
}
