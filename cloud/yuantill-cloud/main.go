// Command yuantill-cloud is the cloud: broker, collector, payments, books and API in one process.
//
// Exit codes: 0 all well, 1 failed, 2 wrong usage, 3 the books do not balance (check).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/protocol"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

// The exit codes.
const (
	exitFailed     = 1
	exitUnbalanced = 3
)

// errUnbalanced says that a check found the books out of balance.
var errUnbalanced = errors.New("the books do not balance")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "yuantill-cloud:", err)
		for _, text := range advice(err) {
			fmt.Fprintln(os.Stderr, "  →", text)
		}
		if errors.Is(err, errUnbalanced) {
			os.Exit(exitUnbalanced)
		}
		os.Exit(exitFailed)
	}
}

func newCommand() *cobra.Command {
	var path string
	root := &cobra.Command{
		Use: "yuantill-cloud", Short: "云端：接入、支付、账务 · The cloud: broker, payments, books", Version: protocol.Release,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			// Nothing touches money on a machine that computes wrongly.
			return errors.Join(seal.SelfTest(seal.Portable()), seal.SelfTest(fast.Engine()))
		},
	}
	root.PersistentFlags().StringVar(&path, "settings", "cloud.toml", "settings file")
	withSettings := func(run func(*cobra.Command, Settings) error) func(*cobra.Command, []string) error {
		return func(command *cobra.Command, _ []string) error {
			settings, err := ReadSettings(path)
			if err != nil {
				return err
			}
			return run(command, settings)
		}
	}
	root.AddCommand(serveCommand(withSettings), initCommand(withSettings), merchantCommand(withSettings),
		enrolCommand(withSettings), blockCommand(withSettings), retireCommand(withSettings), checkCommand(withSettings), plansCommand(withSettings),
		alarmsCommand(withSettings), settleCommand(withSettings), reconciliationsCommand(withSettings))
	return root
}
