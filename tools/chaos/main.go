// Command chaos proves the promise on real processes: cashiers sell while agent, cloud and operator are killed, cut off
// and filled up; then all books must agree to the fen.
//
// Exit codes: 0 all held, 1 something did not, 130 broken off before that was known.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/tools/chaos/audit"
	"github.com/yuantill/yuantill/tools/chaos/plan"
	"github.com/yuantill/yuantill/tools/chaos/trial"
	"github.com/yuantill/yuantill/tools/shop"
)

// exitInterrupted is a shell's own code for a program that Ctrl-C ended.
const exitInterrupted = 130

// findingsShown bounds what is listed of a run that went wrong.
const findingsShown = 100

// errHeld says that a promise did not hold.
var errHeld = errors.New("有承诺未能守住 · a promise did not hold")

// options are the command's flags.
type options struct {
	json       bool
	kills      int
	images     int
	seed       uint64
	tills      int
	every      time.Duration
	bin, dir   string
	otherAgent string
}

// verdict is the last line of --json. A run is good when Lost, Doubled and Unexplained are 0.
type verdict struct {
	Kills       int `json:"kills"`
	CrashPoints int `json:"crash_points"`
	Payments    int `json:"payments"`
	Lost        int `json:"lost"`
	Doubled     int `json:"doubled"`
	Unexplained int `json:"unexplained"`
}

// count adds what a trial came to.
func (v *verdict) count(result trial.Result, report audit.Report) {
	v.Kills, v.Payments = result.Kills, report.Payments
	v.Lost += report.Count(audit.Lost)
	v.Doubled += report.Count(audit.Doubled)
	v.Unexplained += report.Count(audit.Unexplained) + len(result.Broken)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := newCommand().ExecuteContext(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		os.Exit(exitInterrupted)
	case err != nil:
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var o options
	command := &cobra.Command{Use: "chaos", Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		Short: "断电、断网、写满磁盘，账目仍须分毫不差 · Kill, cut and fill up; the books must agree to the fen",
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command.Context(), o, command.OutOrStdout(), command.ErrOrStderr())
		}}
	flags := command.Flags()
	flags.BoolVar(&o.json, "json", false, "最后输出一行 JSON，过程写到标准错误 · end with one JSON line; the transcript goes to standard error")
	flags.IntVar(&o.kills, "kills", 200, "断电次数 · how many kills")
	flags.IntVar(&o.images, "images", 20_000, "断电镜像数，0 从略 · crash images of journal and store, 0 for none")
	flags.Uint64Var(&o.seed, "seed", 1, "计划的种子；同一种子同一计划，时序不重现 · seed of the plan; it repeats the plan, not the timing")
	flags.IntVar(&o.tills, "tills", 3, "终端台数 · how many tills")
	flags.DurationVar(&o.every, "every", 900*time.Millisecond, "两次故障的平均间隔 · mean time between two faults")
	flags.StringVar(&o.bin, "bin", "bin", "程序目录 · folder of the programs")
	flags.StringVar(&o.dir, "dir", "", "数据目录，缺省 build/chaos · folder for everything it writes")
	flags.StringVar(&o.otherAgent, "other-agent", "", "另一版本的终端程序，积压时换上 · another version of the agent, changed to with a full queue")
	return command
}

// run is the whole trial.
func run(ctx context.Context, o options, out, errOut io.Writer) (err error) {
	words := newTranscript(out)
	if o.json {
		words = newTranscript(errOut)
	}
	dir, lock, err := shop.ClaimFolder("chaos", o.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	var v verdict
	if err := v.crash(ctx, o, words); err != nil {
		return err
	}
	words.say("种子 %d，断电 %d 次，%d 台终端 · seed %d, %d kills, %d tills", o.seed, o.kills, o.tills, o.seed, o.kills, o.tills)
	result, err := trial.Run(ctx, trial.Options{Bin: o.bin, Dir: dir, Tills: o.tills, Seed: o.seed, OtherAgent: o.otherAgent, Say: words.say,
		Steps: plan.New(plan.Options{Seed: o.seed, Kills: o.kills, Tills: o.tills, Every: o.every})})
	if err != nil {
		return err
	}
	report := audit.Audit(result.Evidence)
	v.count(result, report)
	words.conclude(o, result, report, v)
	if o.json {
		if err := json.NewEncoder(out).Encode(v); err != nil {
			return fmt.Errorf("write verdict: %w", err)
		}
	}
	if v.Lost+v.Doubled+v.Unexplained > 0 {
		return fmt.Errorf("%w (--seed %d, logs in %s)", errHeld, o.seed, dir)
	}
	return nil
}
