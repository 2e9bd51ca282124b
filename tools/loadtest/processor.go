package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// tick is the unit of processor times in /proc, the same on every Linux that Go runs on (proc(5), USER_HZ).
const tick = 10 * time.Millisecond

// usage is the processor time, user and system, that processes have used so far, by program name.
type usage map[string]time.Duration

// loadName stands for this process in a usage.
const loadName = "load"

var errStat = errors.New("loadtest: unreadable process status")

// usageNow returns what this process and its children have used.
func usageNow() (usage, error) {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return nil, fmt.Errorf("read own processor time: %w", err)
	}
	u := usage{loadName: time.Duration(own.Utime.Nano() + own.Stime.Nano())}
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		name, parent, used, err := parseStat(text)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if parent == os.Getpid() {
			u[name] += used
		}
	}
	return u, nil
}

// parseStat reads a process's name, parent and processor time: fields 2, 4, 14 and 15 of proc(5). The name stands in
// parentheses and may itself hold spaces and parentheses.
func parseStat(text []byte) (name string, parent int, used time.Duration, err error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return "", 0, 0, errStat
	}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 13 {
		return "", 0, 0, errStat
	}
	parent, err = strconv.Atoi(string(fields[1]))
	if err != nil {
		return "", 0, 0, errStat
	}
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return "", 0, 0, errStat
		}
		used += time.Duration(ticks) * tick
	}
	return string(text[open+1 : end]), parent, used, nil
}

// since returns microseconds of processor time that a program used since before, divided by count.
func (u usage) since(before usage, program string, count int) float64 {
	return float64(u[program]-before[program]) / float64(time.Microsecond) / float64(count)
}
