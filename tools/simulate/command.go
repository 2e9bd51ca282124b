package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/tools/simulate/world"
)

// options are the flags.
type options struct {
	seed      uint64
	seeds     uint64
	from      uint64
	trace     bool
	json      bool
	processes int
	child     bool
	script    string
	state     string
	stop      bool
	shrink    bool
	commit    string // of the tree that this program was built from
}

var errViolations = errors.New("promises were broken")

func newCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use: "simulate", Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		Short: "模拟整个世界：终端、网络、云端、银行与人 | Simulate tills, network, cloud, operators and people, with faults",
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.check(command.Flags().Changed("seed")); err != nil {
				return err
			}
			if !o.child {
				o.commit = commit(command.Context(), ".")
			}
			return o.run(command.Context(), command.OutOrStdout(), command.Flags().Changed("seed"))
		},
	}
	flags := command.Flags()
	flags.Uint64Var(&o.seed, "seed", 0, "只运行这个种子 | run this seed alone")
	flags.Uint64Var(&o.seeds, "seeds", 100, "种子个数 | how many seeds")
	flags.Uint64Var(&o.from, "from", 1, "第一个种子 | the first of them")
	flags.BoolVar(&o.trace, "trace", false, "写出发生的一切 | write everything that happens")
	flags.BoolVar(&o.json, "json", false, "最后一行为 JSON | end with a line of JSON")
	flags.IntVar(&o.processes, "processes", 0, "进程数，0 为处理器数 | processes, 0 for one a processor")
	flags.StringVar(&o.script, "script", "", "重放剧本文件 | play a script from a file")
	flags.StringVar(&o.state, "state", "", "进度文件，可续跑 | file that keeps what was done, to go on from")
	flags.BoolVar(&o.shrink, "shrink", false, "缩短失败的剧本 | with --seed or --script: make a failing script shorter")
	flags.BoolVar(&o.stop, "stop", false, "遇到第一个违例即停 | stop at the first violation")
	flags.BoolVar(&o.child, "child", false, "")
	if err := flags.MarkHidden("child"); err != nil {
		panic(err) // the flag was defined above
	}
	return command
}

var errFlags = errors.New("nothing would be played")

// check refuses flags with which nothing, or something else than was meant, would be played.
func (o options) check(one bool) error {
	switch {
	case o.processes < 0:
		return fmt.Errorf("%w: --processes must not be below 0", errFlags)
	case o.seeds == 0, o.from > math.MaxUint64-o.seeds:
		return fmt.Errorf("%w: --from and --seeds name no seeds", errFlags)
	case o.shrink && o.script == "" && !one:
		return fmt.Errorf("%w: --shrink needs --seed or --script", errFlags)
	default:
		return nil
	}
}

func (o options) run(ctx context.Context, out io.Writer, one bool) error {
	switch {
	case o.child:
		return o.serve(ctx, out)
	case o.script != "" || one:
		return o.play(out)
	default:
		return o.sweep(ctx, out)
	}
}

// play runs one script and prints it when it breaks a promise.
func (o options) play(out io.Writer) error {
	script := world.Generate(o.seed)
	if o.script != "" {
		file, err := os.Open(o.script)
		if err != nil {
			return fmt.Errorf("open script: %w", err)
		}
		defer file.Close()
		if script, err = world.Parse(file); err != nil {
			return fmt.Errorf("read script %s: %w", o.script, err)
		}
		if len(script.Actions) == 0 {
			return fmt.Errorf("read script %s: %w: it has no action", o.script, errFlags)
		}
	}
	r, err := newRunner()
	if err != nil {
		return err
	}
	defer r.close()
	var trace io.Writer
	if o.trace {
		trace = out
	}
	result, err := r.run(script, trace)
	if err != nil {
		return err
	}
	total := newSummary()
	total.add(result)
	if o.shrink && len(result.Violations) > 0 {
		path, err := o.shorten(script, result.Violations[0].Name)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "shrunk to %s\n", path)
	}
	o.tell(out, result)
	return total.print(out, o.json)
}

func openShop(folder string) (*world.Shop, error) {
	shopFolder := filepath.Join(folder, "shop")
	if err := os.Mkdir(shopFolder, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	return world.OpenShop(shopFolder)
}
