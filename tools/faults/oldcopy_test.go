package faults_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/shop"
)

// TestOldCopy puts an older copy of a journal back: the till says so, what is gone and who has it, and sells on; the cloud
// tells somebody, and what was looked after stays out of the way.
func TestOldCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	w.sell(t, w.Till, 101)
	require.NoError(t, w.Till.Agent.Stop())
	old := keep(t, w.Till)
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	w.sell(t, w.Till, 102)
	w.sameRecords(t, w.Till)
	w.quiet(t)
	require.NoError(t, w.Till.Agent.Stop())
	old.restore(t, w.Till)
	require.NoError(t, w.StartAgent(t.Context(), w.Till))

	var journal station.JournalStatus
	await(t, patience, "a till that knows what it lost, and that the cloud has it", func(ctx context.Context) (bool, string) {
		status, err := w.Till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		journal = status.Journal
		return len(journal.Lost) == 1 && journal.Lost[0].Told && journal.Unsent == 0, fmt.Sprintf("%+v", journal)
	})
	require.Empty(t, journal.Lost[0].Missing)
	require.NotNil(t, journal.Lost[0].FoundAt)
	require.Contains(t, journal.Notice.Chinese, "流水被换成旧副本")
	require.Contains(t, journal.Notice.English, "the cloud has them all")
	require.Contains(t, journal.Notice.Chinese, "或另有机器在用本终端的副本")
	require.Contains(t, journal.Next.Chinese, "请联系服务商")
	w.alarmed(t, "journal-restored", w.Till.Terminal)
	// What the copy wrote down before it knew is another record: it shows at the sign-in where it came before that, and when
	// it is sent.
	w.settle(t, "journal-restored", "other-bytes", "journal-differs")
	w.sell(t, w.Till, 103)
	w.quiet(t)
	w.books(t)
}
