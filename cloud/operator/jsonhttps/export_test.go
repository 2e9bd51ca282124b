package jsonhttps

import (
	"bytes"
	"slices"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Limit sets how many calls may be in flight.
func (c *Connector) Limit(most int) { c.lines.turns = make(chan struct{}, most) }

// KeepIdle sets how long a connection may be idle.
func (c *Connector) KeepIdle(d time.Duration) { c.lines.idleFor = d }

// Holds reports whether the memory of a prepared request has the text.
func Holds(p operator.Prepared, text string) bool {
	s := p.(*prepared).signed
	return bytes.Contains(s.wire[:cap(s.wire)], []byte(text)) || bytes.Contains(s.body[:cap(s.body)], []byte(text))
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
