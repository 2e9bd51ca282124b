package agent_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
)

func config() agent.Config {
	c := agent.DefaultConfig()
	c.Version, c.Terminal = "1.0", terminal
	c.Merchant = agent.Merchant{Name: "幸福小吃店", ID: "102290053110001", Acquirer: "收单机构"}
	c.Device = &message.TerminalBlock{SerialNumber: "YT0001"}
	c.CheckBase = "https://check.example"
	return c
}

// shop is a running till with its devices and its cloud.
type shop struct {
	journal *fakeJournal
	stored  *journal.Journal // nil: journal is the till's
	cloud   *fakeCloud
	scanner *drivertest.Scanner
	reader  *drivertest.CardReader
	printer *drivertest.Printer
	issuers *hardwallet.Pool
	issuer  *sign.Key   // of the cards that are used; nil where there are none
	limits  *fakeLimits // nil: nothing is accepted offline
	feed    *station.Feed
	till    station.Desk
	sizes   func() map[string]int // of what is in memory until something ends it
	// identity signs the ends of shifts; config is the till's unless it is nil.
	identity *sign.Key
	config   *agent.Config
	stop     func()
	log      io.Writer    // nil: nobody reads it
	set      atomic.Int64 // nanoseconds by which the till's clock was set
}

func opener[T any](device T) agent.Opener[T] {
	return func(context.Context) (agent.Opened[T], error) {
		return agent.Opened[T]{Device: device, Close: func() error { return nil }}, nil
	}
}

func newShop(answer func(sent) *message.PaymentResult) *shop {
	return &shop{
		journal: newFakeJournal(), cloud: newFakeCloud(answer), scanner: drivertest.NewScanner(),
		reader: drivertest.NewCardReader(), printer: drivertest.NewPrinter(),
	}
}

// open starts the till; opening again after stop is a restart.
func (s *shop) open(t *testing.T) {
	t.Helper()
	s.openWith(t, opener[drivers.Scanner](s.scanner), opener[drivers.CardReader](s.reader), opener[drivers.Printer](s.printer))
}

func (s *shop) openWith(
	t *testing.T, scanner agent.Opener[drivers.Scanner], reader agent.Opener[drivers.CardReader], printer agent.Opener[drivers.Printer],
) {
	t.Helper()
	s.feed = station.NewFeed(time.Now())
	chosen := config()
	if s.config != nil {
		chosen = *s.config
	}
	log := s.log
	if log == nil {
		log = io.Discard
	}
	parts := agent.Parts{
		Identity: s.identity,
		Journal:  s.journal, Uplink: s.cloud, Scanner: scanner, Reader: reader, Printer: printer, Issuers: s.issuers,
		Clock:  func() time.Time { return time.Now().Add(time.Duration(s.set.Load())) },
		Random: rand.Reader, Logger: slog.New(slog.NewTextHandler(log, nil)),
	}
	if s.limits != nil {
		parts.Offline = &agent.OfflineParts{Journal: s.journal, Answers: s.limits, Steady: time.Now}
	}
	opened := make(chan struct{})
	parts.Background = map[string]func(context.Context) error{"station": func(ctx context.Context) error {
		close(opened)
		<-ctx.Done()
		return nil
	}}
	if s.stored != nil {
		parts.Journal, parts.Background["journal"] = s.stored, s.stored.Run
	}
	a, err := agent.New(chosen, parts, s.feed)
	require.NoError(t, err)
	s.till, s.sizes = a.Till(), a.Stepwise().Sizes
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	select { // the station serves from then on
	case <-opened:
	case err := <-ended:
		ended <- err
	}
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-ended)
	}
	t.Cleanup(s.stop)
}

// handMoves is how long after a sale has begun a customer's card is at the reader.
const handMoves = 250 * time.Millisecond

// place holds cards to the reader.
func (s *shop) place(cards ...drivertest.Applet) {
	time.Sleep(handMoves)
	s.reader.Place(cards...)
}

func yuan(minor int64) money.Money { return money.Money{Minor: minor, Currency: money.CNY} }

// unmarshal reads a record's body.
func unmarshal[M proto.Message](t *testing.T, r record.Record, body M) M {
	t.Helper()
	require.NoError(t, proto.Unmarshal(r.Body(), body))
	return body
}
