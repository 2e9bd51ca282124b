package command

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

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
	Broken      uint64      `json:"broken_sequence,omitempty"`
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
		Short: "校验流水  Check every record's chain and tag",
		Long: "逐条校验链接；能读到密钥时同时校验签名。退出码 8：不完整或被改动。\n" +
			"Checks the chain of every record, and its tag where the keys can be read. Exit code 8: damaged or altered.\n" +
			"--json: intact, records, first, last, link, tags_checked, lost, broken_sequence, cause, key_problem, seconds",
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
	var damaged *journal.DamagedError
	if err != nil && !errors.As(err, &damaged) {
		return err
	}
	result := verifyJSON{
		Intact: err == nil, Records: report.Records, First: report.First, Last: report.Last,
		Link: hex.EncodeToString(report.Link[:]), TagsChecked: report.TagsChecked, Lost: []rangeJSON{},
		Seconds: p.Clock().Sub(begun).Seconds(),
	}
	for _, lost := range report.Lost {
		result.Lost = append(result.Lost, rangeJSON(lost))
	}
	if p.keyProblem != nil {
		result.KeyProblem = p.keyProblem.Error()
	}
	if damaged != nil {
		result.Broken, result.Cause = damaged.Sequence, damaged.Cause.Error()
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
	if r.Intact {
		p.say(fmt.Sprintf("完整：%d 条记录，%d 至 %d", r.Records, r.First, r.Last),
			fmt.Sprintf("intact: %d records, %d to %d", r.Records, r.First, r.Last))
	} else {
		p.say("不完整或被改动", "NOT intact")
		return
	}
	for _, lost := range r.Lost {
		p.say(fmt.Sprintf("曾从旧副本恢复：%d 至 %d 只在平台", lost.First, lost.Last),
			fmt.Sprintf("restored from an older copy once: %d to %d are only in the cloud's books", lost.First, lost.Last))
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
