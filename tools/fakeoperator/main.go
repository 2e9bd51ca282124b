// Command fakeoperator is a wallet operator for trials: it takes the calls of the published operator profile over HTTPS,
// plays the personalities it is told to play, and keeps books of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/tools/fakeoperator/front"
)

// gcPercent trades memory for processor time: load tests share the machine with what they measure.
const gcPercent = 400

func main() {
	debug.SetGCPercent(gcPercent)
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1) // it simulates somebody else's machine, and takes no more of this one than it must
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "fakeoperator:", err)
		os.Exit(1)
	}
}

func newCommand() *cobra.Command {
	var o options
	var verbose bool
	command := &cobra.Command{
		Use:   "fakeoperator",
		Short: "模拟钱包运营机构 · A wallet operator for trials, with books of its own",
		Long: "模拟钱包运营机构：按公开的接口规范收单，按管理口的规则扮演各种故障，并自记账目。\n\n" +
			"Serves the operator profile (cloud/operator/API.md) over HTTPS and an admin listener on loopback that sets\n" +
			"personalities, plays the customer and shows the books. When both listen it prints one JSON line with their\n" +
			"addresses. The admin listener:\n\n" + front.Help("http://ADMIN"),
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			log := slog.New(slog.NewJSONHandler(command.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			return serve(command.Context(), o, command.OutOrStdout(), log)
		},
	}
	flags := command.Flags()
	flags.StringVar(&o.operator, "operator", "ICBC", "the operator's code in the registry")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "address of the HTTPS listener")
	flags.StringVar(&o.admin, "admin", "127.0.0.1:0", "loopback address of the admin listener")
	flags.StringVar(&o.certificate, "cert", "", "TLS certificate chain, PEM (required)")
	flags.StringVar(&o.key, "key", "", "TLS private key, PEM (required)")
	flags.StringVar(&o.signKey, "sign-key", "", "SM2 private key that signs answers, PEM (required)")
	flags.StringArrayVar(&o.clients, "client", nil, "SM2 public key of a client, PEM; repeatable (required)")
	flags.StringArrayVar(&o.issuers, "issuer", nil, "SM2 public key of a hard-wallet issuer, PEM; repeatable")
	flags.StringArrayVar(&o.merchants, "merchant", nil, "merchant whose orders are taken; repeatable; none takes everybody's")
	flags.StringVar(&o.daybook, "daybook", "", "file that keeps the books across a kill, synced before each answer; none keeps them in memory")
	flags.Int64Var(&o.opening, "opening", 50_000_000, "opening balance of each wallet in fen")
	flags.Int64Var(&o.completion, "completion-percent", 100, "how much of what is held may be completed")
	flags.StringVar(&o.plans, "plans", "", "file of fees and limits whose wallet caps are enforced; none enforces nothing")
	flags.IntVar(&o.noPasswordCount, "no-password-count", 0, "payments a day and wallet without verification; 0 asks only when the sender wants it")
	flags.BoolVar(&o.reuseCodes, "reuse-codes", false, "let a payment code pay more than once (load tests)")
	flags.BoolVar(&verbose, "verbose", false, "log at debug level")
	for _, name := range []string{"cert", "key", "sign-key", "client"} {
		if err := command.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return command
}
