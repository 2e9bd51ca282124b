package jsonhttps

import (
	"bytes"
	"slices"
	"time"
)

// Limit sets how many calls may be in flight.
func (c *Connector) Limit(most int) { c.lines.turns = make(chan struct{}, most) }

// KeepIdle sets how long a connection may be idle.
func (c *Connector) KeepIdle(d time.Duration) { c.lines.idleFor = d }

// Holds reports whether the memory of an idle connection's last request has the text.
func (c *Connector) Holds(text string) bool {
	c.lines.mu.Lock()
	defer c.lines.mu.Unlock()
	for _, l := range c.lines.idle {
		held := l.out.Bytes()
		if bytes.Contains(held[:cap(held)], []byte(text)) {
			return true
		}
	}
	return false
}

// Forgotten reports whether nothing is left of connections that are idle no more.
func (c *Connector) Forgotten() bool {
	c.lines.mu.Lock()
	defer c.lines.mu.Unlock()
	rest := c.lines.idle[len(c.lines.idle):cap(c.lines.idle)]
	return !slices.ContainsFunc(rest, func(l *line) bool { return l != nil })
}

// Idle returns how many connections are idle.
func (c *Connector) Idle() int {
	c.lines.mu.Lock()
	defer c.lines.mu.Unlock()
	return len(c.lines.idle)
}
