package jsonhttps

import (
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// errSealed is what a connection's writer gets once a call was declared never sent.
var errSealed = errors.New("jsonhttps: connection sealed before the first byte")

// The states of a gate.
const (
	gateArmed   uint32 = iota // handed to a call, nothing written for it yet
	gateWritten               // at least one Write was begun for the call
	gateSealed                // the call was declared never sent: no byte may follow
)

// gate is a connection that knows whether a byte was written for the current call. net/http writes from a goroutine of
// its own, so asking "was anything written?" and "may anything still be written?" must be one atomic step: seal.
type gate struct {
	net.Conn
	state atomic.Uint32
}

var _ net.Conn = (*gate)(nil)

// Write passes bytes on unless the call was declared never sent.
func (g *gate) Write(p []byte) (int, error) {
	if g.state.CompareAndSwap(gateArmed, gateWritten) || g.state.Load() == gateWritten {
		return g.Conn.Write(p)
	}
	return 0, errSealed
}

func (g *gate) arm() { g.state.Store(gateArmed) }

// seal reports whether no byte was written for the current call, and makes sure that none ever will be.
func (g *gate) seal() bool {
	return g.state.CompareAndSwap(gateArmed, gateSealed) || g.state.Load() == gateSealed
}

// passage follows one call through the transport.
type passage struct {
	gate atomic.Pointer[gate]
}

// trace arms the connection the transport gives to the call.
func (p *passage) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if g, ok := info.Conn.(*gate); ok {
			g.arm()
			p.gate.Store(g)
		}
	}}
}

// neverSent reports, after the transport gave up, whether the request certainly never left: it got no connection, or
// nothing was written to the one it got.
func (p *passage) neverSent() bool {
	g := p.gate.Load()
	return g == nil || g.seal()
}
