package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/yuantill/yuantill/tools/simulate/world"
)

// batchSize is how many seeds are finished before the state is saved.
const batchSize = 1000

// childMemory is what a process that runs seeds uses, in bytes, before it looks for garbage.
const childMemory = 300 << 20

// sweep runs seeds in several processes: SQLite's randomness is one for a process, and so is everything else here that
// could make one run see another.
func (o options) sweep(ctx context.Context, out, problems io.Writer) error {
	total, next, err := o.resume()
	if err != nil {
		return err
	}
	end := o.from + o.seeds
	for next < end && ctx.Err() == nil && (!o.stop || total.Violations == 0) {
		last := min(next+batchSize, end)
		if err := o.batch(ctx, next, last, total, out); err != nil {
			return err
		}
		next = last
		if err := o.save(total, next); err != nil {
			return err
		}
	}
	return errors.Join(ctx.Err(), total.print(out, o.json))
}

// batch shares seeds out to processes.
func (o options) batch(ctx context.Context, first, end uint64, total *summary, out io.Writer) error {
	processes := o.processes
	if processes == 0 {
		processes = runtime.NumCPU()
	}
	seeds := make(chan uint64)
	results := make(chan world.Result)
	found := make(chan struct{}) // closed at the first violation where that is the end
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(seeds)
		for seed := first; seed < end; seed++ {
			select {
			case seeds <- seed:
			case <-found:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		for r := range results {
			total.add(r)
			if o.stop && total.Violations == 1 && len(r.Violations) > 0 {
				close(found)
			}
			for _, v := range r.Violations {
				fmt.Fprintf(out, "violation of seed %d at %s: %s: %s (%s)\n", r.Seed, v.At, v.Name, v.Detail, commit())
			}
		}
	}()
	for range min(processes, int(end-first)) {
		group.Go(func() error { return runChild(ctx, seeds, results) })
	}
	err := group.Wait()
	close(results)
	<-collected
	return err
}

// runChild has another process run seeds, one after another.
func runChild(ctx context.Context, seeds <-chan uint64, results chan<- world.Result) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find program: %w", err)
	}
	child := exec.CommandContext(ctx, self, "--child")
	child.Stderr = os.Stderr
	// It ends after its present seed, and takes its folder along.
	child.Cancel, child.WaitDelay = func() error { return child.Process.Signal(os.Interrupt) }, 20*time.Second
	in, err := child.StdinPipe()
	if err != nil {
		return fmt.Errorf("start process: %w", err)
	}
	answers, err := child.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start process: %w", err)
	}
	if err := child.Start(); err != nil {
		return fmt.Errorf("start process: %w", err)
	}
	err = converse(seeds, results, in, json.NewDecoder(answers))
	return errors.Join(err, in.Close(), child.Wait())
}

func converse(seeds <-chan uint64, results chan<- world.Result, in io.Writer, answers *json.Decoder) error {
	for seed := range seeds {
		if _, err := fmt.Fprintln(in, seed); err != nil {
			return fmt.Errorf("ask for seed %d: %w", seed, err)
		}
		var result world.Result
		if err := answers.Decode(&result); err != nil {
			return fmt.Errorf("run seed %d: %w", seed, err)
		}
		results <- result
	}
	return nil
}

// serve is the other process: a seed a line comes in, a result a line leaves.
func (o options) serve(ctx context.Context, out io.Writer) error {
	runtime.GOMAXPROCS(2)
	// A world leaves much garbage and keeps little: collecting it rarely is a quarter of the processor time less.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(childMemory)
	r, err := newRunner()
	if err != nil {
		return err
	}
	defer r.close()
	encoder := json.NewEncoder(out)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan() && ctx.Err() == nil; {
		seed, err := strconv.ParseUint(strings.TrimSpace(lines.Text()), 10, 64)
		if err != nil {
			return fmt.Errorf("read seed: %w", err)
		}
		result, err := r.run(world.Generate(seed), nil)
		if err != nil {
			return err
		}
		if err := encoder.Encode(result); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
	return nil
}

// state is what a sweep has done so far.
type state struct {
	Program    string // digest of the program that did it
	From, Next uint64
	Total      *summary
}

// program is the digest of this program: what another one found says nothing about this one.
func program() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find program: %w", err)
	}
	file, err := os.Open(self)
	if err != nil {
		return "", fmt.Errorf("read program: %w", err)
	}
	defer file.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err != nil {
		return "", fmt.Errorf("read program: %w", err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// resume returns what the state file says, if it is of this program's sweep and that has not ended.
func (o options) resume() (*summary, uint64, error) {
	if o.state == "" {
		return newSummary(), o.from, nil
	}
	text, err := os.ReadFile(o.state)
	if errors.Is(err, os.ErrNotExist) {
		return newSummary(), o.from, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read state: %w", err)
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil || s.Total == nil {
		return nil, 0, fmt.Errorf("read state %s: %w", o.state, err)
	}
	self, err := program()
	if err != nil {
		return nil, 0, err
	}
	if s.Program != self || s.From != o.from || s.Next >= o.from+o.seeds {
		return newSummary(), o.from, nil
	}
	return s.Total, s.Next, nil
}

func (o options) save(total *summary, next uint64) error {
	if o.state == "" {
		return nil
	}
	self, err := program()
	if err != nil {
		return err
	}
	text, err := json.Marshal(state{Program: self, From: o.from, Next: next, Total: total})
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(o.state), 0o755); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	temporary := o.state + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return os.Rename(temporary, o.state)
}

// commit names the tree that this program was built from.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "commit unknown"
	}
	name, changed := "unknown", ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			name = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			changed = " and changes"
		}
	}
	return "commit " + name + changed
}
