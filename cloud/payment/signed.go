package payment

import "github.com/yuantill/yuantill/cloud/operator"

// A payment that a hard wallet has signed has left the card, whether anybody wants it or not. So it never just ends: it
// is presented until its operator has seen it, and what is not wanted is taken back there, where the wallet gets its money
// again (protocol/HARDWALLET.md, "Rules of the books"). A person is told.

// unseen reports whether a card has debited itself for something that its operator has not answered about.
func (s *step) unseen() bool { return s.p.Signed && !s.p.Seen }

// unwanted ends a payment that was certainly never sent, or begins to take back what a card has signed.
func (s *step) unwanted(end State, reason operator.Reason) {
	switch {
	case !s.unseen():
		s.settle(end, reason)
	case s.p.Operator == "": // there is nobody to present it to
		s.alarm(AlarmCardDebited)
		s.settle(end, reason)
	default:
		if s.p.SentAt.IsZero() {
			s.p.SentAt = s.now
		}
		s.takeBack(reason)
	}
}

// presentSigned presents what is being taken back, and sets the time to do it again. Its approval is booked, and reversed.
func (s *step) presentSigned() {
	s.retry()
	s.call(CallAuthorise)
}
