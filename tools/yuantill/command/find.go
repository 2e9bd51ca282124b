package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

func (p *program) find() *cobra.Command {
	var flags orderFlags
	cmd := &cobra.Command{
		Use:   "find ORDER",
		Short: "查找订单  Find an order by its receipt",
		Long: "按参考号、订单号、签购单二维码内容或本机凭证号（缺省为当前班次的）查找；本机没有时问平台，不动任何款项。\n" +
			"本机办理的撤销、退货、预授权，按凭条上的办理号或凭证号找到原订单。\n" +
			"By the receipt's reference, the order id, the text of the receipt's QR code, or this till's voucher number (the\n" +
			"open shift's unless --batch says another): in the till's journal first, else in the cloud. It moves nothing.\n" +
			"The numbers on the slip of a void, a refund or a step of a hold of this till lead to its order.\n\n" +
			"--json: the station's POST /v1/lookups",
		Args: optionalArgument,
		RunE: p.looking(func(cmd *cobra.Command, arguments []string) error {
			wanted, err := flags.wanted(arguments)
			if err != nil {
				return err
			}
			return p.runFind(cmd.Context(), wanted)
		}),
	}
	flags.register(cmd)
	return cmd
}

func (p *program) runFind(ctx context.Context, wanted stationclient.Lookup) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	order, err := client.Lookup(ctx, wanted)
	if err != nil {
		return stationFailure(err)
	}
	if p.json {
		return p.printJSON(order)
	}
	p.row("订单", "order", order.ID)
	p.row("参考号", "reference", order.Reference)
	taken := order.Terminal
	if order.Voucher != 0 {
		taken += fmt.Sprintf("  %06d/%06d", order.Batch, order.Voucher)
	}
	if order.RequestedAt != nil {
		taken += "  " + p.local(*order.RequestedAt)
	}
	p.row("终端与凭证号", "terminal and voucher", taken)
	p.row("金额", "amount", order.Text+"  "+p.because(p.outcome(order.Outcome), order.Reason))
	if order.Wallet != "" {
		p.row("钱包", "wallet", order.Operator+"  "+order.Wallet)
	}
	if order.Standing != nil {
		p.row("现状", "standing", p.standing(*order.Standing, order.Currency))
	}
	for _, done := range order.FollowUps {
		p.row("办理", "follow-up", fmt.Sprintf("%s  %s  %s  %s  %s", p.local(done.RequestedAt), p.language.Pick(done.Name),
			done.Text, p.because(p.language.Pick(done.Title), done.Reason), done.ID))
	}
	return nil
}

// because is what something came to, with why where that is known.
func (p *program) because(ended string, reason *stationclient.Words) string {
	if reason == nil {
		return ended
	}
	return ended + " · " + p.language.Pick(*reason)
}

// outcome is an outcome in words.
func (p *program) outcome(name string) string {
	switch name {
	case "approved":
		return p.text("成功", "approved")
	case "declined":
		return p.text("失败", "declined")
	case "reversed":
		return p.text("已撤销", "taken back")
	case "unknown":
		return p.text("结果未知", "not known yet")
	default:
		return p.text("未发起付款", "no payment was asked for")
	}
}
