package shop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
)

// ErrDied says that a process of the shop ended although nobody had asked it to; the text says which, and where its
// log is.
var ErrDied = errors.New("小店的一个进程意外退出 · a process of the shop ended unexpectedly")

// Guard returns a context that ends, with ErrDied as its cause, when one of the processes running now ends without
// being asked to. The caller cancels it.
func (s *Shop) Guard(ctx context.Context) (context.Context, context.CancelFunc) {
	guarded, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.processes {
		go func() {
			if err := p.Died(guarded); err != nil {
				cancel(err)
			}
		}()
	}
	return guarded, func() { cancel(context.Canceled) }
}

// lastWordsMax bounds what is kept of a program's standard error.
const lastWordsMax = 1 << 10

// lastLines passes output on and keeps its end. A log that takes no more is no reason to stop the program.
type lastLines struct {
	to   io.Writer
	mu   sync.Mutex
	kept []byte // guarded by mu
}

// Write implements io.Writer.
func (l *lastLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, b[max(len(b)-lastWordsMax, 0):]...)
	l.kept = l.kept[max(len(l.kept)-lastWordsMax, 0):]
	_, _ = l.to.Write(b) // what cannot be written is kept here as far as it matters
	return len(b), nil
}

// String returns the last line but for those that say what to do next, unless it is of the log, which does not say why a
// program ended.
func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(l.kept), []byte{'\n'})
	last := lines[len(lines)-1]
	for i := len(lines) - 2; i >= 0 && bytes.HasPrefix(bytes.TrimSpace(last), []byte("→")); i-- {
		last = lines[i]
	}
	last = bytes.TrimSpace(last)
	if bytes.HasPrefix(last, []byte{'{'}) {
		return ""
	}
	return string(last)
}
