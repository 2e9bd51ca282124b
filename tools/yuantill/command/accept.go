package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
)

func (p *program) accept() *cobra.Command {
	said := station.AcceptanceBody{Decision: "accepted"}
	var reject, settled bool
	cmd := &cobra.Command{
		Use:   "accept ORDER",
		Short: "接受已付款的自助订单  Accept a kiosk's order that is paid",
		Long: "代店铺订单系统对一笔已付款、需要接单的收款表态：接受；--reject 拒绝，款项自动退回；--settled 由人工处理完毕（status 中列出的订单）。\n" +
			"Says for the shop's order system what becomes of an order that is paid: accepted; with --reject its money goes back by\n" +
			"itself; with --settled a person has seen to one that status names.\n\n" +
			"--json: the station's sale",
		Args: oneArgument,
		RunE: p.looking(func(cmd *cobra.Command, arguments []string) error {
			switch {
			case reject && settled:
				return usage(catalogue.RejectOrSettled())
			case reject:
				said.Decision = "rejected"
			case settled:
				said.Decision = "settled"
			}
			return p.runAccept(cmd.Context(), arguments[0], said)
		}),
	}
	cmd.Flags().BoolVar(&reject, "reject", false, "拒绝  reject it")
	cmd.Flags().BoolVar(&settled, "settled", false, "已由人工处理  a person has seen to it")
	cmd.Flags().StringVar(&said.Cashier, "cashier", "", "处理人  who")
	return cmd
}

func (p *program) runAccept(ctx context.Context, order string, said station.AcceptanceBody) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	key, err := checkKey("")
	if err != nil {
		return err
	}
	// The till itself takes the same word twice.
	sale, err := client.Accept(ctx, key, order, said)
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

// sayOrders names the orders that are paid and not accepted, and whose money is not back.
func (p *program) sayOrders(orders []station.Sale) {
	for _, sale := range orders {
		title, next := bilingual.Text(sale.Title), bilingual.Text(sale.Next)
		p.row("未接订单", "order not accepted", sale.ID+"  "+sale.ShopOrder.Reference+"  "+sale.Text+"  "+p.language.Pick(title))
		p.row("下一步", "next", "→ "+p.language.Pick(next))
	}
}
