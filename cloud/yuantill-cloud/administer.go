package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

// enrolMax bounds the terminals of one call.
const enrolMax = 10_000

// What a new merchant has unless it is said.
const (
	feeDefault          = 10 // basis points
	jurisdictionDefault = "CN"
)

// configured is how a command that needs the settings gets them.
type configured func(func(*cobra.Command, Settings) error) func(*cobra.Command, []string) error

func merchantCommand(with configured) *cobra.Command {
	var m store.Merchant
	command := &cobra.Command{Use: "merchant", Args: cobra.NoArgs, Short: "登记或修改商户；修改时只改写明的各项 · Add or change a merchant; a change leaves what is not named"}
	flags := command.Flags()
	flags.StringVar(&m.ID, "id", "", "商户号 15 位 · merchant id, 15 digits")
	flags.StringVar(&m.Name, "name", "", "商户名称 · name on receipts, at most 40 characters")
	flags.StringSliceVar(&m.Operators, "operators", nil, "运营机构，第一家优先 · operator codes, the first one first")
	flags.Int32Var(&m.FeeBasisPoints, "fee", feeDefault, "费率（万分之一） · fee in basis points")
	flags.Int32Var(&m.CompletionPercent, "completion-percent", 0, "预授权完成上限（%），0 为 100 · how much of a hold may be completed, in percent; 0 is 100")
	flags.Int32Var(&m.HoldDays, "hold-days", 0, "预授权天数，0 为 30 · days after which a hold is released; 0 is 30")
	flags.StringVar(&m.Jurisdiction, "jurisdiction", jurisdictionDefault, "法域 · ISO 3166 alpha-2")
	command.RunE = with(func(command *cobra.Command, s Settings) error {
		return withRegistrar(command.Context(), s, func(r *merchant.Registrar) error {
			before, err := r.Merchant(command.Context(), m.ID)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			changed := m
			if err == nil {
				changed = keepUnnamed(before, m, flags.Changed)
			}
			if err := checkOperators(changed); err != nil {
				return err
			}
			return r.AddMerchant(command.Context(), changed)
		})
	})
	return command
}

// keepUnnamed is a merchant with what was named of its change.
func keepUnnamed(before, change store.Merchant, named func(flag string) bool) store.Merchant {
	after := before
	for flag, take := range map[string]func(){
		"name":               func() { after.Name = change.Name },
		"operators":          func() { after.Operators = change.Operators },
		"fee":                func() { after.FeeBasisPoints = change.FeeBasisPoints },
		"completion-percent": func() { after.CompletionPercent = change.CompletionPercent },
		"hold-days":          func() { after.HoldDays = change.HoldDays },
		"jurisdiction":       func() { after.Jurisdiction = change.Jurisdiction },
	} {
		if named(flag) {
			take()
		}
	}
	return after
}

func checkOperators(m store.Merchant) error {
	if len(m.Operators) == 0 {
		return merchant.Validate(m) // says what is missing
	}
	operators, err := registry.Default()
	if err != nil {
		return err
	}
	return operators.Check(registry.Merchant{ID: m.ID, First: m.Operators[0], BackUps: m.Operators[1:]})
}

func enrolCommand(with configured) *cobra.Command {
	var first, merchantID, serial, out string
	var count int
	var again bool
	command := &cobra.Command{Use: "enrol", Args: cobra.NoArgs, Short: "登记终端并写出入网文件 · Enrol terminals and write their enrolment files"}
	flags := command.Flags()
	flags.StringVar(&first, "terminal", "", "终端号 8 位 · terminal id, 8 characters; with --count the first of them")
	flags.StringVar(&merchantID, "merchant", "", "商户号 · merchant id")
	flags.StringVar(&serial, "serial", "", "设备序列号，缺省 SN-终端号 · the machine's serial number, SN-<terminal> when left out")
	flags.StringVar(&out, "out", ".", "入网文件目录 · folder for <terminal>.json and its device key")
	flags.BoolVar(&again, "again", false, "入网文件丢失而终端从未签到时重发，旧文件作废 · once more for a terminal that never signed in and whose file was lost; the old file is void")
	flags.IntVar(&count, "count", 1, "连续登记几台 · how many terminals, numbered upwards")
	command.RunE = with(func(command *cobra.Command, s Settings) error {
		terminals, err := numbered(first, count)
		if err != nil {
			return err
		}
		return withRegistrar(command.Context(), s, func(r *merchant.Registrar) error {
			for _, terminal := range terminals {
				request := merchant.Request{Terminal: terminal, Merchant: merchantID, SerialNumber: serial, Again: again}
				if serial == "" {
					request.SerialNumber = "SN-" + terminal.String()
				}
				path := filepath.Join(out, terminal.String()+".json")
				if err := enrol(command.Context(), r, request, path); err != nil {
					return err
				}
				fmt.Fprintln(command.OutOrStdout(), path)
			}
			return nil
		})
	})
	return command
}

// The errors of enrolment files: what is wrong before the terminal is enrolled, and after.
var (
	errEnrolmentFile     = errors.New("enrolment file not written, the terminal is not enrolled")
	errEnrolmentUnplaced = errors.New("enrolment file is not in its place, the terminal is enrolled")
)

// enrol has the keys on the disk before the terminal is enrolled: nobody could make them again.
func enrol(ctx context.Context, r *merchant.Registrar, request merchant.Request, path string) error {
	var draft *enrolment.Draft
	err := r.Enrol(ctx, request, func(e enrolment.Enrolment) (err error) {
		draft, err = enrolment.Prepare(path, e, fast.Engine(), rand.Reader)
		if err != nil {
			return fmt.Errorf("%w: %w", errEnrolmentFile, err)
		}
		return nil
	})
	switch {
	case err == nil:
		if err := draft.Place(); err != nil {
			return fmt.Errorf("%w: %w", errEnrolmentUnplaced, err)
		}
		return nil
	case draft != nil:
		return errors.Join(err, draft.Discard())
	default:
		return err
	}
}

// numbered returns count terminal ids from the first on, counting its trailing digits up.
func numbered(first string, count int) ([]record.Terminal, error) {
	if count < 1 || count > enrolMax {
		return nil, fmt.Errorf("台数须为 1 至 %d · the count must be 1 to %d, not %d", enrolMax, enrolMax, count)
	}
	if count == 1 {
		terminal, err := record.ParseTerminal(first)
		return []record.Terminal{terminal}, err
	}
	prefix := strings.TrimRight(first, "0123456789")
	digits := first[len(prefix):]
	start, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("终端号 %s 须以数字结尾才能连续登记 · the terminal id %s must end in digits to be counted on", first, first)
	}
	terminals := make([]record.Terminal, 0, count)
	for i := range count {
		terminal, err := record.ParseTerminal(fmt.Sprintf("%s%0*d", prefix, len(digits), start+uint64(i)))
		if err != nil {
			return nil, err
		}
		terminals = append(terminals, terminal)
	}
	return terminals, nil
}

// withRegistrar opens what enrolment needs and closes it again.
func withRegistrar(ctx context.Context, s Settings, run func(*merchant.Registrar) error) error {
	root, err := merchant.OpenRoot(s.rootKey(), fast.Engine())
	if err != nil {
		return err
	}
	authority, err := merchant.OpenAuthority(s.Data)
	if err != nil {
		return err
	}
	return withBooks(ctx, s, func(books *sqlite.Store) error {
		return run(merchant.NewRegistrar(books, root, authority, time.Now, rand.Reader))
	})
}
