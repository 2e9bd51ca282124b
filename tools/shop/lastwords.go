package shop

import (
	"bytes"
	"io"
	"sync"
)

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
