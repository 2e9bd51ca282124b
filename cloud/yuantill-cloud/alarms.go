package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

// alarmsListed bounds the alarms of one call.
const alarmsListed = 1000

func alarmsCommand(with configured) *cobra.Command {
	var all, asJSON bool
	command := &cobra.Command{Use: "alarms", Args: cobra.NoArgs,
		Short: "列出警报、含义和下一步 · List the alarms, what they mean and the next step"}
	command.Flags().BoolVar(&all, "all", false, "也列出已处理的 · settled ones too")
	command.Flags().BoolVar(&asJSON, "json", false, "输出 JSON，同 GET /v1/alarms · as JSON, like GET /v1/alarms")
	command.RunE = with(func(command *cobra.Command, s Settings) error {
		return withBooks(command.Context(), s, func(books *sqlite.Store) error {
			read := books.OpenAlarms
			if all {
				read = books.Alarms
			}
			rows, err := read(command.Context(), alarmsListed)
			if err != nil {
				return err
			}
			alarms := make([]api.Alarm, 0, len(rows))
			for _, row := range rows {
				alarms = append(alarms, api.NewAlarm(row))
			}
			if asJSON {
				return json.NewEncoder(command.OutOrStdout()).Encode(alarms)
			}
			return sayAlarms(command.OutOrStdout(), alarms)
		})
	})
	return command
}

func settleCommand(with configured) *cobra.Command {
	var one store.Settlement
	command := &cobra.Command{Use: "settle", Args: cobra.NoArgs,
		Short: "把警报标为已处理；再发生是新的警报 · Settle an alarm; one that happens again is a new alarm"}
	flags := command.Flags()
	flags.Uint64Var(&one.Alarm, "alarm", 0, "警报的编号 · the alarm's number")
	flags.StringVar(&one.By, "by", "", "处理人 · who has looked after it")
	flags.StringVar(&one.Note, "note", "", "说明 · what was found or done")
	flags.Uint64Var(&one.Seen, "count", 0, "查看时的次数，之后又发生则不处理 · its count when it was looked at; refused when it has happened again since")
	command.RunE = with(func(command *cobra.Command, s Settings) error {
		return withBooks(command.Context(), s, func(books *sqlite.Store) error {
			one.At = time.Now().UTC().Truncate(time.Microsecond)
			row, err := alarm.Settle(command.Context(), books, one)
			switch {
			case errors.Is(err, store.ErrNotFound):
				return fmt.Errorf("没有 %d 号警报，请看 yuantill-cloud alarms --all · there is no alarm %d, see yuantill-cloud alarms --all: %w",
					one.Alarm, one.Alarm, err)
			case errors.Is(err, alarm.ErrMoved):
				return fmt.Errorf("看过之后又发生了，请重新查看 · %w", err)
			case errors.Is(err, alarm.ErrSettlement):
				return fmt.Errorf("须用 --by 写明处理人，说明不能过长 · %w", err)
			case err != nil:
				return err
			}
			return sayAlarms(command.OutOrStdout(), []api.Alarm{api.NewAlarm(row)})
		})
	})
	return command
}

// sayAlarms writes alarms for people.
func sayAlarms(out io.Writer, alarms []api.Alarm) error {
	if len(alarms) == 0 {
		_, err := fmt.Fprintln(out, "没有警报 · no alarms")
		return err
	}
	for _, a := range alarms {
		text := fmt.Sprintf("#%d  %s\n    %s\n    %s ×%d  %s %s: %s\n    → %s\n", a.Number, a.Title, a.Meaning,
			a.Last.UTC().Format(time.RFC3339), a.Count, a.Kind, a.Terminal, a.Detail, a.Next)
		if a.SettledAt != nil {
			text += fmt.Sprintf("    已处理 settled %s  %s  %s\n", a.SettledAt.UTC().Format(time.RFC3339), a.SettledBy, a.Note)
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
	}
	return nil
}
