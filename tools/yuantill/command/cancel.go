package command

import (
	"context"

	"github.com/spf13/cobra"
)

func (p *program) cancel() *cobra.Command {
	var cashier string
	cmd := &cobra.Command{
		Use:   "cancel ORDER",
		Short: "取消或撤销未完成的收款  Cancel a sale that is open, or take it back",
		Long: "取消本机一笔未完成的收款（订单号见“已有未完成的收款”提示）；已请求付款的会被撤销，结果用 find 查看。\n" +
			"Cancels a sale of this till that is open; its id stands in the refusal of the next one. One whose payment was\n" +
			"asked for is taken back: find shows what came of it.\n\n" +
			"--json: the station's sale",
		Args: oneArgument,
		RunE: p.looking(func(cmd *cobra.Command, arguments []string) error {
			return p.runCancel(cmd.Context(), arguments[0], cashier)
		}),
	}
	cmd.Flags().StringVar(&cashier, "cashier", "", "收银员  cashier")
	return cmd
}

func (p *program) runCancel(ctx context.Context, order, cashier string) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	// The same order is cancelled once, however often it is asked.
	sale, err := client.Cancel(ctx, order+keyCancel, order, cashier)
	if err != nil {
		return stationFailure(err)
	}
	p.did(sale.ID, CodeOK)
	if p.json {
		return p.printJSON(sale)
	}
	p.row("订单", "order", sale.ID)
	p.row("金额", "amount", sale.Text+"  "+p.language.Pick(sale.Title))
	return nil
}
