package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/reconcile"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

func forgoCommand(with configured) *cobra.Command {
	var d reconcile.Decision
	var day string
	command := &cobra.Command{Use: "forgo", Args: cobra.NoArgs,
		Short: "放弃等不到的对账单，继续对其后各天；拒付也不再入账 · Give up a statement that will not come, so that the days behind it are compared; its disputes are not booked"}
	flags := command.Flags()
	flags.StringVar(&d.Operator, "operator", "", "机构代码 · the operator's code")
	flags.StringVar(&day, "day", "", "营业日，如 2026-11-23 · business day in China")
	flags.StringVar(&d.By, "by", "", "决定人 · who decides")
	flags.StringVar(&d.Why, "why", "", "原因 · for what reason")
	command.RunE = with(func(command *cobra.Command, s Settings) error {
		var err error
		if d.Day, err = operator.ParseDay(day); err != nil {
			return fmt.Errorf("须用 --day 写明营业日，如 2026-11-23 · --day must be a business day such as 2026-11-23: %w", err)
		}
		return withBooks(command.Context(), s, func(books *sqlite.Store) error {
			d.At = time.Now().UTC().Truncate(time.Microsecond)
			row, err := reconcile.Forgo(command.Context(), books, d)
			switch {
			case errors.Is(err, reconcile.ErrNotWaiting):
				return fmt.Errorf("没有在等这家机构这一天的对账单，请看 yuantill-cloud reconciliations · this day's statement is not waited for, see yuantill-cloud reconciliations: %w", err)
			case errors.Is(err, reconcile.ErrTooEarly):
				return fmt.Errorf("还在索取，报警之后才可放弃 · it may still come; it can be given up once an alarm has told of it: %w", err)
			case errors.Is(err, reconcile.ErrReason):
				return fmt.Errorf("须用 --by 写明决定人、--why 写明原因，各一行 · %w", err)
			case err != nil:
				return err
			}
			one, err := api.NewReconciliation(row)
			if err != nil {
				return err
			}
			return sayReconciliations(command.OutOrStdout(), []api.Reconciliation{one})
		})
	})
	return command
}
