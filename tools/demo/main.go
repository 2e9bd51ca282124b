// Command demo runs a small shop on this machine and takes sales by itself: cloud, operator, and one terminal whose
// devices are simulated on pseudo-terminals.
//
// Exit codes: 0 all held, 1 something did not and is told, 130, 143 or 129 when Ctrl-C, SIGTERM or a closed window ended
// it. What a person ended by hand in a demonstration that is watched is told as it happens and is no failure.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/tools/shop"
)

// deathGrace is how long after a failed scene a process's end is still waited for.
const deathGrace = time.Second

// salesMax bounds the sales that are timed at the end.
const salesMax = 10_000

// errInterrupted says that a person broke the demonstration off, which is no failure.
var errInterrupted = errors.New("interrupted")

// options are the command's flags.
type options struct {
	once, json      bool
	profiling       bool
	bin, dir, agent string
	runner          string
	sales           int
}

// endedBy is the signal that ended the demonstration.
type endedBy struct{ signal syscall.Signal }

// Error implements error.
func (e endedBy) Error() string {
	return fmt.Sprintf("ended by signal %d (%v)", int(e.signal), e.signal)
}

// code is a shell's own for a program that the signal ended.
func (e endedBy) code() int { return 128 + int(e.signal) }

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	go await(cancel)
	err := newCommand().ExecuteContext(ctx)
	var ended endedBy
	switch {
	case errors.As(err, &ended):
		os.Exit(ended.code())
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// await ends the demonstration with the first signal; a second one ends the program at once.
func await(cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if received, is := (<-signals).(syscall.Signal); is {
		signal.Stop(signals)
		cancel(endedBy{received})
	}
}

func newCommand() *cobra.Command {
	var o options
	command := &cobra.Command{Use: "demo", Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		Short: "在本机演示一家小店 · A small shop on this machine",
		Long: "在本机演示一家小店 · A small shop on this machine\n\n" +
			"演完各幕后继续营业，并列出可试的命令：收款、付款、制造麻烦、断开和恢复终端的网络、断电。\n" +
			"After its scenes it stays open and lists what to try: selling, paying, making trouble, cutting and mending the\n" +
			"terminal's network, power cuts.",
		RunE: func(command *cobra.Command, _ []string) error {
			return run(command.Context(), o, command.OutOrStdout(), command.ErrOrStderr())
		}}
	flags := command.Flags()
	flags.BoolVar(&o.once, "once", false, "演示一遍即退出 · stop after the scenes")
	flags.BoolVar(&o.json, "json", false, "最后输出一行 JSON，过程写到标准错误 · end with one JSON line; the transcript goes to standard error")
	flags.StringVar(&o.bin, "bin", "", "程序目录，缺省为本程序所在目录 · folder of the programs, by default this one's")
	flags.StringVar(&o.dir, "dir", "", "数据目录，缺省 build/demo · folder for everything it writes")
	flags.StringVar(&o.agent, "agent", "", "另一个终端程序 · another agent, such as one for ARM")
	flags.StringVar(&o.runner, "agent-runner", "", "运行它的命令 · what runs it, such as an emulator")
	flags.BoolVar(&o.profiling, "profiling", false, "云端在本机提供性能剖析 · the cloud serves its profiles to this machine")
	flags.IntVar(&o.sales, "sales", 40, "最后连续收几笔以测时延 · how many quick sales to time at the end")
	return command
}

// run is the whole demonstration. Its error is endedBy where a signal ended it and nothing had failed.
func run(ctx context.Context, o options, out, errOut io.Writer) error {
	words := &transcript{out: out, begun: time.Now()}
	if o.json {
		words.out = errOut
	}
	err := demonstrate(ctx, o, words, out)
	var ended endedBy
	if !errors.As(context.Cause(ctx), &ended) {
		return err
	}
	words.note("\n收到信号 %d（%v），小店已关闭 · the shop is closed on signal %[1]d (%[2]v)", int(ended.signal), ended.signal)
	if err == nil || errors.Is(err, errInterrupted) {
		return ended
	}
	return err
}

// demonstrate starts the shop, lets it work, and stops it.
func demonstrate(ctx context.Context, o options, words *transcript, out io.Writer) (err error) {
	if o.sales < 1 || o.sales > salesMax {
		return fmt.Errorf("--sales %d：应为 1 至 %d · it is 1 to %[2]d", o.sales, salesMax)
	}
	if o.bin, err = programs(o.bin); err != nil {
		return err
	}
	if err := shop.Programs(o.bin, o.agent); err != nil {
		return err
	}
	dir, lock, err := shop.ClaimFolder("demo", o.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	words.note("启动一家小店：云端、运营机构、一台终端 · starting a small shop: cloud, operator, one terminal …")
	begun := time.Now()
	s, err := shop.Start(ctx, shop.Options{
		Bin: o.bin, Dir: dir, Terminals: 1, Agent: o.agent, Runner: strings.Fields(o.runner), Profiling: o.profiling,
	})
	if ctx.Err() != nil {
		return errors.Join(errInterrupted, stop(s))
	}
	if err != nil {
		return err
	}
	words.note("就绪 · ready %s", since(begun))
	err = attend(ctx, o, s, words, func(ctx context.Context, w *world) error { return open(ctx, o, w, dir, out) })
	switch {
	case errors.Is(err, shop.ErrDied):
		_ = stop(s) // that it ended badly has been said
		return err
	case errors.Is(err, errInterrupted):
		_ = stop(s) // whoever breaks off does not want to know how the rest ended
		return err
	default:
		return errors.Join(err, stop(s))
	}
}

// programs is the folder of the programs: this one's own unless another is named.
func programs(bin string) (string, error) {
	if bin != "" {
		return bin, nil
	}
	own, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find programs: %w", err)
	}
	return filepath.Dir(own), nil
}

func stop(s *shop.Shop) error {
	if s == nil {
		return nil
	}
	return s.Stop()
}

// attend keeps an eye on the shop's processes during its day. Its error is shop.ErrDied when one has failed for good.
func attend(ctx context.Context, o options, s *shop.Shop, words *transcript, day func(context.Context, *world) error) error {
	kept, cancel := context.WithCancelCause(ctx)
	k := newKeeper(words, o.once, cancel, s)
	wait := s.Keep(kept, k.keeping())
	err := day(kept, &world{shop: s, out: words, tally: map[string]int{}, keeper: k, began: map[string]bool{}})
	if err != nil && !errors.Is(err, errInterrupted) {
		k.since(0) // a scene can fail a moment before the end of a process is known
	}
	cancel(nil)
	wait()
	if wrong := k.wrong(); wrong != nil {
		return wrong
	}
	return err
}

// open is the shop's day: the scenes, the audit, and open doors until the context ends.
func open(ctx context.Context, o options, w *world, dir string, out io.Writer) error {
	err := w.business(ctx, o.sales)
	if err != nil && !errors.Is(err, errNotWhole) {
		return interrupted(ctx, fmt.Errorf("%w (logs in %s)", err, dir))
	}
	var problems []error
	if err == nil {
		var verdict verdict
		if verdict, problems = w.audit(ctx); ctx.Err() != nil {
			return interrupted(ctx, errors.Join(problems...))
		}
		w.out.report(verdict, problems, dir)
		if o.json {
			if err := json.NewEncoder(out).Encode(verdict); err != nil {
				return fmt.Errorf("write verdict: %w", err)
			}
		}
	}
	if !o.once && len(problems) == 0 {
		return w.openDoors(ctx, o.bin)
	}
	return errors.Join(problems...)
}

// interrupted returns errInterrupted when the person at the keyboard broke off, else the failure.
func interrupted(ctx context.Context, failure error) error {
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), shop.ErrDied) {
		return errInterrupted
	}
	return failure
}

// business plays all scenes, then a run of quick sales for the counter's latency.
func (w *world) business(ctx context.Context, quick int) error {
	all := scenes()
	for i, sc := range all {
		w.out.scene(i+1, len(all)+1, sc.title)
		if err := w.perform(ctx, func() error { return w.play(ctx, sc) }); err != nil {
			return fmt.Errorf("scene %q: %w", sc.title, err)
		}
	}
	w.out.scene(len(all)+1, len(all)+1, fmt.Sprintf("连续收款 %d 笔，计时 · %d sales in a row, timed", quick, quick))
	return w.perform(ctx, func() error { return w.rush(ctx, quick) })
}
