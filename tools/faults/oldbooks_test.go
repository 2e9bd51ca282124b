package faults_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
)

// copyBooks copies the files of the cloud's database, as a backup of its machine would at one moment.
func (w *world) copyBooks(t *testing.T) map[string][]byte {
	t.Helper()
	require.NoError(t, syscall.Kill(w.Cloud.PID(), syscall.SIGSTOP))
	copied := map[string][]byte{}
	for _, suffix := range []string{"", "-wal"} {
		path := filepath.Join(w.Dir, "cloud", "cloud.db"+suffix)
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		copied[path] = content
	}
	require.NoError(t, syscall.Kill(w.Cloud.PID(), syscall.SIGCONT))
	return copied
}

// TestOldBooks puts an older copy of the cloud's database back. What was open in the copy and paid since is not taken back,
// and both sides tell somebody what is missing.
func TestOldBooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	w.sell(t, w.Till, 101)
	w.rule(t, bank.Rule{Operation: "authorise", Amount: 104, LatencyMillis: 1500})
	sale := w.begin(t, w.Till, 104)
	w.asked(t, sale.ID)
	old := w.copyBooks(t)
	w.end(t, w.Till, sale.ID, "approved")
	w.sell(t, w.Till, 105)
	w.audit(t)
	w.quiet(t)

	require.NoError(t, w.Cloud.Stop())
	for path, content := range old {
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
	require.NoError(t, os.RemoveAll(filepath.Join(w.Dir, "cloud", "cloud.db-shm")))
	require.NoError(t, w.StartCloud(t.Context()))

	w.alarmed(t, "books-behind", w.Till.Terminal)
	await(t, longPatience, "the payment as it was paid", func(ctx context.Context) (bool, string) {
		payment, err := w.Payment(ctx, sale.ID)
		return err == nil && payment.State == "Approved", fmt.Sprint(payment, err)
	})
	status, err := w.Till.Station.Status(t.Context())
	require.NoError(t, err)
	require.NotNil(t, status.Journal.Notice)
	require.Contains(t, status.Journal.Notice.Chinese, "平台的账簿是旧副本")
	books, err := w.Operator.Books(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 101+104+105, books.Totals.NetDebit, "nobody is paid back what was sold")
	w.sell(t, w.Till, 106)
}
