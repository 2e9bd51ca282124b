package uplink

import "time"

// Window opens the adaptive window.
type Window struct{ window }

// NewWindow returns it as a connection begins.
func NewWindow() *Window { return &Window{window{size: windowMin}} }

// Answered passes an answer's duration.
func (w *Window) Answered(took time.Duration) int {
	w.answered(took)
	return w.size
}

// Bounds of what tests check.
const (
	WindowMin = windowMin
	WindowMax = windowMax
	UrgentMax = urgentMax
	OnWayMax  = onWayMax
	NowMax    = nowMax
)

// Backoff opens the wait after a number of rounds.
func Backoff(c Config, rounds int) time.Duration { return c.backoff(rounds) }

// KeptSecret returns the memory of a kept secret itself.
func KeptSecret(u *Uplink, sequence uint64) []byte {
	u.urgent.mu.Lock()
	defer u.urgent.mu.Unlock()
	if entry := u.urgent.entries[sequence]; entry != nil {
		return entry.secret
	}
	return nil
}

// Kept says how many records are kept for asking again.
func Kept(u *Uplink) int {
	u.urgent.mu.Lock()
	defer u.urgent.mu.Unlock()
	return len(u.urgent.entries)
}

// Urgent opens what is kept for payments under way.
type Urgent struct{ *urgent }

// NewUrgent returns it as an uplink begins.
func NewUrgent() Urgent { return Urgent{newUrgent()} }

// Sent, Answered and Hold pass on a payment's sending, its result, and how long everything else keeps still.
func (u Urgent) Sent(at time.Time)                { u.sent(1, at) }
func (u Urgent) Answered(at time.Time) bool       { return u.answered(at) }
func (u Urgent) Hold(now time.Time) time.Duration { return u.hold(now) }

// What a payment under way holds back.
const (
	HoldMax   = holdMax
	HoldAfter = holdAfter
)
