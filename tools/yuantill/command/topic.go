package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// topics are the help texts beside the commands' own.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "退出码  Exit codes", Long: exitCodes()},
		{Use: "json", Short: "JSON 字段  Fields of --json", Long: jsonFields},
	}
}

// help is cobra's help command, but a topic that does not exist is a mistake and not a page.
func help() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "命令或主题的说明  Help about a command or topic",
		RunE: func(cmd *cobra.Command, arguments []string) error {
			found, rest, err := cmd.Root().Find(arguments)
			if err != nil || len(rest) > 0 {
				return usage(catalogue.NoTopic(strings.Join(arguments, " ")))
			}
			return found.Help()
		},
	}
}

func exitCodes() string {
	var b strings.Builder
	b.WriteString("退出码  Exit codes\n")
	for _, code := range codes() {
		fmt.Fprintf(&b, "\n%4d  %-18s %s\n%24s %s", int(code), code, code.Text().Chinese, "", code.Text().English)
	}
	return b.String()
}

const jsonFields = `每个命令加 --json 输出一个 JSON 值（completion 与 --shown 除外）；字段名不会改变含义，只会增加。时间为 UTC，金额为最小货币单位的整数。
Every command but completion, and a sale with --shown, prints one JSON value with --json. Names never change their meaning; new ones may come.
Times are UTC, amounts integers in the currency's minor unit.

  sale            {key, exit_code, exit, sale}; sale as in the station's GET /v1/sales/{id}
  sale --shown    一有收款码先输出一行 as soon as there is a code, a line {key, order, amount, currency, amount_text, shown_code,
                  shown_code_until}; 最后一行为结果 the last line is the result, as sale
  hold start      as sale
  cancel, accept  the station's sale (GET /v1/sales/{id})
  reprint         the same, and copy, paper (printed, not-printed, unconfirmed), exit_code, exit; of a slip
                  GET /v1/follow-ups/{id} instead of the sale
  refund, void    {key, exit_code, exit, follow_up, order}; follow_up as in GET /v1/follow-ups/{id}, order as in
  hold …          POST /v1/lookups, as it was before
  hold list       [sale, …]: holds of this till that still hold something
  journal accept  {records, last, sales, follow_ups, by, why}
  find            the station's POST /v1/lookups: the order, its standing and what was done with it on this till
  shift open|status|cash|report|close
                  {key, shift}; shift as in the station's GET /v1/shifts/current; status has no key
  shift list      [shift, …], newest first
  shift verify    {intact, shifts, signatures_checked, ends: [{sequence, shift_id, batch, revision, provisional, signed,
                  problems: […]}], key_problem}
  status          the station's GET /v1/status, and command_version
  journal list    [record, …]
  journal show    record: sequence, epoch, type, time, terminal, key_version, size, previous, link, tag, body, problem
                  body has the fields of message.proto that are set; nested ones as "result.outcome"
  journal verify  intact, records, first, last, link, sales, follow_ups, foreign[…], tags_checked,
                  lost[{first,last}], broken_sequence, broken_sale, broken_follow_up, cause, key_problem, seconds
  journal export  file, format, records, link
  doctor          {result, checks:[{check, level, finding{zh,en}, cause, next{zh,en}, command, details}]}
                  level and result: OK, WARN, FAIL, SKIP
  version         version, revision, time, go

出错时 On error: {error, exit_code, exit, zh, en, text{zh,en}, next{zh,en}}`
