package command

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// reprintWait is how long the printer's report on a copy is waited for: the till gives a copy up after 30 seconds, and
// others may come out before it.
const reprintWait = 45 * time.Second

// fate is what became of a copy that was asked for again, as the JSON output has it.
type fate string

// The fates of a copy.
const (
	paperPrinted     fate = "printed"
	paperNotPrinted  fate = "not-printed"
	paperUnconfirmed fate = "unconfirmed"
)

// reprintJSON is what `reprint --json` prints beside the sale or follow-up.
type reprintJSON struct {
	Copy  string `json:"copy"`
	Paper fate   `json:"paper"`
	Code  int    `json:"exit_code"`
	Name  string `json:"exit"`
}

func (f fate) json(copied string) reprintJSON {
	return reprintJSON{Copy: copied, Paper: f, Code: int(f.code()), Name: f.code().String()}
}

// code is the exit code: only a copy that is on paper is done.
func (f fate) code() Code {
	if f == paperPrinted {
		return CodeOK
	}
	return CodeUnprinted
}

// ended is how the command ends once all is said; err is what kept it from being said.
func (f fate) ended(err error) error {
	if err != nil || f.code() == CodeOK {
		return err
	}
	return &Failure{Code: f.code(), Told: true}
}

// awaitCopy waits for what became of a copy, as look tells it, from what was told first. What nobody tells within
// reprintWait, or before ctx ends, is not confirmed; nor is what a till that was started anew knows nothing of.
func awaitCopy(
	ctx context.Context, copied string, told *stationclient.Reprint, look func(context.Context) (*stationclient.Reprint, error),
) fate {
	ctx, cancel := context.WithTimeout(ctx, reprintWait)
	defer cancel()
	for told != nil && slices.Contains(told.Waiting, copied) && pause(ctx, paperPoll) {
		if now, err := look(ctx); err == nil {
			told = now
		}
	}
	switch {
	case told == nil:
		return paperUnconfirmed
	case slices.Contains(told.Printed, copied):
		return paperPrinted
	case slices.Contains(told.NotPrinted, copied):
		return paperNotPrinted
	default:
		return paperUnconfirmed
	}
}

// sayCopy says in a row what became of the copy, what is the matter with the printer, and what to do. altered says that
// the copy has substitutes on it.
func (p *program) sayCopy(ctx context.Context, client *stationclient.Client, copied string, f fate, altered bool) {
	name, say := copyText(copied), func(chinese, english string) {
		p.row("重印", "reprint", p.text(chinese, english))
	}
	switch f {
	case paperPrinted:
		say(name.Chinese+"已打印", name.English+" was printed")
		if altered {
			p.remark(p.language.Pick(catalogue.NoticePrintAltered.Text()))
		}
	case paperNotPrinted:
		say(name.Chinese+"没有打印", name.English+" was not printed")
		p.tellPrinter(ctx, client)
		p.sayNext("请检查打印机的纸张、机盖、电源和连线，然后再重印", "check the printer's paper, cover, power and cable, then reprint")
	default:
		say("不能确认"+name.Chinese+"是否打印完整", "it is not known whether "+name.English+" was printed")
		p.tellPrinter(ctx, client)
		p.sayNext("请查看打印机出的纸；没有或不完整时再重印", "look at what came out of the printer; reprint if it is missing or incomplete")
	}
}

// sayNext prints the one thing to do next.
func (p *program) sayNext(chinese, english string) {
	fmt.Fprintf(p.Out, "  → %s\n", p.text(chinese, english))
}

// tellPrinter says what keeps the printer from printing. It refuses nothing.
func (p *program) tellPrinter(ctx context.Context, client *stationclient.Client) {
	ctx, cancel := context.WithTimeout(ctx, devicesWait)
	defer cancel()
	status, err := client.Status(ctx)
	if err != nil {
		return // it was asked for; that the station is away since then is another matter
	}
	const printer = "printer"
	for _, device := range status.Devices {
		switch {
		case device.Name != printer || device.State == "ready":
		case device.Notice != nil:
			p.remark(p.language.Pick(*device.Notice))
		default:
			state := deviceState(device.State)
			p.remark(p.text(deviceText(printer).Chinese+state.Chinese, printer+" "+state.English))
		}
	}
}
