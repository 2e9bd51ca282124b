package command

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// latestMax is how far back the latest sale with a receipt is looked for: as many may have ended unpaid after it.
const latestMax = 100

// orderDigits is the length of an order id.
const orderDigits = 32

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
		Use:   "reprint [SALE|REFERENCE]",
		Short: "重印签购单  Print a sale's receipt again",
		Long: "重印本机一笔收款的签购单，纸上注明重印；不指明时为最近一笔有签购单的收款。\n" +
			"按订单号、参考号、签购单二维码内容或本机凭证号指明。\n" +
			"Prints the receipt of one of this till's sales again; the paper says that it is a reprint. SALE is the order id, the\n" +
			"receipt's reference, the text of its QR code, or --voucher; without any it is the latest sale that has a receipt.\n\n" +
			"--json: the station's sale",
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
	order, err := flags.receipt(ctx, client)
	if err != nil {
		return err
	}
	key, err := checkKey("")
	if err != nil {
		return err
	}
	sale, err := client.Reprint(ctx, key, order, copied)
	if err != nil {
		return stationFailure(err)
	}
	if p.json {
		return p.printJSON(sale)
	}
	p.row("订单", "order", sale.ID)
	p.row("金额", "amount", sale.Text+"  "+p.language.Pick(sale.Title))
	name := copyText(copied)
	p.row("重印", "reprint", p.text(name.Chinese+"已交给打印机", name.English+" was given to the printer"))
	p.tellPrinter(ctx, client)
	return nil
}

// receipt finds the order whose receipt is meant, by its id. What is no order id is looked for; nothing means the latest.
func (f *orderFlags) receipt(ctx context.Context, client *stationclient.Client) (string, error) {
	if _, err := hex.DecodeString(f.text); err == nil && len(f.text) == orderDigits {
		return f.text, nil
	}
	if f.text != "" || f.voucher != 0 {
		wanted := stationclient.Lookup{Text: f.text}
		if f.text == "" {
			wanted = stationclient.Lookup{Batch: f.batch, Voucher: f.voucher}
		}
		order, err := client.Lookup(ctx, wanted)
		if err != nil {
			return "", stationFailure(err)
		}
		return order.ID, nil
	}
	sales, err := client.Sales(ctx, latestMax, false)
	if err != nil {
		return "", stationFailure(err)
	}
	for _, sale := range sales {
		if sale.Outcome != "none" {
			return sale.ID, nil
		}
	}
	return "", &Failure{Code: CodeRefused, Text: bilingual.Text{
		Chinese: "本机最近没有请求过付款", English: "nothing has been asked to be paid yet at this till, so there is no receipt",
	}, Next: catalogue.NextAfter(catalogue.RefuseNoSale).Text()}
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
