package agreement_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/big"
	random "math/rand/v2"
	"net"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/jsonhttps"
	"github.com/yuantill/yuantill/cloud/operator/profile"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/fakeoperator/front"
)

const (
	shop      = "301310053110001"
	orders    = 24
	followUps = 160
	// endsMax bounds the waits for everything to become definite.
	endsMax  = 2000
	holdTerm = 4 * time.Hour
)

var counterTill = record.Terminal([]byte("10000001"))

// quickClock runs as it is told to.
type quickClock struct {
	mu      sync.Mutex
	now     time.Time
	waiters map[chan time.Time]time.Time
}

func (c *quickClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *quickClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiter := make(chan time.Time, 1)
	if c.waiters[waiter] = c.now.Add(d); d <= 0 {
		waiter <- c.now
		delete(c.waiters, waiter)
	}
	return waiter
}

func (c *quickClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for waiter, at := range c.waiters {
		if !at.After(c.now) {
			waiter <- c.now
			delete(c.waiters, waiter)
		}
	}
}

// ears keep what the terminal was told last of each payment and follow-up.
type ears struct {
	mu        sync.Mutex
	payments  map[string]*message.PaymentResult
	followUps map[string]*message.FollowUpResult
}

// Send notes an answer; one with a lower revision came late.
func (e *ears) Send(_ context.Context, _ record.Terminal, _ record.Type, body proto.Message) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch b := body.(type) {
	case *message.PaymentResult:
		if key := string(b.GetOrderId()); e.payments[key].GetRevision() <= b.GetRevision() {
			e.payments[key] = b
		}
	case *message.FollowUpResult:
		if key := string(b.GetFollowUpId()); e.followUps[key].GetRevision() <= b.GetRevision() {
			e.followUps[key] = b
		}
	}
	return nil
}

// branch is a cloud's payments over a real store, and one operator behind real HTTPS that misbehaves.
type branch struct {
	t         *testing.T
	path      string
	clock     *quickClock
	ears      *ears
	bank      *bank.Bank
	connector *jsonhttps.Connector
	store     *sqlite.Store
	service   *payment.Service
	stop      func()
	sequence  uint64
	rand      *random.Rand
	// completions are the follow-ups by which completions were asked for, by order.
	completions map[int][]int
	kinds       map[string]int // what the operator did, and how often
}

type keyVerifier struct{ key sign.PublicKey }

func (v keyVerifier) Verify(uid string, message, signature []byte) bool {
	return sign.Verify(v.key, uid, message, signature)
}

func newBranch(t *testing.T, seed uint64) *branch {
	b := &branch{t: t, completions: map[int][]int{}, kinds: map[string]int{}, path: filepath.Join(t.TempDir(), "cloud.db"), rand: random.New(random.NewPCG(seed, 1)),
		clock: &quickClock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), waiters: map[chan time.Time]time.Time{}},
		ears:  &ears{payments: map[string]*message.PaymentResult{}, followUps: map[string]*message.FollowUpResult{}}}
	b.openBank()
	b.start()
	t.Cleanup(func() { b.stop() })
	require.NoError(t, b.store.Commit(t.Context(), store.Change{
		Terminals: []store.Terminal{{ID: counterTill, Merchant: shop, State: store.TerminalActive}},
		Merchants: []store.Merchant{{ID: shop, Name: "王记早点", Operators: []string{"ICBC"}, FeeBasisPoints: 10, Jurisdiction: "CN"}}}))
	return b
}

func (b *branch) openBank() {
	t := b.t
	ours, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	theirs, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	b.bank, err = bank.New(bank.Config{Operator: "ICBC", Now: time.Now, Opening: 1 << 40})
	require.NoError(t, err)
	outside, err := front.New(front.Config{Bank: b.bank, Signer: theirs, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Clients: map[string]profile.Verifier{ours.Public().Fingerprint().String(): keyVerifier{ours.Public()}}})
	require.NoError(t, err)
	pool, certificate := bankCertificate(t)
	server := httptest.NewUnstartedServer(outside.Handler())
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	b.connector, err = jsonhttps.New(jsonhttps.Config{URL: server.URL, Client: "48021000", Key: ours.Public().Fingerprint().String(),
		Signer: ours, Verifier: keyVerifier{theirs.Public()}, TLS: &tls.Config{RootCAs: pool}, Now: time.Now, Random: rand.Reader})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.connector.Close()) })
}

func bankCertificate(t *testing.T) (*x509.CertPool, tls.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fake operator"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return pool, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (b *branch) start() {
	t, logger := b.t, slog.New(slog.DiscardHandler)
	var err error
	b.store, err = sqlite.Open(context.Background(), b.path, sqlite.Options{Logger: logger})
	require.NoError(t, err)
	known, err := registry.Default()
	require.NoError(t, err)
	machine, err := payment.NewMachine(payment.DefaultTiming())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	b.service, err = payment.NewService(ctx, payment.ServiceConfig{Machine: machine, Store: b.store, Merchants: b.store, Registry: known,
		Operators: map[string]operator.Connector{"ICBC": b.connector}, Answers: b.ears, Clock: b.clock, Logger: logger,
		Metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	require.NoError(t, b.service.Recover(ctx))
	done := make(chan error, 1)
	go func() { done <- b.service.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, b.store.Close())
	})
}

// sends stores a record as the collector does, and lets its consumer act.
func (b *branch) sends(consumer collector.Consumer, kind record.Type, body proto.Message, secret []byte) {
	content, err := proto.Marshal(body)
	require.NoError(b.t, err)
	b.sequence++
	header := record.Header{Direction: seal.Up, Type: kind, Epoch: 1, Sequence: b.sequence, Time: b.clock.Now(), Terminal: counterTill}
	r, err := record.Build(seal.NewMAC(seal.Portable(), make([]byte, seal.KeySize)), header, content)
	require.NoError(b.t, err)
	change, then := consumer.Consume(b.t.Context(), collector.Verified{Terminal: store.Terminal{ID: counterTill, Merchant: shop}, Header: header,
		Record: r}, secret)
	change.Records = append(change.Records, store.Record{Terminal: counterTill, Sequence: b.sequence, Bytes: r})
	require.NoError(b.t, b.store.Commit(b.t.Context(), change))
	if then != nil {
		then(nil)
	}
}

func idOf(first byte, n int) []byte {
	id := []byte{first, 1, 2, 3, 4, 5, 0x70, 7, 0x80, 9, 10, 11, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

// pays lets a customer pay, or has the amount held.
func (b *branch) pays(n int) {
	code := fmt.Sprintf("01%08d%09d", 10+n%3, n)
	body := &message.PaymentRequested{OrderId: idOf(1, n), Method: message.Method_METHOD_CODE, Amount: 1 + b.rand.Int64N(5000), Currency: "CNY",
		MerchantId: shop, Batch: 1, Voucher: uint32(n + 1), CodeTail: code[len(code)-6:], Hold: n%2 == 1}
	if body.GetHold() {
		body.HoldExpires = b.clock.Now().Add(holdTerm).UnixMicro()
	}
	b.sends(b.service.Requests(), record.PaymentRequested, body, []byte(code))
}

// asks lets the till ask for something, with amounts near and over the limits.
func (b *branch) asks(n int) {
	order := b.rand.IntN(orders)
	kinds := []message.FollowUp{message.FollowUp_FOLLOW_UP_REFUND, message.FollowUp_FOLLOW_UP_REFUND, message.FollowUp_FOLLOW_UP_VOID}
	if order%2 == 1 {
		kinds = []message.FollowUp{message.FollowUp_FOLLOW_UP_REFUND, message.FollowUp_FOLLOW_UP_TOP_UP, message.FollowUp_FOLLOW_UP_COMPLETE,
			message.FollowUp_FOLLOW_UP_COMPLETE, message.FollowUp_FOLLOW_UP_COMPLETE, message.FollowUp_FOLLOW_UP_UNDO, message.FollowUp_FOLLOW_UP_UNDO,
			message.FollowUp_FOLLOW_UP_CANCEL}
	}
	body := &message.FollowUpRequested{FollowUpId: idOf(2, n), OrderId: idOf(1, order), Kind: kinds[b.rand.IntN(len(kinds))],
		Amount: 1 + b.rand.Int64N(2000), Currency: "CNY", MerchantId: shop, Batch: 1, Voucher: uint32(n + 1), Last: b.rand.IntN(20) == 0}
	switch body.GetKind() {
	case message.FollowUp_FOLLOW_UP_VOID, message.FollowUp_FOLLOW_UP_CANCEL:
		body.Amount = 0
	case message.FollowUp_FOLLOW_UP_UNDO:
		body.Amount, body.Undoes = 0, idOf(2, n)
		if known := b.completions[order]; len(known) > 0 {
			body.Undoes = idOf(2, known[b.rand.IntN(len(known))])
		}
	case message.FollowUp_FOLLOW_UP_COMPLETE:
		b.completions[order] = append(b.completions[order], n)
	}
	b.sends(b.service.FollowUps(), record.FollowUpRequested, body, nil)
}

// misbehave gives the operator personalities for its next calls.
func (b *branch) misbehave() {
	moods := []bank.Rule{{Do: bank.DoLose}, {Do: bank.DoDrop}, {Do: bank.DoErrorDone, Status: 500}, {Do: bank.DoError, Status: 503},
		{Do: bank.DoBadSignature}, {Do: bank.DoGarbage}, {Do: bank.DoWrongAmount}, {Do: bank.DoDecline, Reason: "wallet_blocked"},
		{Do: bank.DoLate, DelayMillis: 5}, {}, {}, {}}
	for range 40 {
		rule := moods[b.rand.IntN(len(moods))]
		rule.Operation, rule.Count = "follow_up", 1
		_, err := b.bank.AddRule(rule)
		require.NoError(b.t, err)
	}
}

// settles lets time run until nothing is expected any more.
func (b *branch) settles() {
	for range endsMax {
		due, err := b.store.OpenPayments(b.t.Context(), store.OrderID{}, orders)
		require.NoError(b.t, err)
		waiting, err := b.store.WaitingFollowUps(b.t.Context(), store.FollowUpID{}, 1)
		require.NoError(b.t, err)
		if len(due) == 0 && len(waiting) == 0 && b.service.Open() == 0 {
			return
		}
		b.clock.advance(time.Minute)
		// Real calls take real time: an operator that is asked in the past answers in the present.
		_, err = b.connector.Query(b.t.Context(), operator.Inquiry{OrderID: operator.OrderID{9}, Merchant: shop, Amount: 1, Currency: "CNY"})
		require.NoError(b.t, err)
	}
	due, err := b.store.OpenPayments(b.t.Context(), store.OrderID{}, orders)
	require.NoError(b.t, err)
	for _, row := range due {
		var p payment.Payment
		require.NoError(b.t, p.UnmarshalBinary(row.Blob))
		b.t.Logf("open: %+v", p)
	}
	require.Fail(b.t, "never settled", "%d open", b.service.Open())
}

// TestCloudAndOperatorAgree: whatever becomes of calls and answers on the way, and however often the cloud restarts, the
// cloud's books, the operator's books and what the terminal was told come to the same, for every order.
func TestCloudAndOperatorAgree(t *testing.T) {
	const seedsMin, seedsMax = 3, 12 // goroutines make each run another: what is rare may need some more
	kinds := []string{"refund done", "complete done", "top_up done", "undo done", "cancel done", "void done", "refund refused"}
	seen := map[string]int{}
	missing := func() bool { return slices.ContainsFunc(kinds, func(kind string) bool { return seen[kind] == 0 }) }
	for seed := uint64(0); seed < seedsMin || missing() && seed < seedsMax; seed++ {
		t.Run(fmt.Sprintf("Seed%d", seed), func(t *testing.T) {
			b := newBranch(t, seed)
			for n := range orders {
				b.pays(n)
			}
			require.Eventually(t, func() bool { return b.service.Open() == 0 }, 10*time.Second, time.Millisecond)
			for n := range followUps {
				if n%20 == 0 {
					b.misbehave()
				}
				b.asks(n)
				if b.rand.IntN(3) == 0 {
					b.clock.advance(time.Duration(b.rand.IntN(8)) * time.Second)
				}
				if n%50 == 49 {
					b.stop()
					b.start()
				}
				if b.rand.IntN(30) == 0 {
					b.sends(b.service.Reversals(), record.ReversalRequested, &message.ReversalRequested{OrderId: idOf(1, b.rand.IntN(orders)),
						Reason: message.Reason_REASON_CASHIER_CANCELLED}, nil)
				}
			}
			b.bank.ClearRules()
			b.settles()
			b.compare()
			for kind, count := range b.kinds {
				seen[kind] += count
			}
		})
	}
	for _, kind := range kinds {
		require.NotZero(t, seen[kind], "the trials never had a %s: %v", kind, seen)
	}
}

func (b *branch) compare() {
	t := b.t
	checker, err := ledger.NewChecker(ledger.Config{Books: b.store, Standings: payment.Standings(), Clock: b.clock.Now,
		Logger: slog.New(slog.DiscardHandler), Every: time.Hour})
	require.NoError(t, err)
	report, err := checker.Check(t.Context())
	require.NoError(t, err)
	require.True(t, report.Balanced(), report.Findings)
	statement := b.bank.Books()
	require.Len(t, statement.Orders, orders)
	require.Zero(t, statement.Totals.Held, "every hold has ended")
	for n, theirs := range statement.Orders {
		ours, held := b.booked(store.OrderID(idOf(1, n)))
		require.Equal(t, theirs.Debited-theirs.Credited, ours, "order %d: %+v", n, theirs)
		require.Equal(t, theirs.Held, held, "order %d", n)
		for _, f := range theirs.FollowUps {
			b.kinds[f.Kind+" "+f.Status]++
			b.compareFollowUp(f)
		}
	}
	require.Len(t, b.ears.followUps, followUps, "every follow-up was answered")
	for _, told := range b.ears.followUps {
		require.NotEqual(t, message.Outcome_OUTCOME_UNKNOWN, told.GetOutcome(), "every follow-up ended definite")
	}
}

// booked is what the ledger holds of an order: money at the operator, and what is held there.
func (b *branch) booked(order store.OrderID) (money, held int64) {
	entries, err := b.store.Entries(b.t.Context(), order)
	require.NoError(b.t, err)
	for _, entry := range entries {
		for _, p := range entry.Postings {
			switch {
			case strings.HasPrefix(p.Account, "operator/"):
				money += p.Amount
			case strings.HasPrefix(p.Account, "hold/"):
				held += p.Amount
			}
		}
	}
	return money, held
}

// compareFollowUp: what the operator did is what the terminal was told; the cloud's own are told to nobody.
func (b *branch) compareFollowUp(f bank.FollowUpEntry) {
	id, err := operator.ParseFollowUpID(f.FollowUp)
	require.NoError(b.t, err)
	told := b.ears.followUps[string(id[:])]
	if id[6]>>4 == 8 {
		require.Nil(b.t, told)
		return
	}
	want := message.Outcome_OUTCOME_DECLINED
	if f.Status == operator.FollowUpDone.String() {
		want = message.Outcome_OUTCOME_APPROVED
		require.Equal(b.t, f.Amount, told.GetAmount())
	}
	require.Equal(b.t, want, told.GetOutcome(), "%+v", f)
	require.True(b.t, slices.Contains([]string{"done", "refused"}, f.Status))
}
