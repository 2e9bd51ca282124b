package checkout_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

var update = flag.Bool("update", false, "write what the machine does into testdata/*.txt")

// TestScripts plays testdata/*.txt: a line that starts with a time is an event, the indented lines after it are what the
// machine wants done, and the line with "=" is where the sale is then. A file opens with why it is there.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 12)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(string(want), "# "), "a script opens with why")
			got := play(t, string(want))
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
				return
			}
			require.Equal(t, string(want), got)
		})
	}
}

// play returns the script with what really happens in place of the indented lines.
func play(t *testing.T, script string) string {
	var out strings.Builder
	till := newTill()
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			fmt.Fprintln(&out, line)
			continue
		}
		if strings.HasPrefix(line, " ") {
			continue
		}
		fmt.Fprintln(&out, line)
		words := strings.Fields(line)
		at, err := time.ParseDuration(words[0])
		require.NoError(t, err, line)
		till.now = epoch.Add(at)
		for _, did := range till.happen(t, words[1:]) {
			fmt.Fprintf(&out, "        %s\n", did)
		}
		fmt.Fprintf(&out, "        = %s\n", till.sale.State)
	}
	return out.String()
}

// happen plays one event.
func (w *till) happen(t *testing.T, words []string) []string {
	if words[0] == "fail" {
		w.journalFails = true
		defer func() { w.journalFails = false }()
		words = words[1:]
	}
	switch words[0] {
	case "restart":
		return w.restart(t)
	case "signed-in":
		w.signedIn = true
		return nil
	}
	return w.give(parseEvent(t, w, words))
}

func parseEvent(t *testing.T, w *till, words []string) checkout.Event {
	switch words[0] {
	case "start":
		event := started(yuan(t, words[1]))
		event.Hold = len(words) > 2 && words[2] == "hold"
		if len(words) > 3 && words[2] == "order" {
			within, err := time.ParseDuration(words[3])
			require.NoError(t, err)
			event.Order = checkout.ShopOrder{Reference: "A-42", Within: within}
		}
		return event
	case "order":
		standing, ok := message.OrderStanding_value["ORDER_STANDING_"+strings.ToUpper(strings.ReplaceAll(words[1], "-", "_"))]
		require.True(t, ok, words[1])
		return checkout.OrderDecided{Standing: checkout.OrderStanding(standing), SettledBy: "li"}
	case "scan":
		return checkout.CodeScanned{Kind: codeKind(t, words[1]), Tail: "345678"}
	case "card":
		presented := checkout.CardPresented{Nonce: [8]byte{7}, Wallet: walletNamed(words[1]), Counter: 4}
		if len(words) > 2 && words[2] == "barred" {
			presented.Barred = catalogue.NoticeOfflinePayment
		}
		return presented
	case "paid":
		paid := checkout.CardPaid{Transaction: []byte("signed by the card")}
		if len(words) > 1 && words[1] == "offline" {
			paid.Offline = &message.Offline{LimitsId: []byte("limits"), Total: 1250, Count: 1}
		}
		return paid
	case "refused":
		return checkout.CardRefused{Cause: cardCause(t, words[1])}
	case "silent":
		return checkout.CardSilent{}
	case "show-code":
		return checkout.CodeWanted{}
	case "result":
		return checkout.ResultArrived{Result: parseResult(t, w.sale, words[1:])}
	case "record-refused":
		event := checkout.RecordRefused{Payment: w.payment}
		_, err := fmt.Sscanf(words[1], "#%d", &event.Sequence)
		require.NoError(t, err)
		return event
	case "tick":
		return checkout.Tick{}
	case "cancel":
		if len(words) > 1 && words[1] == "timed-out" {
			return checkout.CancelPressed{TimedOut: true}
		}
		return checkout.CancelPressed{Cashier: "li"}
	case "printed":
		return parsePrinted(t, words[1:])
	case "reprint":
		return checkout.ReprintPressed{Copies: checkout.CustomerCopy}
	case "standing":
		return checkout.StandingLearned{Standing: parseStanding(t, words[1:])}
	}
	t.Fatalf("no such event: %v", words)
	return nil
}

func codeKind(t *testing.T, word string) checkout.CodeKind {
	kinds := map[string]checkout.CodeKind{
		"e-cny": checkout.CodeECNY, "wechat": checkout.CodeWeChat, "alipay": checkout.CodeAlipay,
		"unionpay": checkout.CodeUnionPay, "goods": checkout.CodeGoods, "other": checkout.CodeOther,
		"unreadable": checkout.CodeUnreadable,
	}
	require.Contains(t, kinds, word)
	return kinds[word]
}

func cardCause(t *testing.T, word string) checkout.CardCause {
	causes := map[string]checkout.CardCause{
		"funds": checkout.CardFunds, "limit": checkout.CardLimit, "blocked": checkout.CardBlocked,
		"foreign": checkout.CardForeign, "away": checkout.CardAway, "crowd": checkout.CardCrowd,
		"not-paid": checkout.CardNotPaid, "declined": checkout.CardDeclined,
	}
	require.Contains(t, causes, word)
	return causes[word]
}

// parseResult reads "stage revision [outcome [amount]] [refunded] [stands …]".
func parseResult(t *testing.T, sale checkout.Sale, words []string) *message.PaymentResult {
	stage, ok := message.Stage_value["STAGE_"+strings.ToUpper(strings.ReplaceAll(words[0], "-", "_"))]
	require.True(t, ok, words[0])
	var revision uint32
	_, err := fmt.Sscan(words[1], &revision)
	require.NoError(t, err)
	r := answer(sale, message.Stage(stage), message.Outcome_OUTCOME_UNKNOWN, revision)
	for i, word := range words[2:] {
		switch word {
		case "stands":
			r.Standing = parseStanding(t, words[i+3:])
			return r
		case "approved":
			r.Outcome = message.Outcome_OUTCOME_APPROVED
		case "declined":
			r.Outcome, r.Reason = message.Outcome_OUTCOME_DECLINED, message.Reason_REASON_INSUFFICIENT_FUNDS
		case "reversed":
			r.Outcome = message.Outcome_OUTCOME_REVERSED
		case "refunded":
			r.Refunded = true
		case "foreign":
			r.OrderId = make([]byte, 16)
		default:
			r.Amount = yuan(t, word).Minor
		}
	}
	return r
}

// parseStanding reads "paid=12.50 refunded=5 held=10 closed hold".
func parseStanding(t *testing.T, words []string) *message.Standing {
	standing := &message.Standing{}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "paid":
			standing.Paid = yuan(t, value).Minor
		case "refunded":
			standing.Refunded = yuan(t, value).Minor
		case "held":
			standing.Held = yuan(t, value).Minor
		case "closed":
			standing.Closed = true
		case "hold":
			standing.Hold = true
		default:
			t.Fatalf("no such part of a standing: %s", word)
		}
	}
	return standing
}

func parsePrinted(t *testing.T, words []string) checkout.Printed {
	p := checkout.Printed{Copy: message.ReceiptPrinted_COPY_CUSTOMER, Result: message.ReceiptPrinted_RESULT_DONE}
	if words[0] == "merchant" {
		p.Copy = message.ReceiptPrinted_COPY_MERCHANT
	}
	for _, word := range words[1:] {
		switch word {
		case "done":
		case "not-started":
			p.Result, p.Fault = message.ReceiptPrinted_RESULT_NOT_STARTED, "paper out"
		case "unconfirmed":
			p.Result, p.Fault = message.ReceiptPrinted_RESULT_UNCONFIRMED, "no status after the job"
		case "absent":
			p.Result, p.Absent, p.Fault = message.ReceiptPrinted_RESULT_NOT_STARTED, true, "no printer"
		case "altered":
			p.Altered = true
		case "reprint":
			p.Reprint = true
		default:
			t.Fatalf("no such result: %s", word)
		}
	}
	return p
}

// describe is an effect as scripts have it.
func describe(w *till, effect checkout.Effect) string {
	switch e := effect.(type) {
	case checkout.Save:
		return "save"
	case checkout.Commit:
		text := "commit " + describeBody(e)
		if refused := named(e.Body); refused != 0 {
			text += fmt.Sprintf(" again #%d", refused)
		}
		return text
	case checkout.SendNow:
		return "send"
	case checkout.Ask:
		return fmt.Sprintf("ask #%d", e.Sequence)
	case checkout.Forget:
		return fmt.Sprintf("forget #%d", e.Sequence)
	case checkout.PayCard:
		return "pay card"
	case checkout.RecoverCard:
		return "recover card"
	case checkout.LeaveCard:
		return "leave card"
	case checkout.Arm:
		return fmt.Sprintf("arm scanner=%t reader=%t", e.Scanner, e.Reader)
	case checkout.Show:
		view := rules.View(w.sale, e.Notice)
		text := "show " + view.Title.English + " / " + view.Next.English
		if view.Notice.English != "" {
			text += " ! " + view.Notice.English
		}
		return text
	case checkout.Print:
		return fmt.Sprintf("print %d copies reprint=%t", len(e.Copies.Each()), e.Reprint)
	case checkout.SetTimer:
		return "timer " + e.At.Sub(epoch).String()
	case checkout.Warn:
		return "warn " + e.What
	}
	return fmt.Sprintf("%T", effect)
}

func describeBody(e checkout.Commit) string {
	switch body := e.Body.(type) {
	case *message.PaymentRequested:
		if offline := body.GetOffline(); offline != nil {
			return fmt.Sprintf("%s %s amount=%d card=%d offline total=%d count=%d give-up=%d", e.Type, body.GetMethod(),
				body.GetAmount(), len(body.GetCardTransaction()), offline.GetTotal(), offline.GetCount(), body.GetGiveUp())
		}
		text := fmt.Sprintf("%s %s amount=%d tail=%s card=%d give-up=%s", e.Type, body.GetMethod(), body.GetAmount(),
			body.GetCodeTail(), len(body.GetCardTransaction()), time.UnixMicro(body.GetGiveUp()).UTC().Sub(epoch))
		if body.GetHold() {
			text += " hold"
		}
		if within := body.GetAcceptWithin(); within > 0 {
			text += fmt.Sprintf(" order %s within %ds", body.GetOrderReference(), within)
		}
		return text
	case *message.OutcomeShown:
		if standing := body.GetOrder(); standing != message.OrderStanding_ORDER_STANDING_UNSPECIFIED {
			return fmt.Sprintf("%s %s %s", e.Type, body.GetOutcome(), standing)
		}
		return fmt.Sprintf("%s %s", e.Type, body.GetOutcome())
	case *message.ReversalRequested:
		return fmt.Sprintf("%s of #%d %s", e.Type, body.GetPaymentSequence(), body.GetReason())
	case *message.ReceiptPrinted:
		return fmt.Sprintf("%s %s %s %s", e.Type, body.GetCopy(), body.GetResult(), body.GetFault())
	case *message.DeviceFault:
		return fmt.Sprintf("%s %s: %s", e.Type, body.GetDevice(), body.GetFault())
	case *message.SaleAbandoned:
		return fmt.Sprintf("%s %s", e.Type, body.GetReason())
	}
	return record.Type(0).String()
}
