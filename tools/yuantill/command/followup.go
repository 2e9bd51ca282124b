package command

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/tools/yuantill/shellword"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// Bounds of watching a follow-up.
const (
	// followTimeout is how long a result is waited for; the till goes on without being watched.
	followTimeout = 30 * time.Second
	// followPoll is how often it is asked for; the station is on this machine.
	followPoll = 200 * time.Millisecond
)

// orderFlags say which order is meant.
type orderFlags struct {
	text           string // the argument: reference, order id or a receipt's QR code
	batch, voucher uint32
}

func (f *orderFlags) register(cmd *cobra.Command) {
	cmd.Flags().Uint32Var(&f.voucher, "voucher", 0, "凭证号，代替参考号  voucher number, in place of the reference")
	cmd.Flags().Uint32Var(&f.batch, "batch", 0, "批次号，与 --voucher 同用；缺省为当前班次  batch number, with --voucher (default: the open shift's)")
}

// wanted checks that exactly one way is used.
func (f *orderFlags) wanted(arguments []string) (stationclient.Lookup, error) {
	switch {
	case len(arguments) == 1 && f.voucher == 0:
		f.text = strings.TrimSpace(arguments[0])
		return stationclient.Lookup{Text: f.text}, nil
	case len(arguments) == 0 && f.voucher != 0:
		return stationclient.Lookup{Batch: f.batch, Voucher: f.voucher}, nil
	default:
		return stationclient.Lookup{}, usage(catalogue.OneOrder())
	}
}

// named keeps what names the order that was found in the next shift too. A voucher may have been a slip's, whose batch need
// not be the order's.
func (f *orderFlags) named(order stationclient.Order) {
	if f.batch = order.Batch; f.voucher != 0 && (!order.Here || order.Voucher != f.voucher) {
		f.text = order.ID
	}
}

// words are the arguments that name the order again.
func (f *orderFlags) words() []string {
	if f.text != "" {
		return []string{shellword.Quote(f.text)}
	}
	return []string{"--voucher", strconv.FormatUint(uint64(f.voucher), 10), "--batch", strconv.FormatUint(uint64(f.batch), 10)}
}

// followFlags are what all follow-ups have.
type followFlags struct {
	orderFlags
	verb                []string // the command's own words
	kind                string
	amount              string
	cashier, note, key  string
	last                bool
	undoes              string
	timeout             time.Duration
	takesAmount, needed bool // an amount can be given; it must be
}

// followCommand makes a command that does something with an order.
func (p *program) followCommand(flags followFlags, use, short, long string) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		Long: long + "\n\n结果未知不是失败：用同一个 --key 再次运行可继续查看，不会重复办理。Ctrl-C 只是离开，本机继续查询到有结果。\n" +
			"An unknown result is no failure: the same --key again looks at the same one and never does it twice. Ctrl-C only\n" +
			"leaves; the till asks on until the result is definite.\n\n" +
			"--json: one object {\"key\",\"exit_code\",\"exit\",\"follow_up\",\"order\"} (yuantill help json)",
		Args: optionalArgument,
		RunE: func(cmd *cobra.Command, arguments []string) error {
			if err := notEmpty(cmd, "amount", "completion"); err != nil {
				return err
			}
			return p.runFollowUp(cmd.Context(), flags, arguments)
		},
	}
	flags.register(cmd)
	set := cmd.Flags()
	set.StringVar(&flags.cashier, "cashier", "", "收银员  cashier")
	set.StringVar(&flags.note, "note", "", "原因，打印在凭条上  why, printed on the slip")
	set.Var((*keyFlag)(&flags.key), "key", "幂等键；同键同一次办理  idempotency key: the same key is the same follow-up (default: a fresh one)")
	set.DurationVar(&flags.timeout, "timeout", followTimeout, "最长等待  how long to wait for the result")
	if flags.takesAmount {
		set.StringVar(&flags.amount, "amount", "", amountHelp(flags.needed))
	}
	switch flags.kind {
	case "complete":
		set.BoolVar(&flags.last, "last", false, "余额解冻  release what is held beyond it")
	case "undo":
		set.StringVar(&flags.undoes, "completion", "", "要撤销的完成的编号，缺省为本机最近一次  the completion's id (default: the latest of this till)")
	}
	return cmd
}

func amountHelp(needed bool) string {
	if needed {
		return "金额，如 12.50  amount, such as 12.50 (required)"
	}
	return "金额，缺省为全部可退  amount (default: all that is left)"
}

func (p *program) refund() *cobra.Command {
	return p.followCommand(followFlags{verb: []string{"refund"}, kind: "refund", takesAmount: true}, "refund ORDER [--amount 5.00]",
		"退货  Refund a payment, or part of it",
		"退货：款项原路退回付款钱包，可部分、可多次，合计不超过已付。ORDER 为参考号、订单号或签购单二维码内容。\n"+
			"The money goes back to the paying wallet, in part or several times, never more than was paid. ORDER is the receipt's\n"+
			"reference, the order id, or the text of the receipt's QR code.")
}

func (p *program) void() *cobra.Command {
	return p.followCommand(followFlags{verb: []string{"void"}, kind: "void"}, "void ORDER",
		"撤销  Void a payment of this shift as a whole",
		"撤销：当班整笔退回；隔班请用退货。\nTakes the whole payment back in the shift that took it; afterwards use a refund.")
}

// followJSON is what a follow-up's command prints with --json.
type followJSON struct {
	Key      string                  `json:"key"`
	Code     int                     `json:"exit_code"`
	Name     string                  `json:"exit"`
	FollowUp *stationclient.FollowUp `json:"follow_up"`
	Order    stationclient.Order     `json:"order"`
}

// runFollowUp finds the order, asks for the follow-up and waits for its result.
func (p *program) runFollowUp(ctx context.Context, flags followFlags, arguments []string) error {
	wanted, err := flags.wanted(arguments)
	if err != nil {
		return err
	}
	if flags.key, err = checkKey(flags.key); err != nil {
		return err
	}
	if flags.timeout <= 0 {
		return usage(catalogue.NotAboveZero("--timeout", flags.timeout.String()))
	}
	if flags.needed && flags.amount == "" {
		return usage(catalogue.FlagMissing("--amount"))
	}
	client, err := p.client()
	if err != nil {
		return err
	}
	looking, release := listen(ctx, p.Interrupts, 1)
	wanted.Cashier = flags.cashier
	order, err := client.Lookup(looking, wanted)
	release()
	if err != nil {
		return stationFailure(err)
	}
	flags.named(order)
	wish, err := flags.wish(order)
	if err != nil {
		return err
	}
	f := &follower{program: p, client: client, flags: flags, order: order}
	if err := f.begin(ctx, wish); err != nil {
		return err
	}
	f.watch(ctx)
	return f.end()
}

// nothingLeft is why there is nothing to refund of an order with this outcome, in the station's words.
func nothingLeft(outcome string) catalogue.Phrase {
	switch outcome {
	case "approved":
		return catalogue.RefuseNothingLeft
	case "declined", "reversed":
		return catalogue.RefuseNotApproved
	default:
		return catalogue.RefuseUndecided
	}
}

// wish is the request; without an amount everything that is left is meant.
func (f *followFlags) wish(order stationclient.Order) (stationclient.FollowUpBody, error) {
	wish := stationclient.FollowUpBody{Kind: f.kind, Last: f.last, Undoes: f.undoes, Cashier: f.cashier, Note: f.note}
	if !f.takesAmount {
		return wish, nil
	}
	if f.amount == "" {
		// What is printed to run again has to ask for the same, whatever is left by then.
		left, err := money.Of(order.Refundable, order.Currency)
		if err != nil {
			return wish, &Failure{Code: CodeInternal, Cause: err}
		}
		if wish.Amount, f.amount = left.Minor, left.String(); left.Minor > 0 {
			return wish, nil
		}
		why := nothingLeft(order.Outcome)
		return wish, &Failure{Code: CodeRefused, Text: why.Text(), Next: catalogue.NextAfter(why).Text()}
	}
	amount, err := parseAmount(f.amount, order.Currency)
	wish.Amount = amount.Minor
	return wish, err
}
