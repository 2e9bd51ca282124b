package faults_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
	"github.com/yuantill/yuantill/tools/shop"
)

// refused starts a till's agent, which must not come up, and returns what it said.
func (w *world) refused(t *testing.T, till *shop.Till, exit int) string {
	t.Helper()
	before := len(w.said(t, till))
	require.NoError(t, w.LaunchAgent(till))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	code, err := till.Agent.Ended(ctx)
	if err != nil {
		till.Agent.Kill()
	}
	require.NoError(t, err)
	text := w.said(t, till)[before:]
	require.Equal(t, exit, code, text)
	till.Agent.Kill() // it has ended as it should: nothing is left to stop
	require.NotContains(t, text, "panic")
	require.NotContains(t, text, "goroutine ")
	return text
}

// said is what a till's agent has written so far.
func (w *world) said(t *testing.T, till *shop.Till) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, "agent-"+till.Folder+".log"))
	require.NoError(t, err)
	return string(text)
}

// TestSettings starts an agent with mistakes in its settings, in the middle of a business day.
func TestSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	w.sell(t, w.Till, 101)
	require.NoError(t, w.Till.Agent.Stop())
	right, err := os.ReadFile(w.Till.Settings)
	require.NoError(t, err)
	write := func(t *testing.T, text string) {
		require.NoError(t, os.WriteFile(w.Till.Settings, []byte(text), 0o600))
	}
	for name, c := range map[string]struct {
		from, to string
		exit     int
		says     []string
	}{
		"UnknownKey":      {"location =", "locaton =", program.ExitSettings, []string{w.Till.Settings + ":", "device.locaton：没有这个设置"}},
		"WrongType":       {"paper = 58", `paper = "wide"`, program.ExitSettings, []string{w.Till.Settings + ":", "printer.paper：须为整数"}},
		"NotTOML":         {"[journal]", "[journal", program.ExitSettings, []string{w.Till.Settings + ":"}},
		"UnknownDriver":   {`driver = "pn532"`, `driver = "pn533"`, program.ExitSettings, []string{w.Till.Settings + ":", "reader.driver", "pn532"}},
		"NotATerminal":    {`terminal = "`, `terminal = "x`, program.ExitSettings, []string{w.Till.Settings + ":1:12: terminal", "8 digits"}},
		"OpenToTheWorld":  {`listen = "127.0.0.1:`, `listen = "0.0.0.0:`, program.ExitSettings, []string{w.Till.Settings + ":", "station.listen", "loopback"}},
		"OtherTerminal":   {`terminal = "10000001"`, `terminal = "10000002"`, program.ExitKeys, []string{"10000002", "10000001"}},
		"NoEnrolment":     {"enrolment/10000001.json", "enrolment/none.json", program.ExitKeys, []string{"none.json"}},
		"NotAnEnrolment":  {"enrolment/10000001.json", "operator.pub", program.ExitKeys, []string{"operator.pub"}},
		"NoJournalFolder": {`path = "10000001/journal.db"`, `path = "nowhere/journal.db"`, program.ExitJournal, []string{"nowhere/journal.db"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, string(right), c.from)
			write(t, strings.Replace(string(right), c.from, c.to, 1))
			text := w.refused(t, w.Till, c.exit)
			for _, word := range c.says {
				require.Contains(t, text, word)
			}
		})
	}
	t.Run("Missing", func(t *testing.T) {
		require.NoError(t, os.Remove(w.Till.Settings))
		require.Contains(t, w.refused(t, w.Till, program.ExitSettings), w.Till.Settings)
	})
	write(t, string(right))
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	w.sell(t, w.Till, 102)
	w.audit(t)
	w.quiet(t)
}
