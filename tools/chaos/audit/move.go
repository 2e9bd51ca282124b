package audit

// The kinds of follow-up, in the protocol's words.
const (
	Void     = "void"
	Refund   = "refund"
	TopUp    = "top-up"
	Complete = "complete"
	Cancel   = "cancel"
	Undo     = "undo"
)

// move is a follow-up as the journal has it.
type move struct {
	kind   string
	amount int64 // asked for, then moved
	done   bool
}

// paid is what the customer pays more or less because of it.
func (m move) paid() int64 {
	switch {
	case !m.done:
		return 0
	case m.kind == Complete:
		return m.amount
	case m.kind == Void || m.kind == Refund || m.kind == Undo:
		return -m.amount
	default:
		return 0
	}
}

// follow takes what a follow-up came to. One that the terminal accepted by itself is done with the amount it asked for,
// until the cloud says otherwise.
func (c *account) follow(record Record) {
	m := c.moves[record.FollowUp]
	switch record.Outcome {
	case Approved:
		m.done = true
		if record.Amount != 0 {
			m.amount = record.Amount
		}
	case Declined:
		m.done = false
	}
	c.moves[record.FollowUp] = m
}

// held is what was held in all.
func (c *account) held() int64 {
	held := c.amount
	for _, m := range c.moves {
		if m.done && m.kind == TopUp {
			held += m.amount
		}
	}
	return held
}

// holds holds that a hold never became more than it was, and that nothing of it is left behind.
func (a *auditor) holds(c *account) {
	if c.bank != nil && c.bank.Held != 0 {
		a.find(Unexplained, c.order, "%d fen are held at the operator still", c.bank.Held)
	}
	// One that was taken back before it came is no more than an id there.
	if c.bank != nil && c.last() == Approved && c.bank.Hold != c.hold {
		a.find(Unexplained, c.order, "is a hold %v in the journal and %v at the operator", c.hold, c.bank.Hold)
	}
	if c.hold && c.bankNet() > c.held() {
		a.find(Doubled, c.order, "%d fen were held and %d paid of it", c.held(), c.bankNet())
	}
}
