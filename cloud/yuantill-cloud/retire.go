package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

// asideListed bounds the records aside that are counted: the collector keeps no more of one terminal.
const asideListed = 256

func retireCommand(with configured) *cobra.Command {
	var terminal, by, why string
	command := &cobra.Command{Use: "retire", Args: cobra.NoArgs,
		Short: "永久停用已停用或已隔离的终端，机器可用新终端号入网 · Retire a blocked or quarantined terminal for good; the machine may be enrolled under a new id"}
	flags := command.Flags()
	flags.StringVar(&terminal, "terminal", "", "终端号 8 位 · terminal id, 8 characters")
	flags.StringVar(&by, "by", "", "决定人 · who decides")
	flags.StringVar(&why, "why", "", "原因 · for what reason")
	command.RunE = with(func(command *cobra.Command, s Settings) error {
		id, err := record.ParseTerminal(terminal)
		if err != nil {
			return err
		}
		return withBooks(command.Context(), s, func(books *sqlite.Store) error {
			if err := merchant.Retire(command.Context(), books, id, by, why, time.Now()); err != nil {
				return err
			}
			untold, err := merchant.TellUntold(command.Context(), books, id, time.Now())
			if err != nil {
				return err
			}
			if err := sayRetired(command, books, id); err != nil {
				return err
			}
			return sayUntold(command.OutOrStdout(), untold)
		})
	})
	return command
}

// sayUntold says of how many payments the terminal will not hear.
func sayUntold(out io.Writer, payments int) error {
	if payments == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "    有 %d 笔付款的结果终端没有记下，顾客可能已付款：yuantill-cloud alarms\n"+
		"    of %d payments the terminal recorded no end, and the customer has perhaps paid: yuantill-cloud alarms\n", payments, payments)
	return err
}

// sayRetired says who decided, what is left to be settled, and how the machine is used again.
func sayRetired(command *cobra.Command, books *sqlite.Store, id record.Terminal) error {
	ctx := command.Context()
	found, err := books.Terminal(ctx, id)
	if err != nil {
		return err
	}
	made, err := books.Decisions(ctx, id, 1)
	if err != nil {
		return err
	}
	aside, err := books.Quarantined(ctx, id, asideListed)
	if err != nil {
		return err
	}
	head, err := books.Head(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	out := command.OutOrStdout()
	for _, d := range made {
		fmt.Fprintf(out, "%s: 已永久停用 retired  %s  %s  %s\n", id, d.At.UTC().Format(time.RFC3339), d.By, d.Why)
	}
	_, err = fmt.Fprintf(out, `    已存到第 %d 条记录，另存 %d 条；没有上传的不再入账
    records are stored up to %d, %d are kept aside; what was not sent will not be stored
    → 核对另存的和机器上未上传的收款；把旧流水移走保存，再运行 yuantill-cloud enrol --terminal <新终端号> --serial %s
    → settle the payments kept aside and those still on the machine; move its journal aside and keep it, then run
      yuantill-cloud enrol --terminal <new id> --serial %s
`, head.HighWater, len(aside), head.HighWater, len(aside), found.SerialNumber, found.SerialNumber)
	return err
}
