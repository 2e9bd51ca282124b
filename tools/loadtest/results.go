package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/tools/shop"
)

// bars are what the product promises, by figure: at most or at least.
func bars() map[string]string {
	return map[string]string{
		"counter.p50": "≤ 3 and ≤ 1.6 × floor", "counter.p99": "≤ 10", "ingest.rate": "≥ 40000", "ingest.single": "≥ 12000",
		"payments.rate": "≥ 3500", "payments.p99": "≤ 100", "drain.seconds": "≤ 5", "agent.rss": "≤ 20", "agent.start": "≤ 1",
		"simulate.seeds_per_minute": "≥ 200",
	}
}

func resultsCommand() *cobra.Command {
	var bin, path string
	var runs int
	command := &cobra.Command{Use: "results", Args: cobra.NoArgs,
		Short: "完整测量数次并写成表 · Measure everything several times and write the table"}
	command.Flags().StringVar(&bin, "bin", "bin", "程序目录 · folder of the programs")
	command.Flags().StringVar(&path, "out", "tools/loadtest/RESULTS.md", "写到哪里 · where to write")
	command.Flags().IntVar(&runs, "runs", 3, "次数 · how many runs")
	command.RunE = func(command *cobra.Command, _ []string) error {
		debug.SetGCPercent(gcPercent)
		var all [][]figure
		load := loadAverage()
		for range runs {
			r := &report{out: command.OutOrStdout()}
			if err := bench(command.Context(), benchmarks(), shop.Options{Bin: bin, LogLevel: benchLog, Unasked: true}, r); err != nil {
				return err
			}
			all = append(all, r.printed)
		}
		var text strings.Builder
		writeResults(&text, all, load, time.Now())
		return os.WriteFile(path, []byte(text.String()), 0o644)
	}
	return command
}

// writeResults writes one line a figure: its bar, and the least, middle and greatest of the runs.
func writeResults(w io.Writer, runs [][]figure, load string, now time.Time) {
	fmt.Fprintf(w, "# Figures\n\nThe last full run of `bin/loadtest results`: %d runs of everything, one after another, on one machine: terminals,\n"+
		"load generator, broker, cloud and operator share its processors. `floor` is the same in the same run with nothing but\n"+
		"the necessary commits and round trips (tools/loadtest/floor), its customers coming after the same pause as the\n"+
		"product's: a processor that slept wakes slowly for both. For drain.sale it is the sale on a quiet line.\n\n", len(runs))
	fmt.Fprintf(w, "| machine | |\n|---|---|\n| date | %s |\n| processors | %d × %s |\n| kernel | %s |\n| Go | %s |\n| load average before | %s |\n\n",
		now.UTC().Format("2006-01-02"), runtime.NumCPU(), processor(), kernel(), runtime.Version(), load)
	fmt.Fprint(w, "| figure | unit | bar | least | median | greatest | floor (median) | samples a run |\n|---|---|---|---|---|---|---|---|\n")
	for i, f := range runs[0] {
		values, floors := make([]float64, 0, len(runs)), make([]float64, 0, len(runs))
		for _, run := range runs {
			values, floors = append(values, run[i].Value), append(floors, run[i].Floor)
		}
		slices.Sort(values)
		slices.Sort(floors)
		floor := ""
		if middle := floors[len(floors)/2]; middle != 0 {
			floor = fmt.Sprint(middle)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %v | %v | %v | %s | %d |\n", f.Name, f.Unit, bars()[f.Name],
			values[0], values[len(values)/2], values[len(values)-1], floor, f.Count)
	}
}

func loadAverage() string {
	fields := strings.Fields(firstLineOf("/proc/loadavg"))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

// processor names the processor, where the kernel tells.
func processor() string {
	text, err := exec.Command("sed", "-n", "s/^model name[^:]*: //p", "/proc/cpuinfo").Output()
	name, _, _ := strings.Cut(string(text), "\n")
	if err != nil || name == "" {
		return runtime.GOARCH
	}
	return name
}

// kernel is the kernel's release without what its builder added.
func kernel() string {
	release, _, _ := strings.Cut(firstLineOf("/proc/sys/kernel/osrelease"), "-")
	return release
}

func firstLineOf(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}
