package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// holdsMax is how many holds are listed.
const holdsMax = 100

func (p *program) hold() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hold",
		Short: "预授权  Hold an amount, then complete or release it",
		Long: "预授权：先冻结，再完成（收款）、追加、撤销或撤销完成；到期自动解冻。\n" +
			"Holds an amount, then completes (charges), tops up, cancels or undoes; what is still held at the end goes back by itself.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.holdStart(), p.holdTopUp(), p.holdComplete(), p.holdCancel(), p.holdUndo(), p.holdList())
	return cmd
}

// holdDaysMax is the longest a hold may be asked for.
const holdDaysMax = 366

func (p *program) holdStart() *cobra.Command {
	flags := saleFlags{hold: true}
	cmd := &cobra.Command{
		Use:   "start --amount 300",
		Short: "发起预授权  Hold an amount",
		Long: "冻结顾客的款项，尚未收款。退出码与 --json 同 yuantill sale。\n" +
			"Holds the customer's money without taking it. Exit codes and --json are those of yuantill sale.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("days") && (flags.days < 1 || flags.days > holdDaysMax) {
				return usage(catalogue.FlagOutside("--days", flags.days, 1, holdDaysMax))
			}
			if err := notEmpty(cmd, "amount"); err != nil {
				return err
			}
			start, err := flags.start(p.Clock())
			if err != nil {
				return err
			}
			return p.runSale(cmd.Context(), flags, start)
		},
	}
	flags.register(cmd)
	cmd.Flags().IntVar(&flags.days, "days", 0, "几天后自动解冻  days until it goes back by itself (default: the merchant's plan)")
	return cmd
}

func (p *program) holdTopUp() *cobra.Command {
	return p.followCommand(followFlags{verb: []string{"hold", "top-up"}, kind: "top-up", takesAmount: true, needed: true},
		"top-up ORDER --amount 100", "追加预授权  Hold more", "追加冻结金额。\nMore is held.")
}

func (p *program) holdComplete() *cobra.Command {
	return p.followCommand(followFlags{verb: []string{"hold", "complete"}, kind: "complete", takesAmount: true, needed: true},
		"complete ORDER --amount 280", "预授权完成  Take what is held, or part of it",
		"从冻结的款项中收款，可多次；--last 同时解冻余额。\nTakes money out of what is held, several times if need be; --last releases the rest.")
}

func (p *program) holdCancel() *cobra.Command {
	return p.followCommand(followFlags{verb: []string{"hold", "cancel"}, kind: "cancel"},
		"cancel ORDER", "预授权撤销  Release what is still held", "仍冻结的款项退回顾客。\nWhat is still held goes back to the customer.")
}

func (p *program) holdUndo() *cobra.Command {
	return p.followCommand(followFlags{verb: []string{"hold", "undo"}, kind: "undo"},
		"undo ORDER", "预授权完成撤销  Take one completion back", "撤销一次完成，金额重新冻结。预授权结束后（如 complete --last 之后）不能撤销完成，请用 yuantill refund 退货。\n"+
			"Takes one completion back whole; the amount is held again.\n"+
			"Once the hold has ended, as after complete --last, nothing is undone: refund instead (yuantill refund).")
}

func (p *program) holdList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "未结束的预授权  This till's holds that still hold something",
		Args:  noArguments,
		RunE:  p.looking(func(cmd *cobra.Command, _ []string) error { return p.runHoldList(cmd.Context()) }),
	}
}

func (p *program) runHoldList(ctx context.Context) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	holds, err := client.Sales(ctx, holdsMax, true)
	if err != nil {
		return stationFailure(err)
	}
	if p.json {
		if holds == nil {
			holds = []stationclient.Sale{}
		}
		return p.printJSON(holds)
	}
	for _, hold := range holds {
		line := fmt.Sprintf("%s  %s  %06d  %s", p.local(hold.StartedAt), hold.Reference, hold.Voucher, hold.Text)
		if hold.Standing != nil {
			line += "  " + p.standing(*hold.Standing, hold.Currency)
		}
		fmt.Fprintln(p.Out, line)
	}
	if len(holds) == 0 {
		p.say("没有未结束的预授权", "no hold still holds anything")
	}
	return nil
}
