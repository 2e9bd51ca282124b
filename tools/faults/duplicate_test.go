package faults_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop"
)

// TestDuplicateTerminal copies a whole till, keys and journal, and runs both copies at once.
func TestDuplicateTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 2})
	w.sell(t, w.Till, 101)
	require.NoError(t, w.Till.Agent.Stop())
	clone, err := w.Clone(t.Context(), w.Till, "clone")
	require.NoError(t, err)
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	w.sell(t, w.Till, 102)
	require.NoError(t, w.LaunchAgent(clone))

	t.Run("SomebodyIsTold", func(t *testing.T) {
		await(t, longPatience, "an alarm about two copies", func(ctx context.Context) (bool, string) {
			alarms, err := w.Alarms(ctx)
			for _, alarm := range alarms {
				if alarm.Terminal == w.Till.Terminal {
					return true, ""
				}
			}
			return false, fmt.Sprint(alarms, err)
		})
	})
	t.Run("BothCopiesSayWhatIsWrong", func(t *testing.T) {
		for _, till := range []*shop.Till{w.Till, clone} {
			await(t, longPatience, "a word about the other copy at "+till.Folder, func(ctx context.Context) (bool, string) {
				status, err := till.Station.Status(ctx)
				if err != nil {
					return false, err.Error()
				}
				up := status.Uplink
				return up.Stopped != "" || up.Refused > 0 || strings.Contains(up.LastError, "another machine"), fmt.Sprintf("%+v", up)
			})
		}
	})
	t.Run("NobodyElseIsDisturbed", func(t *testing.T) { w.sell(t, w.Tills[1], 201) })
	w.books(t)
	w.sameRecords(t, w.Tills[1])
	w.printedOnce(t, w.Till)
	w.printedOnce(t, clone)
}
