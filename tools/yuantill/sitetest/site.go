// Package sitetest makes what the command line looks at: a terminal's files with a journal of known records, and a
// station whose till plays sales by script.
package sitetest

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Wallet is a full wallet id that must never be printed; it stands in a record that says more than it should.
const Wallet = "0012345678901234"

// Site is a terminal on disk.
type Site struct {
	Folder                               string
	Journal, Enrolment, Epochs, Settings string
	Terminal                             string
	Authority                            *enrolmenttest.Authority
	Began                                time.Time
}

// New makes a terminal with an epoch and a journal of seven records: everything in it is the same at every run but the
// certificates.
func New(t testing.TB, folder, terminal string) *Site {
	t.Helper()
	s := &Site{
		Folder: folder, Journal: filepath.Join(folder, "journal.db"), Enrolment: filepath.Join(folder, "enrolment.json"),
		Epochs: filepath.Join(folder, "epochs.json"), Settings: filepath.Join(folder, "agent.toml"), Terminal: terminal,
		Authority: enrolmenttest.NewAuthority(t), Began: time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC),
	}
	require.NoError(t, enrolment.Write(s.Enrolment, s.Authority.Enrolment(t, terminal), seal.Portable(), rand.Reader))
	ring := s.Keyring(t)
	epoch := keyring.Epoch{Number: 3, TerminalNonce: [16]byte{1}, CloudNonce: [16]byte{2}, OpenedAt: s.Began}
	j := s.Open(t) // before the first sign-in, as the agent does: where there has been one a missing journal is not begun
	require.NoError(t, ring.Add(epoch))
	_, err := j.OpenEpoch(t.Context(), journal.EpochOpening{
		Keys: ring.Derive(epoch), TerminalNonce: epoch.TerminalNonce, CloudNonce: epoch.CloudNonce,
	})
	require.NoError(t, err)
	for _, entry := range Entries() {
		_, err := j.Append(t.Context(), entry)
		require.NoError(t, err)
	}
	require.NoError(t, j.Close())
	s.Configure(t, "127.0.0.1:2")
	return s
}

// Keyring opens the terminal's keys.
func (s *Site) Keyring(t testing.TB) *keyring.Keyring {
	t.Helper()
	ring, err := keyring.Open(keyring.Config{EnrolmentPath: s.Enrolment, StatePath: s.Epochs, Engine: seal.Portable()})
	require.NoError(t, err)
	return ring
}

// Open opens the journal as the agent does; a second passes with every record.
func (s *Site) Open(t testing.TB) *journal.Journal {
	t.Helper()
	j, err := s.TryOpen(t)
	require.NoError(t, err)
	return j
}

// TryOpen is Open of a journal that may not open.
func (s *Site) TryOpen(t testing.TB) (*journal.Journal, error) {
	t.Helper()
	now := s.Began
	config := journal.DefaultConfig()
	config.Path, config.Terminal, config.KeyVersion = s.Journal, record.Terminal([]byte(s.Terminal)), 1
	config.Keyring, config.Logger = s.Keyring(t), slog.New(slog.DiscardHandler)
	config.RoomMin, config.BallastSize = 0, 0
	config.Clock = func() time.Time {
		now = now.Add(time.Second)
		return now
	}
	return journal.Open(t.Context(), config)
}

// Configure writes the settings file with the station's address.
func (s *Site) Configure(t testing.TB, station string, brokers ...string) {
	t.Helper()
	if len(brokers) == 0 {
		brokers = []string{"127.0.0.1:1"} // the agent does not run without one
	}
	text := fmt.Sprintf(settings, s.Terminal, station, strings.Join(brokers, `", "`))
	require.NoError(t, os.WriteFile(s.Settings, []byte(text), 0o600))
}

// settings is the least that an agent runs with; the files are beside it.
const settings = `terminal = %q
[merchant]
name = "示例茶馆"
id = "123456789012345"
acquirer = "示例银行"
[device]
serial_number = "SN1"
[station]
listen = %q
[cloud]
brokers = ["%s"]
`

// Entries are what stands in the journal behind the epoch's opening.
func Entries() []journal.Entry {
	order := append([]byte{1, 0x96, 0x8A}, make([]byte, 13)...)
	result := &message.PaymentResult{
		OrderId: order, Outcome: message.Outcome_OUTCOME_APPROVED, Stage: message.Stage_STAGE_FINAL, Amount: 1250,
		Currency: "CNY", Reference: "260501000042", Authorisation: "A1B2C3", WalletMasked: Wallet, ShownCode: "secret-qr",
		DecidedAt: 1777608004000000, Revision: 2,
	}
	return []journal.Entry{
		{Type: record.AgentStarted, Body: &message.AgentStarted{Version: "1.0.0"}},
		{Type: record.PaymentRequested, Body: &message.PaymentRequested{
			OrderId: order, Method: message.Method_METHOD_CODE, Amount: 1250, Currency: "CNY", MerchantId: "123456789012345",
			Batch: 1, Voucher: 42, Cashier: "小王", Note: "tea\x1b[2J", CodeTail: "0112345678901234567",
			CardTransaction: []byte("signed"), GiveUp: 1777608047000000,
			Terminal: &message.TerminalBlock{SerialNumber: "SN1", AgentVersion: "1.0.0"},
		}},
		{Type: record.OutcomeShown, Body: &message.OutcomeShown{
			OrderId: order, Result: result, Outcome: message.Outcome_OUTCOME_APPROVED,
		}},
		{Type: record.ReceiptPrinted, Body: &message.ReceiptPrinted{
			OrderId: order, Copy: message.ReceiptPrinted_COPY_CUSTOMER, Result: message.ReceiptPrinted_RESULT_DONE,
		}},
		{Type: record.SaleAbandoned, Body: &message.SaleAbandoned{
			OrderId: append([]byte{2}, order[1:]...), Reason: message.Reason_REASON_CASHIER_CANCELLED, Amount: 5, Currency: "CNY",
		}},
		{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "printer", Fault: "paper out"}},
	}
}
