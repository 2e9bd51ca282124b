package shop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Bounds on starting and stopping a process.
const (
	readyTimeout = 20 * time.Second
	readyEvery   = 20 * time.Millisecond
	stopTimeout  = 10 * time.Second
)

// ErrNotReady says that a process did not come up, or died while it was waited for.
var ErrNotReady = errors.New("shop: process is not ready")

// Process is one program of the shop with its log file.
type Process struct {
	Name string
	Log  string

	command *exec.Cmd
	done    chan struct{} // closed when the process has been waited for
	err     error         // its result, valid after done
}

// startProcess starts a program; its output goes to <dir>/<name>.log.
func startProcess(dir, name string, argv ...string) (*Process, error) {
	p := &Process{Name: name, Log: filepath.Join(dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log of %s: %w", name, err)
	}
	defer log.Close()
	p.command = exec.Command(argv[0], argv[1:]...)
	p.command.Stdout, p.command.Stderr, p.command.Dir = log, log, dir
	// The shop's programs stop with the shop, even when it is killed.
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { p.err = p.command.Wait(); close(p.done) }()
	return p, nil
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
			return fmt.Errorf("%w: %s ended (%v), see %s", ErrNotReady, p.Name, p.err, p.Log)
		case <-ctx.Done():
			return fmt.Errorf("%w: %s: %w, see %s", ErrNotReady, p.Name, err, p.Log)
		case <-time.After(readyEvery):
		}
	}
}

// Stop asks the process to end and kills it after stopTimeout. It returns what the process returned.
func (p *Process) Stop() error {
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended already
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
	_ = p.command.Process.Kill()
	<-p.done
}

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

// exists returns a check that a path is there.
func exists(path string) func(context.Context) error {
	return func(context.Context) error { _, err := os.Stat(path); return err }
}
