package command

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
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
	keyLapse  = "-lapsed" // of a cancellation because the time was up, which is another request
	keyMax    = checkout.KeyMax - max(len(keyCancel), len(keyLapse))
)

type saleFlags struct {
	amount, currency, note, cashier, key string
	shown, cancel                        bool
	timeout                              time.Duration
	// given says that the key may have been used before.
	given bool
	// hold asks for the amount to be held, for so many days; 0 leaves that to the cloud.
	hold bool
	days int
}

// command is how the sale was asked for.
func (f saleFlags) command() []string {
	if !f.hold {
		return []string{"yuantill", "sale"}
	}
	words := []string{"yuantill", "hold", "start"}
	if f.days != 0 {
		words = append(words, "--days", strconv.Itoa(f.days))
	}
	return words
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
			"--json: one object {\"key\",\"exit_code\",\"exit\",\"sale\"}; sale is the station's (GET /v1/sales/{id}). With --shown it is\n" +
			"the last line; before it, as soon as there is a code, a line {\"key\",\"order\",\"amount\",\"currency\",\"amount_text\",\n" +
			"\"shown_code\",\"shown_code_until\"} has what the customer scans",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
	return cmd
}

func (flags *saleFlags) register(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&flags.amount, "amount", "", "金额，如 12.50  amount, such as 12.50 (required)")
	set.StringVar(&flags.currency, "currency", money.CNY.Code, "货币  currency")
	set.StringVar(&flags.note, "note", "", "备注，打印在签购单上  note, printed on the slip")
	set.StringVar(&flags.cashier, "cashier", "", "收银员  cashier")
	set.Var((*keyFlag)(&flags.key), "key", "幂等键；同键同一笔收款  idempotency key: the same key is the same sale (default: a fresh one)")
	set.BoolVar(&flags.shown, "shown", false, "出示收款码由顾客扫描  show our code for the customer to scan")
	set.BoolVar(&flags.cancel, "cancel", true, "Ctrl-C 或超时时请求取消  Ctrl-C and the timeout ask the agent to cancel")
	set.DurationVar(&flags.timeout, "timeout", saleTimeout, "最长等待，之后请求取消并再等一分钟  how long to wait; then it is cancelled and waited for another minute")
}

// start checks the arguments.
func (f *saleFlags) start(now time.Time) (stationclient.Start, error) {
	amount, err := parseAmount(f.amount, f.currency)
	if err != nil {
		return stationclient.Start{}, err
	}
	if f.timeout <= 0 {
		return stationclient.Start{}, usage(catalogue.NotAboveZero("--timeout", f.timeout.String()))
	}
	f.given = f.key != ""
	if f.key, err = checkKey(f.key); err != nil {
		return stationclient.Start{}, err
	}
	start := stationclient.Start{
		Amount: amount.Minor, Currency: amount.Currency.Code, Cashier: f.cashier, Note: f.note, Hold: f.hold,
	}
	if f.hold && f.days != 0 {
		// The end of a day is the same when the command is repeated on the same day: under one key it must be.
		year, month, day := now.UTC().Date()
		expires := time.Date(year, month, day+f.days+1, 0, 0, 0, 0, time.UTC)
		start.HoldExpires = &expires
	}
	return start, nil
}

const flagAmount = "--amount"

// parseAmount reads an amount that must be above zero.
func parseAmount(text, code string) (money.Money, error) {
	if text == "" {
		return money.Money{}, usage(catalogue.FlagMissing(flagAmount))
	}
	amount, err := readAmount(flagAmount, text, code)
	if err != nil {
		return money.Money{}, err
	}
	if amount.Minor <= 0 {
		return money.Money{}, usage(catalogue.NotAboveZero(flagAmount, text))
	}
	return amount, nil
}

// errNoKey says that a key is given and empty, as an unset variable has it: a fresh one in its place would be another sale
// each time that the command is run.
var errNoKey = errors.New("command: empty key")

// keyFlag is an idempotency key that is given. It implements pflag's Value.
type keyFlag string

// String returns the flag's value.
func (k *keyFlag) String() string { return string(*k) }

// Set reads the flag's value, or returns errNoKey.
func (k *keyFlag) Set(text string) error {
	if text == "" {
		return errNoKey
	}
	*k = keyFlag(text)
	return nil
}

// Type names the flag's values.
func (k *keyFlag) Type() string { return "string" }

// checkKey checks an idempotency key, or draws one when there is none.
func checkKey(key string) (string, error) {
	switch {
	case len(key) > keyMax:
		return "", usage(catalogue.KeyLonger(keyMax))
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(key) != key:
		return "", usage(catalogue.KeyUnclean())
	case key != "":
		return key, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", &Failure{Code: CodeInternal, Cause: fmt.Errorf("draw key: %w", err)}
	}
	return id.String(), nil
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
	var unknownHost *net.DNSError
	switch {
	case errors.As(err, &refused):
		failure := &Failure{Code: CodeRefused, Text: refused.Text, Next: refused.Next}
		if refused.Sale != "" {
			failure.Text.Chinese += "（" + refused.Sale + "）"
			failure.Text.English += " (" + refused.Sale + ")"
		}
		if refused.Detail != "" {
			failure.Cause = errors.New(refused.Detail)
		}
		return failure
	case errors.As(err, &unknownHost):
		return usage(catalogue.NoHost(unknownHost.Name))
	case errors.As(err, &unreachable), errors.Is(err, stationclient.ErrAnswer):
		return &Failure{Code: CodeUnreachable, Cause: err, Next: bilingual.Text{
			Chinese: "确认收银程序在运行、--station 地址正确：systemctl status yuantill-agent，yuantill doctor",
			English: "make sure the agent runs and --station is right: systemctl status yuantill-agent, yuantill doctor",
		}}
	default:
		return &Failure{Code: CodeInternal, Cause: err}
	}
}
