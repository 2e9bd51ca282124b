package station

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// connectionsMax bounds the station's connections. A till's screens, its desk program and their event streams need a dozen;
// each costs some twenty kilobytes.
const connectionsMax = 64

// connections closes the connection that has waited longest for a request when there is one too many, so that whoever opens
// them without end keeps nobody out. One is waiting until the whole of its request is there. Where all are being answered
// the newest is closed.
type connections struct {
	mu     sync.Mutex
	turn   uint64
	places map[net.Conn]*place
}

// place is one connection's: when it began to wait, counted in turns, and whether it is being answered.
type place struct {
	since    uint64
	answered bool
}

// placeKey is the context's key for a request's connection.
type placeKey struct{}

func newConnections() *connections {
	return &connections{places: make(map[net.Conn]*place, connectionsMax)}
}

// follow is an http.Server's ConnState.
func (c *connections) follow(connection net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if victim := c.enter(connection); victim != nil {
			_ = victim.Close() // the server finds it closed, and tells with StateClosed
		}
	case http.StateHijacked, http.StateClosed:
		c.mu.Lock()
		delete(c.places, connection)
		c.mu.Unlock()
	}
}

// enter gives a connection a place, and returns the one that has to go for it, which may be itself.
func (c *connections) enter(connection net.Conn) (victim net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.places) == connectionsMax {
		if victim = c.longestWaiting(); victim == nil {
			return connection
		}
		delete(c.places, victim)
	}
	c.turn++
	c.places[connection] = &place{since: c.turn}
	return victim
}

func (c *connections) longestWaiting() (longest net.Conn) {
	for connection, p := range c.places {
		if !p.answered && (longest == nil || p.since < c.places[longest].since) {
			longest = connection
		}
	}
	return longest
}

// name is an http.Server's ConnContext.
func (c *connections) name(ctx context.Context, connection net.Conn) context.Context {
	return context.WithValue(ctx, placeKey{}, connection)
}

// answering marks the connection of a request, which has been read, while it is answered.
func (c *connections) answering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if connection, ok := r.Context().Value(placeKey{}).(net.Conn); ok {
			c.mark(connection, true)
			defer c.mark(connection, false)
		}
		next.ServeHTTP(w, r)
	})
}

func (c *connections) mark(connection net.Conn, answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.places[connection]; p != nil {
		c.turn++
		p.since, p.answered = c.turn, answered
	}
}
