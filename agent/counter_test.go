package agent_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/seal"
)

// timedPrinter says when a document reaches it.
type timedPrinter struct {
	*drivertest.Printer
	reached chan time.Time
}

func (p *timedPrinter) Print(ctx context.Context, document drivers.Document) (drivers.PrintResult, error) {
	select {
	case p.reached <- time.Now():
	default:
	}
	return drivers.PrintDone, nil
}

// openJournal makes a terminal's journal with an open epoch in a folder.
func openJournal(t testing.TB, folder string) *journal.Journal {
	t.Helper()
	path := filepath.Join(folder, "enrolment.json")
	authority := enrolmenttest.NewAuthority(t)
	require.NoError(t, enrolment.Write(path, authority.Enrolment(t, terminal.String()), seal.Portable(), rand.Reader))
	keys, err := keyring.Open(keyring.Config{EnrolmentPath: path, StatePath: filepath.Join(folder, "epochs.json"), Engine: seal.Portable()})
	require.NoError(t, err)
	epoch := keyring.Epoch{Number: 1, TerminalNonce: [16]byte{1}, CloudNonce: [16]byte{2}, OpenedAt: time.Now()}
	config := journal.DefaultConfig()
	config.Path, config.Terminal, config.KeyVersion = filepath.Join(folder, "journal.db"), terminal, keys.KeyVersion()
	config.Keyring, config.Logger, config.RoomMin = keys, slog.New(slog.DiscardHandler), 0
	config.SaleKey, config.FollowUpKey = agent.SaleKey, agent.FollowUpKey
	j, err := journal.Open(t.Context(), config) // before the first sign-in, as ever
	require.NoError(t, err)
	require.NoError(t, keys.Add(epoch))
	_, err = j.OpenEpoch(t.Context(), journal.EpochOpening{
		Keys: keys.Derive(epoch), TerminalNonce: epoch.TerminalNonce, CloudNonce: epoch.CloudNonce,
	})
	require.NoError(t, err)
	return j
}

// BenchmarkCounter is the terminal's own part of a sale: from the scan to the document at the printer, with the real
// journal on this disk, a cloud that answers at once and a printer that takes everything. Two commits are its floor.
func BenchmarkCounter(b *testing.B) {
	j := openJournal(b, b.TempDir())
	cloud, scanner := newFakeCloud(approve), drivertest.NewScanner()
	printer := &timedPrinter{Printer: drivertest.NewPrinter(), reached: make(chan time.Time, 1)}
	feed := station.NewFeed(time.Now())
	a, err := agent.New(config(), agent.Parts{
		Journal: j, Uplink: cloud, Scanner: opener[drivers.Scanner](scanner), Printer: opener[drivers.Printer](printer),
		Background: map[string]func(context.Context) error{"journal": j.Run},
		Clock:      time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	}, feed)
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	s := &shop{till: a.Till()}
	require.Eventually(b, func() bool {
		status, err := s.till.Status(ctx)
		return err == nil && len(status.Devices) == 3 && status.Devices[2].State == "ready"
	}, 5*time.Second, time.Millisecond)

	var took []time.Duration
	for i := range b.N {
		view, err := s.start(fmt.Sprintf("k%d", i), 1250)
		require.NoError(b, err)
		select {
		case <-printer.reached: // the merchant's copy of the sale before
		default:
		}
		began := time.Now()
		scanner.Scan(customerCode)
		took = append(took, (<-printer.reached).Sub(began))
		require.Eventually(b, func() bool {
			v, err := s.till.Sale(ctx, view.Sale.OrderID)
			return err == nil && v.Sale.State == checkout.Approved && v.Sale.Unprinted == 0
		}, 5*time.Second, 100*time.Microsecond)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	cancel()
	require.NoError(b, <-ended)
	require.NoError(b, j.Close())
}
