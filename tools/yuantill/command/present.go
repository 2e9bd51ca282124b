package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
	"github.com/yuantill/yuantill/tools/yuantill/wallclock"
)

// took shows a sale, or says once that the agent is not to be heard: the sale goes on there.
func (w *watcher) took(sale stationclient.Sale, err error) {
	if err == nil {
		w.take(sale)
		return
	}
	if !w.lost {
		w.tell("收银程序暂无应答，收款可能仍在进行，请勿重复收款", "the agent does not answer; the sale may be going on, do not charge again")
	}
	w.lost = true
}

// take shows a sale when anything that people read has changed. Answers and events may overtake each other.
func (w *watcher) take(sale stationclient.Sale) {
	w.lost = false
	if w.known && !w.newer(sale) {
		return
	}
	w.sale, w.known = sale, true
	if w.json {
		w.writeCode(sale)
		return
	}
	if sale.SupersededBy != "" { // the one that took its place follows at once
		return
	}
	line := w.line(sale)
	changed := line != w.shown
	w.shown = line
	if changed {
		fmt.Fprintf(w.Out, "%s  %s\n", wallclock.TimeOnly(sale.At), line)
	}
	w.takeNotice(sale.Notice)
	if changed && sale.ShownCode != "" {
		w.drawCode(sale.ShownCode)
	}
}

// newer reports whether a sale is news: of the sale that is followed, or of the one that took its place. Of a final one
// only its paper is.
func (w *watcher) newer(sale stationclient.Sale) bool {
	if sale.ID != w.sale.ID {
		return sale.Supersedes == w.sale.ID
	}
	return !sale.At.Before(w.sale.At) && (sale.Final || !w.sale.Final)
}

// catchUp asks for the sale that took the followed one's place.
func (w *watcher) catchUp(ctx context.Context) {
	for range supersededMax {
		if w.sale.SupersededBy == "" {
			return
		}
		next, err := w.client.Sale(ctx, w.sale.SupersededBy)
		w.took(next, err)
		if err != nil {
			return
		}
	}
}

// takeNotice tells a notice when it is another than the last: a wrong code changes nothing else about the sale.
func (w *watcher) takeNotice(notice *stationclient.Words) {
	text := ""
	if notice != nil {
		text = w.language.Pick(*notice)
	}
	if text != "" && text != w.noticed {
		w.remark(text)
	}
	w.noticed = text
}

// remark prints a line that belongs to the one before.
func (p *program) remark(text string) { fmt.Fprintf(p.Out, "          ! %s\n", text) }

// shownJSON is what `sale --shown --json` prints as soon as there is a code, before the sale's end.
type shownJSON struct {
	Key      string     `json:"key"`
	Order    string     `json:"order"`
	Amount   int64      `json:"amount"`
	Currency string     `json:"currency"`
	Text     string     `json:"amount_text"`
	Code     string     `json:"shown_code"`
	Until    *time.Time `json:"shown_code_until,omitempty"`
}

// writeCode writes each code that was asked for once.
func (w *watcher) writeCode(sale stationclient.Sale) {
	if !w.flags.shown || sale.ShownCode == "" || sale.ShownCode == w.shown {
		return
	}
	w.shown = sale.ShownCode
	_ = w.printJSON(shownJSON{
		Key: w.flags.key, Order: sale.ID, Amount: sale.Amount, Currency: sale.Currency, Text: sale.Text,
		Code: sale.ShownCode, Until: sale.ShownCodeUntil,
	})
}

// drawCode puts our code where the customer can scan it, and its text for who cannot; the text alone where it does not fit
// into a QR code.
func (w *watcher) drawCode(text string) {
	lines, _ := drawQR(text)
	for _, line := range append(lines, text) {
		fmt.Fprintf(w.Out, "          %s\n", line)
	}
}

func (w *watcher) line(sale stationclient.Sale) string {
	line := sale.Text + "  " + w.language.Pick(sale.Title)
	if sale.Reason != nil {
		line += " · " + w.language.Pick(*sale.Reason)
	}
	if next := w.language.Pick(sale.Next); next != "" {
		line += "  → " + next
	}
	return line
}

// tell prints a remark that is no part of the answer.
func (w *watcher) tell(chinese, english string) {
	fmt.Fprintln(w.Err, w.text(chinese, english))
}

// end prints the result and gives it its exit code.
func (w *watcher) end() error {
	code := saleCode(w.sale)
	w.did("--key "+w.flags.key, code)
	if w.json {
		err := w.printJSON(saleJSON{Key: w.flags.key, Code: int(code), Name: code.String(), Sale: &w.sale})
		if err != nil {
			return err
		}
	} else {
		w.sayEnd(code)
	}
	if code == CodeOK {
		return nil
	}
	return &Failure{Code: code, Told: true}
}

func (w *watcher) sayEnd(code Code) {
	s := w.sale
	if code == CodeUnknown {
		w.say("结果尚未知道，不是失败：请勿交货，请勿重复收款；收款在本机继续", "the outcome is not known yet, which is no failure: "+
			"neither hand over nor charge again; the sale goes on at the till")
		fmt.Fprintf(w.Out, "  → %s\n", w.again())
		return
	}
	var facts []string
	for _, fact := range []struct{ label, value string }{
		{w.text("参考号", "reference"), s.Reference},
		{w.text("授权码", "authorisation"), s.Authorisation},
		{w.text("付款机构", "payer's operator"), s.Operator},
		{w.text("钱包", "wallet"), s.Wallet},
		{w.text("凭证号", "voucher"), fmt.Sprintf("%06d", s.Voucher)},
	} {
		if fact.value != "" {
			facts = append(facts, fact.label+" "+fact.value)
		}
	}
	if code != CodeAbandoned {
		fmt.Fprintln(w.Out, strings.Join(facts, "  "))
	}
}
