package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
)

// The bounds of a decision's words, in characters: all of them stand in the cloud's alarm.
const (
	byMax  = 40
	whyMax = 80
)

// acceptJSON is what `journal accept --json` prints.
type acceptJSON struct {
	Records   uint64 `json:"records"`
	Last      uint64 `json:"last"`
	Sales     uint64 `json:"sales"`
	FollowUps uint64 `json:"follow_ups"`
	By        string `json:"by"`
	Why       string `json:"why"`
}

func (p *program) journalAccept(flags *journalFlags) *cobra.Command {
	var by, why string
	cmd := &cobra.Command{
		Use:   "accept --by NAME --why REASON",
		Short: "接受日志已丢失的流水  Accept a journal whose log is gone",
		Long: "停电前有程序（如 sqlite3）看过流水时，日志文件会被删去，收银程序无从知道流水是否完整，因而拒绝启动。\n" +
			"本命令逐条校验现有流水；有缺失或改动则拒绝。校验通过即记下是谁、为何接受，并随流水告知平台。\n" +
			"后果：停电前最后几条记录可能已丢失。平台收到过的，签到时会指出；没有上送的离线硬钱包收款可能无从追查。\n" +
			"先复制保存流水文件，并停止收银程序。\n\n" +
			"A look at the journal with sqlite3 or the like before a power cut deletes its log, and the agent refuses to start since\n" +
			"nothing says whether the journal is whole. This verifies all that is there, and refuses what lacks something or was\n" +
			"altered. What is whole in itself is accepted: who decided it and why is a record that the cloud gets.\n" +
			"The last records before the power cut may be lost. What the cloud had of them it says at the next sign-in; an offline\n" +
			"payment of a hard wallet that was not sent may be lost without a trace. Copy the file aside and stop the agent first.\n\n" +
			"--json: records, last, sales, follow_ups, by, why",
		Args: noArguments,
		RunE: p.looking(func(cmd *cobra.Command, _ []string) error {
			for _, needed := range []struct {
				flag, value string
				most        int
			}{{"--by", by, byMax}, {"--why", why, whyMax}} {
				switch {
				case needed.value == "":
					return usage(catalogue.FlagMissing(needed.flag))
				case len([]rune(needed.value)) > needed.most:
					return usage(bilingual.Text{Chinese: needed.flag, English: needed.flag}.With(catalogue.CharactersMost(needed.most)))
				}
			}
			return p.runJournalAccept(cmd.Context(), flags, by, why)
		}),
	}
	cmd.Flags().StringVar(&by, "by", "", "决定人  who decides (required)")
	cmd.Flags().StringVar(&why, "why", "", "原因  why (required)")
	return cmd
}

func (p *program) runJournalAccept(ctx context.Context, flags *journalFlags, by, why string) error {
	path, keys, err := p.journalSource(flags)
	if err != nil {
		return err
	}
	if keys == nil {
		return &Failure{Code: CodeUnreadable, Cause: p.keyProblem, Text: bilingual.Text{
			Chinese: "接受流水须能读到密钥，请以收银程序的用户运行，或指明设置文件",
			English: "accepting a journal needs its keys: run it as the agent's user, and name the settings",
		}}
	}
	config := journal.DefaultConfig()
	config.Path, config.Terminal, config.KeyVersion, config.Keyring = path, keys.Terminal(), keys.KeyVersion(), keys
	config.Clock, config.Logger, config.Boot, config.RoomMin = p.Clock, slog.New(slog.DiscardHandler), journal.ThisBoot(), 0
	report, err := journal.Accept(ctx, config, by, why)
	var held *journal.HeldError
	switch {
	case errors.Is(err, journal.ErrSure):
		return &Failure{Code: CodeRefused, Text: bilingual.Text{
			Chinese: "这份流水无须接受：收银程序会自行打开它", English: "there is nothing to accept: the agent opens this journal by itself",
		}}
	case errors.Is(err, journal.ErrDecision):
		return usage(catalogue.FlagMissing("--by, --why"))
	case errors.As(err, &held):
		return &Failure{Code: CodeRefused, Cause: err, Next: catalogue.AnotherAgent()}
	case err != nil:
		return (&opened{path: path}).failure(err)
	}
	p.did(path, CodeOK)
	if p.json {
		return p.printJSON(acceptJSON{Records: report.Records, Last: report.Last, Sales: report.Sales, FollowUps: report.FollowUps, By: by, Why: why})
	}
	p.say(fmt.Sprintf("已接受：%d 条记录，至第 %d 条；请启动收银程序，并核对停电前最后几笔", report.Records, report.Last),
		fmt.Sprintf("accepted: %s, up to %d; start the agent, and go through the last payments before the power cut",
			catalogue.Counted(report.Records, "record"), report.Last))
	return nil
}
