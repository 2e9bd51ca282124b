package shop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds on starting and stopping a process.
const (
	readyTimeout = 20 * time.Second
	readyEvery   = 20 * time.Millisecond
	stopTimeout  = 10 * time.Second
	// pipeTimeout is how long the children of an ended process may go on writing for it.
	pipeTimeout = 2 * time.Second
)

// ErrNotReady says that a process did not come up, or died while it was waited for.
var ErrNotReady = errors.New("shop: process is not ready")

// Process is one program of the shop with its log file.
type Process struct {
	Name string
	Log  string

	command *exec.Cmd
	lines   chan []byte   // the first line it printed, once
	done    chan struct{} // closed when the process has been waited for
	err     error         // its result, valid after done
	killed  bool          // by Kill: how it ended is no failure
	said    *lastLines    // the end of what it wrote to standard error
	asked   atomic.Bool   // by Stop or Kill: that it ends is no surprise
	known   atomic.Bool   // that it ended unasked has been told
}

// startProcess starts a program; its output goes to <dir>/<name>.log.
func startProcess(dir, name string, argv ...string) (*Process, error) {
	p := &Process{Name: name, Log: filepath.Join(dir, name+".log"), lines: make(chan []byte, 1), done: make(chan struct{})}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", name, err)
	}
	p.command = exec.Command(argv[0], argv[1:]...)
	p.said = &lastLines{to: log}
	p.command.Stdout, p.command.Stderr, p.command.Dir = &firstLine{to: log, lines: p.lines}, p.said, dir
	// The shop's programs stop with the shop, even when it is killed.
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	p.command.WaitDelay = pipeTimeout
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), log.Close())
	}
	go func() {
		err := p.command.Wait()
		// A child that is left, such as what an emulator's wrapper runs, would keep the journal and the devices.
		_ = p.signal(syscall.SIGKILL)
		p.err = errors.Join(err, log.Close())
		close(p.done)
	}()
	return p, nil
}

// signal reaches the process and its children: it leads a group of its own, which may be empty by now.
func (p *Process) signal(s syscall.Signal) error {
	select {
	case <-p.done:
		return os.ErrProcessDone // its number may be another's
	default:
		return syscall.Kill(-p.command.Process.Pid, s)
	}
}

// firstLine passes output on and keeps its first line aside.
type firstLine struct {
	to    io.Writer
	lines chan<- []byte
	begun []byte
	over  bool
}

// Write implements io.Writer.
func (f *firstLine) Write(b []byte) (int, error) {
	if !f.over {
		f.begun = append(f.begun, b...)
		if line, _, whole := bytes.Cut(f.begun, []byte{'\n'}); whole {
			f.over = true
			f.lines <- line
		}
	}
	return f.to.Write(b)
}

// announced waits for the program's first line, which is JSON that says where it listens.
func (p *Process) announced(ctx context.Context, into any) error {
	select {
	case line := <-p.lines:
		if err := json.Unmarshal(line, into); err != nil {
			return fmt.Errorf("read first line of %s: %w", p.Name, err)
		}
		return nil
	case <-p.done:
		return p.deathBeforeReady()
	case <-time.After(readyTimeout):
		return fmt.Errorf("%w: %s said nothing in %s, see %s", ErrNotReady, p.Name, readyTimeout, p.Log)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errEnded is the result of a process that ended well although nobody asked it to.
var errEnded = errors.New("exit status 0")

// result is what an ended process returned, never nil.
func (p *Process) result() error {
	if p.err == nil {
		return errEnded
	}
	return p.err
}

// deathBeforeReady says why the process did not come up.
func (p *Process) deathBeforeReady() error { return fmt.Errorf("%w: %w", ErrNotReady, p.death()) }

// death tells how the process ended, with its last words: on a full disk its log has none.
func (p *Process) death() error {
	words := p.said.String()
	if words != "" {
		words = ": " + words
	}
	return fmt.Errorf("%s ended (%w)%s, see %s", p.Name, p.result(), words, p.Log)
}

// PID is the process's id.
func (p *Process) PID() int { return p.command.Process.Pid }

// ready waits until check passes, bounded by readyTimeout; a process that ends meanwhile is an error at once.
func (p *Process) ready(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.deathBeforeReady()
		case <-ctx.Done():
			return fmt.Errorf("%w: %s: %w, see %s", ErrNotReady, p.Name, err, p.Log)
		case <-time.After(readyEvery):
		}
	}
}

// Ended waits until the process has ended by itself and returns its exit code, or ctx's error.
func (p *Process) Ended(ctx context.Context) (int, error) {
	select {
	case <-p.done:
		return p.command.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for end of %s: %w, see %s", p.Name, ctx.Err(), p.Log)
	}
}

// Died waits until the process has ended although nobody asked it to, and says how; it returns nil when it was asked to,
// or when ctx ends.
func (p *Process) Died(ctx context.Context) error {
	select {
	case <-p.done:
		if p.asked.Load() {
			return nil
		}
		return fmt.Errorf("%w: %w", ErrDied, p.death())
	case <-ctx.Done():
		return nil
	}
}

// Stop asks the process to end and kills it after stopTimeout. It returns what the process returned, which is nothing
// for one that was killed on purpose, or whose end has been told by Keep.
func (p *Process) Stop() error {
	if p.killed || p.known.Load() {
		return nil
	}
	p.asked.Store(true)
	_ = p.signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
		p.Kill()
		return fmt.Errorf("stop %s: still running after %s, killed", p.Name, stopTimeout)
	}
	if p.err != nil {
		return fmt.Errorf("stop %s: %w", p.Name, p.err)
	}
	return nil
}

// Kill ends the process as a power cut would and waits for it.
func (p *Process) Kill() {
	p.killed = true
	p.asked.Store(true)
	_ = p.signal(syscall.SIGKILL) // it may have ended already
	<-p.done
}

// Pause stops the process where it is, as a machine that is too busy does; Resume lets it go on.
func (p *Process) Pause() error { return p.command.Process.Signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (p *Process) Resume() error { return p.command.Process.Signal(syscall.SIGCONT) }

// answers returns a check that a URL answers 200.
func answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", url, response.Status)
		}
		return nil
	}
}
