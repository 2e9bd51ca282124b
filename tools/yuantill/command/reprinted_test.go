package command_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// TestAwaitCopy: what is waited for ends in one of three words, and in time.
func TestAwaitCopy(t *testing.T) {
	waiting := &stationclient.Reprint{Waiting: []string{"customer"}, Printed: []string{"merchant"}}
	printed := &stationclient.Reprint{Printed: []string{"customer"}}
	for name, c := range map[string]struct {
		told *stationclient.Reprint
		look func(n int) (*stationclient.Reprint, error)
		want string
		wait time.Duration
	}{
		"TheAnswerKnows": {told: printed, want: "printed"},
		"ReportedLater": {waiting, func(n int) (*stationclient.Reprint, error) {
			if n < 3 {
				return waiting, nil
			}
			return printed, nil
		}, "printed", 300 * time.Millisecond},
		"NeverReported": {waiting, func(int) (*stationclient.Reprint, error) { return waiting, nil }, "unconfirmed", command.ReprintWait},
		"TheAgentIsAway": {waiting, func(n int) (*stationclient.Reprint, error) {
			if n < 5 {
				return nil, errors.New("connection refused")
			}
			return nil, nil // it was started anew
		}, "unconfirmed", 500 * time.Millisecond},
		"NothingIsTold":     {want: "unconfirmed"},
		"OfAnotherCopy":     {told: &stationclient.Reprint{Printed: []string{"merchant"}}, want: "unconfirmed"},
		"NotPrinted":        {told: &stationclient.Reprint{NotPrinted: []string{"merchant", "customer"}}, want: "not-printed"},
		"NobodySawThePaper": {told: &stationclient.Reprint{Unconfirmed: []string{"customer"}}, want: "unconfirmed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, looks := time.Now(), 0
				got := command.AwaitCopy(t.Context(), "customer", c.told, func(context.Context) (*stationclient.Reprint, error) {
					looks++
					return c.look(looks)
				})
				require.Equal(t, c.want, got)
				require.Equal(t, c.wait, time.Since(began))
			})
		})
	}
}

// reprinting is a till that has taken a sale with a note.
func reprinting(t *testing.T, note string) *sitetest.Till {
	t.Helper()
	till := sitetest.NewTill(t, "")
	code, _, errors := run(t, command.Environment{}, "sale", "--station", till.URL, "--amount", "1", "--note", note)
	require.Zero(t, code, errors)
	return till
}

// TestAwaitCopyThatIsLeft: Ctrl-C ends the wait, and what is not known then is not called printed.
func TestAwaitCopyThatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		waiting := &stationclient.Reprint{Waiting: []string{"customer"}}
		began := time.Now()
		require.Equal(t, "unconfirmed", command.AwaitCopy(ctx, "customer", waiting, func(context.Context) (*stationclient.Reprint, error) {
			return waiting, nil
		}))
		require.Equal(t, time.Second, time.Since(began))
	})
}

// TestReprintSaysWhy: what the printer needs stands beside what it did not print.
func TestReprintSaysWhy(t *testing.T) {
	till := reprinting(t, sitetest.NoteNoPaper)
	status, err := till.Status(t.Context())
	require.NoError(t, err)
	paper := catalogue.NoticePaperOut.Text()
	status.Devices = []station.Device{{Name: "printer", State: "faulted", Notice: &paper}}
	till.SetStatus(status)
	code, out, _ := run(t, command.Environment{}, "reprint", "--station", till.URL, "--lang", "en")
	require.Equal(t, int(command.CodeUnprinted), code)
	require.Contains(t, out, "was not printed\n          ! "+paper.English+"\n  → check the printer")
}

// TestReprintWithSubstitutes is on paper, and says what to look at.
func TestReprintWithSubstitutes(t *testing.T) {
	till := reprinting(t, sitetest.NoteAltered)
	code, out, _ := run(t, command.Environment{}, "reprint", "--station", till.URL, "--lang", "en")
	require.Zero(t, code)
	require.Contains(t, out, "was printed\n          ! "+catalogue.NoticePrintAltered.Text().English)
}
