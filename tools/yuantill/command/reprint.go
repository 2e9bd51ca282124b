package command

import (
	"context"
	"errors"
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
			"凭条按号码在最近 100 笔收款的办理中查找，更早的用办理编号。\n" +
			"Prints the receipt of one of this till's sales again, or the slip of a void, a refund or a step of a hold; the paper\n" +
			"says that it is a reprint. SALE is the order id, FOLLOW-UP the follow-up's (find shows it), REFERENCE what stands on\n" +
			"the paper, or --voucher; the text of a QR code always means the receipt. Without any it is the latest sale that has a\n" +
			"receipt. A slip's numbers are looked for in what was done with the latest 100 sales; use its id for older ones.\n\n" +
			"--json: the station's sale or follow-up",
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
		done, err := client.ReprintFollowUp(ctx, key, found.followUp, copied)
		if err != nil {
			return stationFailure(err)
		}
		return p.sayReprint(ctx, client, copied, done, func() {
			p.row("办理", "follow-up", done.ID)
			p.row("金额", "amount", p.language.Pick(done.Name)+"  "+done.Text+"  "+p.language.Pick(done.Title))
		})
	}
	sale, err := client.Reprint(ctx, key, found.order, copied)
	if err != nil {
		return stationFailure(err)
	}
	return p.sayReprint(ctx, client, copied, sale, func() {
		p.row("订单", "order", sale.ID)
		p.row("金额", "amount", sale.Text+"  "+p.language.Pick(sale.Title))
	})
}

// sayReprint says what was given to the printer: told as JSON, or in rows.
func (p *program) sayReprint(ctx context.Context, client *stationclient.Client, copied string, told any, rows func()) error {
	if p.json {
		return p.printJSON(told)
	}
	rows()
	name := copyText(copied)
	p.row("重印", "reprint", p.text(name.Chinese+"已交给打印机", name.English+" was given to the printer"))
	p.tellPrinter(ctx, client)
	return nil
}

// tellPrinter says when the paper will not come by itself. It refuses nothing.
func (p *program) tellPrinter(ctx context.Context, client *stationclient.Client) {
	ctx, cancel := context.WithTimeout(ctx, devicesWait)
	defer cancel()
	status, err := client.Status(ctx)
	if err != nil {
		return // it was asked for; that the station is away since then is another matter
	}
	const printer = "printer"
	for _, device := range status.Devices {
		if device.Name == printer && device.State != "ready" {
			state := deviceState(device.State)
			p.remark(p.text(deviceText(printer).Chinese+state.Chinese, printer+" "+state.English))
		}
	}
}
