package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
	"github.com/yuantill/yuantill/tools/yuantill/wallclock"
)

const shiftsDefault = 10

// shiftJSON is what a command about one shift prints.
type shiftJSON struct {
	Key   string              `json:"key,omitempty"`
	Shift stationclient.Shift `json:"shift"`
}

func (p *program) shiftList() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "班次列表，新的在前  The latest shifts, newest first", Args: noArguments,
		RunE: p.looking(func(cmd *cobra.Command, _ []string) error {
			if limit < 1 || limit > 100 {
				return usage(catalogue.FlagOutside("--last", limit, 1, 100))
			}
			client, err := p.client()
			if err != nil {
				return err
			}
			shifts, err := client.Shifts(cmd.Context(), limit)
			if err != nil {
				return stationFailure(err)
			}
			if p.json {
				return p.printJSON(shifts)
			}
			for _, shift := range shifts {
				p.sayShiftHead(shift)
			}
			return nil
		}),
	}
	cmd.Flags().IntVar(&limit, "last", shiftsDefault, "多少个  how many")
	return cmd
}

// sayShift shows one shift with its lines.
func (p *program) sayShift(key string, s stationclient.Shift) error {
	if p.json {
		return p.printJSON(shiftJSON{Key: key, Shift: s})
	}
	p.sayShiftHead(s)
	for _, line := range s.Lines {
		p.sayShiftLine(s, line)
	}
	if len(s.Open) > 0 {
		p.say(fmt.Sprintf("  尚无结果 %d 笔", len(s.Open)), fmt.Sprintf("  %d without a result yet", len(s.Open)))
		for _, id := range s.Open {
			fmt.Fprintf(p.Out, "    %s\n", id)
		}
	}
	return nil
}

func (p *program) sayShiftHead(s stationclient.Shift) {
	state := map[string][2]string{
		"open": {"进行中", "open"}, "provisional": {"暂交，待补全", "closed provisionally"}, "complete": {"已交班", "closed"},
	}[s.State]
	until, by := "", ""
	if s.ClosedAt != nil {
		until = "–" + wallclock.DateTime(*s.ClosedAt)
	}
	if s.ApprovedBy != "" {
		by = p.text("  同意人 ", "  approved by ") + s.ApprovedBy
	}
	fmt.Fprintf(p.Out, "%s %06d  %s  %s%s  %s%s\n", p.text("批次", "batch"), s.Batch, p.text(state[0], state[1]),
		wallclock.DateTime(s.OpenedAt), until, s.Cashier, by)
}

func (p *program) sayShiftLine(s stationclient.Shift, l stationclient.ShiftLine) {
	text := "  " + receipt.MethodWords(l.Method) + "  "
	if l.Method == closing.Cash {
		text += fmt.Sprintf("%s %s  %s %s", p.text("备用金", "float"), shiftAmount(s, s.Float), p.text("存取", "moved"), shiftAmount(s, s.CashMoved))
	} else {
		text += fmt.Sprintf("%s %d, %s", p.text("收款", "sales"), l.Sales, shiftAmount(s, l.SalesAmount))
		if l.Refunds > 0 {
			text += fmt.Sprintf("  %s %d, %s", p.text("退款", "refunds"), l.Refunds, shiftAmount(s, l.RefundsAmount))
		}
	}
	text += fmt.Sprintf("  %s %s", p.text("应收", "expected"), shiftAmount(s, l.Expected))
	if l.Counted != nil {
		text += fmt.Sprintf("  %s %s  %s %s", p.text("实收", "counted"), shiftAmount(s, *l.Counted),
			p.text("差额", "difference"), shiftAmount(s, *l.Difference))
	}
	fmt.Fprintln(p.Out, text)
}

func shiftAmount(s stationclient.Shift, minor int64) string {
	amount, err := money.Of(minor, s.Currency)
	if err != nil {
		return fmt.Sprintf("%d", minor)
	}
	return amount.Display()
}
