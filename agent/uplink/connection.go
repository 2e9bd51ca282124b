package uplink

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/protocol/topic"
)

// Connection is one connection that is worked step by step on its caller's goroutine and by the clocks of the
// configuration: what Run does with a broker, for a world that has a network and a time of its own.
type Connection struct {
	uplink  *Uplink
	drainer *drainer
	session *session
}

// Attach begins a connection whose messages leave through publish. Only one may be attached, and Run must not be
// running. Errors are publish's and the journal's.
func (u *Uplink) Attach(broker string, publish func(lane topic.Lane, payload []byte) error) (*Connection, error) {
	s := newSession(publishing(publish))
	u.online(broker, s)
	d, err := u.begin(s)
	return &Connection{uplink: u, drainer: d, session: s}, err
}

// Receive takes a message of lane down. What follows from it leaves with the next Step.
func (c *Connection) Receive(payload []byte) { c.uplink.receive(c.session, payload) }

// Step does everything that can be done now and returns when there is more to do although nothing comes. After an error
// the connection is to be detached. Errors are publish's and the journal's.
func (c *Connection) Step(ctx context.Context) (next time.Duration, err error) {
	select {
	case raw := <-c.session.answers:
		if err := c.drainer.answer(ctx, raw); err != nil {
			return 0, err
		}
	default:
	}
	if err := c.drainer.round(ctx); err != nil {
		return 0, err
	}
	return c.drainer.nextAlarm(), nil
}

// Detach ends the connection for a reason.
func (c *Connection) Detach(cause error) { c.uplink.offline(c.uplink.Status().Broker, cause) }

// Close erases the secrets, as Run does at its end.
func (u *Uplink) Close() { u.urgent.clear() }

// Kept returns how many records are kept for sending again.
func (u *Uplink) Kept() int {
	u.urgent.mu.Lock()
	defer u.urgent.mu.Unlock()
	return len(u.urgent.entries)
}

// Sizes counts, by name, what the connection has in memory until something ends it: nothing of it is left once everything is
// settled.
func (c *Connection) Sizes() map[string]int {
	d := c.drainer
	return map[string]int{
		"urgent records": c.uplink.Kept(), "batches on their way": len(d.onWay), "frames on their way": d.frames,
		"bytes on their way": d.bytes, "unread answers": len(c.session.answers),
	}
}

// publishing is a line that is a function.
type publishing func(lane topic.Lane, payload []byte) error

func (p publishing) publish(lane topic.Lane, payload []byte) error { return p(lane, payload) }
func (publishing) close()                                          {}
