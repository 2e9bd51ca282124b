package limit_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/limit"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

const patience = 5 * time.Second

var (
	till  = record.Terminal([]byte("10000001"))
	other = record.Terminal([]byte("10000002"))
)

type sent struct {
	terminal record.Terminal
	limits   *message.OfflineLimits
}

// downlink collects what terminals are sent.
type downlink chan sent

func (d downlink) Send(_ context.Context, terminal record.Terminal, kind record.Type, body proto.Message) error {
	if kind != record.OfflineLimits {
		return errors.New("not offline limits")
	}
	d <- sent{terminal, body.(*message.OfflineLimits)}
	return nil
}

func (d downlink) next(t *testing.T) sent {
	t.Helper()
	select {
	case s := <-d:
		return s
	case <-time.After(patience):
		require.FailNow(t, "no limits were sent")
		return sent{}
	}
}

// consumer does nothing.
type consumer struct{}

func (consumer) Consume(context.Context, collector.Verified, []byte) (store.Change, func(error)) {
	return store.Change{Alarms: []store.Alarm{{Key: "seen"}}}, nil
}

func (consumer) Again(context.Context, collector.Verified, []byte) {}

func newGiver(t *testing.T) (*limit.Giver, *sqlite.Store, downlink) {
	books, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"), sqlite.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, books.Close()) })
	require.NoError(t, books.Commit(t.Context(), store.Change{Terminals: []store.Terminal{
		{ID: till, Merchant: "105290054110001", SerialNumber: "1"}, {ID: other, Merchant: "105290054110001", SerialNumber: "2"}}}))
	plans, err := plan.Load(plan.Document() + `
[[plan]]
name = "none"
no_password_max = 100_000
no_password_count = 5
hold_cap_percent = 100
hold_days = 30
[[terminal]]
id = "10000002"
plan = "none"
`)
	require.NoError(t, err)
	answers := make(downlink, 100)
	g, err := limit.NewGiver(limit.Config{Plans: plans, Store: books, Terminals: books, Answers: answers,
		Clock: func() time.Time { return noon }, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-ended) })
	return g, books, answers
}

func from(terminal record.Terminal) collector.Verified {
	return collector.Verified{Terminal: store.Terminal{ID: terminal, Merchant: "105290054110001"}}
}

func TestGiver(t *testing.T) {
	g, books, answers := newGiver(t)
	_, then := g.SignIns().Consume(t.Context(), from(till), nil)
	then(errors.New("not stored"))
	require.Empty(t, answers)
	then(nil)
	first := answers.next(t)
	require.Equal(t, till, first.terminal)
	require.Equal(t, noon.UnixMicro(), first.limits.GetGivenAt())
	kept, err := books.OfflineLimits(t.Context(), [16]byte(first.limits.GetLimitsId()))
	require.NoError(t, err, "limits are kept before they are given")
	var body message.OfflineLimits
	require.NoError(t, proto.Unmarshal(kept.Body, &body))
	require.Equal(t, first.limits.GetTerminalMax(), body.GetTerminalMax())

	t.Run("a terminal with a plan of its own", func(t *testing.T) {
		g.SignIns().Again(t.Context(), from(other), nil)
		s := answers.next(t)
		require.Equal(t, other, s.terminal)
		require.Zero(t, s.limits.GetTerminalMax())
		require.Zero(t, s.limits.GetHoursMax())
	})
	t.Run("all of them when a wallet is blocked", func(t *testing.T) {
		require.NoError(t, books.Commit(t.Context(), store.Change{BlockedWallets: []store.BlockedWallet{
			{Wallet: seal.Hash{7}, Reason: "double-spent", At: noon}}}))
		g.Changed()
		told := map[record.Terminal]bool{}
		for range 2 {
			s := answers.next(t)
			told[s.terminal] = true
			require.Len(t, s.limits.GetBlockedWallets(), 1)
			require.NotEqual(t, first.limits.GetLimitsId(), s.limits.GetLimitsId())
		}
		require.Len(t, told, 2)
	})
	t.Run("one that is heard again is not given them again", func(t *testing.T) {
		change, then := g.Beside(consumer{}).Consume(t.Context(), from(till), nil)
		require.Len(t, change.Alarms, 1, "the consumer did its work")
		require.Nil(t, then)
		require.Empty(t, answers)
	})
}

func TestGiverHearsATerminalFirst(t *testing.T) {
	g, _, answers := newGiver(t)
	g.Beside(consumer{}).Consume(t.Context(), from(till), nil)
	require.Equal(t, till, answers.next(t).terminal, "it may have limits from before this start")
}

func TestNewGiverErrConfig(t *testing.T) {
	_, err := limit.NewGiver(limit.Config{})
	require.Error(t, err)
}
