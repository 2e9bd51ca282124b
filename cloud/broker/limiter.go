package broker

import (
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Bounds of what strangers can make us log.
const (
	// linesMax are the lines of one kind in linesWindow; the others are counted.
	linesMax    = 5
	linesWindow = time.Minute
	// kindsMax are the kinds told apart in a window; what is of none of them is of one more, together.
	kindsMax = 64
	// kindMax bounds a kind's length, in bytes.
	kindMax = 120
	// tellEvery is how often it is looked whether a window has ended, to tell what was left out.
	tellEvery = 10 * time.Second
)

// otherKind is what everything beyond kindsMax counts as.
const otherKind = "other"

// leftOut is how many lines of a kind were not written in one window.
type leftOut struct {
	kind  string
	lines int
}

// limiter lets a bounded number of lines through. Time comes in, it has none of its own.
type limiter struct {
	mu    sync.Mutex
	kinds map[string]*window
}

type window struct {
	began time.Time
	lines int
}

func newLimiter() *limiter { return &limiter{kinds: make(map[string]*window)} }

// allow reports whether a line of a kind is written.
func (l *limiter) allow(kind string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.kinds[kind]
	if w == nil && len(l.kinds) >= kindsMax {
		kind = otherKind
		w = l.kinds[kind]
	}
	if w == nil {
		w = &window{began: now}
		l.kinds[kind] = w
	}
	w.lines++
	return w.lines <= linesMax
}

// ended forgets the kinds whose window has ended by now, and returns what was left out of them, in the order of their names.
func (l *limiter) ended(now time.Time) []leftOut {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []leftOut
	for kind, w := range l.kinds {
		if now.Sub(w.began) < linesWindow {
			continue
		}
		delete(l.kinds, kind)
		if w.lines > linesMax {
			out = append(out, leftOut{kind: kind, lines: w.lines - linesMax})
		}
	}
	slices.SortFunc(out, func(a, b leftOut) int { return strings.Compare(a.kind, b.kind) })
	return out
}

// kindOf is what the server's formats of one kind have in common: they begin with the connection's address, number and
// client id.
func kindOf(format string) string {
	if at := strings.Index(format, " - mid:"); at >= 0 {
		format = format[at+len(" - mid:"):]
	}
	quoted := false
	kind := strings.Map(func(c rune) rune {
		if c == '"' {
			quoted = !quoted
			return -1
		}
		if quoted || unicode.IsDigit(c) {
			return -1
		}
		return c
	}, format)
	kind = strings.TrimLeft(kind, " -")
	return strings.ToValidUTF8(kind[:min(len(kind), kindMax)], "")
}
