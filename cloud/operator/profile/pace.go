package profile

import "time"

const (
	// paceWindow is how long messages are counted; paceBusy is from how many in one window on they come so fast that
	// the next ones are worth waiting for.
	paceWindow = 10 * time.Millisecond
	paceBusy   = 8
	// companyWait is how long a batch then waits to fill up. Verifying one signature costs the other side as much as
	// all the rest of a call's cryptography.
	companyWait = 1500 * time.Microsecond
)

// pace tells how fast messages come. It is a pure value: the caller gives the time.
type pace struct {
	since  time.Time // when the window began
	count  int       // messages in it
	before int       // messages in the window before
}

// busy counts a message and reports whether many came in the window before. A message that comes alone, or with a few
// others, never finds it so.
func (p *pace) busy(now time.Time) bool {
	switch age := now.Sub(p.since); {
	case age < 0 || age >= 2*paceWindow:
		*p = pace{since: now}
	case age >= paceWindow:
		*p = pace{since: p.since.Add(paceWindow), before: p.count}
	}
	p.count++
	return p.before >= paceBusy
}
