package faults_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// TestWrongClock runs a till whose clock is wrong. Where the cloud's certificate cannot be judged by it, the till says
// that it is the clock; where it can, the till sells.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		offset string
		sells  bool
	}{
		"TwoYearsSlow":   {"-17520h", false},
		"ThreeYearsFast": {"26280h", false},
		"AYearFast":      {"8760h", true},
		"AnHourFast":     {"1h", true},
		"HalfAnHourSlow": {"-30m", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shop.Options{Terminals: 1})
			w.sell(t, w.Till, 101)
			require.NoError(t, w.Till.Agent.Stop())
			right := w.Till.Command
			w.Till.Command = []string{filepath.Join(programs(), "wrongclock"), c.offset}
			if c.sells {
				require.NoError(t, w.StartAgent(t.Context(), w.Till))
				await(t, patience, "the cloud's clock", func(ctx context.Context) (bool, string) {
					status, err := w.Station.Status(ctx)
					return err == nil && status.Uplink.ClockOffsetMS != 0, fmt.Sprintf("%+v", status.Uplink)
				})
				w.sell(t, w.Till, 102)
			} else {
				w.saysClock(t)
			}
			require.NoError(t, w.Till.Agent.Stop())
			w.Till.Command = right
			require.NoError(t, w.StartAgent(t.Context(), w.Till))
			w.sell(t, w.Till, 103)
			w.audit(t)
			w.quiet(t)
		})
	}
}

// saysClock holds that a till without a line says why, and that a sale does not pretend anything.
func (w *world) saysClock(t *testing.T) {
	t.Helper()
	require.NoError(t, w.LaunchAgent(w.Till))
	await(t, patience, "a word about the clock", func(ctx context.Context) (bool, string) {
		status, err := w.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		return !status.Uplink.Connected && strings.Contains(status.Uplink.LastError, "clock"), fmt.Sprintf("%+v", status.Uplink)
	})
	sale := w.start(t, w.Till, 104)
	_, err := w.Station.Cancel(t.Context(), uuid.NewString(), sale.ID, "01")
	require.NoError(t, err)
	w.see(t, w.Till, sale.ID, "closed", func(s stationclient.Sale) bool { return s.State == "abandoned" })
}
