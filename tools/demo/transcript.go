package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
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

// transcript writes what happens, with the time since the scene began.
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
	fmt.Fprintf(t.out, "\n[%d/%d] %s\n", number, total, title)
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
	fmt.Fprintf(t.out, "  %9s  %s  %s\n", since(t.begun), who, fmt.Sprintf(format, values...))
}

// note writes a line outside any scene.
func (t *transcript) note(format string, values ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, format+"\n", values...)
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
