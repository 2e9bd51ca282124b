// Command loadtest measures the product from outside, in separate processes, and prints one JSON object a figure.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/tools/loadtest/floor"
	"github.com/yuantill/yuantill/tools/shop"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{Use: "loadtest", Short: "压力与时延测量 · Measure speed and memory", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(benchCommand(), resultsCommand(), floorCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		os.Exit(1)
	}
}

// benchmark measures one group of figures with a shop of its own.
type benchmark struct {
	name string
	run  func(context.Context, shop.Options, *report) error
}

func benchmarks() []benchmark {
	return []benchmark{{"counter", counter}, {"ingest", ingest}, {"payments", payments}, {"drain", drain}, {"agent", agent},
		{"simulate", simulate}}
}

func benchmarkNames() []string {
	var names []string
	for _, b := range benchmarks() {
		names = append(names, b.name)
	}
	return names
}

// gcPercent keeps the load generator's own collector from taking what is to be measured.
const gcPercent = 400

func benchCommand() *cobra.Command {
	var only string
	options := shop.Options{LogLevel: benchLog, Unasked: true}
	command := &cobra.Command{Use: "bench", Args: cobra.NoArgs, Short: "测量并逐行输出 JSON · Measure and print JSON lines"}
	command.Flags().StringVar(&only, "only", "", "只测这些，逗号分隔 · just these: "+strings.Join(benchmarkNames(), ","))
	command.Flags().StringVar(&options.Bin, "bin", "bin", "程序目录 · folder of the programs")
	command.Flags().BoolVar(&options.Profiling, "profiling", false, "云端在本机提供性能剖析 · the cloud serves its profiles to this machine")
	command.RunE = func(command *cobra.Command, _ []string) error {
		debug.SetGCPercent(gcPercent)
		wanted, err := choose(only)
		if err != nil {
			return err
		}
		return bench(command.Context(), wanted, options, &report{out: command.OutOrStdout()})
	}
	return command
}

func choose(only string) ([]benchmark, error) {
	all := benchmarks()
	if only == "" {
		return all, nil
	}
	var wanted []benchmark
	for name := range strings.SplitSeq(only, ",") {
		at := slices.IndexFunc(all, func(b benchmark) bool { return b.name == strings.TrimSpace(name) })
		if at < 0 {
			return nil, fmt.Errorf("没有这项测量 · no benchmark is called %q: %s", name, strings.Join(benchmarkNames(), ", "))
		}
		wanted = append(wanted, all[at])
	}
	return wanted, nil
}

// benchLog is how much the programs log that are measured.
const benchLog = "warn"

// bench runs the benchmarks, each with a shop of the options in a folder of its own.
func bench(ctx context.Context, wanted []benchmark, options shop.Options, r *report) error {
	dir, err := os.MkdirTemp("", "yuantill-bench-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	for _, b := range wanted {
		fmt.Fprintf(os.Stderr, "bench: %s\n", b.name)
		options.Dir = filepath.Join(dir, b.name)
		if err := b.run(ctx, options, r); err != nil {
			// The folder stays: its logs say why.
			return fmt.Errorf("measure %s: %w (see %s)", b.name, err, dir)
		}
	}
	return os.RemoveAll(dir)
}

// floorCommand runs one process of the floor; bench starts them.
func floorCommand() *cobra.Command {
	var config floor.Config
	var certificate string
	command := &cobra.Command{Use: "floor", Short: "基线进程 · A process of the floor", Hidden: true}
	flags := command.PersistentFlags()
	flags.StringVar(&certificate, "certificate", "", "")
	flags.StringVar(&config.Operator, "operator", "", "")
	flags.StringVar(&config.Broker, "broker", "", "")
	flags.StringVar(&config.Database, "database", "", "")
	flags.StringVar(&config.Scanner, "scanner", "", "")
	flags.StringVar(&config.Printer, "printer", "", "")
	for name, run := range map[string]func(context.Context, floor.Config) error{
		"operator": floor.RunOperator, "cloud": floor.RunCloud, "agent": floor.RunAgent,
	} {
		command.AddCommand(&cobra.Command{Use: name, Args: cobra.NoArgs, RunE: func(command *cobra.Command, _ []string) error {
			var err error
			if config.TLS, err = floor.ReadTLS(certificate); err != nil {
				return err
			}
			ctx := command.Context()
			if err := run(ctx, config); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
				return err
			}
			return nil
		}})
	}
	return command
}
