// Command yuantill-cloud is the cloud: broker, collector, payments, books and API in one process.
//
// Exit codes: 0 all well, 1 failed, 3 the books do not balance (check), 4 the database is gone or is another cloud's.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

// The exit codes.
const (
	exitFailed     = 1
	exitUnbalanced = 3
	exitBooks      = 4
)

// errUsage says that the command line is wrong.
var errUsage = errors.New("命令行有误 wrong command line")

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
		os.Exit(exitCode(err))
	}
}

// exitCode is how a command's error is told to whoever started it.
func exitCode(err error) int {
	switch {
	case errors.Is(err, errUnbalanced):
		return exitUnbalanced
	case errors.Is(err, sqlite.ErrGone), errors.Is(err, sqlite.ErrForeign):
		return exitBooks
	default:
		return exitFailed
	}
}

const exitCodes = `云端：接入、支付、账务 · The cloud: broker, payments, books

退出码 Exit codes
  0  正常 all well
  1  失败 failed
  3  账目不平（check） the books do not balance (check)
  4  数据库不见了，或属于另一个云端 the database is gone, or is another cloud's`

func newCommand() *cobra.Command {
	var path string
	root := &cobra.Command{
		Use: "yuantill-cloud", Short: "云端：接入、支付、账务 · The cloud: broker, payments, books", Long: exitCodes, Version: protocol.Release,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			// Nothing touches money on a machine that computes wrongly.
			return errors.Join(seal.SelfTest(seal.Portable()), seal.SelfTest(fast.Engine()))
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
	root.Args = func(_ *cobra.Command, arguments []string) error {
		if len(arguments) > 0 {
			return fmt.Errorf("%w: unknown command %q", errUsage, arguments[0])
		}
		return nil
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
		alarmsCommand(withSettings), settleCommand(withSettings), reconciliationsCommand(withSettings), forgoCommand(withSettings))
	return root
}
