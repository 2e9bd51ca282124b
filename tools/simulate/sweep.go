package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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
// could make one run see another. Interrupted, it says and saves what it has done.
func (o options) sweep(ctx context.Context, out io.Writer) error {
	total, next, err := o.resume()
	if err != nil {
		return err
	}
	end := o.from + o.seeds
	for next < end && ctx.Err() == nil && (!o.stop || total.Violations == 0) {
		last := min(next+batchSize, end)
		next, err = o.batch(ctx, next, last, total, out)
		if err := errors.Join(err, o.save(total, next)); err != nil {
			return err
		}
	}
	var interrupted error
	if next < end && ctx.Err() != nil {
		interrupted = fmt.Errorf("interrupted before seed %d: %w", next, ctx.Err())
	}
	return errors.Join(interrupted, total.print(out, o.json))
}

// batch shares seeds out to processes. It returns the first seed that is not in the total: the batch's end, unless it was
// interrupted, or stopped at a violation.
func (o options) batch(ctx context.Context, first, end uint64, total *summary, out io.Writer) (next uint64, err error) {
	processes := o.processes
	if processes == 0 {
		processes = runtime.NumCPU()
	}
	seeds := make(chan uint64)
	results := make(chan world.Result)
	found := make(chan struct{}) // closed at the first violation where that is the end
	group, working := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(seeds)
		for seed := first; seed < end; seed++ {
			select {
			case seeds <- seed:
			case <-found:
				return nil
			case <-working.Done():
				return working.Err()
			}
		}
		return nil
	})
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		next = o.collect(first, results, total, out, func() { close(found) })
	}()
	for range min(processes, int(end-first)) {
		group.Go(func() error { return runChild(working, seeds, results) })
	}
	err = group.Wait()
	close(results)
	<-collected
	if ctx.Err() != nil {
		return next, nil // children that were interrupted too are no news
	}
	return next, err
}

// collect adds results up in the order of their seeds, whichever comes first, so that a total is of all seeds below the one
// that it returns. It calls found at the first violation where that is the end.
func (o options) collect(first uint64, results <-chan world.Result, total *summary, out io.Writer, found func()) (next uint64) {
	waiting := map[uint64]world.Result{} // for those of the processes that are slower
	next = first
	for result := range results {
		waiting[result.Seed] = result
		for r, is := waiting[next]; is; r, is = waiting[next] {
			delete(waiting, next)
			next++
			total.add(r)
			o.tell(out, r)
			if o.stop && total.Violations == 1 && len(r.Violations) > 0 {
				found()
			}
		}
	}
	return next
}

// tell prints what a run has broken.
func (o options) tell(out io.Writer, r world.Result) {
	for _, v := range r.Violations {
		fmt.Fprintf(out, "violation of seed %d at %s: %s: %s (%s)\n", r.Seed, v.At, v.Name, v.Detail, o.commit)
	}
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
