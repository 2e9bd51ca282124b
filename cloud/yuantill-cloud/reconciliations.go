package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/money"
)

// daysListed is how many comparisons are listed unless a flag says otherwise.
const daysListed = 31

func reconciliationsCommand(with configured) *cobra.Command {
	var code string
	var limit int
	var asJSON bool
	command := &cobra.Command{Use: "reconciliations", Args: cobra.NoArgs,
		Short: "列出与运营机构的逐日对账 · List how operators' statements compare with the books"}
	flags := command.Flags()
	flags.StringVar(&code, "operator", "", "只看一家机构 · of one operator only")
	flags.IntVar(&limit, "limit", daysListed, "最多几条 · at most so many")
	flags.BoolVar(&asJSON, "json", false, "输出 JSON，同 GET /v1/reconciliations · as JSON, like GET /v1/reconciliations")
	command.RunE = with(func(command *cobra.Command, s Settings) error {
		return withBooks(command.Context(), s, func(books *sqlite.Store) error {
			rows, err := books.Reconciliations(command.Context(), code, max(limit, 1))
			if err != nil {
				return err
			}
			days := make([]api.Reconciliation, 0, len(rows))
			for _, row := range rows {
				day, err := api.NewReconciliation(row)
				if err != nil {
					return err
				}
				days = append(days, day)
			}
			if asJSON {
				return json.NewEncoder(command.OutOrStdout()).Encode(days)
			}
			return sayReconciliations(command.OutOrStdout(), days)
		})
	})
	return command
}

// yuan is an amount of fen for people.
func yuan(fen int64) string { return money.Money{Minor: fen, Currency: money.CNY}.Display() }

// sayReconciliations writes comparisons for people.
func sayReconciliations(out io.Writer, days []api.Reconciliation) error {
	if len(days) == 0 {
		_, err := fmt.Fprintln(out, "还没有对账 · nothing was compared yet")
		return err
	}
	states := map[string]string{"waiting": "等待 waiting", "agrees": "相符 agrees", "differs": "不符 differs", "forgone": "放弃 forgone"}
	for _, d := range days {
		text := fmt.Sprintf("%s  %s  %s  %d 行 lines  +%s −%s 拒付 disputed %s\n", d.Day, d.Operator, states[d.State], d.Lines, yuan(d.Paid),
			yuan(d.Returned), yuan(d.Disputed))
		if d.State == "waiting" && d.NextAt != nil {
			text += fmt.Sprintf("    第 %d 次未成，再取于 · attempt %d failed, next %s: %s\n", d.Attempts, d.Attempts, d.NextAt.UTC().Format(time.RFC3339), d.Detail)
		}
		if d.State == "forgone" {
			text += "    " + d.Detail + "\n"
		}
		for _, one := range d.Differences {
			text += fmt.Sprintf("    %s  %s  机构 operator %s  我方 ours %s %s\n    → %s\n", one.Order, one.Title, yuan(one.Theirs), yuan(one.Ours), one.Reference, one.Next)
		}
		if more := d.Count - len(d.Differences); more > 0 {
			text += fmt.Sprintf("    另有 %d 笔不符 · %d more differ\n", more, more)
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
	}
	return nil
}
