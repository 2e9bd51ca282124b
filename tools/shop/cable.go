package shop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// dialTimeout bounds how long the cable waits for the far end.
const dialTimeout = 5 * time.Second

// Cable is the network between a terminal and the broker: a TCP relay that can be cut and mended.
type Cable struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	cut   bool
	links map[net.Conn]struct{}
	wait  sync.WaitGroup
}

// NewCable listens on a loopback port and relays to target once Run is called.
func NewCable(target string) (*Cable, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for cable: %w", err)
	}
	return &Cable{listener: listener, target: target, links: map[net.Conn]struct{}{}}, nil
}

// Address is where the terminal connects.
func (c *Cable) Address() string { return c.listener.Addr().String() }

// Run relays until ctx ends and then waits for every connection to be closed.
func (c *Cable) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = c.listener.Close(); c.Cut() })
	defer stop()
	defer c.wait.Wait()
	for {
		near, err := c.listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept on cable: %w", err)
		}
		if !c.attach(near) {
			_ = near.Close()
			continue
		}
		c.wait.Go(func() { c.relay(near) })
	}
}

// Cut ends all connections without a word and refuses new ones until Mend.
func (c *Cable) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for link := range c.links {
		if tcp, ok := link.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, as when the line is gone
		}
		_ = link.Close()
	}
}

// Mend lets connections through again.
func (c *Cable) Mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = false
}

// attach reports whether the link may carry bytes now.
func (c *Cable) attach(link net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return false
	}
	c.links[link] = struct{}{}
	return true
}

func (c *Cable) detach(link net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.links, link)
	_ = link.Close()
}

func (c *Cable) relay(near net.Conn) {
	defer c.detach(near)
	far, err := net.DialTimeout("tcp", c.target, dialTimeout)
	if err != nil {
		return // the terminal sees a closed connection and tries again
	}
	if !c.attach(far) {
		_ = far.Close()
		return
	}
	defer c.detach(far)
	var wait sync.WaitGroup
	wait.Go(func() { pipe(far, near) })
	pipe(near, far)
	wait.Wait()
}

// pipe copies until either side ends, then ends both, so that neither waits for a half that is gone.
func pipe(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		_ = from.Close()
	}
	_ = to.Close()
}
