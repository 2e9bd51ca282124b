// Package pty gives a device model a cable: what the model writes appears on a pseudo-terminal that a program opens as
// it would open /dev/ttyUSB0, and what that program writes comes out of Read.
package pty

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// peerPoll is how often a cable with nobody at its other end looks for somebody. The kernel keeps what a newcomer
// writes meanwhile, so it delays nothing that is connected.
const peerPoll = 2 * time.Millisecond

// ErrUnplugged says that the cable is hung up.
var ErrUnplugged = errors.New("pty: unplugged")

// Port is the device's end of the cable. Read and Write may run at the same time as each other and as every other
// method; there is one reader and one writer at a time.
//
// It behaves like a wire: bytes written while nobody has the other end open, or while it is unplugged, are lost without
// an error, and Read then waits. The other end may be opened, closed and opened again, by the same program or another.
type Port struct {
	link string

	mu     sync.Mutex
	master *os.File // nil while unplugged
	slave  string
	closed bool
	// changed is closed, and replaced, whenever master or closed changes.
	changed chan struct{}
}

// Open makes a pseudo-terminal in raw mode. If link is not empty it becomes a symbolic link to the terminal; an older
// symbolic link there is replaced, any other file is an error.
func Open(link string) (*Port, error) {
	p := &Port{link: link, changed: make(chan struct{})}
	if err := p.PlugIn(); err != nil {
		return nil, err
	}
	return p, nil
}

// Path returns what the other program opens: the link if there is one, else the terminal's own path.
func (p *Port) Path() string {
	if p.link != "" {
		return p.link
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slave
}

// Read blocks until the other program has written something. It waits through hang-ups and absent programs and ends
// only with os.ErrClosed.
func (p *Port) Read(b []byte) (int, error) {
	for {
		master, changed, err := p.state()
		if err != nil {
			return 0, err
		}
		if master == nil {
			<-changed
			continue
		}
		n, err := master.Read(b)
		if n > 0 || err == nil {
			return n, nil
		}
		if !lost(err) {
			return 0, fmt.Errorf("read terminal: %w", err)
		}
		select {
		case <-changed:
		case <-time.After(peerPoll):
		}
	}
}

// Write sends b to the other program. It blocks while that program has the terminal open but does not read, and fails
// only with os.ErrClosed.
func (p *Port) Write(b []byte) (int, error) {
	master, _, err := p.state()
	if err != nil {
		return 0, err
	}
	// The kernel would keep the bytes for the next program to open the terminal; a wire does not.
	if master == nil || !attached(master) {
		return len(b), nil
	}
	_, err = master.Write(b)
	if err == nil {
		return len(b), nil
	}
	if _, _, closed := p.state(); closed != nil {
		return 0, closed
	}
	if !lost(err) {
		return 0, fmt.Errorf("write terminal: %w", err)
	}
	return len(b), nil
}

// Attached reports whether a program has the other end open now.
func (p *Port) Attached() bool {
	master, _, err := p.state()
	return err == nil && master != nil && attached(master)
}

// AwaitPeer blocks until a program has the other end open. Errors: ctx's, os.ErrClosed.
func (p *Port) AwaitPeer(ctx context.Context) error {
	tick := time.NewTicker(peerPoll)
	defer tick.Stop()
	for !p.Attached() {
		if _, _, err := p.state(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("await program on %s: %w", p.Path(), ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// HangUp pulls the cable: the other program's reads and writes fail with EIO or end of file, and the link is removed
// as udev would remove it. PlugIn puts the cable back.
func (p *Port) HangUp() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return os.ErrClosed
	}
	if p.master == nil {
		return ErrUnplugged
	}
	return p.unplug()
}

// PlugIn puts a hung-up cable back on a new terminal and points the link to it. It does nothing to one that is plugged.
func (p *Port) PlugIn() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return os.ErrClosed
	}
	if p.master != nil {
		return nil
	}
	master, slave, err := openPair()
	if err != nil {
		return err
	}
	if err := makeLink(p.link, slave); err != nil {
		return errors.Join(err, master.Close())
	}
	p.master, p.slave = master, slave
	p.announce()
	return nil
}

// Close pulls the cable for good and removes the link. A second Close does nothing.
func (p *Port) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	if p.master == nil {
		p.announce()
		return nil
	}
	return p.unplug()
}

// unplug needs p.mu.
func (p *Port) unplug() error {
	err := errors.Join(removeLink(p.link, p.slave), p.master.Close())
	p.master = nil
	p.announce()
	return err
}

// announce needs p.mu.
func (p *Port) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Port) state() (master *os.File, changed <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, fmt.Errorf("use terminal: %w", os.ErrClosed)
	}
	return p.master, p.changed, nil
}

// lost reports whether err only says that nobody is at the other end.
func lost(err error) bool {
	return errors.Is(err, syscall.EIO) || errors.Is(err, os.ErrClosed)
}

// attached reports whether a program has the slave of master open.
func attached(master *os.File) bool {
	poll := []unix.PollFd{{Events: unix.POLLIN}}
	err := control(master, func(fd int) error {
		poll[0].Fd = int32(fd)
		for {
			// The runtime's own signals interrupt system calls at any moment.
			if _, err := unix.Poll(poll, 0); !errors.Is(err, unix.EINTR) {
				return err
			}
		}
	})
	return err == nil && poll[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) == 0
}
