package shop

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// dialTimeout bounds how long the cable waits for the far end.
const dialTimeout = 5 * time.Second

// Cable is the network between two programs, such as a terminal and the broker: a TCP relay that can be cut and mended,
// and, when it is rough, made worse in many ways.
type Cable struct {
	listener net.Listener
	target   string
	rough    *rough // nil for a smooth cable, which costs next to nothing

	mu    sync.Mutex
	cut   bool
	links map[net.Conn]func() // what ends the connection
	wait  sync.WaitGroup
}

// NewCable listens on a loopback port and relays to target once Run is called.
func NewCable(target string) (*Cable, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for cable: %w", err)
	}
	return &Cable{listener: listener, target: target, links: map[net.Conn]func(){}}, nil
}

// NewRoughCable is NewCable for a cable that Worsen works on.
func NewRoughCable(target string) (*Cable, error) {
	cable, err := NewCable(target)
	if err == nil {
		cable.rough = newRough()
	}
	return cable, err
}

// Address is where the near end connects.
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
		ended := make(chan struct{})
		end := sync.OnceFunc(func() { close(ended) })
		if !c.attach(near, end) {
			_ = near.Close()
			continue
		}
		c.wait.Go(func() { c.relay(near, ended, end) })
	}
}

// Cut ends all connections without a word and refuses new ones until Mend.
func (c *Cable) Cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for link, end := range c.links {
		end()
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
func (c *Cable) attach(link net.Conn, end func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return false
	}
	c.links[link] = end
	return true
}

func (c *Cable) detach(link net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.links, link)
	_ = link.Close()
}

// relay carries one connection; ended is closed, by end, when it is over.
func (c *Cable) relay(near net.Conn, ended <-chan struct{}, end func()) {
	defer c.detach(near)
	defer end()
	far, err := net.DialTimeout("tcp", c.target, dialTimeout)
	if err != nil {
		return // the terminal sees a closed connection and tries again
	}
	if !c.attach(far, end) {
		_ = far.Close()
		return
	}
	defer c.detach(far)
	var wait sync.WaitGroup
	wait.Go(func() { defer end(); c.pipe(far, near, ToFar, ended) })
	c.pipe(near, far, ToNear, ended)
	end()
	wait.Wait()
}

// pipe copies until either side ends, then ends both, so that neither waits for a half that is gone.
func (c *Cable) pipe(to, from net.Conn, direction Direction, ended <-chan struct{}) {
	out := io.Writer(to)
	if c.rough != nil {
		out = &way{rough: c.rough, direction: direction, to: to, ended: ended}
	}
	_, err := io.Copy(out, from)
	if err != nil {
		_ = from.Close()
	}
	_ = to.Close()
}
