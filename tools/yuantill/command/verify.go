package command

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
)

// verifyJSON is what `journal verify --json` prints.
type verifyJSON struct {
	Intact      bool        `json:"intact"`
	Records     uint64      `json:"records"`
	First       uint64      `json:"first"`
	Last        uint64      `json:"last"`
	Link        string      `json:"link"`
	TagsChecked bool        `json:"tags_checked"`
	Lost        []rangeJSON `json:"lost"`
	Sales       uint64      `json:"sales"`
	FollowUps   uint64      `json:"follow_ups"`
	Foreign     []string    `json:"foreign"`
	Broken      uint64      `json:"broken_sequence,omitempty"`
	BrokenSale  uint64      `json:"broken_sale,omitempty"`
	BrokenOther uint64      `json:"broken_follow_up,omitempty"`
	Cause       string      `json:"cause,omitempty"`
	KeyProblem  string      `json:"key_problem,omitempty"`
	Seconds     float64     `json:"seconds"`
}

type rangeJSON struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

func (p *program) journalVerify(flags *journalFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "校验流水  Check every record, sale and follow-up",
		Long: "逐条校验链接与每笔收款、办理；能读到密钥时同时校验签名。退出码 8：不完整或被改动。\n" +
			"Checks the chain of every record and that no sale or follow-up is missing, and their tags where the keys can be read. " +
			"Exit code 8: damaged or altered.\n" +
			"--json: intact, records, first, last, link, sales, follow_ups, foreign, tags_checked, lost, broken_sequence,\n" +
			"broken_sale, broken_follow_up, cause, key_problem, seconds",
		Args: noArguments,
		RunE: p.looking(func(cmd *cobra.Command, _ []string) error { return p.runVerify(cmd.Context(), flags) }),
	}
}

// runVerify reports on a journal whether it can be opened or not.
func (p *program) runVerify(ctx context.Context, flags *journalFlags) error {
	begun := p.Clock()
	var report journal.Report
	err := p.withJournal(ctx, flags, func(o *opened) (err error) {
		if report, err = o.Verify(ctx); err != nil {
			return o.failure(err)
		}
		return nil
	})
	if errors.Is(err, journal.ErrEmpty) {
		err = nil // what the agent would begin with
	}
	var damaged *journal.DamagedError
	if err != nil && !errors.As(err, &damaged) {
		return err
	}
	result := verifyJSON{
		Intact: err == nil, Records: report.Records, First: report.First, Last: report.Last,
		Link: hex.EncodeToString(report.Link[:]), TagsChecked: report.TagsChecked, Lost: []rangeJSON{}, Foreign: append([]string{}, report.Foreign...),
		Sales: report.Sales, FollowUps: report.FollowUps, Seconds: p.Clock().Sub(begun).Seconds(),
	}
	for _, lost := range report.Lost {
		result.Lost = append(result.Lost, rangeJSON(lost))
	}
	if p.keyProblem != nil {
		result.KeyProblem = p.keyProblem.Error()
	}
	if damaged != nil {
		result.Broken, result.BrokenSale, result.BrokenOther = damaged.Sequence, damaged.Sale, damaged.FollowUp
		result.Cause = damaged.Cause.Error()
	}
	if !p.json {
		p.sayVerified(result)
		return err
	}
	if err := p.printJSON(result); err != nil {
		return err
	}
	if damaged != nil {
		return &Failure{Code: CodeJournal, Cause: damaged, Told: true}
	}
	return nil
}

func (p *program) sayVerified(r verifyJSON) {
	switch {
	case r.Intact && r.Records == 0:
		p.say("空的：还没有记录", "empty: no record yet")
		return
	case r.Intact:
		p.say(fmt.Sprintf("完整：%d 条记录，%d 至 %d，%d 笔收款，%d 笔办理", r.Records, r.First, r.Last, r.Sales, r.FollowUps),
			fmt.Sprintf("intact: %s, %d to %d, %s, %s", catalogue.Counted(r.Records, "record"), r.First, r.Last,
				catalogue.Counted(r.Sales, "sale"), catalogue.Counted(r.FollowUps, "follow-up")))
	default:
		p.say("不完整或被改动", "NOT intact")
		return
	}
	for _, lost := range r.Lost {
		p.say(fmt.Sprintf("曾从旧副本恢复，或另有机器用过本终端的副本：%d 至 %d 不在这里，只有平台收到的还在平台", lost.First, lost.Last),
			fmt.Sprintf("restored from an older copy once, or another machine used a copy of this terminal: %d to %d are not here, "+
				"and in the cloud's books as far as they reached it", lost.First, lost.Last))
	}
	if names := strings.Join(r.Foreign, ", "); names != "" {
		p.say("数据库中另有他人所加的表或索引，不影响流水："+names, "others have put tables or indexes into the database, which do the journal no harm: "+names)
	}
	if r.TagsChecked {
		p.say("链接与签名均已校验", "chain and tags checked")
		return
	}
	p.say("只校验了链接，未校验签名", "only the chain was checked, not the tags")
	if r.KeyProblem != "" {
		fmt.Fprintln(p.Out, "  "+r.KeyProblem)
	}
}
