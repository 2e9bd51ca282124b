package command

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// errCopy marks a copy that no receipt has.
var errCopy = errors.New("command: copy is not customer or merchant")

// copyName is one of a receipt's copies. It implements pflag's Value.
type copyName string

// String returns the flag's value.
func (c *copyName) String() string { return string(*c) }

// Set reads the flag's value, or returns errCopy.
func (c *copyName) Set(text string) error {
	if copyText(text) == (bilingual.Text{}) {
		return errCopy
	}
	*c = copyName(text)
	return nil
}

// Type names the flag's values.
func (c *copyName) Type() string { return "customer|merchant" }

func copyText(name string) bilingual.Text {
	switch name {
	case "customer":
		return bilingual.Text{Chinese: "顾客联", English: "the customer's copy"}
	case "merchant":
		return bilingual.Text{Chinese: "商户联", English: "the merchant's copy"}
	default:
		return bilingual.Text{}
	}
}

func (p *program) reprint() *cobra.Command {
	var flags orderFlags
	copied := copyName("customer")
	cmd := &cobra.Command{
		Use:   "reprint [SALE|FOLLOW-UP|REFERENCE]",
		Short: "重印签购单或凭条  Print a receipt or slip again",
		Long: "重印本机一笔收款的签购单，或一次撤销、退货、预授权办理的凭条，纸上注明重印；不指明时为最近一笔有签购单的收款。\n" +
			"按订单号、办理编号（见 find）、纸上的参考号或凭证号指明；二维码内容总是指签购单。\n" +
			"凭条按号码在本机最近 1000 次办理中查找，更早的用办理编号。\n" +
			"Prints the receipt of one of this till's sales again, or the slip of a void, a refund or a step of a hold; the paper\n" +
			"says that it is a reprint. SALE is the order id, FOLLOW-UP the follow-up's (find shows it), REFERENCE what stands on\n" +
			"the paper, or --voucher; the text of a QR code always means the receipt. Without any it is the latest sale that has a\n" +
			"receipt. A slip's numbers are looked for in the latest 1,000 of this till; use its id for older ones.\n\n" +
			"等打印机报告结果：没有打印或不能确认时退出码为 13。\n" +
			"It waits for the printer's report: a copy that was not printed, or of which nobody knows, ends with exit code 13.\n\n" +
			"--json: the station's sale or follow-up with \"copy\", \"paper\" (printed, not-printed, unconfirmed), \"exit_code\"\n" +
			"and \"exit\"",
		Args: optionalArgument,
		RunE: p.looking(func(cmd *cobra.Command, arguments []string) error {
			return p.runReprint(cmd.Context(), flags, arguments, copied.String())
		}),
	}
	flags.register(cmd)
	cmd.Flags().Var(&copied, "copy", "哪一联  which copy")
	_ = cmd.RegisterFlagCompletionFunc("copy", choices(copied.Type()))
	return cmd
}

// choices completes a flag whose type names its values.
func choices(kind string) cobra.CompletionFunc {
	return cobra.FixedCompletions(strings.Split(kind, "|"), cobra.ShellCompDirectiveNoFileComp)
}

func (p *program) runReprint(ctx context.Context, flags orderFlags, arguments []string, copied string) error {
	if len(arguments) > 0 || flags.voucher != 0 {
		if _, err := flags.wanted(arguments); err != nil {
			return err
		}
	}
	client, err := p.client()
	if err != nil {
		return err
	}
	found, err := flags.paper(ctx, client)
	if err != nil {
		return err
	}
	key, err := checkKey("")
	if err != nil {
		return err
	}
	if found.followUp != "" {
		return p.reprintSlip(ctx, client, key, found.followUp, copied)
	}
	return p.reprintReceipt(ctx, client, key, found.order, copied)
}

func (p *program) reprintReceipt(ctx context.Context, client *stationclient.Client, key, order, copied string) error {
	sale, err := client.Reprint(ctx, key, order, copied)
	if err != nil {
		return stationFailure(err)
	}
	became := awaitCopy(ctx, copied, sale.Reprint, func(ctx context.Context) (*stationclient.Reprint, error) {
		now, err := client.Sale(ctx, sale.ID)
		if err == nil {
			sale = now
		}
		return now.Reprint, err
	})
	p.did(sale.ID, became.code())
	if p.json {
		return became.ended(p.printJSON(receiptReprintJSON{Sale: sale, reprintJSON: became.json(copied)}))
	}
	p.row("订单", "order", sale.ID)
	p.row("金额", "amount", sale.Text+"  "+p.language.Pick(sale.Title))
	p.sayCopy(ctx, client, copied, became, slices.Contains(sale.Altered, copied))
	return became.ended(nil)
}

func (p *program) reprintSlip(ctx context.Context, client *stationclient.Client, key, id, copied string) error {
	done, err := client.ReprintFollowUp(ctx, key, id, copied)
	if err != nil {
		return stationFailure(err)
	}
	became := awaitCopy(ctx, copied, done.Reprint, func(ctx context.Context) (*stationclient.Reprint, error) {
		now, err := client.Follow(ctx, done.ID)
		if err == nil {
			done = now
		}
		return now.Reprint, err
	})
	p.did(done.ID, became.code())
	if p.json {
		return became.ended(p.printJSON(slipReprintJSON{FollowUp: done, reprintJSON: became.json(copied)}))
	}
	p.row("办理", "follow-up", done.ID)
	p.row("金额", "amount", p.language.Pick(done.Name)+"  "+done.Text+"  "+p.language.Pick(done.Title))
	p.sayCopy(ctx, client, copied, became, slices.Contains(done.Altered, copied))
	return became.ended(nil)
}

// receiptReprintJSON is what `reprint --json` prints of a sale.
type receiptReprintJSON struct {
	stationclient.Sale
	reprintJSON
}

// slipReprintJSON is what `reprint --json` prints of a follow-up.
type slipReprintJSON struct {
	stationclient.FollowUp
	reprintJSON
}
