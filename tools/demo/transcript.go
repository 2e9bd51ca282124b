package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/rivo/uniseg"
)

// actor is who does something in the transcript.
type actor string

// The actors, Chinese first.
const (
	cashier  actor = "收银员 cashier "
	customer actor = "顾客   customer"
	till     actor = "终端   till    "
	wallet   actor = "机构   operator"
	network  actor = "网络   network "
	system   actor = "系统   system  "
)

// transcript writes what happens, with the time since the scene began. A terminal gets its lines in rows that fit.
type transcript struct {
	mu    sync.Mutex
	out   io.Writer
	begun time.Time
}

// scene starts a new scene.
func (t *transcript) scene(number, total int, title string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun = time.Now()
	t.line("", "")
	t.line(fmt.Sprintf("[%d/%d] ", number, total), title)
}

// restart begins to count time anew.
func (t *transcript) restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun = time.Now()
}

// say writes one line of a scene.
func (t *transcript) say(who actor, format string, values ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line(fmt.Sprintf("  %9s  %s  ", since(t.begun), who), fmt.Sprintf(format, values...))
}

// note writes a line outside any scene.
func (t *transcript) note(format string, values ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for line := range strings.SplitSeq(fmt.Sprintf(format, values...), "\n") {
		t.line("", line)
	}
}

// command writes a command for people to copy, so never in rows, and what it does, if anything has to be said about that:
// in front of it where a terminal is too narrow for both.
func (t *transcript) command(line, does string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line = "  " + line
	both := line + "   # " + does
	switch width := columns(t.out); {
	case does == "":
		both = line
	case width > 0 && uniseg.StringWidth(both) > width:
		t.line("  # ", does)
		both = line
	}
	fmt.Fprintln(t.out, both)
}

// line writes a line: as it is, or on a terminal in rows that fit.
func (t *transcript) line(lead, text string) {
	if width := columns(t.out); width > 0 {
		fmt.Fprintln(t.out, lay(lead, text, width))
		return
	}
	fmt.Fprintln(t.out, lead+text)
}

// since formats a duration as a person reads it: milliseconds below ten seconds, else seconds.
func since(begun time.Time) string {
	passed := time.Since(begun)
	if passed < 10*time.Second {
		return fmt.Sprintf("+%.1f ms", float64(passed.Microseconds())/1000)
	}
	return fmt.Sprintf("+%.2f s", passed.Seconds())
}

// tail hides all but the last four digits of a payment code.
func tail(code string) string {
	return strings.Repeat("•", max(len(code)-4, 0)) + code[max(len(code)-4, 0):]
}
