package command_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
)

// soldWith runs a sale at a till with these devices.
func soldWith(t *testing.T, devices []station.Device, more ...string) (code int, out string) {
	t.Helper()
	till := sitetest.NewTill(t, "")
	till.SetStatus(station.Status{Devices: devices})
	code, out, _ = run(t, command.Environment{}, append([]string{"sale", "--station", till.URL, "--amount", "1",
		"--lang", "en", "--timeout", "200ms", "--cancel=false"}, more...)...)
	return code, out
}

func TestMissingDevices(t *testing.T) {
	for name, c := range map[string]struct {
		scanner, reader string
		want            string
	}{
		"scanner absent":  {"absent", "ready", "! scanner absent\n"},
		"reader faulted":  {"ready", "faulted", "! reader faulted\n"},
		"both absent":     {"absent", "absent", "! scanner absent, reader absent; only a code shown with --shown can be paid\n"},
		"neither was set": {"none", "none", "! scanner not set, reader not set; only"},
	} {
		t.Run(name+" is told and the sale goes on", func(t *testing.T) {
			code, out := soldWith(t, []station.Device{{Name: "scanner", State: c.scanner}, {Name: "reader", State: c.reader}})
			require.Equal(t, int(command.CodeUnknown), code, "it still waits")
			require.Contains(t, out, c.want)
		})
	}
	t.Run("no devices at all is told", func(t *testing.T) {
		_, out := soldWith(t, nil)
		require.Contains(t, out, "scanner not set, reader not set")
	})
	ready := []station.Device{{Name: "scanner", State: "ready"}, {Name: "reader", State: "ready"}, {Name: "printer", State: "absent"}}
	t.Run("nothing is told when all is there", func(t *testing.T) {
		_, out := soldWith(t, ready)
		require.NotContains(t, out, "!")
	})
	t.Run("nothing is told of a reader that was never set up", func(t *testing.T) {
		_, out := soldWith(t, []station.Device{{Name: "scanner", State: "ready"}, {Name: "reader", State: "none"}})
		require.NotContains(t, out, "!")
	})
	t.Run("nothing is told when our code is shown", func(t *testing.T) {
		_, out := soldWith(t, nil, "--shown")
		require.NotContains(t, out, "!")
		require.Contains(t, out, "The customer scans the code shown")
	})
	t.Run("JSON stays one object", func(t *testing.T) {
		_, out := soldWith(t, nil, "--json")
		require.NotContains(t, out, "not set")
	})
}

// TestReprintTellsOfThePrinter: with paper that did not come stands how the printer is.
func TestReprintTellsOfThePrinter(t *testing.T) {
	for state, want := range map[string]string{"absent": "! printer absent\n", "faulted": "! printer faulted\n", "ready": ""} {
		note, ends := sitetest.NoteNoPaper, command.CodeUnprinted
		if want == "" {
			note, ends = sitetest.NoteApprove, command.CodeOK
		}
		till := sitetest.NewTill(t, "")
		till.SetStatus(station.Status{Devices: []station.Device{{Name: "printer", State: state}}})
		arguments := []string{"--station", till.URL, "--lang", "en"}
		code, _, said := run(t, command.Environment{}, append([]string{"sale", "--amount", "1", "--note", note}, arguments...)...)
		require.Equal(t, int(command.CodeOK), code, said)
		code, out, said := run(t, command.Environment{}, append([]string{"reprint"}, arguments...)...)
		require.Equal(t, int(ends), code, said)
		if want == "" {
			require.NotContains(t, out, "!")
		}
		require.Contains(t, out, want)
		intents := till.Intents()
		require.Equal(t, checkout.ReprintPressed{Copies: checkout.CustomerCopy}, intents[len(intents)-1])
	}
}
