package audit

// money compares an order's money in the operator's books, the ledger, the cloud's payment and the journal.
func (a *auditor) money(c *account) {
	bank, ledger, journal := c.bankNet(), c.received, c.journalNet()
	a.once(c)
	switch {
	case bank > 0 && ledger == 0:
		a.find(Lost, c.order, "the customer paid %d fen, which the ledger does not know", bank)
	case bank > 0 && journal == 0:
		a.find(Lost, c.order, "the customer paid %d fen, the journal says %s", bank, c.last())
	case bank != ledger:
		a.find(Unexplained, c.order, "the customer paid %d fen, the ledger has %d", bank, ledger)
	case bank != journal:
		a.find(Unexplained, c.order, "the customer paid %d fen, the journal has %d (%s)", bank, journal, c.last())
	}
	if c.bank != nil && c.bank.Open {
		a.find(Unexplained, c.order, "the operator has not decided it")
	}
	a.definite(c)
}

// once holds that an order is one debit and one entry.
func (a *auditor) once(c *account) {
	amount := c.amount
	if c.hold {
		amount = c.held()
	}
	if c.bank != nil && !c.requested {
		amount = c.bank.Amount
	}
	if c.bank != nil && (c.bankNet() > amount || c.bank.Debited > amount && !c.hold) {
		a.find(Doubled, c.order, "of %d fen the operator debited %d and gave back %d", amount, c.bank.Debited, c.bank.Credited)
	}
	for kind, count := range c.entries {
		if count > 1 {
			a.find(Doubled, c.order, "has %d %s entries", count, kind)
		}
	}
	if c.received > amount {
		a.find(Doubled, c.order, "of %d fen the ledger received %d", amount, c.received)
	}
	if c.bank != nil && c.requested && c.bank.Amount != c.amount && c.bank.Debited != 0 {
		a.find(Unexplained, c.order, "%d fen were asked for, the operator's order is over %d", c.amount, c.bank.Amount)
	}
}

// definite holds that a payment which was asked for has ended, in the same way for cloud and journal.
func (a *auditor) definite(c *account) {
	last := c.last()
	switch {
	case c.requested && last != Approved && last != Declined && last != Reversed:
		a.find(Unexplained, c.order, "the journal ends with %s", last)
	case !c.requested && len(c.outcomes) > 0:
		a.find(Unexplained, c.order, "was shown as %s without having been asked for", last)
	}
	for i, outcome := range c.outcomes[:max(len(c.outcomes)-1, 0)] {
		if next := c.outcomes[i+1]; outcome != Unknown && outcome != next {
			a.find(Unexplained, c.order, "was shown as %s after %s", next, outcome)
		}
	}
	switch p := c.payment; {
	case p == nil && c.requested && last == Approved:
		a.find(Lost, c.order, "is approved, and the cloud has no payment")
	case p == nil:
	case !p.Final:
		a.find(Unexplained, c.order, "is not definite in the cloud: %s", p.Outcome)
	case c.requested && p.Outcome != last:
		a.find(Unexplained, c.order, "is %s in the cloud and %s in the journal", p.Outcome, last)
	case c.requested && p.Amount != c.amount:
		a.find(Unexplained, c.order, "is %d fen in the cloud and %d in the journal", p.Amount, c.amount)
	}
}

// told holds that the cashier was told what happened, and that what the cashier was told happened.
func (a *auditor) told(c *account) {
	if c.told == nil {
		kind := Unexplained
		if c.bankNet() > 0 {
			kind = Lost
		}
		if !c.alarmed || c.bankNet() == 0 {
			a.find(kind, c.order, "nobody sold it; the customer paid %d fen", c.bankNet())
		}
		return
	}
	last := c.last()
	switch {
	case c.terminal == "":
		a.find(Lost, c.order, "the cashier of %s was told of it, and no journal knows it", c.told.Terminal)
	case c.told.Outcome == Unknown:
		a.find(Unexplained, c.order, "the cashier never learned how it ended")
	case c.told.Outcome != last:
		a.find(Unexplained, c.order, "the cashier was told %s, the journal says %s", c.told.Outcome, last)
	case c.told.net() != c.bankNet():
		a.find(Unexplained, c.order, "the cashier was told of %d fen, the customer paid %d", c.told.net(), c.bankNet())
	}
	if c.requested && c.told.Amount != c.amount {
		a.find(Unexplained, c.order, "the cashier asked for %d fen, the journal for %d", c.told.Amount, c.amount)
	}
}

// cards holds that what hard wallets debited themselves is what the operator knows of, but for payments that did not
// come about and whose card never answered. What a card has signed its operator has seen, wanted or not.
func (a *auditor) cards() {
	for _, card := range a.evidence.Cards {
		known, failed := int64(0), int64(0)
		for _, entry := range a.evidence.Bank {
			if entry.Wallet == card.Wallet {
				known += entry.Debited
			}
		}
		for _, c := range a.accounts {
			if c.terminal == card.Terminal && c.method == "tap" && !c.signed && c.last() != Approved && (c.bank == nil || c.bank.Debited == 0) {
				failed += c.amount
			}
		}
		switch doubt := card.Spent - known; {
		case doubt < 0:
			a.find(Unexplained, "", "the operator debited hard wallet %s by %d fen that it did not sign", card.Wallet, -doubt)
		case doubt > failed:
			a.find(Lost, "", "hard wallet %s debited itself by %d fen that nobody knows", card.Wallet, doubt-failed)
		}
	}
}
