package jsonhttps

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

var errClosed = errors.New("jsonhttps: connector is closed")

// lines are the connections to one operator: each is had by one call, and kept for the next.
type lines struct {
	address string
	config  *tls.Config
	dialer  *net.Dialer
	idleFor time.Duration // how long a line may be idle
	turns   chan struct{} // one for each call that has a line or is about to

	mu     sync.Mutex
	idle   []*line     // guarded by mu; the latest used last
	sweep  *time.Timer // guarded by mu; nil while nothing is idle
	closed bool        // guarded by mu
}

func newLines(address string, config *tls.Config) *lines {
	return &lines{address: address, config: config, dialer: &net.Dialer{Timeout: dialTimeout}, idleFor: idleTimeout,
		turns: make(chan struct{}, connectionsMax)}
}

// take returns an open line, the latest used of the idle ones or a new one, once fewer than connectionsMax are in use.
// give gives it back.
func (s *lines) take(ctx context.Context) (*line, error) {
	select {
	case s.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a connection: %w", context.Cause(ctx))
	}
	for range connectionsMax { // more are never idle
		l, err := s.latest()
		if err != nil {
			<-s.turns
			return nil, err
		}
		if l == nil {
			break
		}
		if time.Since(l.since) < s.idleFor && l.alive() {
			return l, nil
		}
		l.close()
	}
	l, err := dial(ctx, s.dialer, s.address, s.config)
	if err == nil && s.isClosed() { // meanwhile
		l.close()
		err = errClosed
	}
	if err != nil {
		<-s.turns
		return nil, fmt.Errorf("connect: %w", err)
	}
	return l, nil
}

func (s *lines) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// latest takes the latest used idle line, or nil.
func (s *lines) latest() (*line, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if len(s.idle) == 0 {
		return nil, nil
	}
	last := len(s.idle) - 1
	l := s.idle[last]
	s.idle[last] = nil
	s.idle = s.idle[:last]
	return l, nil
}

// give takes a line back: to be kept, or closed when it cannot be used again.
func (s *lines) give(l *line, again bool) {
	defer func() { <-s.turns }()
	if again && s.keep(l) {
		return
	}
	l.close()
}

func (s *lines) keep(l *line) bool {
	l.since = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.idle = append(s.idle, l)
	if s.sweep == nil {
		s.sweep = time.AfterFunc(s.idleFor, s.expire)
	}
	return true
}

// expire closes what has been idle for too long; those lie first.
func (s *lines) expire() {
	s.mu.Lock()
	old := 0
	for old < len(s.idle) && time.Since(s.idle[old].since) >= s.idleFor {
		old++
	}
	expired := append([]*line(nil), s.idle[:old]...)
	s.idle = slices.Delete(s.idle, 0, old)
	s.sweep = nil
	if len(s.idle) > 0 && !s.closed {
		s.sweep = time.AfterFunc(s.idleFor-time.Since(s.idle[0].since), s.expire)
	}
	s.mu.Unlock()
	for _, l := range expired {
		l.close()
	}
}

// close closes what is idle, and lets nobody take a line any more. Calls in flight go on to their end.
func (s *lines) close() {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	if s.sweep != nil {
		s.sweep.Stop()
	}
	s.mu.Unlock()
	for _, l := range idle {
		l.close()
	}
}
