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

// hand is a giver whose steps and time are made by hand, over a store that can be told to fail.
type hand struct {
	*limit.Giver
	*sickBooks
	now     time.Time
	answers downlink
	deaf    bool
}

type sickBooks struct {
	limit.Store
	failure error
}

func (s *sickBooks) BlockedWallets(ctx context.Context, most int) ([]store.BlockedWallet, error) {
	if s.failure != nil {
		return nil, s.failure
	}
	return s.Store.BlockedWallets(ctx, most)
}

func (h *hand) Send(ctx context.Context, terminal record.Terminal, kind record.Type, body proto.Message) error {
	if h.deaf {
		return errors.New("no epoch")
	}
	return h.answers.Send(ctx, terminal, kind, body)
}

func byHand(t *testing.T) *hand {
	_, books, answers := newGiver(t)
	plans, err := plan.Default()
	require.NoError(t, err)
	h := &hand{sickBooks: &sickBooks{Store: books}, now: noon, answers: answers}
	h.Giver, err = limit.NewGiver(limit.Config{Plans: plans, Store: h.sickBooks, Terminals: books, Answers: h,
		Clock: func() time.Time { return h.now }, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return h
}

// takes has a terminal record limits, as it does when they arrive.
func (h *hand) takes(t *testing.T, terminal record.Terminal, limits *message.OfflineLimits) {
	t.Helper()
	body, err := proto.Marshal(limits)
	require.NoError(t, err)
	engine := seal.Portable()
	mac := seal.SignInMAC(engine, make([]byte, seal.KeySize))
	answer, err := record.Build(mac, record.Header{Direction: seal.Down, Type: record.OfflineLimits, KeyVersion: 1, Epoch: 1,
		Sequence: 9, Terminal: terminal, Time: h.now}, body)
	require.NoError(t, err)
	kept, err := proto.Marshal(&message.OfflineLimitsTaken{Answer: answer})
	require.NoError(t, err)
	own, err := record.Build(mac, record.Header{Direction: seal.Up, Type: record.LimitsTaken, KeyVersion: 1, Epoch: 1,
		Sequence: 7, Terminal: terminal, Time: h.now}, kept)
	require.NoError(t, err)
	_, then := h.Takings().Consume(t.Context(), collector.Verified{Terminal: store.Terminal{ID: terminal}, Record: own}, nil)
	then(errors.New("not stored"))
	then(nil)
}

// TestGiverRepeatsWhatWasLost: a till that was away when a wallet was blocked gets the limits when it is back.
func TestGiverRepeatsWhatWasLost(t *testing.T) {
	h := byHand(t)
	h.SignedIn(till)
	h.Step(t.Context())
	h.takes(t, till, h.answers.next(t).limits)
	h.now = h.now.Add(time.Hour)
	h.Step(t.Context())
	require.Empty(t, h.answers)
	require.NoError(t, h.Commit(t.Context(), store.Change{BlockedWallets: []store.BlockedWallet{
		{Wallet: seal.Hash{7}, Reason: "double-spent", At: noon}}}))
	h.Changed()
	h.Step(t.Context())
	lost := h.answers.next(t)
	for range 5 {
		h.now = h.now.Add(limit.AgainLast + limit.LookEvery)
		h.Step(t.Context())
		require.Equal(t, lost.limits.GetLimitsId(), h.answers.next(t).limits.GetLimitsId())
		require.Empty(t, h.answers)
	}
	h.takes(t, till, lost.limits)
	h.now = h.now.Add(limit.AgainLast + limit.LookEvery)
	h.Step(t.Context())
	require.Empty(t, h.answers, "it has them")
}

// TestGiverKeepsWaitingAfterAFailure: neither a failed read nor a failed sending drops those who wait.
func TestGiverKeepsWaitingAfterAFailure(t *testing.T) {
	h := byHand(t)
	h.SignedIn(till)
	h.SignedIn(other)
	h.failure = errors.New("disk is busy")
	h.Step(t.Context())
	require.Empty(t, h.answers)
	require.Equal(t, map[string]int{"limits to be sent": 2}, h.Sizes())
	h.failure, h.deaf = nil, true
	h.Step(t.Context())
	require.Empty(t, h.answers)
	h.deaf = false
	h.now = h.now.Add(limit.AgainFirst + limit.LookEvery)
	h.Step(t.Context())
	require.Equal(t, till, h.answers.next(t).terminal)
	require.Equal(t, other, h.answers.next(t).terminal)
	require.Equal(t, map[string]int{"limits to be sent": 0}, h.Sizes())
}

// TestGiverForgetsStrangers: a terminal that there is not is not tried for ever.
func TestGiverForgetsStrangers(t *testing.T) {
	h := byHand(t)
	h.SignedIn(record.Terminal([]byte("99999999")))
	h.Step(t.Context())
	h.now = h.now.Add(time.Hour)
	h.Step(t.Context())
	require.Empty(t, h.answers)
}

func TestTakingsOfNonsense(t *testing.T) {
	h := byHand(t)
	h.SignedIn(till)
	h.Step(t.Context())
	h.takes(t, till, &message.OfflineLimits{LimitsId: []byte{1}})
	h.now = h.now.Add(time.Hour)
	h.answers.next(t)
	h.Step(t.Context())
	require.NotEmpty(t, h.answers, "it proves nothing")
}
