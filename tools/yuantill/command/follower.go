package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/shellword"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
	"github.com/yuantill/yuantill/tools/yuantill/wallclock"
)

// follower follows one follow-up to its end.
type follower struct {
	*program
	client   *stationclient.Client
	flags    followFlags
	order    stationclient.Order
	followUp stationclient.FollowUp
	shown    string
	noticed  string // the last notice
}

// begin asks for the follow-up. A lost answer is asked for again under the same key; what cannot have been sent did not
// happen.
func (f *follower) begin(ctx context.Context, wish stationclient.FollowUpBody) error {
	starting, release := listen(ctx, f.Interrupts, 2)
	defer release()
	sent := false
	var err error
	for try := range startTries {
		var made stationclient.FollowUp
		if made, err = f.client.FollowUp(starting, f.flags.key, f.order.ID, wish); err == nil {
			f.take(made)
			return nil
		}
		var unreachable *stationclient.UnreachableError
		if !errors.As(err, &unreachable) {
			return stationFailure(err)
		}
		sent = sent || unreachable.Sent
		if !sent && try > 0 {
			break
		}
		if !pause(starting, startGap) {
			break
		}
	}
	if !sent {
		return stationFailure(err)
	}
	return &Failure{Code: CodeUnknown, Cause: err, Next: bilingual.Text{
		Chinese: "用同一个键再看，不会重复办理：" + f.again(),
		English: "look again with the same key, it is never done twice: " + f.again(),
	}}
}

// watch returns when the result is definite, or when nobody wants to wait any longer.
func (f *follower) watch(ctx context.Context) {
	watching, release := listen(ctx, f.Interrupts, 1)
	defer release()
	watching, cancel := context.WithTimeout(watching, f.flags.timeout)
	defer cancel()
	for followCode(f.followUp) == CodeUnknown && pause(watching, followPoll) {
		f.look(watching)
	}
	printing, cancel := context.WithTimeout(watching, paperWait)
	defer cancel()
	for followCode(f.followUp) != CodeUnknown && len(f.followUp.Unprinted) > 0 && pause(printing, paperPoll) {
		f.look(printing)
	}
}

// look asks how it is.
func (f *follower) look(ctx context.Context) {
	if told, err := f.client.Follow(ctx, f.followUp.ID); err == nil {
		f.take(told)
	}
}

// take shows the follow-up when anything that people read has changed.
func (f *follower) take(told stationclient.FollowUp) {
	f.followUp = told
	if f.json {
		return
	}
	if line := f.line(); line != f.shown {
		f.shown = line
		fmt.Fprintf(f.Out, "%s  %s\n", wallclock.TimeOnly(told.At), line)
	}
	notice := ""
	if told.Notice != nil {
		notice = f.language.Pick(*told.Notice)
	}
	if notice != "" && notice != f.noticed {
		f.remark(notice)
	}
	f.noticed = notice
}

func (f *follower) line() string {
	told := f.followUp
	line := f.language.Pick(told.Name)
	if told.Amount != 0 {
		line += "  " + told.Text
	}
	line += "  " + f.language.Pick(told.Title)
	if told.Reason != nil {
		line += " · " + f.language.Pick(*told.Reason)
	}
	return line + "  → " + f.language.Pick(told.Next)
}

// again is the command that looks at the same follow-up.
func (f *follower) again() string {
	words := append([]string{"yuantill"}, f.flags.verb...)
	words = append(words, f.flags.words()...)
	if f.flags.last {
		words = append(words, "--last")
	}
	for _, option := range [][2]string{
		{"--amount", f.flags.amount}, {"--completion", f.flags.undoes}, {"--cashier", f.flags.cashier}, {"--note", f.flags.note},
		{"--key", f.flags.key}, {"--station", f.station}, {"--settings", f.settings},
	} {
		if option[1] != "" {
			words = append(words, option[0], shellword.Quote(option[1]))
		}
	}
	return strings.Join(words, " ")
}

// followCode is the exit code of a follow-up as it stands.
func followCode(told stationclient.FollowUp) Code {
	switch told.Outcome {
	case "approved":
		return CodeOK
	case "declined":
		return CodeDeclined
	default:
		return CodeUnknown
	}
}

// end prints the result and gives it its exit code.
func (f *follower) end() error {
	code := followCode(f.followUp)
	f.did("--key "+f.flags.key, code)
	switch {
	case f.json:
		err := f.printJSON(followJSON{
			Key: f.flags.key, Code: int(code), Name: code.String(), FollowUp: &f.followUp, Order: f.order,
		})
		if err != nil {
			return err
		}
	case code == CodeUnknown:
		f.say("结果尚未知道，不是失败：请勿用其他方式退款，请勿重复办理；本机继续查询", "the result is not known yet, which is no failure: "+
			"do not refund another way and do not repeat it; the till goes on asking")
		fmt.Fprintf(f.Out, "  → %s\n", f.again())
	case code == CodeOK:
		fmt.Fprintln(f.Out, f.facts())
	}
	if code == CodeOK {
		return nil
	}
	return &Failure{Code: code, Told: true}
}

// facts are the numbers of what was done and how the order stands.
func (f *follower) facts() string {
	told := f.followUp
	var facts []string
	for _, fact := range [][2]string{
		{f.text("参考号", "reference"), told.Reference},
		{f.text("凭证号", "voucher"), fmt.Sprintf("%06d", told.Voucher)},
		{f.text("原参考号", "original reference"), told.Original},
	} {
		if fact[1] != "" { // what was taken offline has no reference yet
			facts = append(facts, fact[0]+" "+fact[1])
		}
	}
	if told.Standing != nil {
		facts = append(facts, f.standing(*told.Standing, told.Currency))
	}
	return strings.Join(facts, "  ")
}

// standing says how an order stands.
func (p *program) standing(s stationclient.Standing, currency string) string {
	sum := func(minor int64) string {
		amount, err := money.Of(minor, currency)
		if err != nil {
			return strconv.FormatInt(minor, 10)
		}
		return amount.Display()
	}
	facts := []string{
		p.text("已付", "paid") + " " + sum(s.Paid), p.text("已退", "refunded") + " " + sum(s.Refunded),
		p.text("可退", "left") + " " + sum(s.Left),
	}
	if s.Hold {
		facts = append(facts, p.text("冻结", "still held")+" "+sum(s.StillHeld))
	}
	if s.Expires != nil && !s.Closed {
		facts = append(facts, p.text("到期", "expires")+" "+p.local(*s.Expires))
	}
	return strings.Join(facts, "  ")
}
