package followup_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
)

var update = flag.Bool("update", false, "write what the machine does into testdata/*.txt")

// TestScripts plays testdata/*.txt: a line that starts with a time is an event, the indented lines after it are what the
// machine wants done, and the line with "=" is where the follow-up is then. A file opens with why it is there.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 8)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(string(want), "# Why: "), "a script opens with why")
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
	w := newWorld()
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
		w.now = epoch.Add(at)
		for _, did := range w.happen(t, words[1:]) {
			fmt.Fprintf(&out, "        %s\n", did)
		}
		fmt.Fprintf(&out, "        = %s\n", w.followUp.State)
	}
	return out.String()
}

// happen plays one event.
func (w *world) happen(t *testing.T, words []string) []string {
	if words[0] == "fail" {
		w.journalFails = true
		defer func() { w.journalFails = false }()
		words = words[1:]
	}
	if words[0] == "restart" {
		return w.restart(t)
	}
	return w.give(parseEvent(t, w, words))
}

func parseEvent(t *testing.T, w *world, words []string) followup.Event {
	switch words[0] {
	case "start":
		event := started(kindNamed(t, words[1]), yuan(t, words[2]))
		for _, word := range words[3:] {
			event.Last = event.Last || word == "last"
			event.Offline = event.Offline || word == "offline"
			if word == "undoes" {
				event.Undoes = followup.ID{7}
			}
		}
		return event
	case "result":
		return followup.ResultArrived{Result: parseResult(t, w.followUp, words[1:])}
	case "record-refused":
		event := followup.RecordRefused{Request: w.request}
		_, err := fmt.Sscanf(words[1], "#%d", &event.Sequence)
		require.NoError(t, err)
		return event
	case "tick":
		return followup.Tick{}
	case "printed":
		printed := checkout.Printed{Copy: message.ReceiptPrinted_COPY_CUSTOMER, Result: message.ReceiptPrinted_RESULT_DONE}
		if words[1] == "merchant" {
			printed.Copy = message.ReceiptPrinted_COPY_MERCHANT
		}
		if len(words) > 2 {
			printed.Result, printed.Fault = message.ReceiptPrinted_RESULT_NOT_STARTED, "paper out"
		}
		return followup.Printed{Printed: printed}
	case "reprint":
		return followup.ReprintPressed{Copies: checkout.CustomerCopy}
	}
	t.Fatalf("no such event: %v", words)
	return nil
}

func kindNamed(t *testing.T, word string) followup.Kind {
	kind, ok := message.FollowUp_value["FOLLOW_UP_"+strings.ToUpper(strings.ReplaceAll(word, "-", "_"))]
	require.True(t, ok, word)
	return followup.Kind(kind)
}

// parseResult reads "revision outcome [amount | kind … | foreign]".
func parseResult(t *testing.T, f followup.FollowUp, words []string) *message.FollowUpResult {
	var revision uint32
	_, err := fmt.Sscan(words[0], &revision)
	require.NoError(t, err)
	outcome, ok := message.Outcome_value["OUTCOME_"+strings.ToUpper(words[1])]
	require.True(t, ok, words[1])
	r := answer(f, message.Outcome(outcome), revision)
	if r.Outcome == message.Outcome_OUTCOME_DECLINED {
		r.Reason = message.Reason_REASON_LIMIT_EXCEEDED
	}
	for _, word := range words[2:] {
		switch word {
		case "foreign":
			r.FollowUpId = make([]byte, 16)
		case "void":
			r.Kind = message.FollowUp_FOLLOW_UP_VOID
		default:
			r.Amount = yuan(t, word).Minor
		}
	}
	return r
}

// describe is an effect as scripts have it.
func describe(w *world, effect followup.Effect) string {
	switch e := effect.(type) {
	case checkout.Commit:
		return "commit " + describeBody(e)
	case checkout.SendNow:
		return "send"
	case checkout.Ask:
		return fmt.Sprintf("ask #%d", e.Sequence)
	case checkout.Forget:
		return fmt.Sprintf("forget #%d", e.Sequence)
	case checkout.Show:
		view := rules.View(w.followUp, e.Notice)
		text := "show " + view.Name.English + ": " + view.Title.English + " / " + view.Next.English
		if view.Reason.English != "" {
			text += " (" + view.Reason.English + ")"
		}
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
	case *message.FollowUpRequested:
		text := fmt.Sprintf("%s %s amount=%d", e.Type, body.GetKind(), body.GetAmount())
		if body.GetOffline() {
			text += " offline"
		}
		if body.GetLast() {
			text += " last"
		}
		if len(body.GetUndoes()) != 0 {
			text += fmt.Sprintf(" undoes=%x", body.GetUndoes()[:1])
		}
		if body.GetAgain() != 0 {
			text += fmt.Sprintf(" again #%d", body.GetAgain())
		}
		return text
	case *message.FollowUpShown:
		return fmt.Sprintf("%s %s", e.Type, body.GetOutcome())
	case *message.ReceiptPrinted:
		return fmt.Sprintf("%s %s %s %s", e.Type, body.GetCopy(), body.GetResult(), body.GetFault())
	}
	return e.Type.String()
}
