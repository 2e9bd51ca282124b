package journal_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

var terminal = record.Terminal([]byte("10000001"))

// keys is a keyring with epochs made from their number.
type keys struct {
	mu      sync.Mutex
	derived map[uint32]*seal.Keys
	missing uint32 // the epoch it does not know
	before  bool   // the terminal has signed in before
}

var errNoEpoch = errors.New("no such epoch")

func (k *keys) Keys(epoch uint32) (*seal.Keys, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if epoch == k.missing || epoch == 0 {
		return nil, fmt.Errorf("%w: %d", errNoEpoch, epoch)
	}
	if k.derived == nil {
		k.derived = make(map[uint32]*seal.Keys)
	}
	if k.derived[epoch] == nil {
		k.derived[epoch] = seal.DeriveKeys(seal.Portable(), make([]byte, 16), epoch, [16]byte{1}, [16]byte{2})
	}
	return k.derived[epoch], nil
}

func (k *keys) SignedIn() bool { return k.before }

func (k *keys) JournalMAC() *seal.MAC { return seal.NewMAC(seal.Portable(), make([]byte, 16)) }

func config(path string) journal.Config {
	c := journal.DefaultConfig()
	c.Path, c.Terminal, c.KeyVersion, c.Keyring = path, terminal, 1, &keys{}
	c.RoomMin = 1 << 20
	c.WALSize = 512 << 10
	c.BallastSize = 64 << 10
	c.Logger = slog.New(slog.DiscardHandler)
	return c
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "journal.db") }

func open(t testing.TB, c journal.Config) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	return j
}

// started is a new journal in epoch 1: it has one record.
func started(t testing.TB, c journal.Config) *journal.Journal {
	t.Helper()
	j := open(t, c)
	openEpoch(t, j, 1)
	return j
}

func openEpoch(t testing.TB, j *journal.Journal, epoch uint32) record.Record {
	t.Helper()
	derived, err := (&keys{}).Keys(epoch)
	require.NoError(t, err)
	r, err := j.OpenEpoch(context.Background(), journal.EpochOpening{Keys: derived})
	require.NoError(t, err)
	return r
}

func orderID(n uint64) journal.OrderID {
	var id journal.OrderID
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

// payment is the entry that begins sale n.
func payment(n uint64) journal.Entry {
	id := orderID(n)
	return journal.Entry{
		Type: record.PaymentRequested,
		Body: &message.PaymentRequested{
			OrderId: id[:], Method: message.Method_METHOD_CODE, Amount: 1250, Currency: "CNY",
			MerchantId: "104110548991234", Batch: 1, Voucher: uint32(n), CodeTail: "123456",
			Terminal: &message.TerminalBlock{DeviceType: "04", SerialNumber: "YT-000001", Location: "+31.23/+121.47"},
		},
		Sale: &journal.Snapshot{OrderID: id, State: make([]byte, 300), Open: true},
	}
}

// shown is the entry that ends it.
func shown(n uint64) journal.Entry {
	id := orderID(n)
	return journal.Entry{
		Type: record.OutcomeShown,
		Body: &message.OutcomeShown{OrderId: id[:], Outcome: message.Outcome_OUTCOME_APPROVED},
		Sale: &journal.Snapshot{OrderID: id, State: []byte("approved"), Open: false},
	}
}

func fault(text string) journal.Entry {
	return journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "printer", Fault: text}}
}

func add(t testing.TB, j *journal.Journal, entries ...journal.Entry) []record.Record {
	t.Helper()
	records, err := j.Append(context.Background(), entries...)
	require.NoError(t, err)
	require.Len(t, records, len(entries))
	return records
}

func header(t testing.TB, r record.Record) record.Header {
	t.Helper()
	_, h, err := record.Parse(r)
	require.NoError(t, err)
	return h
}

func verified(t testing.TB, j *journal.Journal) journal.Report {
	t.Helper()
	report, err := j.Verify(context.Background())
	require.NoError(t, err)
	require.True(t, report.TagsChecked)
	return report
}

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
