package command

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
)

// shiftVerifyJSON is what `shift verify --json` prints.
type shiftVerifyJSON struct {
	Intact  bool           `json:"intact"`
	Shifts  int            `json:"shifts"`
	Checked bool           `json:"signatures_checked"`
	Ends    []shiftEndJSON `json:"ends"`
	Problem string         `json:"key_problem,omitempty"`
}

// shiftEndJSON is one end of a shift.
type shiftEndJSON struct {
	Sequence    uint64   `json:"sequence"`
	ShiftID     string   `json:"shift_id"`
	Batch       uint32   `json:"batch"`
	Revision    uint32   `json:"revision"`
	Provisional bool     `json:"provisional"`
	Signed      bool     `json:"signed"`
	Problems    []string `json:"problems"`
}

// errShifts says that an end of a shift is not what the journal says.
var errShifts = errors.New("a shift's end is not signed by this terminal, or not what its records say")

func (p *program) shiftVerify() *cobra.Command {
	var flags journalFlags
	cmd := &cobra.Command{
		Use: "verify", Short: "校验交班的签名与金额  Check signatures and sums of all closed shifts", Args: noArguments,
		Long: "从流水逐条重算每个班次，并校验终端的 SM2 签名。退出码 8：不符。\n" +
			"Sums every shift up anew from the journal and checks the terminal's SM2 signatures. Exit code 8: they do not agree.",
		RunE: p.looking(func(cmd *cobra.Command, _ []string) error { return p.runShiftVerify(cmd.Context(), &flags) }),
	}
	set := cmd.Flags()
	set.StringVar(&flags.path, "journal", "", "流水文件  journal file (default from settings)")
	set.StringVar(&flags.enrolment, "enrolment", "", "入网文件  enrolment file, for checking signatures (default from settings)")
	set.StringVar(&flags.epochs, "epochs", "", "密钥期文件  epochs file (default from settings)")
	set.BoolVar(&flags.keyless, "no-keys", false, "不用密钥  do not use keys: check the sums only")
	return cmd
}

func (p *program) runShiftVerify(ctx context.Context, flags *journalFlags) error {
	path, keys, err := p.journalSource(flags)
	if err != nil {
		return err
	}
	result := shiftVerifyJSON{Intact: true, Checked: keys != nil, Ends: []shiftEndJSON{}}
	if p.keyProblem != nil {
		result.Problem = p.keyProblem.Error()
	}
	var identity sign.PublicKey
	if keys != nil {
		identity = keys.Identity().Public()
	}
	o, err := p.openJournal(ctx, path, keys)
	if err != nil {
		return err
	}
	var audit shift.Audit
	err = o.each(ctx, func(r record.Record) error { return result.take(&audit, r, identity) })
	if err = errors.Join(err, o.Close()); err != nil {
		return o.failure(err)
	}
	if p.json {
		err = p.printJSON(result)
	} else {
		p.sayShiftsVerified(result)
	}
	if err == nil && !result.Intact {
		err = &Failure{Code: CodeJournal, Cause: errShifts, Next: catalogue.KeepJournal(), Told: p.json}
	}
	return err
}

// take looks at one record.
func (v *shiftVerifyJSON) take(audit *shift.Audit, r record.Record, identity sign.PublicKey) error {
	header, err := record.ParseHeader(r)
	if err != nil {
		return err
	}
	if header.Type == record.ShiftOpened {
		v.Shifts++
	}
	checked, err := audit.Add(header, r.Body())
	if err != nil || checked == nil {
		return err
	}
	end := shiftEndJSON{
		Sequence: checked.Sequence, ShiftID: hex.EncodeToString(checked.Closed.GetShiftId()), Batch: checked.Closed.GetBatch(),
		Revision: checked.Closed.GetRevision(), Provisional: checked.Closed.GetProvisional(),
		Problems: append([]string{}, checked.Problems...),
	}
	if v.Checked {
		if _, err := closing.Verify(identity, header.Terminal, r.Body()); err != nil {
			end.Problems = append(end.Problems, err.Error())
		} else {
			end.Signed = true
		}
	}
	v.Intact = v.Intact && len(end.Problems) == 0
	v.Ends = append(v.Ends, end)
	return nil
}

func (p *program) sayShiftsVerified(v shiftVerifyJSON) {
	for _, end := range v.Ends {
		for _, problem := range end.Problems {
			fmt.Fprintf(p.Out, "%s %d  %s %06d: %s\n", p.text("记录", "record"), end.Sequence, p.text("批次", "batch"), end.Batch, problem)
		}
	}
	if v.Intact {
		p.say(fmt.Sprintf("相符：%d 个班次，%d 次交班", v.Shifts, len(v.Ends)), fmt.Sprintf("agree: %s, %s", catalogue.Counted(v.Shifts, "shift"), catalogue.Counted(len(v.Ends), "end")))
	}
	if v.Checked {
		p.say("签名与金额均已校验", "signatures and sums checked")
		return
	}
	p.say("只校验了金额，未校验签名", "only the sums were checked, not the signatures")
	if v.Problem != "" {
		fmt.Fprintln(p.Out, "  "+v.Problem)
	}
}
