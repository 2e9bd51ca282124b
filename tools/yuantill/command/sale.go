package command

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// saleTimeout is longer than the till takes to give a payment up by itself.
const saleTimeout = 5 * time.Minute

// The keys of what is asked about the sale later hang on the sale's own, so that asking twice happens once.
const (
	keyShow   = "-show"
	keyCancel = "-cancel"
	keyMax    = checkout.KeyMax - len(keyCancel)
)

type saleFlags struct {
	amount, currency, note, cashier, key string
	shown, cancel                        bool
	timeout                              time.Duration
}

func (p *program) sale() *cobra.Command {
	var flags saleFlags
	cmd := &cobra.Command{
		Use:   "sale --amount 12.50",
		Short: "收款一笔  Take one payment",
		Long: "在本机发起一笔收款，逐步显示状态，退出码即结果（yuantill help exit-codes）。\n" +
			"Ctrl-C 请收银程序取消并等到结果；再按一次只是离开，收款在本机继续。\n" +
			"结果未知不是失败：用同一个 --key 再次运行可继续查看，不会重复收款。\n\n" +
			"Starts a sale on the till, shows each change, and exits by its outcome. Ctrl-C asks the agent to cancel and waits\n" +
			"for what comes of it; a second one only leaves, the sale goes on. An unknown outcome is no failure: the same\n" +
			"--key again looks at the same sale and never charges twice.\n\n" +
			"--json: one object {\"key\",\"exit_code\",\"exit\",\"sale\"}; sale is the station's (GET /v1/sales/{id})",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			start, err := flags.start()
			if err != nil {
				return err
			}
			return p.runSale(cmd.Context(), flags, start)
		},
	}
	set := cmd.Flags()
	set.StringVar(&flags.amount, "amount", "", "金额，如 12.50  amount, such as 12.50 (required)")
	set.StringVar(&flags.currency, "currency", money.CNY.Code, "货币  currency")
	set.StringVar(&flags.note, "note", "", "备注，打印在签购单上  note, printed on the slip")
	set.StringVar(&flags.cashier, "cashier", "", "收银员  cashier")
	set.StringVar(&flags.key, "key", "", "幂等键；同键同一笔收款  idempotency key: the same key is the same sale (default: a fresh one)")
	set.BoolVar(&flags.shown, "shown", false, "出示收款码由顾客扫描  show our code for the customer to scan")
	set.BoolVar(&flags.cancel, "cancel", true, "Ctrl-C 或超时时请求取消  Ctrl-C and the timeout ask the agent to cancel")
	set.DurationVar(&flags.timeout, "timeout", saleTimeout, "最长等待，之后请求取消并再等一分钟  how long to wait; then it is cancelled and waited for another minute")
	return cmd
}

// start checks the arguments.
func (f *saleFlags) start() (stationclient.Start, error) {
	if f.amount == "" {
		return stationclient.Start{}, usage("--amount is missing")
	}
	currency, err := money.Lookup(f.currency)
	if err != nil {
		return stationclient.Start{}, usage("--currency: %w", err)
	}
	amount, err := money.Parse(f.amount, currency)
	if err != nil {
		return stationclient.Start{}, usage("--amount: %w", err)
	}
	if amount.Minor <= 0 {
		return stationclient.Start{}, usage("--amount %s is not above zero", f.amount)
	}
	if len(f.key) > keyMax {
		return stationclient.Start{}, usage("--key is longer than %d bytes", keyMax)
	}
	if strings.ContainsFunc(f.key, unicode.IsControl) || strings.TrimSpace(f.key) != f.key {
		return stationclient.Start{}, usage("--key %q has line breaks, other control characters or spaces around it", f.key)
	}
	if f.timeout <= 0 {
		return stationclient.Start{}, usage("--timeout %v is not above zero", f.timeout)
	}
	if f.key == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return stationclient.Start{}, &Failure{Code: CodeInternal, Cause: fmt.Errorf("draw key: %w", err)}
		}
		f.key = id.String()
	}
	return stationclient.Start{Amount: amount.Minor, Currency: currency.Code, Cashier: f.cashier, Note: f.note}, nil
}

// saleJSON is what `sale --json` prints.
type saleJSON struct {
	Key  string              `json:"key"`
	Code int                 `json:"exit_code"`
	Name string              `json:"exit"`
	Sale *stationclient.Sale `json:"sale"`
}

// saleCode is the exit code of a sale as it stands.
func saleCode(s stationclient.Sale) Code {
	switch {
	case s.Outcome == "approved":
		return CodeOK
	case s.Outcome == "declined":
		return CodeDeclined
	case s.Outcome == "reversed":
		return CodeReversed
	case s.Final:
		return CodeAbandoned
	default:
		return CodeUnknown
	}
}

// stationFailure gives a failed call its exit code.
func stationFailure(err error) error {
	var unreachable *stationclient.UnreachableError
	var refused *stationclient.RefusedError
	switch {
	case errors.As(err, &refused):
		cause := refused.Text
		if refused.Sale != "" {
			cause.Chinese += "（" + refused.Sale + "）"
			cause.English += " (" + refused.Sale + ")"
		}
		if refused.Detail != "" {
			cause.Chinese += "：" + refused.Detail
			cause.English += ": " + refused.Detail
		}
		return &Failure{Code: CodeRefused, Cause: &refusal{text: cause, err: err}, Next: refused.Next}
	case errors.As(err, &unreachable), errors.Is(err, stationclient.ErrAnswer):
		return &Failure{Code: CodeUnreachable, Cause: err, Next: bilingual.Text{
			Chinese: "确认收银程序在运行、--station 地址正确：systemctl status yuantill-agent，yuantill doctor",
			English: "make sure the agent runs and --station is right: systemctl status yuantill-agent, yuantill doctor",
		}}
	default:
		return &Failure{Code: CodeInternal, Cause: err}
	}
}

// refusal is the station's no in the words meant for people.
type refusal struct {
	text bilingual.Text
	err  error
}

// Error implements error.
func (r *refusal) Error() string { return bilingual.Both.Pick(r.text) }

// Unwrap returns the station's answer.
func (r *refusal) Unwrap() error { return r.err }
