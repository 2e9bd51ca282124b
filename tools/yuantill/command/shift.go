package command

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// shiftFlags are what the commands about shifts have in common.
type shiftFlags struct {
	cashier, currency, key string
}

func (p *program) shift() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "shift",
		Short: "班次：开班、现金、报表、交班  Shifts: open, cash, report, close",
		Long: "应收来自流水，实收由收银员清点。交班从不等待网络：尚无结果的交易会列出，有结果后自动补全。\n" +
			"What should be there comes from the journal, what is there from the cashier's count. Closing never waits for the\n" +
			"network: what has no result yet is named, and the shift completes by itself.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.shiftOpen(), p.shiftStatus(), p.shiftCash(), p.shiftReport(), p.shiftClose(), p.shiftList(), p.shiftVerify())
	return cmd
}

// intent adds the flags of a command that changes something.
func (f *shiftFlags) intent(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&f.cashier, "cashier", "", "收银员  cashier (default from the till's settings)")
	set.StringVar(&f.currency, "currency", money.CNY.Code, "货币  currency")
	set.Var((*keyFlag)(&f.key), "key", "幂等键；同键只发生一次  idempotency key: the same key happens once (default: a fresh one)")
}

// amount reads an amount of a flag that may be zero.
func (f *shiftFlags) amount(flag, text string) (int64, error) {
	amount, err := readAmount("--"+flag, text, f.currency)
	if err != nil {
		return 0, err
	}
	if amount.Minor < 0 {
		return 0, usage(catalogue.BelowZero("--"+flag, text))
	}
	return amount.Minor, nil
}

func (p *program) shiftOpen() *cobra.Command {
	var flags shiftFlags
	var float string
	cmd := &cobra.Command{
		Use: "open --float 200.00", Short: "开班  Open a shift", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd, "float"); err != nil {
				return err
			}
			amount, err := flags.amount("float", float)
			if err != nil {
				return err
			}
			return p.shiftIntent(cmd.Context(), flags, func(ctx context.Context, c *stationclient.Client, key string) (stationclient.Shift, error) {
				return c.OpenShift(ctx, key, stationclient.OpenShift{Float: amount, Currency: flags.currency, Cashier: flags.cashier})
			})
		},
	}
	flags.intent(cmd)
	cmd.Flags().StringVar(&float, "float", "0", "备用金；班次已自动开始时用 shift cash --in  cash in the drawer; into a shift that opened by itself: shift cash --in")
	return cmd
}

func (p *program) shiftStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "当前班次  The open shift as it stands", Args: noArguments,
		RunE: p.looking(func(cmd *cobra.Command, _ []string) error {
			client, err := p.client()
			if err != nil {
				return err
			}
			shift, err := client.Shift(cmd.Context())
			if err != nil {
				return stationFailure(err)
			}
			return p.sayShift("", shift)
		}),
	}
}

func (p *program) shiftCash() *cobra.Command {
	var flags shiftFlags
	var in, out, note string
	cmd := &cobra.Command{
		Use: "cash --in 50.00 | --out 50.00", Short: "存入或取出现金  Put cash in or take it out", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd, "in", "out"); err != nil {
				return err
			}
			text, flag, sign := in, "in", int64(1)
			if out != "" {
				text, flag, sign = out, "out", -1
			}
			if (in == "") == (out == "") {
				return usage(catalogue.InOrOut())
			}
			amount, err := flags.amount(flag, text)
			if err != nil {
				return err
			}
			if amount <= 0 {
				return usage(catalogue.NotAboveZero("--"+flag, text))
			}
			return p.shiftIntent(cmd.Context(), flags, func(ctx context.Context, c *stationclient.Client, key string) (stationclient.Shift, error) {
				return c.MoveCash(ctx, key, stationclient.Cash{Amount: sign * amount, Cashier: flags.cashier, Note: note})
			})
		},
	}
	flags.intent(cmd)
	cmd.Flags().StringVar(&in, "in", "", "存入  cash put into the drawer")
	cmd.Flags().StringVar(&out, "out", "", "取出  cash taken out of it")
	cmd.Flags().StringVar(&note, "note", "", "用途  what for")
	return cmd
}

func (p *program) shiftReport() *cobra.Command {
	var flags shiftFlags
	var print bool
	cmd := &cobra.Command{
		Use: "report", Short: "X 报表：查看并打印，不改变任何东西  X report: look and print, change nothing", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.shiftIntent(cmd.Context(), flags, func(ctx context.Context, c *stationclient.Client, key string) (stationclient.Shift, error) {
				return c.ReportShift(ctx, key, print)
			})
		},
	}
	cmd.Flags().BoolVar(&print, "print", true, "打印  on paper as well")
	return cmd
}

func (p *program) shiftClose() *cobra.Command {
	var flags shiftFlags
	var counts []string
	var approvedBy string
	cmd := &cobra.Command{
		Use: "close --count cash=150.00", Short: "交班（Z 报表）  Close the shift: Z report", Args: noArguments,
		Long: "现金必须清点；其他方式可清点可不清点。有交易尚无结果时需要 --approved-by。\n" +
			"Cash must be counted, other methods may be. --approved-by is needed while something has no result.\n" +
			"methods: " + strings.Join(closing.Methods(), ", "),
		RunE: func(cmd *cobra.Command, _ []string) error {
			counted, err := flags.counted(counts)
			if err != nil {
				return err
			}
			return p.shiftIntent(cmd.Context(), flags, func(ctx context.Context, c *stationclient.Client, key string) (stationclient.Shift, error) {
				return c.CloseShift(ctx, key, stationclient.CloseShift{Cashier: flags.cashier, Counted: counted, ApprovedBy: approvedBy})
			})
		},
	}
	flags.intent(cmd)
	cmd.Flags().StringArrayVar(&counts, "count", nil, "清点，如 cash=150.00，可多次  what was counted, such as cash=150.00; repeat for others")
	cmd.Flags().StringVar(&approvedBy, "approved-by", "", "同意在有交易尚无结果时交班的人  who allows closing with something open")
	return cmd
}

// counted reads the counts.
func (f *shiftFlags) counted(counts []string) (map[string]int64, error) {
	counted := make(map[string]int64, len(counts))
	for _, count := range counts {
		method, text, found := strings.Cut(count, "=")
		if _, twice := counted[method]; !found || twice {
			return nil, usage(catalogue.CountForm(count))
		}
		amount, err := f.amount("count", text)
		if err != nil {
			return nil, err
		}
		counted[method] = amount
	}
	if _, cash := counted[closing.Cash]; !cash {
		return nil, usage(catalogue.CountCash())
	}
	return counted, nil
}

// shiftIntent asks the station for something under a key and shows the shift as it is then.
func (p *program) shiftIntent(
	ctx context.Context, flags shiftFlags, ask func(context.Context, *stationclient.Client, string) (stationclient.Shift, error),
) error {
	key, err := checkKey(flags.key)
	if err != nil {
		return err
	}
	client, err := p.client()
	if err != nil {
		return err
	}
	shift, err := ask(ctx, client, key)
	var unreachable *stationclient.UnreachableError
	if errors.As(err, &unreachable) && unreachable.Sent {
		return &Failure{Code: CodeUnreachable, Cause: err, Next: bilingual.Text{
			Chinese: "可能已经完成：先看 yuantill shift status；用同一个键再运行也只发生一次：--key " + key,
			English: "it may have happened: look at yuantill shift status; with the same key it happens once: --key " + key,
		}}
	}
	if err != nil {
		return stationFailure(err)
	}
	p.did("--key "+key, CodeOK)
	return p.sayShift(key, shift)
}
