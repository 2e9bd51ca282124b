package jsonhttps

import "time"

// Limit sets how many calls may be in flight.
func (c *Connector) Limit(most int) { c.lines.turns = make(chan struct{}, most) }

// KeepIdle sets how long a connection may be idle.
func (c *Connector) KeepIdle(d time.Duration) { c.lines.idleFor = d }

// Idle returns how many connections are idle.
func (c *Connector) Idle() int {
	c.lines.mu.Lock()
	defer c.lines.mu.Unlock()
	return len(c.lines.idle)
}
